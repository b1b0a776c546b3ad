/*
 * place.c - where a user's store is.
 */
#include "store.h"
#include <stdlib.h>
#include "../ukc/base/file.h"

const char *store_place(struct arena *a)
{
    const char *store = getenv("UKC_STORE"), *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (store && *store)
        return path_absolute(a, store);
    if (data && *data == '/') /* ignored when relative, as its specification says */
        return path_absolute(a, path_join(a, data, "ukc"));
    if (home && *home == '/')
        return path_absolute(a, path_join(a, home, ".local/share/ukc"));
    return NULL;
}
