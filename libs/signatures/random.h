/*
 * random.h - bytes nobody can predict, fit for keys.
 *
 * The implementation fails to start when it has no entropy; once started it
 * never fails and never blocks.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <stddef.h>

void random_fill(void *bytes, size_t size);

#endif
