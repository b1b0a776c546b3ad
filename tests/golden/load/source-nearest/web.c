int web_main(void) { return 0; }
