/* The pcap format of targets/posix/netif_pcap: what is read, what is refused, and that what is written can be read. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "../../targets/posix/netif_pcap/capture.h"

static void put(uint8_t *at, bool big, int size, uint32_t value)
{
    for (int i = 0; i < size; i++)
        at[i] = (uint8_t)(value >> 8 * (big ? size - 1 - i : i));
}

static void header(uint8_t *bytes, bool big, uint32_t magic, uint16_t major, uint16_t minor, uint32_t link)
{
    memset(bytes, 0, CAPTURE_HEADER);
    put(bytes, big, 4, magic);
    put(bytes + 4, big, 2, major);
    put(bytes + 6, big, 2, minor);
    put(bytes + 16, big, 4, 65535);
    put(bytes + 20, big, 4, link);
}

static void record(uint8_t *bytes, bool big, uint32_t seconds, uint32_t fraction, uint32_t captured, uint32_t original)
{
    put(bytes, big, 4, seconds);
    put(bytes + 4, big, 4, fraction);
    put(bytes + 8, big, 4, captured);
    put(bytes + 12, big, 4, original);
}

static void all_four_kinds(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        bool big = kind & 1, nano = kind & 2;
        uint8_t bytes[CAPTURE_HEADER];
        struct capture_format format;
        struct capture_record got;
        header(bytes, big, nano ? 0xa1b23c4d : 0xa1b2c3d4, 2, 4, 1);
        assert_null(capture_read_header(&format, bytes));
        record(bytes, big, 4000000000u, 999999, 60, 60);
        assert_null(capture_read_record(&format, &got, bytes));
        assert_true(got.time == INT64_C(4000000000000000000) + 999999 * (nano ? 1 : 1000));
        assert_int_equal(got.captured, 60);
        assert_int_equal(got.size, 60);
        assert_false(got.cut);
    }
}

static void refused_headers(void **state)
{
    (void)state;
    struct capture_format format;
    uint8_t bytes[CAPTURE_HEADER];
    header(bytes, false, 0xa1b2c3d5, 2, 4, 1);
    assert_string_equal(capture_read_header(&format, bytes), "not a pcap file");
    header(bytes, false, 0x0a0d0d0a, 2, 4, 1);
    assert_non_null(strstr(capture_read_header(&format, bytes), "pcapng"));
    for (int big = 0; big < 2; big++) {
        header(bytes, big, 0xa1b2c3d4, 2, 3, 1);
        assert_non_null(strstr(capture_read_header(&format, bytes), "version"));
        header(bytes, big, 0xa1b2c3d4, 4, 2, 1);
        assert_non_null(strstr(capture_read_header(&format, bytes), "version"));
        header(bytes, big, 0xa1b2c3d4, 2, 4, 101);
        assert_non_null(strstr(capture_read_header(&format, bytes), "Ethernet"));
    }
}

static void refused_records(void **state)
{
    (void)state;
    struct capture_format micro = {0}, nano = {.nanoseconds = true};
    struct capture_record got;
    uint8_t bytes[CAPTURE_RECORD];
    record(bytes, false, 1, 1000000, 60, 60);
    assert_non_null(capture_read_record(&micro, &got, bytes));
    assert_null(capture_read_record(&nano, &got, bytes));
    record(bytes, false, 1, 1000000000, 60, 60);
    assert_non_null(capture_read_record(&nano, &got, bytes));
    record(bytes, false, 1, 0, CAPTURE_LONGEST + 1, CAPTURE_LONGEST + 1);
    assert_non_null(capture_read_record(&micro, &got, bytes));
    record(bytes, false, 1, 0, CAPTURE_LONGEST, UINT32_MAX);
    assert_null(capture_read_record(&micro, &got, bytes));
    assert_true(got.cut);
    record(bytes, false, 1, 0, 61, 60);
    assert_non_null(capture_read_record(&micro, &got, bytes));
}

static void check_sequences(void **state)
{
    (void)state;
    struct capture_format format;
    struct capture_record got;
    uint8_t bytes[CAPTURE_HEADER];
    header(bytes, true, 0xa1b2c3d4, 2, 4, 2u << 28 | 1u << 26 | 1); /* four bytes of it */
    assert_null(capture_read_header(&format, bytes));
    record(bytes, true, 1, 0, 64, 64);
    assert_null(capture_read_record(&format, &got, bytes));
    assert_int_equal(got.captured, 64);
    assert_int_equal(got.size, 60);
    record(bytes, true, 1, 0, 3, 3);
    assert_null(capture_read_record(&format, &got, bytes));
    assert_int_equal(got.size, 0);
    record(bytes, true, 1, 0, 64, 65); /* cut: who knows what of it is there */
    assert_null(capture_read_record(&format, &got, bytes));
    assert_int_equal(got.size, 64);
    assert_true(got.cut);
}

static void written_is_read(void **state)
{
    (void)state;
    struct capture_format format;
    struct capture_record got;
    uint8_t bytes[CAPTURE_HEADER];
    static const uint8_t expected[] = {0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0};
    capture_write_header(bytes);
    assert_memory_equal(bytes, expected, sizeof expected);
    assert_null(capture_read_header(&format, bytes));
    static const int64_t times[] = {0, 1, 999999999, 1000000000, INT64_C(1767225600123456789), INT64_C(4294967295999999999)};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        capture_write_record(bytes, times[i], 1514);
        assert_null(capture_read_record(&format, &got, bytes));
        assert_true(got.time == times[i]);
        assert_int_equal(got.size, 1514);
    }
}

/* Whatever the bytes, what is accepted keeps its promises. */
static void noise(void **state)
{
    (void)state;
    srand(1);
    int accepted = 0;
    for (int i = 0; i < 200000; i++) {
        struct capture_format format = {.swapped = i & 1, .nanoseconds = i & 2, .check_bytes = (uint32_t)(i & 12)};
        struct capture_record got;
        uint8_t bytes[CAPTURE_RECORD];
        for (size_t at = 0; at < sizeof bytes; at++)
            bytes[at] = rand() % 4 ? 0 : (uint8_t)rand();
        if (capture_read_record(&format, &got, bytes))
            continue;
        accepted++;
        assert_true(got.time >= 0 && got.captured <= CAPTURE_LONGEST && got.size <= got.captured);
    }
    assert_in_range(accepted, 1000, 199000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_four_kinds), cmocka_unit_test(refused_headers), cmocka_unit_test(refused_records),
        cmocka_unit_test(check_sequences), cmocka_unit_test(written_is_read), cmocka_unit_test(noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
