/* caesar.h - an implementation of cipher. */
#ifndef CAESAR_H
#define CAESAR_H

#include <stddef.h>

void caesar_hide(char *text, size_t size);
void caesar_show(char *text, size_t size);

#endif
