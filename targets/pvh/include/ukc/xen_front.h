/*
 * xen_front.h - a page of requests that another domain answers (xen/include/public/io/ring.h): the asking end.
 *
 * Both ends write the page, and the other one is not trusted: what it wrote is read once.  What the slots hold is the device's protocol.
 */
#ifndef PVH_XEN_FRONT_H
#define PVH_XEN_FRONT_H

#include <stdbool.h>
#include <stdint.h>

/* In front of the slots. */
struct xen_front_head {
    uint32_t request_put, request_event, answer_put, answer_event;
    uint8_t padding[48];
};

/* What this end has put and taken itself. */
struct xen_front {
    volatile struct xen_front_head *head;
    uint32_t put, taken;
};

/* In a page of zeroes, that the other end has yet to be told of. */
static inline struct xen_front xen_front_open(void *page)
{
    struct xen_front front = {.head = page};
    front.head->request_event = front.head->answer_event = 1;
    return front;
}

/* How many answers there are to take; -1: so many cannot be. */
static inline int xen_front_answers(const struct xen_front *front)
{
    uint32_t count = front->head->answer_put - front->taken;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return count > front->put - front->taken ? -1 : (int)count;
}

/* Shows what was put.  True: the other end sleeps, and wants to be told. */
static inline bool xen_front_show(const struct xen_front *front, uint32_t shown_before)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    front->head->request_put = front->put;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return front->put - front->head->request_event < front->put - shown_before;
}

/* Wants to be told of the next answer.  False: there is one already. */
static inline bool xen_front_arm(const struct xen_front *front)
{
    front->head->answer_event = front->taken + 1;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return front->head->answer_put == front->taken;
}

#endif
