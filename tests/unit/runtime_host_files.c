/* runtime_host_files.c - name servers and default routers out of the host's files. */
#include "test.h"

#include "host_files.h"

#include <net/if.h>

static FILE *file_of(const char *text)
{
    FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    assert_non_null(f);
    return f;
}

static struct stack_configuration read_text(const char *text, void (*read)(FILE *, struct stack_configuration *))
{
    struct stack_configuration now = {};
    FILE *f = file_of(text);
    read(f, &now);
    fclose(f);
    return now;
}

static void expect_addresses(const struct ip_address *addresses, unsigned count, const char *expected)
{
    char text[1024] = "", one[IP_TEXT_SIZE];
    for (unsigned i = 0; i < count; i++) {
        ip_format(one, &addresses[i]);
        snprintf(text + strlen(text), sizeof text - strlen(text), i ? " %s" : "%s", one);
    }
    assert_string_equal(text, expected);
}

static void servers_are(const char *text, const char *expected)
{
    struct stack_configuration now = read_text(text, host_servers);
    expect_addresses(now.servers, now.server_count, expected);
}

static void name_servers(void **state)
{
    (void)state;
    servers_are("\n", "");
    servers_are("nameserver 10.0.0.1", "10.0.0.1");
    servers_are("# a comment\nsearch example\nnameserver 10.0.0.1\nnameserver\t  fd00::1  \r\noptions edns0\n", "10.0.0.1 fd00::1");
    servers_are("nameserver 1.1.1.1 and more\n;nameserver 2.2.2.2\n nameserver 3.3.3.3\nNameserver 4.4.4.4\nnameserver5.5.5.5\n", "1.1.1.1");
    servers_are("nameserver\nnameserver \nnameserver x\nnameserver 1.2.3\nnameserver 1.2.3.4.5\nnameserver 12345::\nnameserver 9.9.9.9\n", "9.9.9.9");
    servers_are("nameserver 1.1.1.1\nnameserver 1.1.1.2\nnameserver 1.1.1.3\nnameserver 1.1.1.4\nnameserver 1.1.1.5\n",
                "1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4");
}

static void name_servers_with_zones(void **state)
{
    (void)state;
    char expected[100];
    snprintf(expected, sizeof expected, "fe80::1%%%u fe80::2%%77", if_nametoindex("lo"));
    assert_true(if_nametoindex("lo") > 0);
    servers_are("nameserver fe80::1%lo\nnameserver fe80::2%77\nnameserver fe80::3%nowhere\nnameserver fe80::4%\nnameserver 10.0.0.1%lo\n"
                "nameserver fe80::5%99999999999\nnameserver fe80::6%7x\n", expected);
}

/* What stands behind the end of the buffer is not a line of its own. */
static void a_line_without_end(void **state)
{
    (void)state;
    char text[2000];
    for (size_t length = 500; length < 530; length++) {
        memset(text, '#', length);
        strcpy(text + length, "nameserver 6.6.6.6\nnameserver 1.1.1.1\n");
        servers_are(text, "1.1.1.1");
    }
}

static void routers_are(const char *v4, const char *v6, const char *expected)
{
    struct stack_configuration now = {};
    FILE *f = file_of(v4);
    host_router_v4(f, &now);
    fclose(f);
    f = file_of(v6);
    host_router_v6(f, &now);
    fclose(f);
    expect_addresses(now.routers, now.router_count, expected);
}

#define HEAD_V4 "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
#define V4(gateway, flags, metric, mask) "eth0\t00000000\t" gateway "\t" flags "\t0\t0\t" metric "\t" mask "\t0\t0\t0\n"
#define ZEROS "00000000000000000000000000000000"
#define V6(length, hop, metric, flags) ZEROS " " length " " ZEROS " 00 " hop " " metric " 00000002 00000000 " flags "       lo\n"
#define HOP "fd000000000000000000000000000001"

static void routers(void **state)
{
    (void)state;
    char local[100];
    routers_are(HEAD_V4, "\n", "");
    routers_are(HEAD_V4 V4("0100000A", "0003", "0", "00000000"), "\n", "10.0.0.1");
    /* the least metric; not half of the world (a tunnel's 0.0.0.0/1), not down, not without a gateway, not "unreachable" */
    routers_are(HEAD_V4 V4("0900000A", "0003", "0", "00000080") V4("0800000A", "0002", "0", "00000000") V4("00000000", "0001", "0", "00000000")
                V4("0300000A", "0003", "200", "00000000") V4("0200000A", "0003", "100", "00000000") V4("0400000A", "0003", "300", "00000000")
                V4("0700000A", "0203", "0", "00000000"), "\n", "10.0.0.2");
    routers_are(HEAD_V4, V6("00", HOP, "00000400", "00000003"), "fd00::1");
    routers_are(HEAD_V4, V6("01", HOP, "00000400", "00000003") V6("00", ZEROS, "ffffffff", "00200200") V6("00", HOP, "00000400", "00000001"), "");
    routers_are(HEAD_V4, V6("00", HOP, "00000400", "00000003") V6("00", "fe80000000000000000000000000000a", "00000100", "00450003"),
                (snprintf(local, sizeof local, "fe80::a%%%u", if_nametoindex("lo")), local));
    routers_are(HEAD_V4 V4("0100000A", "0003", "0", "00000000"), V6("00", HOP, "00000400", "00000003"), "10.0.0.1 fd00::1");
    /* lines that make no sense */
    routers_are("\n\nx\neth0 0\n", "x\n00 00\n" ZEROS " 00 " ZEROS " 00 fd00 00000100 0 0 00000003 lo\n", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_servers),
        cmocka_unit_test(name_servers_with_zones),
        cmocka_unit_test(a_line_without_end),
        cmocka_unit_test(routers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
