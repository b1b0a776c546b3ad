/*
 * queue.h - what will happen: frames on their way, and hosts whose turn comes.
 *
 * Both are ordered by time, and at the same time by the order in which
 * they were put in.  Any number of frames may be on their way; a host has one turn at most, which can be moved.
 * Memory that cannot be had ends the program.
 */
#ifndef SWITCH_QUEUE_H
#define SWITCH_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NEVER INT64_MAX

struct frame;

enum place {
    AT_SWITCH, /* the frame has left its sender's cable */
    AT_PORT,   /* it may enter the receiver's cable */
    AT_HOST,   /* it has left that cable */
};

struct passage {
    int64_t time;
    uint64_t sequence;
    enum place place;
    uint32_t port; /* AT_SWITCH: of the sender, else of the receiver */
    struct frame *frame;
};

struct queue {
    struct passage *heap;
    size_t count, room;
    uint64_t sequence;
};

void queue_add(struct queue *queue, int64_t time, enum place place, uint32_t port, struct frame *frame);
/* NEVER when it is empty. */
int64_t queue_time(const struct queue *queue);
/* Only if it is not empty. */
struct passage queue_take(struct queue *queue);
void queue_dispose(struct queue *queue);

struct turns {
    uint32_t *heap; /* hosts */
    size_t count;
    uint64_t sequence;
    struct turn {
        int64_t time; /* NEVER: not in the heap */
        uint64_t sequence;
        uint32_t position;
    } *turn; /* by host */
};

void turns_init(struct turns *turns, size_t hosts);
/* Moves the host's turn, or takes it out with NEVER. */
void turns_set(struct turns *turns, uint32_t host, int64_t time);
/* Moves it only to an earlier time. */
void turns_hasten(struct turns *turns, uint32_t host, int64_t time);
int64_t turns_time(const struct turns *turns);
/* The first host, whose turn is taken out.  Only if there is one. */
uint32_t turns_take(struct turns *turns);
void turns_dispose(struct turns *turns);

#endif
