/*
 * boot.c - the argument line: paths and suffixes, every kind of value, every complaint.
 */
#include <arpa/inet.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Runtime code, which is no part of the compiler: built here as it is in an image. */
#include "../../libs/boot/boot.h"

const unsigned boot_kinds = ~0u; /* of all kinds, and lists */

#include "../../libs/boot/address.c"
#include "../../libs/boot/boot.c"
#include "../../libs/boot/put.c"
#include "../../libs/boot/value.c"
#include "../../ukc/base/arena.h"
#include "../../ukc/base/diag.h"
#include "../../ukc/load/manifest.h"

static bool verbose;
static int64_t window, other, number;
static uint16_t port, ports[BOOT_LIST_MOST];
static size_t port_count;
static const char *motd;
static int mode;
static struct boot_address address, servers[BOOT_LIST_MOST];
static size_t server_count;
static bool motd_given;
static const char *const modes[] = {"slow", "fast"};

static const struct boot_key keys[] = {
    {.path = "verbose", .doc = "say more", .fallback = "false", .kind = BOOT_BOOL, .value = &verbose},
    {.path = "http.stack.window", .fallback = "1", .kind = BOOT_SIZE, .min = 0, .max = 1 << 20, .value = &window},
    {.path = "log.stack.window", .fallback = "1", .kind = BOOT_SIZE, .min = 0, .max = 1 << 20, .value = &window},
    {.path = "store.window", .fallback = "1", .kind = BOOT_SIZE, .min = 0, .max = INT64_MAX, .value = &other},
    {.path = "number", .fallback = "0", .kind = BOOT_INTEGER, .min = INT64_MIN, .max = INT64_MAX, .value = &number},
    {.path = "port", .fallback = "80", .kind = BOOT_PORT, .value = &port},
    {.path = "http.port", .fallback = "81", .kind = BOOT_PORT, .value = ports, .count = &port_count},
    {.path = "motd", .given = &motd_given, .kind = BOOT_STRING, .value = &motd},
    {.path = "mode", .fallback = "slow", .kind = BOOT_ENUM, .choices = modes, .choice_count = 2, .value = &mode},
    {.path = "net.address", .fallback = "10.0.0.1/8", .kind = BOOT_IPV4_PREFIX, .value = &address},
    {.path = "net.servers", .fallback = "", .kind = BOOT_IPV6, .value = servers, .count = &server_count},
};
enum { COUNT = sizeof keys / sizeof keys[0] };

static char said[3][8192];

static void put(int descriptor, const char *bytes, size_t size)
{
    assert_true(descriptor == 1 || descriptor == 2);
    size_t used = strlen(said[descriptor]);
    assert_true(used + size < sizeof said[0]);
    memcpy(said[descriptor] + used, bytes, size);
    said[descriptor][used + size] = '\0';
}

static int boot(const char *arguments) /* separated by ';', which no argument here contains */
{
    static char copy[4096];
    static char *argv[64];
    int argc = 1;
    snprintf(copy, sizeof copy, "%s", arguments);
    for (char *word = strtok(copy, ";"); word; word = strtok(NULL, ";"))
        argv[argc++] = word;
    argv[argc] = NULL;
    memset(said, 0, sizeof said);
    motd_given = false;
    return boot_arguments("site", keys, COUNT, argc, argv, put);
}

static void test_forms(void **)
{
    assert_int_equal(boot("--port=8080;--motd;hello world;--verbose"), BOOT_GO);
    assert_int_equal(port, 8080);
    assert_string_equal(motd, "hello world");
    assert_true(verbose);
    assert_int_equal(boot("--motd=;--verbose;false"), BOOT_GO);
    assert_false(verbose);
    assert_string_equal(motd, "");
    assert_int_equal(boot("--motd=a=b;--verbose;--port=1"), BOOT_GO);
    assert_string_equal(motd, "a=b");
    assert_true(verbose);
    assert_int_equal(boot("--motd;--port;--port;2"), BOOT_GO); /* what follows is the value, whatever it looks like */
    assert_string_equal(motd, "--port");
    assert_int_equal(port, 2);
    assert_string_equal(said[1], "");
    assert_string_equal(said[2], "");
}

#define NO_KEY "there is no such key at boot, --help lists them; others are fixed by ukc configure --set\n"

