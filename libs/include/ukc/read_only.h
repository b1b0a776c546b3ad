/*
 * read_only.h - data that is set once, while the image starts, and is read-only when the unikernel's main function runs.
 *
 *     static struct table table UKC_READ_ONLY_AFTER_START;
 *
 * It begins as zeros, and has no initialiser. Arguments are read into it, and the start functions of instances may write to it; who does
 * so later ends the image: a crash report on a machine, SIGSEGV on posix. It shares pages with others of its kind only.
 *
 * Where the loader of the host starts the image (posix, with the host's C library) nothing is protected, nor without seal.read_only_after_start.
 */
#ifndef UKC_READ_ONLY_H
#define UKC_READ_ONLY_H

#if defined SEAL_READ_ONLY_AFTER_START && defined IMAGE_LOADS_ITSELF
#define UKC_READ_ONLY_AFTER_START __attribute__((section(".bss.rel.ro"))) /* a name that linkers know: part of PT_GNU_RELRO */
#else
#define UKC_READ_ONLY_AFTER_START
#endif

#endif
