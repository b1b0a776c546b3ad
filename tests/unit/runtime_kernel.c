/* runtime_kernel.c - kernel.h of netif_tap says what the kernel's own headers say: of numbers, of places, of how messages are walked. */
#include "test.h"

#include "kernel.h"
#include "kernel_values.h"

#include <string.h>

static const struct kernel_value values[] = KERNEL_TABLE;

static unsigned long walk(const void *bytes, unsigned size);
static KERNEL_WALK(walk, unsigned)

static void values_are_the_kernels(void **state)
{
    (void)state;
    size_t i = 0;
    for (; values[i].name; i++) {
        assert_string_equal(values[i].name, host_values[i].name);
        if (values[i].value != host_values[i].value)
            fail_msg("%s is %lu, the kernel's is %lu", values[i].name, values[i].value, host_values[i].value);
    }
    assert_null(host_values[i].name);
    assert_true(i > 80);
    static const struct sock_filter filter[] = KERNEL_FILTER;
    assert_memory_equal(filter, host_filter, sizeof filter);
}

static unsigned put(char *at, unsigned payload, const unsigned *attributes)
{
    struct nlmsghdr *m = (struct nlmsghdr *)at;
    unsigned used = NLMSG_LENGTH(sizeof(struct ifinfomsg));
    for (; *attributes; attributes++) {
        struct rtattr *r = (struct rtattr *)(at + used);
        *r = (struct rtattr){.rta_len = (unsigned short)*attributes, .rta_type = IFLA_MTU};
        used += RTA_ALIGN(*attributes);
    }
    m->nlmsg_len = used - payload;
    return used;
}

static void messages_are_walked_alike(void **state)
{
    (void)state;
    _Alignas(8) char bytes[512] = {0};
    unsigned size = 0;
    size += put(bytes + size, 0, (const unsigned[]){8, 5, 12, 0});
    size += put(bytes + size, 0, (const unsigned[]){4, 0});
    size += put(bytes + size, 3, (const unsigned[]){5, 0}); /* the last need not be filled up */
    assert_true(walk(bytes, size) != 0);
    assert_int_equal(walk(bytes, size), host_walk(bytes, size));
    for (unsigned n = 0; n < 16; n++) /* less than a message */
        assert_int_equal(walk(bytes, n), 0);
    for (unsigned n = 0; n <= 40; n++) { /* lengths that lie, in the last attribute */
        ((struct rtattr *)(bytes + size - 8))->rta_len = (unsigned short)n;
        assert_int_equal(walk(bytes, size), host_walk(bytes, size));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(values_are_the_kernels), cmocka_unit_test(messages_are_walked_alike)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
