/* runtime_blkfront.c - sectors of a double of blkback, with nothing optional and with everything; every lie that a shared ring can tell. */
#include "instances.h"

#include "block.h"
#include "blkfront.h"
#include "xen_double.h"

#include <stdlib.h>
#include <string.h>
#include <ukc/xen_front.h>

enum { UNITS = 8192, PAGE = 4096, BUFFERS = 32, SLOTS = 32 };
enum { READ, WRITE, BARRIER, FLUSH, DISCARD = 5, INDIRECT };

int test_vbd_index;

/* ---- blkback (blkif.h of Xen), for a guest of 64 bits ---- */

struct segment {
    uint32_t grant;
    uint8_t first, last;
    uint16_t padding;
};
struct request {
    uint8_t operation, segments; /* indirect: the real operation */
    uint16_t handle, padding[2];
    uint64_t id, at;
    union {
        struct segment segment[11];
        uint64_t count;
        struct {
            uint16_t handle, padding;
            uint32_t grants[8];
        } indirect;
    };
};
_Static_assert(sizeof(struct request) == 112, "as the protocol has it");
struct answer {
    uint64_t id;
    uint8_t operation, padding;
    int16_t status;
};

static char store[UNITS * 512];
static struct xen_front_head *head;
static uint32_t taken;
static bool lazy;
static struct request held[SLOTS]; /* taken and not answered */
static unsigned held_count, counts[8], largest;
static int lie_status; /* of everything, unless 0 */

static char *slot(uint32_t index)
{
    return (char *)(head + 1) + index % SLOTS * sizeof(struct request);
}

static void put_answer(uint64_t id, int status)
{
    const struct answer a = {.id = id, .status = (int16_t)status};
    memcpy(slot(head->answer_put), &a, sizeof a);
    head->answer_put++;
}

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void move(uint8_t operation, uint64_t at, const struct segment *s)
{
    bool read_only;
    char *page = double_xen_page(s->grant, &read_only);
    must(page && !read_only && s->first <= s->last && s->last < 8 && at + s->last - s->first < UNITS);
    size_t size = (s->last - s->first + 1u) * 512u;
    if (operation == READ)
        memcpy(page + s->first * 512, store + at * 512, size);
    else
        memcpy(store + at * 512, page + s->first * 512, size);
}

/* Does what was asked. */
static void answer(const struct request *r)
{
    uint64_t at = r->at;
    uint8_t operation = r->operation == INDIRECT ? r->segments : r->operation;
    const struct segment *s = r->segment;
    unsigned count = r->segments;
    if (r->operation == INDIRECT) {
        memcpy(&count, &r->handle, 2); /* where its count is */
        s = (const struct segment *)(void *)double_xen_page(r->indirect.grants[0], NULL);
        must(s && count > 11 && r->indirect.handle == 51712);
    } else {
        must(r->handle == 51712 && count <= 11);
    }
    counts[r->operation]++;
    largest = count > largest ? count : largest;
    must(operation <= FLUSH || (operation == DISCARD && r->segments == 0));
    if (operation == DISCARD)
        memset(store + at * 512, 0xdd, r->count * 512);
    for (unsigned i = 0; !lie_status && operation <= WRITE && i < count; i++) {
        move(operation, at, &s[i]);
        at += s[i].last - s[i].first + 1u;
    }
    put_answer(r->id, lie_status);
}

static void serve(void)
{
    while (taken != head->request_put) {
        struct request r;
        must(head->request_put - taken <= SLOTS);
        memcpy(&r, slot(taken++), sizeof r);
        if (lazy)
            held[held_count++] = r;
        else
            answer(&r);
    }
    head->request_event = taken + 1;
    if (!lazy)
        double_xen_interrupt();
}

/* Connects when the image is ready to. */
static void agree(void)
{
    if (double_xen.own != XEN_STATE_READY || double_xen.other == XEN_STATE_BEGINNING)
        return;
    assert_string_equal(double_xen_said("protocol"), "x86_64-abi");
    assert_string_equal(double_xen_said("event-channel"), "9");
    head = (struct xen_front_head *)(void *)double_xen_page((uint32_t)atoi(double_xen_said("ring-ref")), NULL);
    taken = 0;
    double_xen.other = XEN_STATE_CONNECTED;
}

