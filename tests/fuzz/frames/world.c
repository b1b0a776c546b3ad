/* world.c - time, chance, the frames on their way, and the order of what happens. */
#include "world.h"

#include "driver.h"
#include "steps.h"

#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ukc/deadline.h>

enum { LONGEST_FRAME = 65535 + LINK, QUEUE = 256, STEPS_MOST = 300, PIECES = 65536, WAKINGS = 1000000 };
#define LONGEST (4 * 3600 * NANOSECONDS_PER_SECOND) /* of an input's steps */

static struct {
    struct cursor input;
    unsigned options, steps, wakings;
    int64_t now, until, begun;
    uint64_t random;
    struct packet queue[QUEUE];
    unsigned queued, taken;
    struct action action;
    bool acting, ended, full;
    unsigned answers; /* bits */
    bool asked;
} world;

static bool loud;

void world_fail(const char *why)
{
    fprintf(stderr, "==0== ERROR: %s\n", why);
    abort();
}

void world_start(const uint8_t *bytes, size_t size)
{
    world.input = (struct cursor){bytes, size};
    world.options = take8(&world.input);
    world.now = world.options & OPTION_WRAP ? ((INT64_C(1) << 32) - 20000) * NANOSECONDS_PER_MILLISECOND : 1;
    world.until = world.begun = world.now;
    world.random = 0x9e3779b97f4a7c15;
    world.queued = world.taken = world.steps = world.wakings = 0;
    world.acting = world.ended = world.asked = world.full = false;
    world.answers = 0;
    peers_start(world.options & OPTION_SILENT);
    loud = getenv("FRAMES_SHOW");
}

/* ---- time and chance ---- */

int64_t world_now(void)
{
    return world.now;
}

/* xorshift64* */
void world_random(void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        world.random ^= world.random >> 12;
        world.random ^= world.random << 25;
        world.random ^= world.random >> 27;
        ((uint8_t *)bytes)[i] = (uint8_t)(world.random * 0x2545f4914f6cdd1d >> 56);
    }
}

void world_pass(int64_t nanoseconds, bool full)
{
    if (world.now - world.begun < LONGEST)
        world.until = world.now + nanoseconds;
    world.full = full;
}

/* ---- the interface ---- */

unsigned world_mtu(void)
{
    static const unsigned choices[] = {1500, 576, 1280, 1400};
    return choices[(world.options & OPTION_MTU) / 8];
}

bool world_offload(void)
{
    return world.options & OPTION_OFFLOAD;
}

unsigned world_divides(void)
{
    return world_offload() && world.options & OPTION_DIVIDE ? LONGEST_FRAME : 0;
}

bool world_full(void)
{
    return world.full && world.now < world.until;
}

/* ---- frames ---- */

static void show(const char *what, const uint8_t *bytes, size_t size)
{
    if (!loud)
        return;
    fprintf(stderr, "%10.3f %s %zu:", (double)world.now / 1e9, what, size);
    for (size_t i = 0; i < size && i < 110; i++)
        fprintf(stderr, "%s%02x", i == 14 || i == 34 || i == 54 || i == 74 ? " | " : "", bytes[i]);
    fputc('\n', stderr);
}

void world_queue(const struct packet *p)
{
    if (world.queued - world.taken == QUEUE || p->size == 0)
        return;
    struct packet *to = &world.queue[world.queued++ % QUEUE];
    to->size = p->size;
    memcpy(to->bytes, p->bytes, p->size);
}

size_t world_take(void *frame, size_t size)
{
    if (world.taken == world.queued)
        return 0;
    const struct packet *p = &world.queue[world.taken++ % QUEUE];
    show("to  ", p->bytes, p->size);
    if (p->size <= size)
        memcpy(frame, p->bytes, p->size);
    return p->size;
}

/* The echo that world_ask asked for. */
static bool is_answer(const uint8_t *bytes, size_t size)
{
    struct parts parts = packet_parts(bytes, size);
    if (!parts.transport || parts.end - parts.transport < 8)
        return false;
    const uint8_t *icmp = bytes + parts.transport;
    return icmp[0] == (parts.version == 4 ? 0 : 129) && get32(icmp + 4) == 0x5a5a0000;
}

void world_put(const struct view *views, size_t count)
{
    static uint8_t bytes[LONGEST_FRAME];
    size_t size = 0, most = LINK + world_mtu();
    if (world_divides())
        most = world_divides();
    for (size_t i = 0; i < count; size += views[i].size, i++) {
        if (views[i].size > most - size)
            world_fail("a frame that is too long is sent");
        memcpy(bytes + size, views[i].bytes, views[i].size);
    }
    show("from", bytes, size);
    const char *wrong = packet_verify(bytes, size, world_offload());
    if (wrong)
        world_fail(wrong);
    if (size > LINK + world_mtu() && packet_parts(bytes, size).protocol != TCP)
        world_fail("a frame that is too long is sent, and has no segment that could be divided");
    if (world.asked && is_answer(bytes, size))
        world.answers |= packet_parts(bytes, size).version;
    peers_received(bytes, size);
}

