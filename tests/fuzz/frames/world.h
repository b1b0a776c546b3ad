/*
 * world.h - everything around the image: what the fuzzer's input becomes.
 *
 * The image is a shared object; these functions are the fuzzer program's, and the
 * image has them from there.  Time goes by only in world_turn.
 */
#ifndef FRAMES_WORLD_H
#define FRAMES_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ukc/view.h>

/* What the program does; `flow` chooses one of its connections, `size` is how many bytes or which port. */
enum action_kind {
    ACT_ACCEPT, ACT_SERVE, ACT_READ, ACT_WRITE, ACT_WRITE_CONSTANT, ACT_SHUTDOWN, ACT_CLOSE, ACT_ABORT,
    ACT_CONNECT, ACT_UNLISTEN, ACT_LISTEN, ACT_SEND, ACT_RECEIVE, ACT_LOOK, ACT_KINDS,
    ACT_END = ACT_KINDS, /* the input is over: end everything, and then: */
    ACT_CHECK,           /* ... nothing may be left behind */
};

struct action {
    uint8_t kind, flow, remote;
    bool version6;
    uint16_t size;
};

enum { WORLD_FRAME = 14 + 1500, REMOTES = 8 };

/* The network interface. */
unsigned world_mtu(void);
bool world_offload(void); /* it computes checksums */
unsigned world_divides(void); /* bytes of the longest frame that it divides, or 0 */
bool world_full(void);    /* it has no room at the moment */

int64_t world_now(void);
void world_random(void *bytes, size_t size);

/* Addresses that the program may connect to or send to; remote < REMOTES. */
const uint8_t *world_address(bool version6, unsigned remote);

/* The next frame for the image: its size, or 0; one that is longer than `size` is lost. */
size_t world_take(void *frame, size_t size);

/* A frame of the image's: checked, and perhaps answered. */
void world_put(const struct view *views, size_t count);

/* Nobody in the image can run: what happens next, before the deadline or at it. */
enum turn { TURN_TIME, TURN_FRAME, TURN_ACTION, TURN_STOP };
enum turn world_turn(int64_t deadline, bool receiving, bool acting);

/* The action of TURN_ACTION. */
void world_action(struct action *action);

/* After everything has ended: whether the stack still answers. */
void world_ask(void);
bool world_answered(void);

/* Pieces of memory that the stack has. */
void *world_allocate(size_t size);
void world_free(void *piece);
void world_fit(void *piece, size_t size);
size_t world_pieces(void), world_bytes(void);
void world_show_pieces(void);

_Noreturn void world_fail(const char *why);

#endif
