/* idle_poll.c - what is done between tasks under Xen: wishes of the toolstack, and news of the store that do not end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../../targets/xen/idle_poll/idle_poll.c"

enum { STORE = 1, DEVICE = 5 };

static int64_t now;
enum { TRANSACTION = 7 };
static unsigned slept, restarts, suspends, balloons, told_drivers, changes_left, again; /* again: transactions that have to be repeated */
static uint32_t transaction_now;
static const char *change, *wishes[4], *stays; /* what changes, what control/shutdown is with each look, and afterwards */
static size_t wish;
static bool pending[8], wakes;
static jmp_buf ended;
static int status;

int64_t clock_now(void)
{
    return now;
}

int64_t xen_now(void)
{
    return now;
}

bool xen_event_taken(uint32_t event)
{
    bool was = pending[event];
    pending[event] = false;
    return was;
}

void xen_event_wait(const uint32_t *, unsigned, int64_t time)
{
    assert_true(++slept < 1000);
    now = time > now ? time : now + 1;
    pending[DEVICE] = wakes;
}

uint32_t xen_store_event(void)
{
    return STORE;
}

uint32_t xen_console_event(void)
{
    return 0;
}

int xen_store_watch(const char *, const char *)
{
    return 0;
}

int xen_store_begin(uint32_t *transaction)
{
    assert_int_equal(transaction_now, XEN_STORE_ALONE);
    *transaction = transaction_now = TRANSACTION;
    return 0;
}

int xen_store_end(uint32_t transaction, bool commit)
{
    assert_int_equal(transaction, transaction_now);
    transaction_now = XEN_STORE_ALONE;
    if (!commit || !again)
        return 0;
    again--;
    now += NANOSECONDS_PER_MILLISECOND;
    return -EAGAIN;
}

int xen_store_write(uint32_t transaction, const char *path, const char *value)
{
    bool wish_taken = strncmp(path, "control/feature-", 16) != 0;
    assert_true(!wish_taken || *value == '\0');
    assert_int_equal(transaction, wish_taken ? TRANSACTION : XEN_STORE_ALONE);
    return 0;
}

int xen_store_read(uint32_t transaction, const char *path, char *value, size_t size)
{
    assert_int_equal(transaction, TRANSACTION);
    assert_string_equal(path, "control/shutdown");
    const char *said = wish < 4 && wishes[wish] ? wishes[wish++] : stays;
    assert_true(strlen(said) < size);
    strcpy(value, said);
    return (int)strlen(said);
}

bool xen_store_changed(char *token, size_t size)
{
    assert_true(strlen(change) < size);
    if (changes_left == 0)
        return false;
    changes_left--;
    strcpy(token, change);
    return true;
}

bool xen_suspend(void)
{
    suspends++;
    return false;
}

void xen_restart(void)
{
    restarts++;
}

bool xen_balloon(void)
{
    balloons++;
    return true;
}

void xen_devices_tell(enum xen_news news)
{
    assert_int_equal(news, XEN_NEWS_STORE);
    told_drivers++;
}

void machine_print(const char *, size_t)
{
}

_Noreturn void machine_end(int with)
{
    status = with;
    longjmp(ended, 1);
}

static int setup(void **)
{
    memset(sources, 0, sizeof sources);
    memset(wishes, 0, sizeof wishes);
    memset(pending, 0, sizeof pending);
    sources_end = sources;
    store = NULL;
    stopping = told = wakes = false;
    stop_by = balloon_again = DEADLINE_NEVER;
    slept = restarts = suspends = balloons = told_drivers = changes_left = again = 0;
    wish = 0;
    change = "shutdown";
    stays = "";
    return idle_poll_start();
}

