/* servers.c - which name servers there are, and what is known of them. */
#include "internal.h"

#include <errno.h>

#include "cache.h"
#include "clock.h"
#include "keys.h"
#include "log.h"
#include "stack.h"
#include <ukc/deadline.h>

#define SILENCE (30 * NANOSECONDS_PER_SECOND) /* for so long a server that did not answer is asked last */

static struct server {
    struct endpoint endpoint;
    int64_t silent_until;
    bool plain;
} known[SERVERS_MOST];
static unsigned known_count;

_Static_assert((int)SERVERS_MOST >= (int)STACK_SERVERS_MOST, "dns: room for all servers that the stack may know");

int servers_check(void)
{
    struct ip_address address;
    for (size_t i = 0; i < KEY_SERVERS_COUNT; i++)
        if (!address_of_text(view_of(KEY_SERVERS_ITEMS[i]), &address)) {
            log_write(LOG_LEVEL_ERROR, "dns", "servers: '%s' is not an address", KEY_SERVERS_ITEMS[i]);
            return -EINVAL;
        }
    if (KEY_SERVERS_COUNT > SERVERS_MOST) {
        log_write(LOG_LEVEL_ERROR, "dns", "servers: more than %d", SERVERS_MOST);
        return -EINVAL;
    }
    return 0;
}

static unsigned from_key(struct endpoint *servers)
{
    unsigned count = 0;
    for (size_t i = 0; i < KEY_SERVERS_COUNT && count < SERVERS_MOST; i++)
        if (address_of_text(view_of(KEY_SERVERS_ITEMS[i]), &servers[count].address))
            servers[count++].port = KEY_PORT;
    return count;
}

static unsigned from_stack(struct endpoint *servers)
{
    struct stack_configuration now;
    unsigned count = 0;
    if (stack_configuration(&now) < 0)
        return 0;
    for (; count < now.server_count; count++)
        servers[count] = (struct endpoint){.address = now.servers[count], .port = KEY_PORT};
    return count;
}

static bool are_known(const struct endpoint *servers, unsigned count)
{
    if (count != known_count)
        return false;
    for (unsigned i = 0; i < count; i++)
        if (!endpoint_equal(&servers[i], &known[i].endpoint))
            return false;
    return true;
}

unsigned servers_now(struct endpoint servers[SERVERS_MOST])
{
    int64_t now = clock_now();
    unsigned count = KEY_SERVERS_COUNT > 0 ? from_key(servers) : from_stack(servers), used = 0;
    if (!are_known(servers, count)) {
        cache_clear(); /* another network: its names may mean something else */
        known_count = count;
        for (unsigned i = 0; i < count; i++)
            known[i] = (struct server){.endpoint = servers[i]};
    }
    for (int silent = 0; silent <= 1; silent++)
        for (unsigned i = 0; i < count; i++)
            if ((known[i].silent_until > now) == silent)
                servers[used++] = known[i].endpoint;
    return used;
}

static bool is_link_local(const struct ip_address *a)
{
    return a->family == IP_V6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

/* Whether it can be asked from this address of the image's own. */
static bool is_usable_from(const struct ip_address *server, const struct ip_address *own)
{
    return server->family == own->family && (is_link_local(server) || !is_link_local(own));
}

bool servers_usable(const struct endpoint *servers, unsigned count)
{
    struct stack_configuration now;
    if (stack_configuration(&now) < 0)
        return false;
    for (unsigned i = 0; i < count; i++)
        for (unsigned k = 0; k < now.address_count; k++)
            if (is_usable_from(&servers[i].address, &now.addresses[k]))
                return true;
    return false;
}

/* NULL if it is none any more. */
static struct server *find(const struct endpoint *endpoint)
{
    for (unsigned i = 0; i < known_count; i++)
        if (endpoint_equal(&known[i].endpoint, endpoint))
            return &known[i];
    return NULL;
}

void servers_silent(const struct endpoint *endpoint, bool silent)
{
    struct server *server = find(endpoint);
    if (server)
        server->silent_until = silent ? deadline_after(clock_now(), SILENCE) : 0;
}

bool servers_plain(const struct endpoint *endpoint)
{
    const struct server *server = find(endpoint);
    return server && server->plain;
}

void servers_set_plain(const struct endpoint *endpoint)
{
    struct server *server = find(endpoint);
    if (server)
        server->plain = true;
}
