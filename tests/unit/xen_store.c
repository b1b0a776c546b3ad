/* xen_store.c - the client of xenstored against a double of it: answers, changes between them, and every lie that a shared ring can tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../../targets/pvh/xen_ring.c"
#include "../../targets/pvh/xen_store.c"

enum { EVENT = 3 };
static _Alignas(MACHINE_PAGE) struct {
    struct ring ring;
    char rest[MACHINE_PAGE - sizeof(struct ring)];
} page;

/* What the double does with a request. */
static enum { ANSWER, SILENT, MAD_OUT, MAD_IN, LONG, OTHER_REQUEST, OTHER_TYPE, REFUSE, UNKNOWN_WORD, WITH_ZERO, STORM, FLOOD, FOREIGN, CONFLICT } mood;
static int64_t clock_time;
static bool told;
static unsigned waits, flooded, conflicts; /* conflicts: so many requests of this type are refused, as of a transaction that somebody else was in */
static enum type conflict;
static const char *before; /* a token whose change is told before the answer */
static int64_t stood_still; /* so long did the domain stand still before it */
static char written[64], asked[5000];
static size_t asked_size;

bool xen_is_there(void)
{
    return true;
}

uint64_t xen_parameter(enum xen_parameter p)
{
    return p == XEN_STORE_PAGE ? (uintptr_t)&page / MACHINE_PAGE : EVENT;
}

bool machine_map(uint64_t start, uint64_t size, enum machine_access access)
{
    assert_int_equal(start, (uintptr_t)&page);
    assert_int_equal(size, MACHINE_PAGE);
    assert_int_equal(access, MACHINE_WRITE);
    return true;
}

int64_t xen_now(void)
{
    return clock_time += mood == STORM ? NANOSECONDS_PER_MILLISECOND : 0;
}

bool xen_event_taken(uint32_t which)
{
    static unsigned calls;
    bool was = told || mood == STORM;
    assert_int_equal(which, EVENT);
    assert_true(++calls < 100000);
    told = false;
    return was;
}

static char pending[16000]; /* what the double has to say and the ring has no room for */
static size_t pending_size;

static void say(const void *bytes, size_t size)
{
    memcpy(pending + pending_size, bytes, size);
    pending_size += size;
}

static void say_message(uint32_t kind, uint32_t request, const char *text, size_t size)
{
    struct header h = {.type = kind, .request = request, .size = (uint32_t)size};
    say(&h, sizeof h);
    say(text, size);
}

static void answer(const struct header *h, const char *text)
{
    static const char value[] = "vif-0";
    static char big[4000];
    if (before) {
        char change[64] = "control/shutdown";
        size_t path = strlen(change) + 1;
        strcpy(change + path, before);
        clock_time += stood_still;
        say_message(CHANGED, 0, change, path + strlen(before) + 1);
        before = NULL;
    }
    switch (mood) {
    case LONG: {
        struct header lie = {.type = h->type, .request = h->request, .size = XEN_STORE_MOST + 1};
        say(&lie, sizeof lie);
        return;
    }
    case OTHER_REQUEST: say_message(h->type, h->request + 1, value, 5); return;
    case OTHER_TYPE: say_message(h->type + 1, h->request, value, 5); return;
    case REFUSE: say_message(FAILED, h->request, "EAGAIN", 7); return;
    case UNKNOWN_WORD: say_message(FAILED, h->request, "EVERYTHING", 11); return;
    case WITH_ZERO: say_message(h->type, h->request, "a\0b", 3); return;
    case CONFLICT: clock_time += NANOSECONDS_PER_MILLISECOND; break;
    default: break;
    }
    if (mood == CONFLICT && h->type == conflict && conflicts > 0) {
        conflicts--;
        say_message(FAILED, h->request, "EAGAIN", 7);
    } else if (h->type == READ && strcmp(text, "absent") == 0)
        say_message(FAILED, h->request, "ENOENT", 7);
    else if (h->type == READ && strcmp(text, "big") == 0)
        say_message(READ, h->request, memset(big, 'x', sizeof big), sizeof big);
    else if (h->type == READ)
        say_message(READ, h->request, value, strlen(value));
    else if (h->type == LIST && strcmp(text, "absent") == 0)
        say_message(FAILED, h->request, "ENOENT", 7);
    else if (h->type == LIST)
        say_message(LIST, h->request, "51728\0state", 12);
    else if (h->type == BEGIN)
        say_message(BEGIN, h->request, "42", 3);
    else
        say_message(h->type, h->request, "OK", 3);
    if (h->type == WRITE) {
        size_t path = strlen(text) + 1;
        memcpy(written, text + path, h->size - path);
        written[h->size - path] = '\0';
    }
}

static void give(void)
{
    volatile struct ring *r = &page.ring;
    size_t n = 0;
    for (; n < pending_size && r->in_put - r->in_taken < RING; n++)
        r->in[r->in_put++ % RING] = pending[n];
    memmove(pending, pending + n, pending_size -= n);
    told = true;
}

