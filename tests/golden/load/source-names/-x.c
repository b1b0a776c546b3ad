int x_main(void) { return 0; }
