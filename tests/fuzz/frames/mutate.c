/* mutate.c - inputs are changed step by step: steps come, go, move, and are mixed; and within a step by libFuzzer. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "steps.h"

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size, uint8_t *out, size_t most, unsigned seed);

enum { STEPS = 320, HEAD = 3 };

struct step {
    const uint8_t *at; /* its head */
    size_t size;       /* with the head */
};

static size_t split(const uint8_t *bytes, size_t size, struct step *steps)
{
    size_t count = 0;
    for (size_t at = 1; at + HEAD <= size && count < STEPS;) {
        size_t all = HEAD + (bytes[at + 1] | (size_t)bytes[at + 2] << 8);
        if (all > size - at)
            all = size - at;
        steps[count++] = (struct step){bytes + at, all};
        at += all;
    }
    return count;
}

/* Steps one after another, their sizes corrected; those that do not fit are left out. */
static size_t join(uint8_t options, const struct step *steps, size_t count, uint8_t *out, size_t most)
{
    size_t size = 1;
    out[0] = options;
    for (size_t i = 0; i < count; i++) {
        if (steps[i].size > most - size)
            continue;
        memcpy(out + size, steps[i].at, steps[i].size);
        out[size + 1] = (uint8_t)(steps[i].size - HEAD);
        out[size + 2] = (uint8_t)((steps[i].size - HEAD) >> 8);
        size += steps[i].size;
    }
    return size;
}

static void move(struct step *steps, size_t from, size_t to)
{
    struct step moved = steps[from];
    if (from < to)
        memmove(steps + from, steps + from + 1, (to - from) * sizeof *steps);
    else
        memmove(steps + to + 1, steps + to, (from - to) * sizeof *steps);
    steps[to] = moved;
}

static size_t fresh(uint8_t *step, unsigned seed)
{
    size_t size = 1 + seed / 64 % 12;
    step[0] = (uint8_t)(seed % STEP_KINDS);
    step[1] = (uint8_t)size;
    step[2] = 0;
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1664525 + 1013904223;
        step[HEAD + i] = seed >> 30 ? (uint8_t)(seed >> 24 & 0x3f) : (uint8_t)(seed >> 16);
    }
    return HEAD + size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t most, unsigned seed)
{
    static uint8_t copy[1 << 16], changed[1 << 16];
    static struct step steps[STEPS + 1];
    if (size < 1 || size > sizeof copy || most > sizeof changed)
        return LLVMFuzzerMutate(bytes, size, most);
    memcpy(copy, bytes, size);
    size_t count = split(copy, size, steps);
    unsigned what = seed % 16, more = seed / 16;
    if (what == 0) {
        bytes[0] ^= (uint8_t)(1u << more % 7);
        return size;
    }
    if (what == 1 || count == 0 || count == STEPS) {
        steps[count].at = changed;
        steps[count].size = fresh(changed, more);
        if (count)
            move(steps, count, more / 7 % (count + 1));
        return join(copy[0], steps, count < STEPS ? count + 1 : count, bytes, most);
    }
    size_t which = more % count, other = more / 64 % count;
    switch (what) {
    case 2: move(steps, which, other); break;
    case 3: /* once more */
    case 4:
        steps[count] = steps[which];
        move(steps, count, what == 3 ? which : other);
        count++;
        break;
    case 5: move(steps, which, --count); break;
    default: {
        struct step *step = &steps[which];
        memcpy(changed, step->at, step->size);
        size_t room = most - size < 64 ? most - size : 64, left = step->size - HEAD;
        if (left == 0)
            changed[HEAD] = 0;
        step->size = HEAD + LLVMFuzzerMutate(changed + HEAD, left, left + room ? left + room : 1);
        step->at = changed;
    }
    }
    return join(copy[0], steps, count, bytes, most);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size, uint8_t *out, size_t most, unsigned seed)
{
    static struct step steps[2][STEPS], mixed[STEPS];
    if (a_size < 1 || b_size < 1 || most < 1)
        return 0;
    size_t counts[2] = {split(a, a_size, steps[0]), split(b, b_size, steps[1])}, count = 0;
    /* the beginning of one; then a part of the other; then perhaps the rest of the first */
    size_t first = counts[0] ? seed % (counts[0] + 1) : 0, from = counts[1] ? seed / 64 % counts[1] : 0;
    size_t to = counts[1] ? from + 1 + seed / 4096 % (counts[1] - from) : 0;
    for (size_t i = 0; i < first && count < STEPS; i++)
        mixed[count++] = steps[0][i];
    for (size_t i = from; i < to && count < STEPS; i++)
        mixed[count++] = steps[1][i];
    for (size_t i = first; i < counts[0] && seed >> 31 && count < STEPS; i++)
        mixed[count++] = steps[0][i];
    return join(a[0], mixed, count, out, most);
}
