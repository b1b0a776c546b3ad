/* outside.c - hide a text with the project's own library, and show it again. */
#include <stddef.h>
#include "cipher.h"
#include "console.h"

int outside_main(void)
{
    char text[] = "Built outside.\n";
    cipher_hide(text, sizeof text - 1);
    console_write(text, sizeof text - 1);
    cipher_show(text, sizeof text - 1);
    return console_write(text, sizeof text - 1) < 0;
}
