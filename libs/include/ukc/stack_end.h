/*
 * stack_end.h - what lies above the first frame of a stack, twice, so that who looks for callers knows where to stop.
 *
 * Assembly includes it too.
 */
#ifndef UKC_STACK_END_H
#define UKC_STACK_END_H

#define UKC_STACK_END 0x646e656b63617473 /* "stackend" */

#endif
