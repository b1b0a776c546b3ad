/*
 * control.c - the card's control queue (VIRTIO 1.2, 5.1.6.5), over which it hears that addresses were announced (5.1.6.5.4).
 *
 * Nobody waits for its answer: until it has come the card is told nothing more, and asks in vain.
 */
#include "card.h"

#include <stddef.h>

enum { CLASS_ANNOUNCE = 3, COMMAND_ANNOUNCED = 0, ANSWER_NONE = 0xff, QUEUE = 2, QUEUE_SIZE = 4 };

static struct virtio_queue *queue;
static struct {
    uint8_t class, command, answer;
} said;
static bool waits; /* for the answer */

int control_open(void)
{
    waits = false;
    return virtio_queue(card.device, QUEUE, QUEUE_SIZE, 2, &queue);
}

/* Whether the card may be told something; if it broke the rules it is given up. */
static bool is_free(void)
{
    void *token;
    size_t written;
    int got = waits ? virtio_collect(queue, &token, &written) : 0;
    if (got < 0)
        card_broken();
    waits = waits && got == 0;
    return got >= 0 && !waits;
}

bool control_announced(void)
{
    if (!is_free())
        return false;
    said.class = CLASS_ANNOUNCE;
    said.command = COMMAND_ANNOUNCED;
    said.answer = ANSWER_NONE;
    struct virtio_part parts[] = {{&said, offsetof(__typeof__(said), answer)}, {&said.answer, sizeof said.answer}};
    if (virtio_add(queue, parts, 1, 1, &said) != 0) {
        card_broken();
        return false;
    }
    waits = true;
    virtio_kick(queue);
    return true;
}
