int greet_say(int n);
