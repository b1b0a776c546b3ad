/*
 * small.h - code that runs once, or never: between SMALL_BEGIN and SMALL_END it is optimised for its size, whatever the image is.
 */
#ifndef PVH_SMALL_H
#define PVH_SMALL_H

#ifdef __clang__
#define SMALL_BEGIN _Pragma("clang attribute push(__attribute__((minsize)), apply_to = function)")
#define SMALL_END _Pragma("clang attribute pop")
#else
#define SMALL_BEGIN
#define SMALL_END
#endif

#endif
