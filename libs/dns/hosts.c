/* hosts.c - names that are known without asking: the key `hosts`, and localhost. */
#include "internal.h"

#include <errno.h>

#include "keys.h"
#include "log.h"

static bool read_item(const char *item, struct name *name, struct ip_address *address)
{
    const char *sign = strchr(item, '=');
    return sign && name_of_host((struct view){item, (size_t)(sign - item)}, name) && address_of_text(view_of(sign + 1), address);
}

int hosts_check(void)
{
    struct name name;
    struct ip_address address;
    for (size_t i = 0; i < KEY_HOSTS_COUNT; i++)
        if (!read_item(KEY_HOSTS_ITEMS[i], &name, &address)) {
            log_write(LOG_LEVEL_ERROR, "dns", "hosts: '%s' is not name=address", KEY_HOSTS_ITEMS[i]);
            return -EINVAL;
        }
    return 0;
}

/* RFC 6761, 6.3 */
static int find_localhost(uint8_t family, struct ip_address *addresses)
{
    static const uint8_t v6[16] = {[15] = 1};
    *addresses = family == IP_V4 ? ip_v4(127, 0, 0, 1) : ip_v6(v6);
    return 1;
}

int hosts_find(const struct name *name, uint8_t family, struct ip_address *addresses, unsigned most)
{
    unsigned count = 0;
    bool found = false;
    if (name_ends_in(name, VIEW("localhost")))
        return find_localhost(family, addresses);
    for (size_t i = 0; i < KEY_HOSTS_COUNT; i++) {
        struct name other;
        struct ip_address address;
        if (!read_item(KEY_HOSTS_ITEMS[i], &other, &address) || !name_equal(name, &other))
            continue;
        found = true;
        if (address.family == family && count < most)
            addresses[count++] = address;
    }
    return found ? (int)count : -1;
}
