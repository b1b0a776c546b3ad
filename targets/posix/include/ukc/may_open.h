/*
 * may_open.h - files that an image opens while it runs, beside those at its keys of kind path.
 *
 *     MAY_OPEN("r /proc/net/route"); // beside the call that opens it: "r", to read, or "rw"
 *
 * landlock.c allows it to the image that has the function in which this stands, and to no other: the linker keeps or drops both together, as
 * numbers of system calls (<ukc/syscall_arch.h>). `ukc explain --hardening` lists them. What is opened while instances start needs no word.
 * A name without a slash in front is that of a key, for the list alone.
 */
#ifndef UKC_MAY_OPEN_H
#define UKC_MAY_OPEN_H

#if defined SEAL_LANDLOCK && defined IMAGE_LOADS_ITSELF
#define MAY_OPEN(what)                                                                                                                       \
    __asm__ volatile(".Lukc_file%=:\n\t.pushsection ukc_files,\"ao\",@progbits,.Lukc_file%=\n\t.asciz \"" what "\"\n\t.popsection" : :)
#else
#define MAY_OPEN(what) (void)0
#endif

#endif