/* Whoever may write a key that is watched does so all the time: tasks run all the same. */
static void news_without_end(void **)
{
    struct idle_poll_source *device = NULL;
    void *woken[2], *cookie = &now;
    assert_int_equal(idle_poll_claim_line(&device, DEVICE), 0);
    static const char *const tokens[] = {XEN_DEVICES_TOKEN, "memory", "shutdown", "nobody's"};
    for (size_t i = 0; i < 4; i++) {
        change = tokens[i];
        changes_left = UINT32_MAX;
        idle_poll_arm(device, cookie);
        pending[DEVICE] = true;
        assert_int_equal(idle_poll_wait(DEADLINE_NEVER, woken, 2), 1);
        assert_ptr_equal(woken[0], cookie);
        assert_int_equal(idle_poll_wait(now + 100, woken, 2), 0);
        assert_int_equal(slept, 0); /* there is more */
        assert_true(changes_left > UINT32_MAX - 100);
    }
    assert_true(told_drivers > 0 && balloons > 0);
    changes_left = 0;
    assert_int_equal(idle_poll_wait(now + 100, woken, 2), 0);
    assert_int_equal(slept, 1);
}

static void wish_to_stop(void **)
{
    static const struct {
        const char *wishes[3];
        unsigned restarts, suspends;
        int got;
    } cases[] = {
        {{"poweroff"}, 0, 0, -ECANCELED}, {{"halt"}, 0, 0, -ECANCELED}, {{"reboot"}, 1, 0, -ECANCELED}, {{"suspend"}, 0, 1, 0},
        {{""}, 0, 0, 0}, {{"power"}, 0, 0, 0}, {{"poweroff", "suspend"}, 0, 1, -ECANCELED}, {{"poweroff", "nothing", "s3"}, 0, 0, -ECANCELED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        void *woken[1];
        setup(NULL);
        memcpy(wishes, cases[i].wishes, sizeof cases[i].wishes);
        changes_left = 3;
        assert_int_equal(idle_poll_wait(DEADLINE_NOW, woken, 1), cases[i].got);
        assert_int_equal(restarts, cases[i].restarts);
        assert_int_equal(suspends, cases[i].suspends);
        assert_int_equal(idle_poll_wait(DEADLINE_NOW, woken, 1), 0); /* it is told once */
    }
}

/* Somebody writes the wish while it is taken: what was withdrawn is not fulfilled, and what came instead is. */
static void wish_that_changes(void **)
{
    static const struct {
        const char *wishes[2];
        unsigned again, restarts, suspends;
        int got;
    } cases[] = {
        {{"suspend", "suspend"}, 1, 0, 1, 0}, {{"suspend", ""}, 1, 0, 0, 0}, {{"suspend", "reboot"}, 1, 1, 0, -ECANCELED},
        {{"poweroff", ""}, 1, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        void *woken[1];
        setup(NULL);
        memcpy(wishes, cases[i].wishes, sizeof cases[i].wishes);
        changes_left = 1;
        again = cases[i].again;
        assert_int_equal(idle_poll_wait(DEADLINE_NOW, woken, 1), cases[i].got);
        assert_int_equal(restarts, cases[i].restarts);
        assert_int_equal(suspends, cases[i].suspends);
    }
    setup(NULL);
    stays = "suspend";
    changes_left = 1;
    again = UINT32_MAX;
    int64_t began = now;
    void *woken[1];
    assert_int_equal(idle_poll_wait(DEADLINE_NOW, woken, 1), 0);
    assert_int_equal(suspends, 0);
    assert_true(now - began <= 6 * NANOSECONDS_PER_SECOND);
}

/* A second wish does not lengthen the time that the first one left. */
static void too_late(void **)
{
    void *woken[1];
    int64_t began = now;
    wishes[0] = wishes[1] = "poweroff";
    changes_left = 1;
    assert_int_equal(idle_poll_wait(DEADLINE_NOW, woken, 1), -ECANCELED);
    now += NANOSECONDS_PER_SECOND;
    changes_left = 1;
    assert_int_equal(idle_poll_wait(DEADLINE_NOW, woken, 1), -ECANCELED);
    if (setjmp(ended) == 0) {
        idle_poll_wait(now + 60 * NANOSECONDS_PER_SECOND, woken, 1);
        fail_msg("it goes on");
    }
    assert_int_equal(status, 124);
    assert_int_equal(now, began + KEY_STOP_TIME * NANOSECONDS_PER_SECOND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(news_without_end, setup),
        cmocka_unit_test_setup(wish_to_stop, setup),
        cmocka_unit_test_setup(wish_that_changes, setup),
        cmocka_unit_test_setup(too_late, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
