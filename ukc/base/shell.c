/*
 * shell.c - words for a POSIX shell (POSIX.1-2017, Shell Command Language, 2.2 Quoting).
 */
#include "text.h"
#include <ctype.h>
#include <string.h>

static bool plain(const char *word)
{
    for (const char *p = word; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("-_./=:,+@%", *p))
            return false;
    return *word != 0;
}

void text_shell_word(struct text *t, const char *word)
{
    if (plain(word)) {
        text_puts(t, word);
        return;
    }
    text_putc(t, '\'');
    for (const char *p = word; *p; p++) {
        if (*p == '\'')
            text_puts(t, "'\\''");
        else
            text_putc(t, *p);
    }
    text_putc(t, '\'');
}
