/*
 * language.h - the words of the language that are not fields, in the form of fields, for help and the reference.
 */
#ifndef UKC_LANGUAGE_H
#define UKC_LANGUAGE_H

#include "manifest.h"

extern const struct manifest_field language_words[];
extern const size_t language_word_count;

#endif
