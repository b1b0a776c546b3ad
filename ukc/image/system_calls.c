/*
 * system_calls.c - the name of a system call, by its number.
 */
#include "hardening.h"
#include "../../targets/pvh/libc/internal/system_calls.h"
#include <sys/syscall.h>

static const char *const names[] = {
#define X(name) [SYS_##name] = #name,
    SYSTEM_CALLS(X)
#undef X
};

const char *system_call_name(unsigned number)
{
    return number < sizeof names / sizeof *names ? names[number] : NULL;
}
