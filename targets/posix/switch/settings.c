/* settings.c - options as a table, then groups of hosts. */
#include "settings.h"

#include "chance.h"
#include "option.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#ifndef UKC_VERSION
#define UKC_VERSION "0"
#endif

#define AT(field) offsetof(struct settings, field)
static const struct option options[] = {
    {"seed", "NUMBER", "of everything random: the same seed gives the same trace (1)", SEED, AT(seed)},
    {"loss", "SHARE", "of frames that are lost: 1%, 0.01 (0)", PROBABILITY, AT(loss)},
    {"duplicate", "SHARE", "of frames that come twice (0)", PROBABILITY, AT(duplicate)},
    {"reorder", "SHARE", "of frames that are held back, so that later ones overtake them (0)", PROBABILITY, AT(reorder)},
    {"hold", "TIME", "the most by which those are held back (twice delay and jitter, at least 1ms)", TIME, AT(hold)},
    {"corrupt", "SHARE", "of frames in which one bit is turned (0)", PROBABILITY, AT(corrupt)},
    {"delay", "TIME", "from host to host: 10ms, 50us, 1.5s (0)", TIME, AT(delay)},
    {"jitter", "TIME", "the most by which frames are later than that; their order stays (0)", TIME, AT(jitter)},
    {"rate", "RATE", "of each cable: 1Gbit, 100Mbit, 64kbit; 0: no limit (1Gbit)", RATE, AT(rate)},
    {"queue", "FRAMES", "that wait for a cable; more are lost (1000)", COUNT, AT(queue)},
    {"mtu", "BYTES", "of payload in a frame, 576 to 9216 (1500)", MTU, AT(mtu)},
    {"coalesce", "TIME", "hosts take frames only at multiples of this, as with a network card's interrupts (0)", TIME, AT(coalesce)},
    {"stagger", "TIME", "from the start of one host to that of the next (0)", TIME, AT(stagger)},
    {"until", "TIME", "virtual time at which all hosts are asked to stop (none)", TIME, AT(until)},
    {"grace", "TIME", "virtual time they have for it (30s)", TIME, AT(grace)},
    {"patience", "TIME", "real time that a host may take for a turn before it is killed (30s)", TIME, AT(patience)},
    {"record", "FILE", "writes the frames that hosts send to a pcap file", TEXT, AT(record)},
    {"quiet", NULL, "does not show what hosts write", FLAG, AT(quiet)},
};
enum { OPTIONS = sizeof options / sizeof options[0] };
#define TIME_MOST (INT64_C(600000) * 3600 * 1000000000) /* sums of some fit as well */

/* ---- values ---- */

/* A decimal number times `unit`, to the nearest below; the text after it.  NULL if there is none or it is too large. */
static const char *decimal(const char *text, int64_t unit, int64_t *out)
{
    int64_t whole = 0, part = 0;
    if (*text < '0' || *text > '9')
        return NULL;
    for (; *text >= '0' && *text <= '9'; text++)
        if (__builtin_mul_overflow(whole, 10, &whole) || __builtin_add_overflow(whole, *text - '0', &whole))
            return NULL;
    if (__builtin_mul_overflow(whole, unit, &whole))
        return NULL;
    if (*text == '.')
        for (text++; *text >= '0' && *text <= '9'; text++)
            part += (*text - '0') * (unit /= 10);
    return __builtin_add_overflow(whole, part, out) ? NULL : text;
}

struct unit {
    const char *name;
    int64_t worth;
};

static bool with_unit(const char *text, const struct unit *units, int64_t *out)
{
    const char *rest = decimal(text, 1, out);
    if (!rest)
        return false;
    for (; units->name; units++)
        if (strcmp(rest, units->name) == 0)
            return decimal(text, units->worth, out) != NULL;
    return *rest == '\0' && *out == 0 && !strchr(text, '.');
}

