/*
 * lock.h - one task at a time: a device lets others run while it works.
 */
#ifndef KV_BLOCK_LOCK_H
#define KV_BLOCK_LOCK_H

/* 0, -ECANCELED or -EDEADLK. */
int lock_take(void);
void lock_release(void);

#endif
