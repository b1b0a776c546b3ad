/*
 * budgets.c - where an image ends in memory, and what its keys say of more.
 */
#include "budgets.h"
#include "../base/elf_file.h"
#include "../base/file.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

uint64_t image_end(struct project *p, const char *path)
{
    uint64_t end = 0;
    struct diag *quiet = diag_create();
    struct elf_file *f = elf_file_open(p->a, path, quiet);
    for (size_t k = 0; f && k < f->segment_count; k++) {
        const Elf64_Phdr *part = &f->segments[k];
        if (part->p_type == PT_LOAD && part->p_paddr + part->p_memsz > end)
            end = part->p_paddr + part->p_memsz;
    }
    elf_file_close(f);
    diag_destroy(quiet);
    if (end > 0)
        return end;
    diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "'%s' is no image of a machine", path);
    return 0;
}

void budgets_of(const char *plan, uint64_t *least, uint64_t *most)
{
    const char *line = strstr(plan, "\nmemory beside the image: ");
    if (!line || sscanf(line, "\nmemory beside the image: at least %" SCNu64 " bytes, at most %" SCNu64, least, most) != 2)
        *least = *most = 0;
}

bool budgets_read(struct project *p, uint64_t *least, uint64_t *most)
{
    const struct source *plan = file_read(p->a, project_file(p, "plan.txt"), SPAN_NONE, PLAN_LIMIT, p->d);
    if (plan)
        budgets_of(plan->bytes, least, most);
    return plan;
}
