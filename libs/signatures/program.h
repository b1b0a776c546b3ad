/*
 * program.h - what an image is for.
 *
 * A unikernel named "two-ways" defines `int two_ways_main(void)`.  It is
 * called once, on task 0 when the image has tasks, after every instance has
 * been started.
 *
 * Returns the status of the image: 0 for success.  On posix it becomes the
 * exit status of the process.  When it returns, instances are stopped in
 * reverse order and the image ends.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

int program_main(void);

#endif
