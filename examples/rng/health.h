/* health.h - whether bytes look random.  They can look so and not be: these checks find what is broken, they prove nothing. */
#ifndef HEALTH_H
#define HEALTH_H

#include <stddef.h>
#include <stdint.h>

enum { VALUES = 256, WINDOW = 512, FINDING_SIZE = 100 };

struct health {
    uint64_t bytes, ones, counts[VALUES];
    /* Repetition: how often the last byte came in a row, and the longest row. */
    uint64_t row, longest_row;
    uint8_t last;
    /* Proportion: how often the first byte of a window is in it, and the most that was seen. */
    uint64_t in_window, same, most_same;
    uint8_t first;
};

void health_look(struct health *health, const uint8_t *bytes, size_t size);

/* Of the counts of values: about 255 for bytes by chance, 0 if all counts are equal. */
double health_chi_square(const struct health *health);

/* NULL, or what is wrong, written to `finding`. */
const char *health_finding(const struct health *health, char finding[FINDING_SIZE]);

#endif
