/*
 * settings.h - what the command line of ukc-switch says.
 *
 * Times are in nanoseconds, probabilities in parts of CHANCE_CERTAIN, rates in bits per second.
 */
#ifndef SWITCH_SETTINGS_H
#define SWITCH_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SETTINGS_GROUPS = 64, SETTINGS_HOSTS = 16384 };

/* Hosts that run the same image. */
struct group {
    const char *image;     /* "@PATH": processes that somebody else starts, which connect to PATH */
    const char *arguments; /* a template of them, see expand.h */
    uint32_t count;
    bool serves; /* is asked to stop when those that do not serve have ended */
};

struct settings {
    uint64_t seed;
    uint32_t loss, duplicate, reorder, corrupt;
    int64_t delay, jitter, hold; /* hold: the most by which a reordered frame is late */
    int64_t rate;                /* of each cable; 0: no limit */
    int64_t queue;               /* frames that wait for a cable */
    int64_t coalesce;            /* a host takes its turn for frames at multiples of this; 0: at once */
    int64_t stagger;             /* from the start of a host to that of the next */
    int64_t until, grace, patience;
    uint16_t mtu;
    const char *record; /* NULL: nowhere */
    bool quiet;         /* what hosts write is not shown */
    struct group groups[SETTINGS_GROUPS];
    size_t group_count;
    uint32_t hosts;
};

/* 0: go; -1: the program ends with status 0, the help was printed; else the status it ends with, after a message. */
int settings_read(struct settings *settings, int argc, char **argv);

/* One value, as in an option; false if it is none. */
bool settings_time(const char *text, int64_t *nanoseconds);
bool settings_probability(const char *text, uint32_t *probability);
bool settings_rate(const char *text, int64_t *bits);

#endif
