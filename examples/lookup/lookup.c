/* lookup.c - print the addresses of a name, one on each line. */
#include <errno.h>
#include <stdio.h>
#include <ukc/deadline.h>
#include "clock.h"
#include "console.h"
#include "keys.h"
#include "names.h"

static int family(void)
{
    return KEY_FAMILY == KEY_FAMILY_IPV4 ? IP_V4 : KEY_FAMILY == KEY_FAMILY_IPV6 ? IP_V6 : IP_ANY;
}

static const char *reason(int error)
{
    switch (error) {
    case -ENOENT: return "no such name, or no such address";
    case -EINVAL: return "not a name";
    case -EHOSTUNREACH: return "no name server is known";
    case -ETIMEDOUT: return "no answer";
    case -EIO: return "no useful answer";
    default: return "no success";
    }
}

static int print(const char *text, int length)
{
    return console_write(text, (size_t)length) < 0;
}

int lookup_main(void)
{
    struct ip_address addresses[16];
    char line[IP_TEXT_SIZE + 300];
    int64_t deadline = deadline_after(clock_now(), KEY_SECONDS * NANOSECONDS_PER_SECOND);
    int count = names_lookup(view_of(KEY_NAME), family(), addresses, 16, deadline);
    if (count < 0)
        return print(line, snprintf(line, sizeof line, "%.255s: %s\n", KEY_NAME, reason(count))), 1;
    for (int i = 0; i < count; i++) {
        int length = (int)ip_format(line, &addresses[i]);
        line[length++] = '\n';
        if (print(line, length))
            return 1;
    }
    return 0;
}
