/*
 * budgets.c - where an image ends in memory, and what its keys say of more.
 */
#include "budgets.h"
#include "../base/file.h"
#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

uint64_t image_end(struct project *p, const char *path)
{
    Elf64_Ehdr header;
    uint64_t end = 0;
    FILE *f = fopen(path, "rbe");
    bool good = f && fread(&header, sizeof header, 1, f) == 1 && memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
                header.e_phentsize == sizeof(Elf64_Phdr) && fseek(f, (long)header.e_phoff, SEEK_SET) == 0;
    for (unsigned k = 0; good && k < header.e_phnum; k++) {
        Elf64_Phdr part;
        good = fread(&part, sizeof part, 1, f) == 1;
        if (good && part.p_type == PT_LOAD && part.p_paddr + part.p_memsz > end)
            end = part.p_paddr + part.p_memsz;
    }
    if (f)
        fclose(f);
    if (good && end > 0)
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
