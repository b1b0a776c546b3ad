/* caesar.c - move each letter some places along the alphabet. */
#include "caesar.h"
#include "keys.h"

static void move(char *text, size_t size, int places)
{
    for (size_t i = 0; i < size; i++) {
        char first = text[i] >= 'a' && text[i] <= 'z' ? 'a' : 'A';
        if (text[i] >= first && text[i] <= first + 25)
            text[i] = (char)(first + (text[i] - first + places) % 26);
    }
}

void caesar_hide(char *text, size_t size)
{
    move(text, size, KEY_PLACES);
}

void caesar_show(char *text, size_t size)
{
    move(text, size, 26 - KEY_PLACES);
}