static void test_suffixes(void **)
{
    assert_int_equal(boot("--motd=x;--stack.window=64KiB;--store.window=2MiB"), BOOT_GO); /* one key, two paths */
    assert_int_equal(window, 65536);
    assert_int_equal(other, 2 << 20);
    assert_int_equal(boot("--motd=x;--http.port=1,2,3;--port=4"), BOOT_GO); /* an exact path wins */
    assert_int_equal(port_count, 3);
    assert_int_equal(ports[2], 3);
    assert_int_equal(port, 4);
    assert_int_equal(boot("--motd=x;--window=1"), BOOT_BAD);
    assert_string_equal(said[2], "site: window: several keys end with this:\n  --http.stack.window\n  --log.stack.window\n  --store.window\n");
    assert_int_equal(boot("--motd=x;--indow=1;--=1;--"), BOOT_BAD);
    assert_string_equal(said[2], "site: indow: " NO_KEY "site: : " NO_KEY "site: : " NO_KEY);
}

static void test_complaints(void **)
{
    assert_int_equal(boot("--port=0"), BOOT_BAD);
    assert_string_equal(said[2], "site: port: '0' does not fit: port, 1 to 65535\nsite: motd: this key must be given\n");
    assert_int_equal(boot("--motd"), BOOT_BAD);
    assert_string_equal(said[2], "site: motd: a value is missing\n");
    assert_int_equal(boot("--motd=x;stray"), BOOT_BAD);
    assert_string_equal(said[2], "site: stray: an argument begins with --\n");
    assert_int_equal(boot("--motd=x;--mode=medium"), BOOT_BAD);
    assert_string_equal(said[2], "site: mode: 'medium' does not fit: one of slow, fast\n");
    assert_int_equal(boot("--motd=x;--http.port=1,x,3"), BOOT_BAD);
    assert_string_equal(said[2], "site: http.port: '1,x,3' does not fit: list of, with commas: port, 1 to 65535\n");
    assert_int_equal(boot("--motd=x;--stack.window=2MiB"), BOOT_BAD);
    assert_string_equal(said[2], "site: http.stack.window: '2MiB' does not fit: size such as 512, 64KiB, 2MiB, at least 0, at most 1048576\n");
}

/* A terminal that shows a complaint is not steered by what was complained about. */
static void test_complaints_are_printable(void **)
{
    assert_int_equal(boot("--motd=x;--port=\xff\xfe"), BOOT_BAD);
    assert_string_equal(said[2], "site: port: '\\xff\\xfe' does not fit: port, 1 to 65535\n");
    assert_int_equal(boot("--motd=x;--port=1\033[2J\r\n\x7f~ 2"), BOOT_BAD);
    assert_string_equal(said[2], "site: port: '1\\x1b[2J\\x0d\\x0a\\x7f~ 2' does not fit: port, 1 to 65535\n");
    assert_int_equal(boot("--motd=x;--\033]0;\x80stray\t"), BOOT_BAD);
    assert_string_equal(said[2], "site: \\x1b]0: " NO_KEY "site: \\x80stray\\x09: an argument begins with --\n");
    assert_int_equal(boot("--motd=x;--http.port=1,\x01"), BOOT_BAD);
    assert_string_equal(said[2], "site: http.port: '1,\\x01' does not fit: list of, with commas: port, 1 to 65535\n");
    char line[400] = "--motd=x;--port=";
    memset(line + strlen(line), '\n', 300);
    assert_int_equal(boot(line), BOOT_BAD);
    assert_int_equal(strlen(said[2]), strlen("site: port: '' does not fit: port, 1 to 65535\n") + 200 * 4);
}

static void test_help(void **)
{
    assert_int_equal(boot("--nonsense;--help"), BOOT_HELP);
    assert_string_equal(said[2], "");
    assert_non_null(strstr(said[1], "  --verbose=false\n      say more; true or false\n"));
    assert_non_null(strstr(said[1], "  --motd (required)\n"));
    assert_non_null(strstr(said[1], "  --http.stack.window=1\n"));
    assert_null(strstr(said[1], "log.stack.window"));
}

static bool parses(enum boot_kind kind, const char *text)
{
    static union {
        int64_t number;
        const char *string;
        struct boot_address address;
    } value;
    struct boot_key key = {.kind = kind, .min = INT64_MIN, .max = INT64_MAX, .choices = modes, .choice_count = 2, .value = &value};
    char *copy = strdup(text); /* so that ASan sees a read beyond the end */
    bool good = boot_parse(&key, copy);
    number = value.number;
    free(copy);
    return good;
}

