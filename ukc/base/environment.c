/*
 * environment.c - the hidden inputs of compilers (see environment.h).
 */
#include "environment.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const char *const hidden_inputs[] = {
    "CCC_OVERRIDE_OPTIONS", "CLANG_NO_DEFAULT_CONFIG", "COMPILER_PATH", "CPATH",
    "CPLUS_INCLUDE_PATH", "C_INCLUDE_PATH", "DEPENDENCIES_OUTPUT", "GCC_EXEC_PREFIX", "LD_RUN_PATH", "LIBRARY_PATH",
    "LLD_REPRODUCE", "LLD_VERSION", "OBJC_INCLUDE_PATH", "SOURCE_DATE_EPOCH", "SUNPRO_DEPENDENCIES", "ZERO_AR_DATE",
};
enum { HIDDEN_COUNT = sizeof hidden_inputs / sizeof hidden_inputs[0] };

bool environment_is_hidden_input(const char *entry)
{
    for (size_t i = 0; i < HIDDEN_COUNT; i++) {
        size_t n = strlen(hidden_inputs[i]);
        if (strncmp(entry, hidden_inputs[i], n) == 0 && entry[n] == '=')
            return true;
    }
    return false;
}

void environment_scrub(void)
{
    for (size_t i = 0; i < HIDDEN_COUNT; i++)
        unsetenv(hidden_inputs[i]);
}
