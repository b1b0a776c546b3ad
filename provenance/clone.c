/*
 * clone.c - a commit of a git repository.
 */
#include <string.h>
#include "../ukc/base/file.h"
#include "import.h"

bool location_is_remote(const char *location)
{
    return string_starts(location, "https://") || string_starts(location, "http://") || string_starts(location, "git://");
}

/* A directory.  "host:path", as ssh has it, is none. */
bool location_is_local(const char *location)
{
    size_t colon = strcspn(location, ":");
    return !location[colon] || strcspn(location, "/") < colon;
}
