/*
 * budget.c - do the parts of a budget fit into it, with the values that the arguments gave?  ukc configure has held only the
 * plan's against each other.
 */
#include "boot.h"

typedef void put_function(int descriptor, const char *bytes, size_t size);

static int64_t bytes_of(const struct boot_part *part)
{
    int64_t bytes;
    return *part->value <= 0 ? 0 : __builtin_mul_overflow(*part->value, part->each, &bytes) ? INT64_MAX : bytes;
}

static int64_t needed_by(const struct boot_budget *budget)
{
    int64_t all = 0;
    for (size_t i = 0; i < budget->count; i++)
        if (__builtin_add_overflow(all, bytes_of(&budget->parts[i]), &all))
            return INT64_MAX;
    return all;
}

/* "site: stack.memory is 1024 bytes, and what it has to hold needs 4096: stack.peers is 8, of at least 512 bytes each\n" */
static void complain(const char *program, const struct boot_budget *budget, int64_t needed, put_function *put)
{
    boot_put_text(put, 2, program);
    boot_put_text(put, 2, ": ");
    boot_put_text(put, 2, budget->whole.path);
    boot_put_text(put, 2, " is ");
    boot_put_number(put, 2, bytes_of(&budget->whole));
    boot_put_text(put, 2, " bytes, and what it has to hold needs ");
    boot_put_text(put, 2, needed == INT64_MAX ? "more than there can be" : "");
    if (needed != INT64_MAX)
        boot_put_number(put, 2, needed);
    for (size_t i = 0; i < budget->count; i++) {
        boot_put_text(put, 2, i ? "; " : ": ");
        boot_put_text(put, 2, budget->parts[i].path);
        boot_put_text(put, 2, " is ");
        boot_put_number(put, 2, *budget->parts[i].value);
        boot_put_text(put, 2, ", of at least ");
        boot_put_number(put, 2, budget->parts[i].each);
        boot_put_text(put, 2, " bytes each");
    }
    boot_put_text(put, 2, "\n");
}

int boot_budgets(const char *program, const struct boot_budget *budgets, size_t count, put_function *put)
{
    int result = BOOT_GO;
    for (size_t i = 0; i < count; i++) {
        int64_t needed = needed_by(&budgets[i]);
        if (needed < INT64_MAX && needed <= bytes_of(&budgets[i].whole))
            continue;
        complain(program, &budgets[i], needed, put);
        result = BOOT_BAD;
    }
    return result;
}