bool settings_time(const char *text, int64_t *nanoseconds)
{
    static const struct unit units[] = {
        {"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}, {"min", 60 * INT64_C(1000000000)}, {"h", 3600 * INT64_C(1000000000)}, {0},
    };
    return with_unit(text, units, nanoseconds) && *nanoseconds <= TIME_MOST;
}

bool settings_rate(const char *text, int64_t *bits)
{
    static const struct unit units[] = {{"bit", 1}, {"kbit", 1000}, {"Mbit", 1000000}, {"Gbit", 1000000000}, {0}};
    return with_unit(text, units, bits) && *bits <= INT64_C(1000000000000);
}

bool settings_probability(const char *text, uint32_t *probability)
{
    int64_t value;
    const char *rest = decimal(text, CHANCE_CERTAIN / 100, &value);
    if (!rest || strcmp(rest, "%") != 0) {
        rest = decimal(text, CHANCE_CERTAIN, &value);
        if (!rest || *rest)
            return false;
    }
    *probability = (uint32_t)value;
    return value <= CHANCE_CERTAIN;
}

/* Which values there are. */
static const char *range(enum option_kind kind)
{
    switch (kind) {
    case SEED: return "a whole number, from 0 to 9223372036854775807";
    case PROBABILITY: return "a share, from 0% to 100%, or from 0 to 1";
    case TIME: return "a time with its unit (ns, us, ms, s, min, h), from 0 to 600000h";
    case RATE: return "a rate with its unit (bit, kbit, Mbit, Gbit), from 0 to 1000Gbit";
    case COUNT: return "a whole number, from 1 to 2147483647";
    case MTU: return "a whole number, from 576 to 9216";
    case TEXT: return "the name of a file";
    case FLAG: break;
    }
    return "nothing";
}

static bool whole(const char *text, int64_t least, int64_t most, int64_t *out)
{
    const char *rest = decimal(text, 1, out);
    return rest && !*rest && !strchr(text, '.') && *out >= least && *out <= most;
}

static bool set(struct settings *settings, const struct option *option, const char *text)
{
    void *field = (char *)settings + option->offset;
    int64_t number;
    switch (option->kind) {
    case SEED:
        if (!whole(text, 0, INT64_MAX, &number))
            return false;
        *(uint64_t *)field = (uint64_t)number;
        return true;
    case PROBABILITY: return settings_probability(text, field);
    case TIME: return settings_time(text, field);
    case RATE: return settings_rate(text, field);
    case COUNT: return whole(text, 1, INT_MAX, field);
    case MTU:
        if (!whole(text, 576, 9216, &number))
            return false;
        *(uint16_t *)field = (uint16_t)number;
        return true;
    case TEXT: *(const char **)field = text; return *text != '\0';
    case FLAG: *(bool *)field = true; return true;
    }
    return false;
}

/* ---- the command line ---- */

static int complain(const char *what, const char *about)
{
    fprintf(stderr, "ukc-switch: %s: %s; see ukc-switch --help\n", about, what);
    return 2;
}

static int add_group(struct settings *settings, char *word, bool serves)
{
    if (settings->group_count == SETTINGS_GROUPS)
        return complain("there are too many groups of hosts", word);
    char *colon = strchr(word, ':');
    if (colon)
        *colon++ = '\0';
    if (!word[0] || (word[0] == '@' && (!word[1] || colon)))
        return complain("an image is a file with ':' and arguments, or @ and a path", word);
    settings->groups[settings->group_count++] =
        (struct group){.image = word, .arguments = colon ? colon : "", .count = 1, .serves = serves};
    settings->hosts++;
    return 0;
}

static bool is_count(const char *word)
{
    return word[0] == 'x' && word[1] && word[1 + strspn(word + 1, "0123456789")] == '\0';
}

static int multiply(struct settings *settings, const char *word)
{
    int64_t count;
    struct group *group = settings->group_count > 0 ? &settings->groups[settings->group_count - 1] : NULL;
    if (!group || group->count != 1)
        return complain("the image is missing before it", word);
    if (!whole(word + 1, 1, SETTINGS_HOSTS, &count))
        return complain("there are at least 1 and at most 16384 hosts", word);
    group->count = (uint32_t)count;
    settings->hosts += group->count - 1;
    return 0;
}

/* An option with its value, at argv[*at], which is moved past it. */
static int read_option(struct settings *settings, char **argv, int *at)
{
    char *name = argv[(*at)++] + 2, *equals = strchr(name, '=');
    size_t size = equals ? (size_t)(equals - name) : strlen(name);
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option *option = &options[i];
        if (strlen(option->name) != size || memcmp(option->name, name, size) != 0)
            continue;
        const char *value = equals ? equals + 1 : option->kind == FLAG ? "" : argv[*at];
        if (!value || (option->kind == FLAG && equals))
            return complain(equals ? "this option has no value" : "its value is missing", argv[*at - 1]);
        if (!set(settings, option, value)) {
            fprintf(stderr, "ukc-switch: --%s: '%s' is not %s\n", option->name, value, range(option->kind));
            return 2;
        }
        *at += !equals && option->kind != FLAG;
        return 0;
    }
    return complain("there is no such option", argv[*at - 1]);
}

static int check(struct settings *settings)
{
    if (settings->group_count == 0)
        return complain("which image?", "arguments");
    if (settings->hosts > SETTINGS_HOSTS)
        return complain("there are at most 16384 hosts", "arguments");
    if (settings->hold < 0) {
        settings->hold = 2 * (settings->delay + settings->jitter);
        if (settings->hold < 1000000)
            settings->hold = 1000000;
    }
    if (settings->patience == 0)
        return complain("hosts need some time", "--patience");
    return 0;
}

int settings_read(struct settings *settings, int argc, char **argv)
{
    const int64_t second = 1000000000;
    *settings = (struct settings){.seed = 1, .hold = -1, .rate = second, .queue = 1000, .until = INT64_MAX, .grace = 30 * second,
                                  .patience = 30 * second, .mtu = 1500};
    bool serves = false;
    int error = 0;
    for (int at = 1; at < argc && !error;) {
        if (strcmp(argv[at], "--help") == 0)
            return option_help(options, OPTIONS), -1;
        if (strcmp(argv[at], "--man") == 0)
            return option_manual(options, OPTIONS), -1;
        if (strcmp(argv[at], "--version") == 0)
            return puts("ukc-switch " UKC_VERSION), -1;
        if (strcmp(argv[at], "--serve") == 0)
            serves = true, at++;
        else if (strncmp(argv[at], "--", 2) == 0)
            error = read_option(settings, argv, &at);
        else if (is_count(argv[at]))
            error = multiply(settings, argv[at++]);
        else
            error = add_group(settings, argv[at++], serves), serves = false;
    }
    if (!error && serves)
        error = complain("the image is missing after it", "--serve");
    return error ? error : check(settings);
}