static void set_up(void)
{
    double_xen_begin();
    test_vbd_index = -1;
    double_xen.devices[0] = 51712;
    double_xen.other = XEN_STATE_WAITING;
    double_xen.own_changed = agree;
    double_xen.sent = serve;
    double_xen_say("sectors", "8192");
    lazy = false;
    held_count = largest = 0;
    lie_status = 0;
    memset(counts, 0, sizeof counts);
    for (size_t i = 0; i < sizeof store; i++)
        store[i] = (char)(i * 7 + i / 512);
}

static void start(void)
{
    assert_int_equal(blkfront_start(), 0);
    assert_int_equal(double_xen.own, XEN_STATE_CONNECTED);
}

static void offer_everything(void)
{
    static const char *const words[] = {"feature-flush-cache", "feature-barrier", "feature-discard", "feature-persistent"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        double_xen_say(words[i], "1");
    double_xen_say("feature-max-indirect-segments", "256");
}

/* ---- which disk, and what it is ---- */

static void which_one(void **state)
{
    (void)state;
    static const struct { unsigned numbers[3], count; int index, error; const char *said; } cases[] = {
        {{0}, 0, -1, -ENODEV, "has no disk"},
        {{0}, 0, 1, -ENODEV, "no disk 1 (xvdb)"},
        {{51712, 51728}, 2, -1, -ENOTUNIQ, "several"},
        {{51712, 51728}, 2, 2, -ENODEV, "no disk 2 (xvdc)"},
        {{51712, 51728}, 2, 1, 0, ""},
        {{768, 832}, 2, 1, 0, ""},   /* hda, hdb */
        {{768, 5696}, 2, 3, 0, ""},  /* hdd */
        {{2048, 2064}, 2, 1, 0, ""}, /* sda, sdb */
        {{51712, 268439808}, 2, 17, 0, ""}, /* xvdr */
        {{51713}, 1, -1, 0, ""},     /* xvda1 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        set_up();
        memcpy(double_xen.devices, cases[i].numbers, sizeof cases[i].numbers);
        double_xen.device_count = cases[i].count;
        test_vbd_index = cases[i].index;
        assert_int_equal(blkfront_start(), cases[i].error);
        assert_non_null(strstr(double_xen.logged, cases[i].said));
        blkfront_stop();
    }
    set_up();
    double_xen.other = XEN_STATE_BEGINNING;
    assert_int_equal(blkfront_start(), -ETIMEDOUT);
    assert_non_null(strstr(double_xen.logged, "not ready"));
    set_up();
    double_xen.own_changed = NULL; /* it never connects */
    assert_int_equal(blkfront_start(), -ETIMEDOUT);
    assert_int_equal(double_xen.own, XEN_STATE_CLOSING);
    assert_int_equal(blkfront_flush(), -EIO);
    set_up();
    double_xen.again = 3;
    start();
}

static void what_the_disk_is(void **state)
{
    (void)state;
    static const struct { const char *sectors, *size, *info, *mode; int error; uint64_t count; uint32_t bytes; bool read_only; } cases[] = {
        {"8192", "", "", "", 0, 8192, 512, false},
        {"8192", "512", "0", "w", 0, 8192, 512, false},
        {"8192", "4096", "4", "", 0, 1024, 4096, true},
        {"8193", "1024", "0", "r", 0, 4096, 1024, true},
        {"0", "", "", "", 0, 0, 512, false},
        {"x", "", "", "", -EIO, 0, 0, false},
        {"36028797018963968", "", "", "", -EIO, 0, 0, false}, /* 2^55 */
        {"8192", "256", "", "", -EIO, 0, 0, false},
        {"8192", "513", "", "", -EIO, 0, 0, false},
        {"8192", "8192", "", "", -EIO, 0, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct block_info info;
        char sector[4096];
        set_up();
        double_xen_say("sectors", strcmp(cases[i].sectors, "x") == 0 ? "18446744073709551615" : cases[i].sectors);
        double_xen_say("sector-size", cases[i].size);
        double_xen_say("info", cases[i].info);
        double_xen_say("mode", cases[i].mode);
        assert_int_equal(blkfront_start(), cases[i].error);
        if (cases[i].error) {
            assert_non_null(strstr(double_xen.logged, "cannot be"));
            continue;
        }
        assert_int_equal(blkfront_info(&info), 0);
        assert_true(info.sectors == cases[i].count && info.sector_size == cases[i].bytes && info.read_only == cases[i].read_only);
        assert_int_equal(blkfront_read(0, sector, info.sector_size), info.sectors ? 0 : -EINVAL);
        assert_int_equal(blkfront_read(0, sector, info.sector_size - 1), -EINVAL);
        assert_int_equal(blkfront_read(info.sectors, sector, info.sector_size), -EINVAL);
        assert_int_equal(blkfront_read(UINT64_MAX, sector, info.sector_size), -EINVAL);
        assert_int_equal(blkfront_write(info.sectors, sector, 0), info.read_only ? -EROFS : 0);
        assert_int_equal(blkfront_zero(info.sectors, 1), info.read_only ? -EROFS : -EINVAL);
        assert_int_equal(blkfront_discard(0, info.sectors + 1), info.read_only ? -EROFS : -EINVAL);
        assert_int_equal(blkfront_flush(), 0);
        assert_true(memcmp(sector, store, info.sectors ? info.sector_size : 0) == 0);
    }
}

/* ---- transfers ---- */

static void transfers(unsigned seed)
{
    static char buffer[1 << 20], expected[sizeof store];
    memcpy(expected, store, sizeof store);
    srand(seed);
    for (int i = 0; i < 200; i++) {
        uint64_t sector = (uint64_t)rand() % UNITS, count = (uint64_t)rand() % (i % 10 ? 100 : 2000);
        count = count < UNITS - sector ? count : UNITS - sector;
        char *at = buffer + rand() % 5000; /* at any address */
        memset(at, i, count * 512);
        if (i % 3 == 0) {
            assert_int_equal(blkfront_write(sector, at, count * 512), 0);
            memset(expected + sector * 512, i, count * 512);
        } else if (i % 3 == 1) {
            assert_int_equal(blkfront_zero(sector, count), 0);
            memset(expected + sector * 512, 0, count * 512);
        } else {
            assert_int_equal(blkfront_read(sector, at, count * 512), 0);
            assert_memory_equal(at, expected + sector * 512, count * 512);
        }
        assert_memory_equal(store, expected, sizeof store);
    }
}

static void nothing_optional(void **state)
{
    (void)state;
    set_up();
    start();
    transfers(1);
    assert_int_equal(largest, 11);
    assert_int_equal(blkfront_flush(), 0);
    assert_int_equal(blkfront_discard(0, 10), 0);
    assert_true(counts[FLUSH] == 0 && counts[BARRIER] == 0 && counts[DISCARD] == 0 && counts[INDIRECT] == 0);
}

static void everything(void **state)
{
    (void)state;
    set_up();
    offer_everything();
    start();
    transfers(2);
    assert_true(counts[INDIRECT] > 0);
    assert_int_equal(largest, BUFFERS / 2);
    assert_int_equal(blkfront_flush(), 0);
    assert_int_equal(blkfront_discard(8, 16), 0);
    assert_true(counts[FLUSH] == 1 && counts[BARRIER] == 0 && counts[DISCARD] == 1);
    assert_true((uint8_t)store[8 * 512] == 0xdd && (uint8_t)store[24 * 512 - 1] == 0xdd && (uint8_t)store[24 * 512] != 0xdd);
    assert_int_equal(double_xen_granted(), BUFFERS + 1); /* nothing of the caller's */
}

/* The protocol lets the other end take an offer back. */
static void offers_taken_back(void **state)
{
    (void)state;
    char sector[512];
    set_up();
    double_xen_say("feature-barrier", "1");
    double_xen_say("feature-max-indirect-segments", "5"); /* fewer than a request has anyway */
    start();
    transfers(3);
    assert_int_equal(largest, 11);
    assert_int_equal(blkfront_flush(), 0);
    assert_int_equal(counts[BARRIER], 1);
    set_up();
    offer_everything();
    start();
    lie_status = -2;
    assert_int_equal(blkfront_discard(0, 1), 0);
    assert_int_equal(blkfront_discard(0, 1), 0);
    assert_int_equal(counts[DISCARD], 1);
    assert_int_equal(blkfront_flush(), -EIO);
    assert_int_equal(blkfront_read(0, sector, 512), -EIO);
    for (int status = -1; status < 5; status += 5) {
        lie_status = status;
        assert_int_equal(blkfront_read(0, sector, 512), -EIO);
        assert_int_equal(blkfront_write(0, sector, 512), -EIO);
        assert_int_equal(blkfront_flush(), -EIO);
    }
    lie_status = 0;
    assert_int_equal(blkfront_read(0, sector, 512), 0); /* an error is the request's, not the disk's */
}

/* ---- tasks ---- */

static struct reader {
    char sectors[16 * 512];
    uint64_t at;
    int result;
} readers[20];
static unsigned finished;

static void read_some(void *context)
{
    struct reader *r = context;
    r->result = blkfront_read(r->at, r->sectors, sizeof r->sectors);
    finished++;
}

static void start_readers(unsigned count, struct task **tasks)
{
    finished = 0;
    for (unsigned i = 0; i < count; i++) {
        readers[i] = (struct reader){.at = i * 100, .result = 1};
        assert_int_equal(task_start_service(&tasks[i], 0, read_some, &readers[i]), 0);
    }
    for (unsigned i = 0; i < 3; i++)
        task_yield();
}

static void each_waits_for_its_own(void **state)
{
    (void)state;
    struct task *tasks[20];
    set_up();
    start();
    lazy = true;
    start_readers(20, tasks);
    assert_int_equal(finished, 0);
    assert_int_equal(held_count, 16); /* of two pages each: there are no more */
    for (unsigned round = 0; round < 100 && finished < 20; round++) {
        if (held_count) {
            struct request r = held[--held_count]; /* the last first */
            unsigned before = finished;
            answer(&r);
            double_xen_interrupt();
            for (unsigned i = 0; i < 4; i++)
                task_yield();
            assert_int_equal(finished, before + 1);
        }
    }
    assert_int_equal(finished, 20);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(readers[i].result, 0);
        assert_memory_equal(readers[i].sectors, store + i * 100 * 512, sizeof readers[i].sectors);
        task_end_service(tasks[i], DEADLINE_NEVER);
    }
}

static void answer_held(void)
{
    if (held_count && double_xen.sleeps >= 3)
        answer(&held[--held_count]);
}

/* What the disk has begun cannot be taken back. */
static void a_cancelled_task_waits_as_well(void **state)
{
    (void)state;
    struct task *tasks[2];
    set_up();
    start();
    lazy = true;
    double_xen.slept = answer_held;
    start_readers(2, tasks);
    task_end_service(tasks[1], DEADLINE_NOW);
    assert_true(finished >= 1 && readers[1].result == 0 && double_xen.sleeps >= 3);
    assert_memory_equal(readers[1].sectors, store + 100 * 512, sizeof readers[1].sectors);
    task_end_service(tasks[0], DEADLINE_NOW);
    assert_int_equal(readers[0].result, 0);
}

/* ---- saving ---- */

static void write_some(void *context)
{
    struct reader *r = context;
    r->result = blkfront_write(r->at, r->sectors, sizeof r->sectors);
    finished++;
}

/* The domain was saved and goes on: what was not answered is asked again, of another end that may offer less. */
static void goes_on(void **state)
{
    (void)state;
    static char large[15 * 4096], expected[sizeof large];
    struct reader whole = {.at = 1000, .result = 1};
    struct task *tasks[4], *writer;
    for (unsigned round = 0; round < 2; round++) {
        set_up();
        offer_everything();
        start();
        lazy = true;
        memset(whole.sectors, 'a' + (int)round, sizeof whole.sectors);
        start_readers(3, tasks);
        assert_int_equal(task_start_service(&writer, 0, write_some, &whole), 0);
        task_yield();
        assert_int_equal(held_count, 4);
        if (round)
            answer(&held[0]); /* that it was, nobody saw */
        held_count = 0;
        double_xen_resume();
        for (unsigned i = 0; i < 6; i++)
            task_yield();
        assert_int_equal(held_count, 4);
        lazy = false;
        while (held_count)
            answer(&held[--held_count]);
        double_xen_interrupt();
        for (unsigned i = 0; i < 20 && finished < 4; i++)
            task_yield();
        assert_int_equal(finished, 4);
        for (unsigned i = 0; i < 3; i++) {
            assert_int_equal(readers[i].result, 0);
            assert_memory_equal(readers[i].sectors, store + i * 100 * 512, sizeof readers[i].sectors);
            task_end_service(tasks[i], DEADLINE_NEVER);
        }
        task_end_service(writer, DEADLINE_NEVER);
        assert_int_equal(whole.result, 0);
        assert_memory_equal(store + 1000 * 512, whole.sectors, sizeof whole.sectors);
        assert_int_equal(double_xen_granted(), BUFFERS + 1);
        memcpy(expected, store + 8 * 512, sizeof expected);
        assert_int_equal(blkfront_read(8, large, sizeof large), 0);
        assert_memory_equal(large, expected, sizeof large);
        double_xen_resume(); /* while nobody waits */
        assert_int_equal(blkfront_write(2000, large, sizeof large), 0);
        assert_memory_equal(large, store + 2000 * 512, sizeof large);
    }
}

static void read_much(void *context)
{
    static char much[15 * 4096];
    struct reader *r = context;
    r->result = blkfront_read(r->at, much, sizeof much);
    memcpy(r->sectors, much + sizeof much - sizeof r->sectors, sizeof r->sectors);
    finished++;
}

/* A request of fifteen pages, of an end that takes eleven; a disk that is another one. */
static void goes_on_with_less(void **state)
{
    (void)state;
    struct task *task;
    struct reader r = {.at = 500, .result = 1};
    char sector[512];
    set_up();
    offer_everything();
    start();
    lazy = true;
    finished = 0;
    assert_int_equal(task_start_service(&task, 0, read_much, &r), 0);
    task_yield();
    assert_true(held_count == 1 && held[0].operation == INDIRECT);
    double_xen_say("feature-max-indirect-segments", "0");
    held_count = 0;
    lazy = false;
    double_xen_resume();
    for (unsigned i = 0; i < 20 && !finished; i++)
        task_yield();
    assert_int_equal(r.result, 0);
    assert_memory_equal(r.sectors, store + 500 * 512 + 15 * 4096 - sizeof r.sectors, sizeof r.sectors);
    assert_int_equal(counts[READ], 2);
    task_end_service(task, DEADLINE_NEVER);
    double_xen_say("sectors", "100");
    lazy = true;
    finished = 0;
    assert_int_equal(task_start_service(&task, 0, read_much, &r), 0);
    task_yield();
    double_xen_resume();
    for (unsigned i = 0; i < 20 && !finished; i++)
        task_yield();
    assert_int_equal(r.result, -EIO);
    assert_non_null(strstr(double_xen.logged, "the disk is another one"));
    assert_int_equal(double_xen.own, XEN_STATE_CLOSED);
    assert_int_equal(blkfront_read(0, sector, 512), -EIO);
    assert_int_equal(blkfront_flush(), -EIO);
    task_end_service(task, DEADLINE_NEVER);
}

/* A disk is taken away while it works: what it was asked is answered first.  Another one comes. */
static void goes_and_comes(void **state)
{
    (void)state;
    struct task *tasks[20];
    char sector[512];
    set_up();
    start();
    double_xen_change(XEN_STATE_CONNECTED); /* something else changed */
    assert_int_equal(double_xen.own, XEN_STATE_CONNECTED);
    lazy = true;
    double_xen.slept = answer_held;
    start_readers(20, tasks);
    double_xen_change(XEN_STATE_CLOSING);
    assert_int_equal(double_xen.own, XEN_STATE_CLOSED);
    for (unsigned i = 0; i < 50 && finished < 20; i++)
        task_yield();
    unsigned good = 0;
    for (unsigned i = 0; i < 20; i++) {
        good += readers[i].result == 0;
        assert_true(readers[i].result == 0 || readers[i].result == -EIO);
        task_end_service(tasks[i], DEADLINE_NEVER);
    }
    assert_true(good >= 14);
    lazy = false;
    assert_int_equal(blkfront_read(0, sector, 512), -EIO);
    assert_int_equal(blkfront_flush(), -EIO);
    double_xen.own = XEN_STATE_CLOSED;
    double_xen_change(XEN_STATE_WAITING); /* the old one is still there */
    assert_int_equal(blkfront_read(0, sector, 512), -EIO);
    double_xen.own = XEN_STATE_BEGINNING;
    assert_int_equal(blkfront_read(0, sector, 512), -EIO); /* nobody said so */
    assert_false(double_xen.watched);
    unsigned sleeps = double_xen.sleeps;
    double_xen_change(XEN_STATE_BEGINNING); /* it is not ready yet */
    assert_int_equal(blkfront_read(0, sector, 512), -EIO);
    assert_int_equal(double_xen.sleeps, sleeps);
    assert_true(double_xen.watched);
    double_xen_change(XEN_STATE_WAITING);
    assert_int_equal(blkfront_read(0, sector, 512), 0);
    assert_memory_equal(sector, store, sizeof sector);
    assert_int_equal(double_xen_granted(), BUFFERS + 1);
    transfers(4);
}

/* ---- lies ---- */

enum lie { NO_SUCH_ID, ID_FAR_AWAY, NOT_ASKED, TWICE, TOO_MANY, INDEX_FAR_AWAY, LIES };

static void tell(enum lie lie)
{
    switch (lie) {
    case NO_SUCH_ID: put_answer(SLOTS, 0); break;
    case ID_FAR_AWAY: put_answer(UINT64_C(1) << 63, 0); break;
    case NOT_ASKED: put_answer(SLOTS - 1, 0); break;
    case TWICE: put_answer(held[0].id, 0), put_answer(held[0].id, 0); break;
    case TOO_MANY: head->answer_put += held_count + 1; break;
    case INDEX_FAR_AWAY: head->answer_put = 0x80000000; break;
    case LIES: break;
    }
}

static void lies(void **state)
{
    (void)state;
    for (enum lie lie = NO_SUCH_ID; lie < LIES; lie++) {
        struct task *tasks[20];
        char sector[512] = "untouched";
        set_up();
        start();
        lazy = true;
        start_readers(20, tasks);
        tell(lie);
        double_xen_interrupt();
        for (unsigned i = 0; i < 50 && finished < 20; i++)
            task_yield();
        assert_int_equal(finished, 20);
        unsigned good = 0;
        for (unsigned i = 0; i < 20; i++) {
            good += readers[i].result == 0;
            task_end_service(tasks[i], DEADLINE_NEVER);
        }
        assert_int_equal(good, lie == TWICE);
        assert_int_equal(double_xen.own, XEN_STATE_CLOSING);
        const char *said = strstr(double_xen.logged, "broke the rules");
        assert_true(said && !strstr(said + 1, "broke"));
        assert_int_equal(blkfront_read(0, sector, 512), -EIO);
        assert_int_equal(blkfront_write(0, sector, 512), -EIO);
        assert_int_equal(blkfront_zero(0, 1), -EIO);
        assert_int_equal(blkfront_discard(0, 1), -EIO);
        assert_int_equal(blkfront_flush(), -EIO);
        assert_string_equal(sector, "untouched");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, instances_start, instances_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(which_one), TEST(what_the_disk_is), TEST(nothing_optional), TEST(everything), TEST(offers_taken_back),
        TEST(each_waits_for_its_own), TEST(a_cancelled_task_waits_as_well), TEST(goes_on), TEST(goes_on_with_less), TEST(goes_and_comes), TEST(lies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