void world_ask(void)
{
    world.asked = true;
    for (unsigned version = 4; version <= 6; version += 2) {
        struct packet p;
        packet_link(&p, image_mac, peer_mac, version == 4 ? TYPE_IPV4 : TYPE_IPV6);
        packet_ip(&p, version, version == 4 ? ICMP : ICMPV6, peer_address(version, 1), image_address(version, 0), (struct extra){0});
        packet_add32(&p, version == 4 ? 0x08000000 : 0x80000000);
        packet_add32(&p, 0x5a5a0000);
        packet_mend(&p, true, true);
        world_queue(&p);
    }
    peers_start(false);
}

bool world_answered(void)
{
    return FRAMES_DYNAMIC || world.answers == (world_mtu() < 1280 ? 4 : 4 | 6);
}

/* ---- what happens next ---- */

void world_set_action(const struct action *action)
{
    world.action = *action;
    world.acting = true;
}

void world_action(struct action *action)
{
    *action = world.action;
    world.acting = false;
    if (loud)
        fprintf(stderr, "%10.3f action %u flow %u remote %u%s size %u\n", (double)world.now / 1e9, action->kind, action->flow % 8, action->remote,
                action->version6 ? " v6" : "", action->size);
}

static void next_step(void)
{
    if (world.input.left < 3 || world.steps++ == STEPS_MOST) {
        world.ended = true;
        world_set_action(&(struct action){.kind = world.options & OPTION_CHECK ? ACT_CHECK : ACT_END});
        return;
    }
    unsigned kind = take8(&world.input), size = take16(&world.input);
    step_run(kind, take_part(&world.input, size));
}

enum turn world_turn(int64_t deadline, bool receiving, bool acting)
{
    for (;;) {
        if (receiving && world.taken != world.queued)
            return TURN_FRAME;
        if (acting && world.acting)
            return TURN_ACTION;
        bool waits = world.taken != world.queued || world.acting || world.ended; /* nothing else is to happen now */
        if (waits || world.now < world.until) {
            int64_t next = waits ? INT64_MAX : world.until;
            if (next == INT64_MAX && deadline == DEADLINE_NEVER)
                return TURN_STOP;
            if (deadline <= next) {
                if (++world.wakings > WAKINGS)
                    world_fail("the stack hardly ever sleeps");
                world.now = deadline;
                return TURN_TIME;
            }
            world.now = next;
        }
        next_step();
    }
}

/* ---- memory ---- */

static struct {
    void *piece;
    size_t size;
} pieces[PIECES];
static size_t piece_count, byte_count;

static size_t place(const void *piece)
{
    size_t at = (uintptr_t)piece / 16 * 0x9e3779b97f4a7c15 >> 48;
    while (pieces[at % PIECES].piece && pieces[at % PIECES].piece != piece)
        at++;
    return at % PIECES;
}

void *world_allocate(size_t size)
{
    if (piece_count > PIECES / 2)
        return NULL;
    void *piece = malloc(size);
    memset(piece, 0xa5, size);
    size_t at = place(piece);
    pieces[at].piece = piece;
    pieces[at].size = size;
    piece_count++;
    byte_count += size;
    return piece;
}

void world_free(void *piece)
{
    size_t at = place(piece);
    if (!pieces[at].piece)
        world_fail("a piece of memory is freed that is none");
    byte_count -= pieces[at].size;
    piece_count--;
    pieces[at].piece = NULL;
    /* those that follow may have been kept from their places by this one */
    for (size_t next = (at + 1) % PIECES; pieces[next].piece; next = (next + 1) % PIECES) {
        void *moved = pieces[next].piece;
        size_t size = pieces[next].size;
        pieces[next].piece = NULL;
        size_t to = place(moved);
        pieces[to].piece = moved;
        pieces[to].size = size;
    }
    free(piece);
}

void world_fit(void *piece, size_t size)
{
    size_t all = pieces[place(piece)].size;
    if (size < all)
        __asan_poison_memory_region((char *)piece + size, all - size);
}

size_t world_pieces(void)
{
    return piece_count;
}

size_t world_bytes(void)
{
    return byte_count;
}

void world_show_pieces(void)
{
    for (size_t i = 0; i < PIECES; i++)
        if (pieces[i].piece) {
            __asan_describe_address(pieces[i].piece);
        }
}

void world_forget_pieces(void)
{
    if (!piece_count)
        return;
    for (size_t i = 0; i < PIECES; i++) {
        free(pieces[i].piece);
        pieces[i].piece = NULL;
    }
    piece_count = byte_count = 0;
}