/* There is always one more that nobody waits for: a change, or an answer that nobody asked for; a millisecond each. */
static void say_more(void)
{
    clock_time += NANOSECONDS_PER_MILLISECOND;
    assert_true(++flooded < 20000);
    page.ring.out_taken = page.ring.out_put;
    while (pending_size < 200)
        say_message(mood == FLOOD ? CHANGED : READ, 0, "a\0devices", 10);
}

/* The other end: takes what was sent, gives as much as fits. */
static void serve(void)
{
    struct header h;
    volatile struct ring *r = &page.ring;
    if (mood == FLOOD || mood == FOREIGN) {
        say_more();
        give();
        return;
    }
    if (mood == SILENT || mood == STORM)
        return;
    if (mood == MAD_OUT)
        r->out_taken = r->out_put + 1;
    if (mood == MAD_IN)
        r->in_put = r->in_taken + RING + 1;
    if (mood == MAD_OUT || mood == MAD_IN)
        return;
    for (; r->out_taken != r->out_put; r->out_taken++)
        asked[asked_size++] = r->out[r->out_taken % RING];
    if (asked_size >= sizeof h) {
        memcpy(&h, asked, sizeof h);
        if (asked_size >= sizeof h + h.size) {
            asked[sizeof h + h.size] = '\0';
            asked_size = 0;
            answer(&h, asked + sizeof h);
        }
    }
    give();
}

void xen_event_send(uint32_t which)
{
    assert_int_equal(which, EVENT);
    serve();
}

void xen_event_wait(const uint32_t *events, unsigned count, int64_t time)
{
    assert_int_equal(count, 1);
    assert_int_equal(events[0], EVENT);
    assert_true(time > clock_time);
    assert_true(++waits < 1000);
    clock_time = mood == ANSWER ? clock_time + 1 : time;
    serve();
}

static int setup(void **state)
{
    (void)state;
    open_ring();
    memset(&page, 0, sizeof page);
    ring = &page.ring;
    mood = ANSWER;
    before = NULL;
    told = false;
    waits = change_count = flooded = 0;
    asked_size = pending_size = 0;
    return 0;
}

static void answers(void **state)
{
    (void)state;
    char value[16];
    uint32_t transaction;
    for (int i = 0; i < 200; i++) { /* the indices go round the ring */
        assert_int_equal(xen_store_read(XEN_STORE_ALONE, "device/vif", value, sizeof value), 5);
        assert_string_equal(value, "vif-0");
    }
    assert_int_equal(xen_store_read(XEN_STORE_ALONE, "absent", value, sizeof value), -ENOENT);
    assert_int_equal(xen_store_read(XEN_STORE_ALONE, "x", value, 5), -E2BIG);
    assert_int_equal(xen_store_write(XEN_STORE_ALONE, "a", "some words"), 0);
    assert_string_equal(written, "some words");
    assert_int_equal(xen_store_begin(&transaction), 0);
    assert_int_equal(transaction, 42);
    assert_int_equal(xen_store_end(transaction, true), 0);
    assert_int_equal(xen_store_watch("control", "t"), 0);
    assert_int_equal(xen_store_event(), EVENT);
}

static void names(void **state)
{
    (void)state;
    char names[16];
    assert_int_equal(xen_store_list("device/vbd", names, sizeof names), 12);
    assert_memory_equal(names, "51728\0state\0", 13);
    assert_int_equal(xen_store_list("device/vbd", names, 12), -E2BIG);
    assert_int_equal(xen_store_list("absent", names, sizeof names), -ENOENT);
}

static void larger_than_the_ring(void **state)
{
    (void)state;
    static char value[XEN_STORE_MOST], path[XEN_STORE_MOST];
    assert_int_equal(xen_store_read(XEN_STORE_ALONE, "big", value, sizeof value), 4000);
    assert_int_equal(strlen(value), 4000);
    memset(path, 'p', sizeof path - 1);
    assert_int_equal(xen_store_write(XEN_STORE_ALONE, path, "v"), -E2BIG);
    path[3000] = '\0';
    assert_int_equal(xen_store_write(XEN_STORE_ALONE, path, "v"), 0);
    assert_string_equal(written, "v");
}

