/*
 * cipher.h - turn a text into one that reads differently, and back.
 *
 * Both work in place and change letters only.
 */
#ifndef CIPHER_H
#define CIPHER_H

#include <stddef.h>

void cipher_hide(char *text, size_t size);
void cipher_show(char *text, size_t size);

#endif
