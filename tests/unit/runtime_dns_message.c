/*
 * runtime_dns_message.c - the resolver's functions without state: names and addresses from text, queries, answers, the cache.
 *
 * Answers are written as a text of hexadecimal digits, byte for byte as RFC 1035 draws them. "c00c" is a pointer to
 * the question's name.
 */
#include "test.h"

#include "cache.h"
#include "message.h"

/* ---- text ---- */

static void host_names(void **state)
{
    (void)state;
    struct name name;
    assert_true(name_of_host(VIEW("Www.Example.COM"), &name));
    assert_int_equal(name.size, 17);
    assert_memory_equal(name.bytes, "\3www\7example\3com", 17);
    assert_true(name_of_host(VIEW("www.example.com."), &name));
    assert_int_equal(name.size, 17);
    assert_true(name_of_host(VIEW("a"), &name));
    assert_true(name_of_host(VIEW("3com.4-5.x1"), &name));
    assert_true(name_of_host(VIEW("xn--bcher-kva.example"), &name));
    static const char *const wrong[] = {
        "", ".", "..", ".a", "a..b", "a..", "-a.b", "a-.b", "a.-", "a b", "a_b", "b\303\274cher.example", "a.1", "1", "1.2.3.4", "256.1.1.1",
        "a/b", "a%", "[::1]", "::1", "a@b", "*.a", "a\\.b",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (name_of_host(view_of(wrong[i]), &name))
            fail_msg("'%s' is taken for a name", wrong[i]);
    assert_false(name_of_host((struct view){"a\0b", 3}, &name));
}

/* 63 bytes in a label, 253 in all, and then the final dot. */
static void host_names_have_a_length(void **state)
{
    (void)state;
    struct name name;
    char text[300];
    memset(text, 'a', sizeof text);
    assert_true(name_of_host((struct view){text, 63}, &name));
    assert_int_equal(name.size, 65);
    assert_false(name_of_host((struct view){text, 64}, &name));
    for (size_t i = 63; i < sizeof text; i += 64)
        text[i] = '.';
    assert_true(name_of_host((struct view){text, 253}, &name));
    assert_int_equal(name.size, 255);
    assert_int_equal(name.bytes[254], 0);
    assert_false(name_of_host((struct view){text, 254}, &name));
    text[253] = '.';
    assert_true(name_of_host((struct view){text, 254}, &name));
    assert_false(name_of_host((struct view){text, 255}, &name));
}

static void last_labels(void **state)
{
    (void)state;
    struct name name;
    assert_true(name_of_host(VIEW("localhost"), &name));
    assert_true(name_ends_in(&name, VIEW("localhost")));
    assert_true(name_of_host(VIEW("a.LocalHost."), &name));
    assert_true(name_ends_in(&name, VIEW("localhost")));
    assert_true(name_of_host(VIEW("localhost.example"), &name));
    assert_false(name_ends_in(&name, VIEW("localhost")));
    assert_true(name_of_host(VIEW("mylocalhost"), &name));
    assert_false(name_ends_in(&name, VIEW("localhost")));
}

static void addresses_of_text(void **state)
{
    (void)state;
    static const char *const right[][2] = {
        {"10.0.0.2", "10.0.0.2"}, {"255.255.255.255", "255.255.255.255"}, {"0.0.0.0", "0.0.0.0"}, {"::", "::"}, {"::1", "::1"},
        {"1::", "1::"}, {"fd00::2", "fd00::2"}, {"2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"}, {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"}, {"::ffff:192.0.2.1", "::ffff:c000:201"},
        {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"}, {"fe80::1%7", "fe80::1%7"}, {"fe80::1%4294967295", "fe80::1%4294967295"},
    };
    static const char *const wrong[] = {
        "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "01.2.3.4", "1.2.3.256", "1.2.3.4%1", " 1.2.3.4", "1.2.3.4 ", "0x1.2.3.4",
        ":", ":::", "1:", ":1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "12345::", "g::",
        "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3", "1.2.3.4::", "fe80::1%", "fe80::1%eth0", "fe80::1%4294967296", "2001:db8::1%1", "::1%1", "1:2:3:4:5:6:7:8:",
    };
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        struct ip_address address;
        char text[IP_TEXT_SIZE] = "nothing";
        if (address_of_text(view_of(right[i][0]), &address))
            ip_format(text, &address);
        assert_string_equal(text, right[i][1]);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct ip_address address;
        if (address_of_text(view_of(wrong[i]), &address))
            fail_msg("'%s' is taken for an address", wrong[i]);
    }
}

/* ---- messages ---- */

static struct question question(const char *name, uint16_t type)
{
    struct question q = {.type = type, .id = 0xabcd};
    assert_true(name_of_host(view_of(name), &q.name));
    return q;
}

static size_t bytes_of(const char *hex, uint8_t *bytes)
{
    size_t size = 0;
    for (; *hex; hex++) {
        unsigned byte;
        if (*hex == ' ')
            continue;
        assert_int_equal(sscanf(hex, "%2x", &byte), 1);
        bytes[size++] = (uint8_t)byte;
        hex++;
    }
    return size;
}

/* On the heap and of the exact size, so that a byte too far is found. */
static enum verdict verdict_of(const uint8_t *bytes, size_t size, const struct question *q, struct answer *answer)
{
    uint8_t *copy = malloc(size + !size);
    memcpy(copy, bytes, size);
    enum verdict verdict = message_read(copy, size, q, answer);
    free(copy);
    return verdict;
}

static enum verdict read_hex(const char *hex, const struct question *q, struct answer *answer)
{
    uint8_t bytes[2000];
    return verdict_of(bytes, bytes_of(hex, bytes), q, answer);
}

static void queries(void **state)
{
    (void)state;
    struct question q = question("a.bc", TYPE_AAAA);
    uint8_t query[QUERY_MOST], expected[100];
    size_t size = bytes_of("abcd 0100 0001 0000 0000 0001 0161 026263 00 001c 0001 00 0029 04d0 00000000 0000", expected);
    assert_int_equal(message_query(&q, query), size);
    assert_memory_equal(query, expected, size);
    q.plain = true;
    size = bytes_of("abcd 0100 0001 0000 0000 0000 0161 026263 00 001c 0001", expected);
    assert_int_equal(message_query(&q, query), size);
    assert_memory_equal(query, expected, size);
}

#define QUESTION_A " 0161 026263 00 0001 0001 "
#define QUESTION_AAAA " 0161 026263 00 001c 0001 "
#define SOA(length, ttl, minimum) "c00e 0006 0001 " ttl length "016d c00e 0178 c00e 00000001 00000002 00000003 00000004 " minimum
#define OPT " 00 0029 04d0 00000000 0000 "

static void addresses_of_both_types(void **state)
{
    (void)state;
    struct answer answer;
    struct question a = question("a.bc", TYPE_A), aaaa = question("a.bc", TYPE_AAAA);
    assert_int_equal(read_hex("abcd 8180 0001 0002 0000 0001" QUESTION_A "c00c 0001 0001 00000100 0004 c0000201"
                              "c00c 0001 0001 00000080 0004 c0000202" OPT, &a, &answer), MESSAGE_ADDRESSES);
    assert_int_equal(answer.count, 2);
    assert_int_equal(answer.ttl, 0x80);
    assert_int_equal(answer.aliases, 0);
    assert_true(ip_equal(&answer.addresses[0], &(struct ip_address){.family = IP_V4, .bytes = {192, 0, 2, 1}}));
    assert_true(ip_equal(&answer.addresses[1], &(struct ip_address){.family = IP_V4, .bytes = {192, 0, 2, 2}}));
    assert_int_equal(read_hex("abcd 8180 0001 0001 0000 0000" QUESTION_AAAA "c00c 001c 0001 00000100 0010"
                              "20010db8000000000000000000000001", &aaaa, &answer), MESSAGE_ADDRESSES);
    assert_int_equal(answer.count, 1);
    assert_true(ip_equal(&answer.addresses[0], &(struct ip_address){.family = IP_V6, .bytes = {0x20, 1, 0xd, 0xb8, [15] = 1}}));
    /* letters of either case are the same, in the question and in owners; other records do not disturb */
    assert_int_equal(read_hex("abcd 8180 0001 0003 0000 0000 0141 024243 00 0001 0001 c00c 002e 0001 00000001 0002 ffff"
                              "0178 00 0001 0001 00000001 0004 7f000001 0161 024263 00 0001 0001 00000100 0004 c0000201", &a, &answer),
                     MESSAGE_ADDRESSES);
    assert_int_equal(answer.count, 1);
    assert_int_equal(answer.ttl, 0x100);
    assert_int_equal(answer.addresses[0].bytes[0], 192);
}

static void aliases(void **state)
{
    (void)state;
    struct answer answer;
    struct question q = question("a.bc", TYPE_A);
    /* a.bc -> d.bc -> e.bc, in the wrong order; the least of the times */
    assert_int_equal(read_hex("abcd 8180 0001 0003 0000 0000" QUESTION_A "0165 c00e 0001 0001 00000100 0004 c0000201"
                              "0164 c00e 0005 0001 00000020 0004 0165 c00e"
                              "c00c 0005 0001 00000040 0004 0164 c00e", &q, &answer), MESSAGE_ADDRESSES);
    assert_int_equal(answer.aliases, 2);
    assert_int_equal(answer.ttl, 0x20);
    assert_int_equal(answer.count, 1);
    assert_memory_equal(answer.name.bytes, "\1e\2bc", 6);
    /* the chain leads out of what the server knows */
    assert_int_equal(read_hex("abcd 8180 0001 0001 0000 0000" QUESTION_A "c00c 0005 0001 00000040 0004 0164 c00e", &q, &answer), MESSAGE_ALIAS);
    assert_memory_equal(answer.name.bytes, "\1d\2bc", 6);
    assert_int_equal(answer.ttl, 0x40);
    /* it leads to a name that does not exist, which holds as long as the shortest */
    assert_int_equal(read_hex("abcd 8183 0001 0001 0001 0000" QUESTION_A "c00c 0005 0001 00000040 0004 0164 c00e"
                              "c00e 0006 0001 00000200 0016 00 00 00000001 00000002 00000003 00000004 00000100", &q, &answer), MESSAGE_NOTHING);
    assert_int_equal(answer.ttl, 0x40);
    /* a name that is its own alias; two that are each other's */
    assert_int_equal(read_hex("abcd 8180 0001 0001 0000 0000" QUESTION_A "c00c 0005 0001 00000040 0002 c00c", &q, &answer), MESSAGE_BROKEN);
    assert_int_equal(read_hex("abcd 8180 0001 0002 0000 0000" QUESTION_A "c00c 0005 0001 00000040 0004 0164 c00e"
                              "0164 c00e 0005 0001 00000040 0002 c00c", &q, &answer), MESSAGE_BROKEN);
}

static void nothing(void **state)
{
    (void)state;
    struct answer answer;
    struct question q = question("a.bc", TYPE_A);
    assert_int_equal(read_hex("abcd 8183 0001 0000 0001 0000" QUESTION_A SOA("001c", "00000200", "00000100"), &q, &answer), MESSAGE_NOTHING);
    assert_int_equal(answer.ttl, 0x100);
    assert_int_equal(answer.count, 0);
    assert_int_equal(read_hex("abcd 8180 0001 0000 0001 0000" QUESTION_A SOA("001c", "00000080", "00000100"), &q, &answer), MESSAGE_NOTHING);
    assert_int_equal(answer.ttl, 0x80);
    /* without SOA it must not be kept (RFC 2308, 5); times with the highest bit are zero (RFC 2181, 8) */
    assert_int_equal(read_hex("abcd 8183 0001 0000 0000 0000" QUESTION_A, &q, &answer), MESSAGE_NOTHING);
    assert_int_equal(answer.ttl, 0);
    assert_int_equal(read_hex("abcd 8180 0001 0000 0000 0000" QUESTION_A, &q, &answer), MESSAGE_NOTHING);
    assert_int_equal(read_hex("abcd 8183 0001 0000 0001 0000" QUESTION_A SOA("001c", "80000000", "00000100"), &q, &answer), MESSAGE_NOTHING);
    assert_int_equal(answer.ttl, 0);
    /* only whom else to ask: this server does not know */
    assert_int_equal(read_hex("abcd 8100 0001 0000 0001 0000" QUESTION_A "c00e 0002 0001 00000200 0002 c00c", &q, &answer), MESSAGE_REFUSED);
    assert_int_equal(read_hex("abcd 8500 0001 0000 0001 0000" QUESTION_A "c00e 0002 0001 00000200 0002 c00c", &q, &answer), MESSAGE_NOTHING);
}

static void refusals(void **state)
{
    (void)state;
    struct answer answer;
    struct question q = question("a.bc", TYPE_A), plain = q;
    plain.plain = true;
    assert_int_equal(read_hex("abcd 8182 0001 0000 0000 0000" QUESTION_A, &q, &answer), MESSAGE_REFUSED);
    assert_int_equal(read_hex("abcd 8185 0001 0000 0000 0000" QUESTION_A, &q, &answer), MESSAGE_REFUSED);
    assert_int_equal(read_hex("abcd 8181 0001 0000 0000 0000" QUESTION_A, &q, &answer), MESSAGE_NO_EDNS);
    assert_int_equal(read_hex("abcd 8181 0000 0000 0000 0000", &q, &answer), MESSAGE_NO_EDNS);
    assert_int_equal(read_hex("abcd 8184 0000 0000 0000 0000", &q, &answer), MESSAGE_NO_EDNS);
    assert_int_equal(read_hex("abcd 8181 0000 0000 0000 0000", &plain, &answer), MESSAGE_REFUSED);
    assert_int_equal(read_hex("abcd 8180 0001 0000 0000 0001" QUESTION_A "00 0029 04d0 01000000 0000", &q, &answer), MESSAGE_REFUSED);
    assert_int_equal(read_hex("abcd 8380 0001 0000 0000 0000" QUESTION_A, &q, &answer), MESSAGE_TRUNCATED);
    assert_int_equal(read_hex("abcd 8380 0001 0009 0000 0000" QUESTION_A "c00c 00", &q, &answer), MESSAGE_TRUNCATED);
}

/* RFC 5452, 9.1: what is no answer to the question is nothing at all. */
static void strangers(void **state)
{
    (void)state;
    struct answer answer;
    struct question q = question("a.bc", TYPE_A);
#define ANSWER "c00c 0001 0001 00000100 0004 c0000201"
    static const char *const foreign[] = {
        "", "ab", "abcd 8180 0001 0001 0000 00",
        "abce 8180 0001 0001 0000 0000" QUESTION_A ANSWER,              /* another id */
        "abcd 0180 0001 0001 0000 0000" QUESTION_A ANSWER,              /* a query */
        "abcd 9180 0001 0001 0000 0000" QUESTION_A ANSWER,              /* another opcode */
        "abcd 8180 0001 0001 0000 0000" QUESTION_AAAA ANSWER,           /* another type */
        "abcd 8180 0001 0001 0000 0000 0161 026263 00 0001 0003" ANSWER,/* another class */
        "abcd 8180 0001 0001 0000 0000 0161 026264 00 0001 0001" ANSWER,/* another name */
        "abcd 8180 0001 0001 0000 0000 0161 00 0001 0001" ANSWER,
        "abcd 8180 0000 0001 0000 0000" ANSWER,                         /* no question */
        "abcd 8183 0000 0000 0000 0000",
        "abcd 8180 0002 0001 0000 0000" QUESTION_A QUESTION_A ANSWER,   /* two */
        "abcd 8180 0001 0001 0000 0000 c00c 0001 0001" ANSWER,
    };
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
        if (read_hex(foreign[i], &q, &answer) != MESSAGE_FOREIGN)
            fail_msg("%zu is taken for an answer", i);
}

/* What begins as an answer and is none. */
static void broken(void **state)
{
    (void)state;
    struct answer answer;
    struct question q = question("a.bc", TYPE_A);
#define HEAD "abcd 8180 0001 0001 0000 0000" QUESTION_A
    static const char *const wrong[] = {
        HEAD, HEAD "c0", HEAD "c00c", HEAD "c00c 0001 0001 00000100 0004 c00002", HEAD "c00c 0001 0001 00000100 0005 c0000201",
        HEAD "c00c 0001 0001 00000100 0003 c00002",              /* an address of three bytes */
        HEAD "c00c 0001 0001 00000100 0000",
        HEAD "c00c 0001 0001 00000100 ffff c0000201",
        HEAD "c016 0001 0001 00000100 0004 c0000201",            /* a pointer to itself */
        HEAD "c018 0001 0001 00000100 0004 c0000201",            /* forward */
        HEAD "ffff 0001 0001 00000100 0004 c0000201",
        HEAD "c000 0001 0001 00000100 0004 c0000201",            /* into the header */
        HEAD "c008 0001 0001 00000100 0004 c0000201",            /* even if a name stands there */
        HEAD "0161 c016 0001 0001 00000100 0004 c0000201",       /* a loop with a label in it */
        HEAD "4161 00 0001 0001 00000100 0004 c0000201",         /* lengths that are none */
        HEAD "8161 00 0001 0001 00000100 0004 c0000201",
        HEAD "c00c 0005 0001 00000100 0003 0164 c0",             /* an alias that does not end in its data */
        HEAD "c00c 0005 0001 00000100 0001 c0",
        HEAD "c00c 0005 0001 00000100 0004 0164 00 00",          /* or before */
        "abcd 8180 0001 0001 0000 0001" QUESTION_A ANSWER,       /* a record too few */
        "abcd 8180 0001 0001 ffff ffff" QUESTION_A ANSWER,
        "abcd 8183 0001 0000 0001 0000" QUESTION_A "c00e 0006 0001 00000100 0004 0000 0001",
        "abcd 8183 0001 0000 0001 0000" QUESTION_A SOA("001b", "00000200", "00000100"),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (read_hex(wrong[i], &q, &answer) != MESSAGE_BROKEN)
            fail_msg("%zu is not broken", i);
}

/* Every beginning of a good answer is no answer. */
static void cut_anywhere(void **state)
{
    (void)state;
    struct answer answer;
    struct question q = question("a.bc", TYPE_A);
    uint8_t bytes[200];
    size_t size = bytes_of("abcd 8180 0001 0002 0001 0001" QUESTION_A "c00c 0005 0001 00000040 0004 0164 c00e 0164 c00e 0001 0001 00000100"
                           "0004 c0000201 c00e 0002 0001 00000100 0002 c00c" OPT, bytes);
    assert_int_equal(verdict_of(bytes, size, &q, &answer), MESSAGE_ADDRESSES);
    for (size_t cut = 0; cut < size; cut++) {
        enum verdict verdict = verdict_of(bytes, cut, &q, &answer);
        assert_int_equal(verdict, cut < 12 + 10 ? MESSAGE_FOREIGN : MESSAGE_BROKEN);
    }
}

static uint8_t *put(uint8_t *to, const char *hex)
{
    return to + bytes_of(hex, to);
}

/* More addresses than there is room for; names made of pointers to pointers; a chain that is too long; too many records. */
static void too_much(void **state)
{
    (void)state;
    struct answer answer;
    struct question q = question("a.bc", TYPE_A);
    uint8_t *bytes = malloc(65536), *to = put(bytes, "abcd 8180 0001 0064 0000 0000" QUESTION_A);
    for (int i = 0; i < 100; i++)
        to = put(to, "c00c 0001 0001 00000100 0004 c0000201");
    assert_int_equal(verdict_of(bytes, (size_t)(to - bytes), &q, &answer), MESSAGE_ADDRESSES);
    assert_int_equal(answer.count, ADDRESSES_MOST);

    for (int jumps = 127; jumps <= 128; jumps++) { /* the data of a record is a ladder of pointers, the last one is an owner */
        to = put(bytes, "abcd 8180 0001 0002 0000 0000" QUESTION_A "c00c 0010 0001 00000100 ffff c00c");
        uint8_t *length = to - 4;
        for (int i = 1; i < jumps - 1; i++) {
            size_t before = (size_t)(to - bytes) - 2;
            *to++ = (uint8_t)(0xc0 | before >> 8);
            *to++ = (uint8_t)before;
        }
        size_t rung = (size_t)(to - bytes) - 2, data = (size_t)(to - length) - 2;
        length[0] = (uint8_t)(data >> 8), length[1] = (uint8_t)data;
        *to++ = (uint8_t)(0xc0 | rung >> 8);
        *to++ = (uint8_t)rung;
        to = put(to, "0001 0001 00000100 0004 c0000201");
        assert_int_equal(verdict_of(bytes, (size_t)(to - bytes), &q, &answer), jumps == 127 ? MESSAGE_ADDRESSES : MESSAGE_BROKEN);
    }

    for (int links = ALIASES_MOST; links <= ALIASES_MOST + 1; links++) { /* a.bc, b.bc, ...: each the next one's alias */
        char record[100];
        to = put(bytes, "abcd 8180 0001 00ff 0000 0000" QUESTION_A);
        bytes[7] = (uint8_t)(links + 1);
        for (int i = 0; i < links; i++) {
            snprintf(record, sizeof record, "01%02x c00e 0005 0001 00000100 0004 01%02x c00e", 'a' + i, 'a' + i + 1);
            to = put(to, record);
        }
        snprintf(record, sizeof record, "01%02x c00e 0001 0001 00000100 0004 c0000201", 'a' + links);
        to = put(to, record);
        assert_int_equal(verdict_of(bytes, (size_t)(to - bytes), &q, &answer), links == ALIASES_MOST ? MESSAGE_ADDRESSES : MESSAGE_BROKEN);
    }

    to = put(bytes, "abcd 8180 0001 0801 0000 0000" QUESTION_A);
    for (int i = 0; i < 0x801; i++)
        to = put(to, "c00c 0001 0001 00000100 0004 c0000201");
    assert_int_equal(verdict_of(bytes, (size_t)(to - bytes), &q, &answer), MESSAGE_BROKEN);
    bytes[7] = 0; /* the same with one record less */
    assert_int_equal(verdict_of(bytes, (size_t)(to - bytes), &q, &answer), MESSAGE_ADDRESSES);
    free(bytes);
}

/* 255 bytes are a name, 256 are none, with and without a pointer. */
static void long_names(void **state)
{
    (void)state;
    struct answer answer;
    struct question q = question("a.bc", TYPE_A);
    for (int last = 61; last <= 63; last++)
        for (int pointer = 0; pointer <= 1; pointer++) {
            uint8_t bytes[600], *to = put(bytes, "abcd 8180 0001 0001 0000 0000" QUESTION_A "c00c 0005 0001 00000100 0000");
            uint8_t *data = to;
            for (int i = 0; i < 3; i++) {
                *to++ = 63;
                memset(to, 'x', 63);
                to += 63;
            }
            size_t rest = (size_t)last - (pointer ? 5 : 0); /* 3 * 64 + 1 + last + 1: 255 with 61; the pointer adds 5 and the root */
            *to++ = (uint8_t)rest;
            memset(to, 'y', rest);
            to += rest;
            to = put(to, pointer ? "c00c" : "00");
            data[-1] = (uint8_t)(to - data);
            data[-2] = (uint8_t)((to - data) >> 8);
            assert_int_equal(verdict_of(bytes, (size_t)(to - bytes), &q, &answer), last == 61 ? MESSAGE_ALIAS : MESSAGE_BROKEN);
            if (last == 61)
                assert_int_equal(answer.name.size, 255);
        }
}

/* ---- the cache ---- */

static struct name numbered(int n)
{
    struct name name;
    char text[32];
    assert_true(name_of_host((struct view){text, (size_t)snprintf(text, sizeof text, "n%d.example", n)}, &name));
    return name;
}

static const struct cache_bounds roomy = {1000, 1 << 20};

static void the_cache_remembers_until(void **state)
{
    (void)state;
    struct name one = numbered(1), two = numbered(2);
    struct ip_address addresses[] = {ip_v4(1, 2, 3, 4), ip_v4(5, 6, 7, 8)}, found[4];
    assert_int_equal(cache_find(&one, TYPE_A, 0, found, 4), -1);
    cache_keep(&roomy, &one, TYPE_A, addresses, 2, 1000);
    cache_keep(&roomy, &one, TYPE_AAAA, NULL, 0, 2000);
    assert_int_equal(cache_find(&one, TYPE_A, 999, found, 4), 2);
    assert_true(ip_equal(&found[0], &addresses[0]) && ip_equal(&found[1], &addresses[1]));
    assert_int_equal(cache_find(&one, TYPE_A, 999, found, 1), 1);
    assert_int_equal(cache_find(&one, TYPE_AAAA, 999, found, 4), 0);
    assert_int_equal(cache_find(&two, TYPE_A, 999, found, 4), -1);
    assert_int_equal(cache_find(&one, TYPE_A, 1000, found, 4), -1);
    assert_int_equal(cache_size().entries, 1);
    cache_keep(&roomy, &one, TYPE_AAAA, NULL, 0, 3000); /* in place of the other */
    assert_int_equal(cache_size().entries, 1);
    assert_int_equal(cache_find(&one, TYPE_AAAA, 2500, found, 4), 0);
    cache_clear();
    assert_int_equal(cache_size().entries, 0);
    assert_int_equal(cache_size().bytes, 0);
    assert_int_equal(cache_find(&one, TYPE_AAAA, 0, found, 4), -1);
}

static void the_cache_keeps_the_bounds(void **state)
{
    (void)state;
    struct ip_address address = ip_v4(1, 2, 3, 4), found[1];
    struct cache_bounds few = {10, 1 << 20}, small = {1000, 1024}, none = {0, 1024}, tiny = {10, 20};
    for (int i = 0; i < 100; i++) {
        struct name name = numbered(i), first = numbered(0);
        cache_keep(&few, &name, TYPE_A, &address, 1, 1000);
        assert_int_equal(cache_find(&first, TYPE_A, 0, found, 1), 1); /* what is used stays */
        assert_true(cache_size().entries <= 10);
    }
    for (int i = 0; i < 100; i++) {
        struct name name = numbered(i);
        assert_int_equal(cache_find(&name, TYPE_A, 0, found, 1), i == 0 || i > 90 ? 1 : -1);
    }
    for (int i = 0; i < 1000; i++) {
        struct name name = numbered(i);
        cache_keep(&small, &name, TYPE_A, &address, 1, 1000);
        assert_true(cache_size().bytes <= 1024);
        assert_int_equal(cache_find(&name, TYPE_A, 0, found, 1), 1);
    }
    assert_true(cache_size().entries > 2);
    cache_clear();
    struct name name = numbered(1);
    cache_keep(&none, &name, TYPE_A, &address, 1, 1000);
    cache_keep(&tiny, &name, TYPE_A, &address, 1, 1000);
    assert_int_equal(cache_size().entries, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_names),
        cmocka_unit_test(host_names_have_a_length),
        cmocka_unit_test(last_labels),
        cmocka_unit_test(addresses_of_text),
        cmocka_unit_test(queries),
        cmocka_unit_test(addresses_of_both_types),
        cmocka_unit_test(aliases),
        cmocka_unit_test(nothing),
        cmocka_unit_test(refusals),
        cmocka_unit_test(strangers),
        cmocka_unit_test(broken),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(too_much),
        cmocka_unit_test(long_names),
        cmocka_unit_test(the_cache_remembers_until),
        cmocka_unit_test(the_cache_keeps_the_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
