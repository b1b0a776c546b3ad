int hi_say(int n);
