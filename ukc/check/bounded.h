/*
 * bounded.h - work of a library that may never end.
 *
 * libclang opens what an #include names, whatever it is: of a FIFO it waits
 * for a writer, a device it reads until memory is full.  It cannot be told
 * not to, so it works in a thread that is watched.
 */
#ifndef UKC_CHECK_BOUNDED_H
#define UKC_CHECK_BOUNDED_H

/*
 * Calls work(argument) and returns NULL when it is done, else what was the matter, as in "it took more than 60 seconds".
 * The thread goes on then: whatever it uses must stay where it is, nothing may be called with this again, and the
 * process should end soon.
 */
[[nodiscard]] const char *bounded_run(void (*work)(void *), void *argument);

#endif
