/* xen_bus.c - devices of the bus with a double of the store: numbers that are none, watches that come and go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../../targets/pvh/xen_bus.c"

#include <stdio.h>

static struct {
    const char *path, *value;
} keys[8];
static const char *names;
static size_t names_size;
static char watched[4][64];
static unsigned news[2];

int64_t xen_now(void)
{
    static int64_t now;
    return now += NANOSECONDS_PER_SECOND;
}

void xen_event_wait(const uint32_t *, unsigned, int64_t)
{
}

int xen_store_list(const char *path, char *to, size_t size)
{
    assert_string_equal(path, "device/vif");
    if (!names || names_size >= size)
        return names ? -E2BIG : -ENOENT;
    memcpy(to, names, names_size);
    to[names_size] = '\0';
    return (int)names_size;
}

static const char *value_of(const char *path)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i].path && strcmp(keys[i].path, path) == 0)
            return keys[i].value;
    return NULL;
}

int xen_store_read(uint32_t, const char *path, char *value, size_t size)
{
    const char *found = value_of(path);
    return !found ? -ENOENT : strlen(found) >= size ? -E2BIG : snprintf(value, size, "%s", found);
}

uint64_t xen_store_number(const char *path, uint64_t otherwise)
{
    const char *found = value_of(path);
    uint64_t n = found ? number_of(found) : UINT64_MAX;
    return n == UINT64_MAX ? otherwise : n;
}

int xen_store_write(uint32_t, const char *, const char *)
{
    return 0;
}

static char *find_watch(const char *path)
{
    for (unsigned i = 0; i < 4; i++)
        if (strcmp(watched[i], path) == 0)
            return watched[i];
    return NULL;
}

int xen_store_watch(const char *path, const char *token)
{
    assert_string_equal(token, XEN_DEVICES_TOKEN);
    if (find_watch(path))
        return -EPROTO; /* as Xen's store has it */
    assert_non_null(find_watch(""));
    strcpy(find_watch(""), path);
    return 0;
}

int xen_store_unwatch(const char *path, const char *token)
{
    assert_string_equal(token, XEN_DEVICES_TOKEN);
    assert_non_null(find_watch(path));
    *find_watch(path) = '\0';
    return 0;
}

static void count(enum xen_news what)
{
    news[what]++;
}

static int setup(void **)
{
    memset(keys, 0, sizeof keys);
    memset(watched, 0, sizeof watched);
    names = NULL;
    return 0;
}

static void lists(void **)
{
    unsigned numbers[3];
    static const char many[] = "10\0" "2\0" "x\0" "\0" "-1\0" "4294967296\0" "99999999999999999999\0" "7\0" "5";
    assert_int_equal(xen_device_list("vif", numbers, 3), 0);
    names = many;
    names_size = sizeof many - 1; /* the last one without its end */
    assert_int_equal(xen_device_list("vif", numbers, 3), 3);
    assert_true(numbers[0] == 2 && numbers[1] == 7 && numbers[2] == 10);
    names_size = 512;
    assert_int_equal(xen_device_list("vif", numbers, 3), -E2BIG);
}

/* The other end of one: where it is said to be. */
static void opens(void **)
{
    struct xen_device device;
    static char long_path[200];
    assert_int_equal(xen_device_open(&device, "vif", 0), -ENODEV);
    keys[0].path = "device/vif/0/backend";
    keys[0].value = "/b/0";
    keys[1].path = "device/vif/0/backend-id";
    const char *const domains[] = {NULL, "", "x", "32752", "18446744073709551616", "0x1"};
    for (size_t i = 0; i < sizeof domains / sizeof *domains; i++) {
        keys[1].value = domains[i];
        assert_int_equal(xen_device_open(&device, "vif", 0), -ENODEV);
    }
    keys[1].value = "3";
    assert_int_equal(xen_device_open(&device, "vif", 0), 0);
    assert_int_equal(device.domain, 3);
    memset(long_path, 'p', sizeof long_path - 1);
    keys[0].value = long_path;
    assert_int_equal(xen_device_open(&device, "vif", 0), -E2BIG);
}

static void watches(void **)
{
    struct xen_device device = {.own = "device/vif/0", .other = "/b/0"};
    keys[0].path = "/b/0/state";
    const char *const states[] = {"", "0", "1", "2", "3", "4", "5", "6", "7", "-4", "44"};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        keys[0].value = states[i];
        assert_int_equal(xen_device_is_ready(&device), i >= 3 && i <= 5);
    }
    assert_true(find_watch("/b/0/state") && find_watch("device"));
    xen_device_unwatch(&device);
    assert_true(!find_watch("/b/0/state") && find_watch("device"));
    memset(watched, 0, sizeof watched); /* the connection is another one */
    xen_devices_tell(XEN_NEWS_RESUMED);
    assert_null(find_watch("device")); /* nobody drives one */
    assert_true(xen_device_drive(count));
    xen_devices_tell(XEN_NEWS_STORE);
    assert_null(find_watch("device"));
    xen_devices_tell(XEN_NEWS_RESUMED);
    assert_non_null(find_watch("device")); /* who has no device now hears of one that comes */
    assert_true(news[XEN_NEWS_STORE] == 1 && news[XEN_NEWS_RESUMED] == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup(lists, setup), cmocka_unit_test_setup(opens, setup), cmocka_unit_test_setup(watches, setup)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
