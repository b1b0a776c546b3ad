/*
 * pruned.c - see pruned.h.
 */
#include "pruned.h"
#include <dirent.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../base/file.h"
#include "../base/process.h"
#include "../generate/rules.h"
#include "../size/elf_file.h"

static const char *linker(void)
{
    for (size_t k = 0; k < build_tool_count; k++)
        if (string_equal(build_tools[k].variable, "ld"))
            return build_tools[k].program;
    return "ld.lld";
}

/* What the file has of it: no zeros of .bss, which no file has. */
static bool weigh_object(struct arena *a, const char *path, uint64_t *bytes, struct diag *d)
{
    struct elf_file *f = elf_object_open(a, path, d);
    *bytes = 0;
    for (size_t i = 1; f && i < f->section_count; i++)
        if (f->sections[i].flags & SHF_ALLOC && !string_starts(f->sections[i].name, ".eh_frame"))
            *bytes += f->sections[i].bytes;
    elf_file_close(f);
    return f;
}

static bool weigh(struct invocation *i, const char *module, const char *object, uint64_t *bytes)
{
    const char *const argv[] = {linker(), "-r", "--threads=1", "--lto-O2", module, "-o", object, NULL};
    struct text said = {};
    int status = process_run(&(struct process){.argv = argv, .out = &said, .err = &said}, i->diag);
    bool good = status == 0 && weigh_object(i->arena, object, bytes, i->diag);
    if (status > 0)
        diag_fail(i->diag, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be linked by itself: %s", module, said.size ? text_string(&said) : "the linker says nothing");
    text_dispose(&said);
    unlink(object);
    return good;
}

static uint64_t bytes_of(const struct size_report *r, const char *instance)
{
    uint64_t bytes = 0;
    for (size_t k = 0; k < r->count; k++)
        if (string_equal(r->parts[k].instance, instance))
            bytes += r->parts[k].bytes;
    return bytes;
}

static int by_loss(const void *x, const void *y)
{
    const struct pruned *a = x, *b = y;
    uint64_t lost = pruned_bytes(a), other = pruned_bytes(b);
    return lost != other ? (lost > other ? -1 : 1) : strcmp(a->instance, b->instance);
}

bool pruned_read(struct invocation *i, const char *image, const struct size_report *r, const struct pruned **out, size_t *count)
{
    const char *objects = path_join(i->arena, path_directory(i->arena, image), "obj");
    const char *object = arena_printf(i->arena, "%s/+pruned-%ld.o", objects, (long)getpid());
    VEC(struct pruned) list = {};
    DIR *all = opendir(objects);
    bool good = true;
    for (struct dirent *e; good && all && (e = readdir(all));) {
        const char *module = arena_printf(i->arena, "%s/%s/linked.bc", objects, e->d_name);
        if (e->d_name[0] == '.' || !file_is_regular(module))
            continue;
        struct pruned p = {.instance = arena_strdup(i->arena, e->d_name), .bytes = bytes_of(r, e->d_name)};
        good = weigh(i, module, object, &p.alone);
        *vec_add(i->arena, &list) = p;
    }
    if (all)
        closedir(all);
    if (good && list.count == 0) {
        good = diag_error(i->diag, SPAN_NONE, "what '%s' was linked from is not beside it", image);
        diag_help(i->diag, "build it here, in the release profile: 'ukc configure', 'ukc build'; in others nothing is pruned across files");
    }
    if (list.count)
        qsort(list.items, list.count, sizeof *list.items, by_loss);
    *out = list.items;
    *count = list.count;
    return good;
}
