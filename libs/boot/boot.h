/*
 * boot.h - keys from the argument line: --path=value or --path value.
 *
 * Linked only into images that have a key of phase "boot" or "both".  A path
 * may be shortened to any suffix that no other key has: --window for
 * --http.stack.tcp.window.  A bool alone means true.  --help lists the keys.
 *
 * No heap, no stdio, no locale: it needs memcpy and friends only.  Values of
 * strings, and the texts of addresses, point into the arguments; a list of
 * them is cut at its commas in place.  So argv must stay, and be writable.
 */
#ifndef BOOT_H
#define BOOT_H

#include <ukc/boot_key.h>

enum boot_kind {
    BOOT_BOOL,    /* bool */
    BOOT_INTEGER, /* int64_t */
    BOOT_PORT,    /* uint16_t */
    BOOT_SIZE,    /* int64_t: 512, 64KiB, 2MiB, 1GiB, 1TiB */
    BOOT_STRING,  /* const char * */
    BOOT_PATH,    /* const char *, not empty */
    BOOT_ENUM,    /* int: index of the choice */
    BOOT_IPV4, BOOT_IPV6, BOOT_IPV4_PREFIX, BOOT_IPV6_PREFIX, BOOT_MAC, /* struct boot_address */
};

/*
 * In the generated start, a constant: which kinds the image's keys have, bits 1 << kind, and whether there are lists.
 * How others are read and described the optimiser leaves out.
 */
extern const unsigned boot_kinds;
#define BOOT_LISTS (1u << 31)

static inline bool boot_has(enum boot_kind kind)
{
    return boot_kinds >> kind & 1;
}

struct boot_key {
    const char *path;
    const char *doc;      /* may be NULL */
    const char *fallback; /* text of the default, for the help; NULL if the key must be given */
    bool *given;          /* then: set when it is; NULL if there is a default */
    enum boot_kind kind;  /* of an element, if it is a list */
    int64_t min, max;     /* integer and size */
    const char *const *choices;
    size_t choice_count;
    void *value;   /* of the type above; a list: BOOT_LIST_MOST of them */
    size_t *count; /* a list: its items; else NULL */
};

enum { BOOT_GO = 0, BOOT_HELP = 1, BOOT_BAD = 64 };

/*
 * Reads the arguments into the keys.  BOOT_GO: start.  BOOT_HELP, after the help went through put, descriptor 1: exit with 0.
 * BOOT_BAD, after the reasons went there, descriptor 2: exit with that, EX_USAGE of sysexits.h.
 * Two rows with the same `value` are one key with two paths.
 */
int boot_arguments(const char *program, const struct boot_key *keys, size_t count, int argc, char **argv,
                   void (*put)(int descriptor, const char *bytes, size_t size));

/* Memory that keys speak of (ukc/resolve/budget.h): a value, and the bytes for each.  What is below 0 counts as 0. */
struct boot_part {
    const char *path;
    const int64_t *value;
    int64_t each;
};

/* A key whose memory others are parts of. */
struct boot_budget {
    struct boot_part whole;
    const struct boot_part *parts;
    size_t count;
};

/* In budget.c, for images where an argument can change any of them: BOOT_GO if the parts fit into each whole; BOOT_BAD after saying which do not. */
int boot_budgets(const char *program, const struct boot_budget *budgets, size_t count, void (*put)(int descriptor, const char *bytes, size_t size));

/* One value, as an argument gives it; false if it is none.  Lists are cut in place. */
bool boot_parse(const struct boot_key *key, char *text);

/* In put.c: descriptor 1 or 2 is given a text, or a number in decimal digits. */
void boot_put_text(void (*put)(int descriptor, const char *bytes, size_t size), int descriptor, const char *text);
void boot_put_number(void (*put)(int descriptor, const char *bytes, size_t size), int descriptor, int64_t number);

/* In address.c: NULL, or the address's bytes and prefix are set. */
bool boot_parse_address(enum boot_kind kind, const char *text, struct boot_address *out);

#endif
