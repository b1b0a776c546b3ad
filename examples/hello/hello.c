/* hello.c - print one line. */
#include "console.h"

int hello_main(void)
{
    static const char text[] = "Hello, world.\n";
    return console_write(text, sizeof text - 1) < 0;
}
