/*
 * health.c - checks that a good source fails by chance once in a billion runs or less, and a broken one at once.
 *
 * Repetition and proportion are those of NIST SP 800-90B, 4.4.1 and 4.4.2, for bytes with 8 bits of entropy.  The number of ones and
 * the frequencies of values (chi-square, 255 degrees of freedom) look at all bytes together.
 */
#include "health.h"

#include <stdio.h>

enum {
    ROW_MOST = 8,   /* the 8th equal byte in a row: once in 2^56 places */
    SAME_MOST = 25, /* of WINDOW bytes: three are expected; once in 2^57 windows */
};

/* The mean is 255, the standard deviation 22.6: beyond these less than once in 10^10 runs. */
static const double chi_square_least = 120, chi_square_most = 430;

/* How far the ones may be from half of the bits, in standard deviations. */
static const double deviations_most = 7;

static void look_at_row(struct health *h, uint8_t byte)
{
    h->row = h->bytes && byte == h->last ? h->row + 1 : 1;
    h->last = byte;
    if (h->row > h->longest_row)
        h->longest_row = h->row;
}

static void look_at_window(struct health *h, uint8_t byte)
{
    if (h->in_window == 0) {
        h->first = byte;
        h->same = 0;
    }
    h->same += byte == h->first;
    if (h->same > h->most_same)
        h->most_same = h->same;
    h->in_window = (h->in_window + 1) % WINDOW;
}

void health_look(struct health *h, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        look_at_row(h, bytes[i]);
        look_at_window(h, bytes[i]);
        h->counts[bytes[i]]++;
        h->ones += (uint64_t)__builtin_popcount(bytes[i]);
        h->bytes++;
    }
}

double health_chi_square(const struct health *h)
{
    double expected = (double)h->bytes / VALUES, sum = 0;
    for (int i = 0; i < VALUES; i++) {
        double off = (double)h->counts[i] - expected;
        sum += off * off / expected;
    }
    return sum;
}

/* The square of: ones too many or too few, in standard deviations.  A bit's is 1/2. */
static double deviations_squared(const struct health *h)
{
    double bits = (double)h->bytes * 8, off = (double)h->ones - bits / 2;
    return off * off * 4 / bits;
}

const char *health_finding(const struct health *h, char finding[FINDING_SIZE])
{
    double chi_square = health_chi_square(h);
    if (h->longest_row >= ROW_MOST)
        snprintf(finding, FINDING_SIZE, "%llu equal bytes in a row", (unsigned long long)h->longest_row);
    else if (h->most_same >= SAME_MOST)
        snprintf(finding, FINDING_SIZE, "the same byte %llu times among %d", (unsigned long long)h->most_same, WINDOW);
    else if (deviations_squared(h) > deviations_most * deviations_most)
        snprintf(finding, FINDING_SIZE, "%llu of %llu bits are ones", (unsigned long long)h->ones, (unsigned long long)h->bytes * 8);
    else if (chi_square > chi_square_most)
        snprintf(finding, FINDING_SIZE, "some values come too often (chi-square %.0f)", chi_square);
    else if (chi_square < chi_square_least)
        snprintf(finding, FINDING_SIZE, "all values come equally often (chi-square %.0f)", chi_square);
    else
        return NULL;
    return finding;
}