static void changes_between(void **state)
{
    (void)state;
    char token[TOKEN_MOST], value[16];
    before = "shutdown";
    assert_int_equal(xen_store_read(XEN_STORE_ALONE, "x", value, sizeof value), 5);
    before = "shutdown"; /* the same again is one change */
    assert_int_equal(xen_store_read(XEN_STORE_ALONE, "x", value, sizeof value), 5);
    before = "vif";
    assert_int_equal(xen_store_read(XEN_STORE_ALONE, "x", value, sizeof value), 5);
    before = "vif"; /* and a domain that was paused has what came meanwhile */
    stood_still = 60 * NANOSECONDS_PER_SECOND;
    assert_int_equal(xen_store_read(XEN_STORE_ALONE, "x", value, sizeof value), 5);
    stood_still = 0;
    assert_true(xen_store_changed(token, sizeof token));
    assert_string_equal(token, "shutdown");
    assert_true(xen_store_changed(token, sizeof token));
    assert_string_equal(token, "vif");
    assert_false(xen_store_changed(token, sizeof token));
    say_message(CHANGED, 0, "a\0late", 7);
    serve();
    assert_true(xen_store_changed(token, sizeof token));
    assert_string_equal(token, "late");
    say_message(CHANGED, 0, "no token", 8);
    say_message(CHANGED, 0, "a\0some token of more than 32 bytes here", 40);
    serve();
    for (int i = 0; i < 2; i++) {
        assert_true(xen_store_changed(token, sizeof token));
        assert_string_equal(token, "");
    }
    assert_false(xen_store_changed(token, sizeof token));
    for (int i = 0; i < 100; i++) {
        char text[] = {'p', 0, (char)('0' + i / 10), (char)('0' + i % 10), 0};
        say_message(CHANGED, 0, text, sizeof text);
        serve();
        assert_true(i % 3 != 0 || xen_store_changed(token, sizeof token));
    }
}

static int write_both(uint32_t transaction, void *context)
{
    unsigned *calls = context;
    assert_int_equal(transaction, 42);
    ++*calls;
    int error = xen_store_write(transaction, "a", "1");
    return error ? error : xen_store_write(transaction, "b", "2");
}

/* Somebody else is in between: a few times, or always. */
static void together(void **state)
{
    (void)state;
    const enum type types[] = {WRITE, END};
    mood = CONFLICT;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        unsigned calls = 0;
        conflict = types[i];
        conflicts = 3;
        assert_int_equal(xen_store_write_together(write_both, &calls), 0);
        assert_int_equal(calls, 4);
        conflicts = 100000;
        int64_t began = clock_time;
        assert_int_equal(xen_store_write_together(write_both, &calls), -EIO);
        assert_true(clock_time - began <= 6 * NANOSECONDS_PER_SECOND);
        conflicts = 0;
        assert_int_equal(xen_store_write_together(write_both, &calls), 0);
    }
}

/* Messages that do not end, and none of them the answer. */
static void flood(void **state)
{
    (void)state;
    char value[16], token[16];
    const int moods[] = {FLOOD, FOREIGN};
    for (size_t i = 0; i < sizeof moods / sizeof *moods; i++) {
        setup(NULL);
        mood = moods[i];
        serve();
        for (int call = 0; call < 8; call++) {
            assert_true(xen_store_changed(token, sizeof token));
            assert_string_equal(token, mood == FLOOD ? "devices" : "");
        }
        assert_true(flooded < 50);
    }
    setup(NULL);
    mood = FLOOD;
    int64_t began = clock_time;
    assert_int_equal(xen_store_read(XEN_STORE_ALONE, "x", value, sizeof value), -EIO);
    assert_true(clock_time - began <= 6 * NANOSECONDS_PER_SECOND);
    assert_int_equal(xen_store_read(XEN_STORE_ALONE, "x", value, sizeof value), -ENODEV);
}

/* The ring is not used again after a lie, and nothing waits for it. */
static void lies(void **state)
{
    (void)state;
    const int moods[] = {SILENT, STORM, MAD_OUT, MAD_IN, LONG, OTHER_REQUEST, OTHER_TYPE};
    char value[16], token[16];
    for (size_t i = 0; i < sizeof moods / sizeof *moods; i++) {
        setup(NULL);
        mood = moods[i];
        int64_t began = clock_time;
        assert_int_equal(xen_store_read(XEN_STORE_ALONE, "x", value, sizeof value), -EIO);
        assert_true(clock_time - began <= 6 * NANOSECONDS_PER_SECOND);
        assert_int_equal(xen_store_read(XEN_STORE_ALONE, "x", value, sizeof value), -ENODEV);
        assert_int_equal(xen_store_event(), 0);
        assert_false(xen_store_changed(token, sizeof token));
    }
}

static void words(void **state)
{
    (void)state;
    char value[16];
    mood = REFUSE;
    assert_int_equal(xen_store_end(7, true), -EAGAIN);
    mood = UNKNOWN_WORD;
    assert_int_equal(xen_store_read(XEN_STORE_ALONE, "x", value, sizeof value), -EPROTO);
    mood = WITH_ZERO;
    assert_int_equal(xen_store_read(XEN_STORE_ALONE, "x", value, sizeof value), -E2BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(answers, setup), cmocka_unit_test_setup(names, setup), cmocka_unit_test_setup(larger_than_the_ring, setup), cmocka_unit_test_setup(changes_between, setup),
        cmocka_unit_test_setup(lies, setup),    cmocka_unit_test_setup(words, setup), cmocka_unit_test_setup(flood, setup), cmocka_unit_test_setup(together, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
