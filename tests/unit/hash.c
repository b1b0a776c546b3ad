/*
 * hash.c - SHA-256 against the examples of NIST (FIPS 180-4), in one piece,
 * in many, and from a file.
 */
#include "test.h"

#include "../../ukc/base/hash.h"

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define MILLION_A "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

static void expect(struct hash h, const char *hex)
{
    char got[HASH_HEX];
    hash_hex(&h, got);
    assert_string_equal(got, hex);
}

static void examples(void **state)
{
    (void)state;
    expect(hash_bytes("", 0), EMPTY);
    expect(hash_bytes(NULL, 0), EMPTY);
    expect(hash_bytes("abc", 3), ABC);
    struct hasher *h = hasher_create();
    for (int i = 0; i < 10000; i++)
        hasher_add(h, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 100);
    expect(hasher_finish(h), MILLION_A);
}

static void fields_stay_apart(void **state)
{
    (void)state;
    struct hasher *one = hasher_create(), *two = hasher_create();
    hasher_add_string(one, "ab");
    hasher_add_string(one, "c");
    hasher_add_string(two, "a");
    hasher_add_string(two, "bc");
    struct hash a = hasher_finish(one), b = hasher_finish(two);
    assert_false(hash_equal(&a, &b));
    struct hash plain = hash_bytes("ab\0c", 5);
    assert_true(hash_equal(&a, &plain));
}

static void files(void **state)
{
    (void)state;
    FILE *f = fopen("million", "w");
    for (int i = 0; i < 1000000; i++)
        putc('a', f);
    assert_int_equal(fclose(f), 0);
    struct diag *d = diag_create();
    struct hash h;
    uint64_t size = 0;
    assert_true(hash_file("million", &h, &size, d));
    assert_int_equal(size, 1000000);
    expect(h, MILLION_A);
    assert_true(hash_file("/dev/null", &h, NULL, d));
    expect(h, EMPTY);
    assert_int_equal(diag_errors(d), 0);
    assert_false(hash_file("absent", &h, &size, d));
    assert_false(hash_file(".", &h, &size, d));
    assert_int_equal(diag_errors(d), 2);
    assert_int_equal(diag_status(d), DIAG_OUTSIDE);
    diag_destroy(d);
}

static void parsing(void **state)
{
    (void)state;
    struct hash h, abc = hash_bytes("abc", 3);
    assert_true(hash_parse(ABC, &h));
    assert_true(hash_equal(&h, &abc));
    assert_false(hash_parse("", &h));
    assert_false(hash_parse(ABC "0", &h));
    char hex[HASH_HEX] = ABC;
    hex[63] = '\0';
    assert_false(hash_parse(hex, &h));
    hex[63] = 'g';
    assert_false(hash_parse(hex, &h));
    hex[63] = 'D';
    assert_false(hash_parse(hex, &h));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples),
        cmocka_unit_test(fields_stay_apart),
        cmocka_unit_test_setup_teardown(files, scratch_enter, scratch_leave),
        cmocka_unit_test(parsing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
