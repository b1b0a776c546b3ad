/*
 * uncleared.h - buffers of a function that are written before they are read.
 *
 * Images clear the variables of functions (`seal.auto_var_init`), and clearing a large buffer can cost more than the
 * work with it: a keep-alive request of homepage spent 5 of 100 instructions so.
 *
 *   UKC_UNCLEARED char bytes[2048];
 *
 * For arrays only, of which no more is read than was written: a count beside them says how much that is.
 */
#ifndef UKC_UNCLEARED_H
#define UKC_UNCLEARED_H

#define UKC_UNCLEARED __attribute__((uninitialized))

#endif