static void test_numbers(void **)
{
    assert_true(parses(BOOT_INTEGER, "-9223372036854775808"));
    assert_true(number == INT64_MIN);
    assert_true(parses(BOOT_INTEGER, "9223372036854775807"));
    assert_true(number == INT64_MAX);
    static const char *const bad[] = {"", "-", "+1", "1 ", " 1", "0x10", "9223372036854775808", "-9223372036854775809", "1e3", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(parses(BOOT_INTEGER, bad[i]));
    assert_true(parses(BOOT_SIZE, "3TiB"));
    assert_true(number == INT64_C(3) << 40);
    assert_true(parses(BOOT_SIZE, "7B"));
    static const char *const bad_sizes[] = {"", "KiB", "1kib", "1KB", "1 KiB", "-1", "-1KiB", "9000000TiB", "9223372036854775807KiB", "1KiBx"};
    for (size_t i = 0; i < sizeof bad_sizes / sizeof bad_sizes[0]; i++)
        assert_false(parses(BOOT_SIZE, bad_sizes[i]));
    assert_true(parses(BOOT_PORT, "65535"));
    assert_false(parses(BOOT_PORT, "65536"));
    assert_false(parses(BOOT_PATH, ""));
    assert_false(parses(BOOT_STRING, "a\nb"));
    assert_false(parses(BOOT_BOOL, "yes"));
}

/* Ours against the C library's, on texts that are nearly addresses. */
static void compare_with_libc(const char *text)
{
    struct boot_address ours = {};
    uint8_t theirs[16];
    int v4 = inet_pton(AF_INET, text, theirs);
    assert_int_equal(boot_parse_address(BOOT_IPV4, text, &ours), v4);
    if (v4)
        assert_memory_equal(ours.bytes, theirs, 4);
    int v6 = inet_pton(AF_INET6, text, theirs);
    if (boot_parse_address(BOOT_IPV6, text, &ours) != (v6 == 1))
        fail_msg("'%s': libc says %d", text, v6);
    if (v6 == 1)
        assert_memory_equal(ours.bytes, theirs, 16);
}

static void test_addresses(void **)
{
    static const char *const texts[] = {
        "1.2.3.4", "0.0.0.0", "255.255.255.255", "256.1.1.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4 ", "", "1..2.3", "::", "::1", "1::",
        "fe80::1", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1::3:4:5:6:7:8", "1:::2", "::1::",
        "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3", ":1", "1:", "12345::", "g::", "::1.2.3.4:5", "1:2:3:4:5:6:7:8::", "::1.2.3.4.", "1::2:",
        ":", ":::", "1:2:3:4:5:6:7::8", "1.2.3.4::", "::127.0.0.1", "0:0:0:0:0:0:0:0", "fd00::%lo",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        compare_with_libc(texts[i]);
    /* every edit of one character, and random strings over the alphabet */
    static const char alphabet[] = "0129af:.:g";
    srand(1);
    for (int i = 0; i < 200000; i++) {
        char text[48];
        int n = rand() % 24;
        if (i % 2) {
            const char *base = texts[(size_t)rand() % (sizeof texts / sizeof texts[0])];
            n = (int)strlen(base);
            memcpy(text, base, (size_t)n);
            if (n)
                text[rand() % n] = alphabet[(size_t)rand() % (sizeof alphabet - 1)];
        } else {
            for (int j = 0; j < n; j++)
                text[j] = alphabet[(size_t)rand() % (sizeof alphabet - 1)];
        }
        text[n] = '\0';
        compare_with_libc(text);
    }
    struct boot_address a;
    assert_true(boot_parse_address(BOOT_IPV4_PREFIX, "10.0.0.2/24", &a));
    assert_int_equal(a.length, 24);
    assert_true(boot_parse_address(BOOT_IPV6_PREFIX, "fd00::2/64", &a));
    assert_int_equal(a.length, 64);
    static const char *const bad[] = {"10.0.0.2", "10.0.0.2/", "10.0.0.2/33", "10.0.0.2/024", "10.0.0.2/24/", "10.0.0.2/-1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(boot_parse_address(BOOT_IPV4_PREFIX, bad[i], &a));
    assert_true(boot_parse_address(BOOT_MAC, "02:00:00:00:00:aF", &a));
    assert_int_equal(a.bytes[5], 0xaf);
    assert_false(boot_parse_address(BOOT_MAC, "02:00:00:00:00", &a));
    assert_false(boot_parse_address(BOOT_MAC, "02:00:00:00:00:0", &a));
    assert_false(boot_parse_address(BOOT_MAC, "02:00:00:00:00:01:", &a));
}

/* What ukc configure takes of a kind is what an argument may say, and means the same; hexadecimal numbers are left to configure. */
static void compare_with_configure(enum key_kind theirs, enum boot_kind ours, const char *text)
{
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    struct key key = {.name = {.text = "k"}, .kind = theirs, .min = theirs == KEY_KIND_size ? 0 : INT64_MIN, .max = INT64_MAX};
    const struct key_value *v = key_parse(a, &key, text, SPAN_NONE, d);
    number = 0;
    if (v && (!parses(ours, text) || ((theirs == KEY_KIND_size || theirs == KEY_KIND_integer) && number != v->number)))
        fail_msg("'%s' is %s at configure", text, v->text);
    /* nothing that is no number at configure is one at boot, but for zeros in front */
    if (!v && parses(ours, text) && strspn(text, "-0") == 0)
        fail_msg("'%s' is none at configure", text);
    diag_destroy(d);
    arena_destroy(a);
}

static void test_as_configure(void **)
{
    static const char *const units[] = {"", "B", "KiB", "MiB", "GiB", "TiB", "PiB", "kib", "K", " KiB", "KiBB"};
    static const char *const numbers[] = {"", "1", "7", "512", "8388607", "8388608", "9223372036854775807", "9223372036854775808", "-1", "1e3", "1x"};
    for (size_t n = 0; n < sizeof numbers / sizeof numbers[0]; n++)
        for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
            char text[64];
            snprintf(text, sizeof text, "%s%s", numbers[n], units[u]);
            compare_with_configure(KEY_KIND_size, BOOT_SIZE, text);
            compare_with_configure(KEY_KIND_integer, BOOT_INTEGER, text);
            compare_with_configure(KEY_KIND_port, BOOT_PORT, text);
        }
    static const char *const addresses[] = {
        "1.2.3.4", "255.255.255.255", "256.1.1.1", "1.2.3", "1.02.3.4", "10.0.0.2/24", "10.0.0.2/33", "10.0.0.2/", "10.0.0.2/024", "1.2.3.4/2/3",
        "::", "::1", "fe80::1", "fd00::2/64", "fd00::2/129", "fd00::2/", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:9", "fd00::%lo", "FD00::A",
        "02:00:00:00:00:af", "02:00:00:00:00:AF", "02:00:00:00:00", "2:0:0:0:0:1", "02-00-00-00-00-01", "02:00:00:00:00:01:", "",
    };
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        compare_with_configure(KEY_KIND_ipv4, BOOT_IPV4, addresses[i]);
        compare_with_configure(KEY_KIND_ipv6, BOOT_IPV6, addresses[i]);
        compare_with_configure(KEY_KIND_ipv4_prefix, BOOT_IPV4_PREFIX, addresses[i]);
        compare_with_configure(KEY_KIND_ipv6_prefix, BOOT_IPV6_PREFIX, addresses[i]);
        compare_with_configure(KEY_KIND_mac, BOOT_MAC, addresses[i]);
    }
}

static void test_lists(void **)
{
    assert_int_equal(boot("--motd=x;--servers=::1,fd00::2"), BOOT_GO);
    assert_int_equal(server_count, 2);
    assert_string_equal(servers[1].text, "fd00::2");
    assert_int_equal(boot("--motd=x;--servers="), BOOT_GO);
    assert_int_equal(server_count, 0);
    assert_int_equal(boot("--motd=x;--servers=::1,"), BOOT_BAD);
    assert_int_equal(boot("--motd=x;--servers=,"), BOOT_BAD);
    char many[1024] = "--motd=x;--http.port=1";
    for (int i = 1; i < BOOT_LIST_MOST; i++)
        strcat(many, ",1");
    assert_int_equal(boot(many), BOOT_GO);
    assert_int_equal(port_count, BOOT_LIST_MOST);
    strcat(many, ",1");
    assert_int_equal(boot(many), BOOT_BAD);
}

/* Random argument lines: no crash, and a refusal always says something. */
static void test_noise(void **)
{
    static const char *const pieces[] = {"--", "port", "=", "1", ",", "motd", ";", "window", ".", "-", "::", "verbose", "true", "KiB", "\xff", "net.address"};
    srand(2);
    for (int i = 0; i < 50000; i++) {
        char line[256] = "";
        for (int n = rand() % 12; n > 0; n--)
            strcat(line, pieces[(size_t)rand() % (sizeof pieces / sizeof pieces[0])]);
        int status = boot(line);
        assert_true(status == BOOT_GO || status == BOOT_BAD);
        assert_int_equal(status == BOOT_BAD, said[2][0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms), cmocka_unit_test(test_suffixes), cmocka_unit_test(test_complaints), cmocka_unit_test(test_complaints_are_printable),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_addresses), cmocka_unit_test(test_as_configure), cmocka_unit_test(test_lists), cmocka_unit_test(test_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
