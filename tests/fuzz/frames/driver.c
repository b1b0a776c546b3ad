/*
 * driver.c - libFuzzer's functions: an input is a life of the image, from its start to its end.
 *
 * What an image knows is in its data, which is copied when it has been loaded, and put back before each input.
 */
#include "driver.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int (*image_main)(int argc, char **argv);

enum { REGIONS = 4 };
static struct region {
    char *at, *copy;
    size_t size;
} regions[REGIONS];
static size_t region_count;

/* Not memcpy: red zones between variables are copied as well. */
__attribute__((no_sanitize("address", "undefined")))
static void copy(char *to, const char *from, size_t size)
{
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}

static void add_region(uintptr_t from, uintptr_t to)
{
    if (from >= to)
        return;
    if (region_count == REGIONS)
        abort();
    struct region *region = &regions[region_count++];
    *region = (struct region){(char *)from, malloc(to - from), to - from};
    copy(region->copy, region->at, region->size);
}

/* The writable segments of the image, without what is read-only after relocation. */
static int note_image(struct dl_phdr_info *info, size_t size, void *base)
{
    (void)size;
    if ((void *)info->dlpi_addr != base)
        return 0;
    uintptr_t fixed_from = 0, fixed_to = 0;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_GNU_RELRO) {
            fixed_from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            fixed_to = (fixed_from + info->dlpi_phdr[i].p_memsz + 4095) & ~(uintptr_t)4095;
        }
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        uintptr_t from = info->dlpi_addr + part->p_vaddr, to = from + part->p_memsz;
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_W))
            continue;
        add_region(from, fixed_from < to && fixed_to > from ? fixed_from : to);
        add_region(fixed_from < to && fixed_to > from ? fixed_to : to, to);
    }
    return 1;
}

/* Short traces of allocations: they are a good part of the time. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "malloc_context_size=6:quarantine_size_mb=32";
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    char path[4096];
    const char *slash = strrchr((*argv)[0], '/');
    snprintf(path, sizeof path, "%.*s/image.so", slash ? (int)(slash - (*argv)[0]) : 1, slash ? (*argv)[0] : ".");
    void *image = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!image) {
        fprintf(stderr, "%s\n", dlerror());
        exit(2);
    }
    image_main = (int (*)(int, char **))dlsym(image, "main");
    struct link_map *map;
    if (!image_main || dlinfo(image, RTLD_DI_LINKMAP, &map) != 0 || !dl_iterate_phdr(note_image, (void *)map->l_addr)) {
        fprintf(stderr, "%s is not an image\n", path);
        exit(2);
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *arguments[] = {(char[]){"image"}, NULL};
    for (size_t i = 0; i < region_count; i++)
        copy(regions[i].at, regions[i].copy, regions[i].size);
    world_start(bytes, size);
    if (image_main(1, arguments) != 0)
        abort();
    world_forget_pieces();
    return 0;
}
