/*
 * fuzz_lock.c - a libFuzzer target: ukc.lock.
 *
 * Whatever the bytes, lock_parse returns a lock or reports an error; a lock
 * prints itself in a form that is read back to the same form.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../ukc/base/arena.h"
#include "../../ukc/base/text.h"
#include "../../ukc/resolve/lock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void read_again(struct arena *a, const struct lock *lock, struct diag *d)
{
    struct text once = {}, twice = {};
    lock_print(lock, &once);
    struct source source = {"ukc.lock", text_string(&once), once.size};
    const struct lock *again = lock_parse(a, &source, d);
    require(again);
    lock_print(again, &twice);
    require(once.size == twice.size && !memcmp(once.bytes, twice.bytes, once.size));
    text_clear(&twice);
    lock_print_changes(lock, again, &twice);
    require(!twice.size);
    text_dispose(&once);
    text_dispose(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    struct source source = {"ukc.lock", arena_memdup(a, data, size), size};
    const struct lock *lock = lock_parse(a, &source, d);
    require(lock ? !diag_errors(d) : diag_errors(d) > 0);
    FILE *null = fopen("/dev/null", "w");
    if (null) {
        diag_print(d, null, DIAG_TEXT);
        fclose(null);
    }
    if (lock)
        read_again(a, lock, d);
    diag_destroy(d);
    arena_destroy(a);
    return 0;
}
