/*
 * start_info.c - what the loader said, read once and checked.
 *
 * It lies wherever the loader put it, be it in the first page, which is never mapped, or behind the image, in
 * memory that will be given out: so all of it is copied, by machine_look().
 */
#include "start_info.h"

#include <string.h>
#include <ukc/machine.h>
#include <ukc/read_only.h>
#include <ukc/small.h>

SMALL_BEGIN


enum { RANGES_MOST = 64, MODULES_MOST = 16, COMMAND_LINE_MOST = 4096 };

static struct start_info info UKC_READ_ONLY_AFTER_START;
static struct machine_range ranges[RANGES_MOST], modules[MODULES_MOST];
static bool ranges_read, modules_read;
static char command_line[COMMAND_LINE_MOST] UKC_READ_ONLY_AFTER_START;

/* From physical memory, which need not be mapped. */
static void copy(void *to, uint64_t from, size_t size, const char *what)
{
    if (!machine_read(to, from, size))
        machine_panic(what);
}

void start_info_read(uint64_t address)
{
    copy(&info, address, sizeof info, "the loader's start_info cannot be read");
    if (info.magic != START_INFO_MAGIC)
        machine_panic("not started by a PVH loader: start_info has no magic number");
    if (info.version < 1)
        machine_panic("the loader gives no memory map: start_info is older than version 1");
}

/* The end of a range; one that wraps around, or is where no machine has memory, panics. */
static uint64_t end_of(const struct machine_range *r, const char *what)
{
    uint64_t end;
    if (__builtin_add_overflow(r->start, r->size, &end))
        machine_panic(what);
    return end;
}

/* What is memory is nothing else besides, and is not there twice. */
static void check_map(const struct machine_range *map, size_t count)
{
    static const char wraps[] = "the loader's memory map has a range that wraps around";
    for (size_t i = 0; i < count; i++) {
        uint64_t end = end_of(&map[i], wraps);
        if (map[i].type != MACHINE_MEMORY_RAM)
            continue;
        if (end >> 47)
            machine_panic("the loader's memory map has memory where no processor can reach it");
        for (size_t k = 0; k < count; k++)
            if (k != i && map[k].start < end && end_of(&map[k], wraps) > map[i].start)
                machine_panic("the loader's memory map has ranges that overlap");
    }
}

const struct machine_range *machine_memory_map(size_t *count)
{
    if (!ranges_read) {
        if (info.memory_map_count == 0 || info.memory_map_count > RANGES_MOST)
            machine_panic("the loader's memory map is empty or too long");
        copy(ranges, info.memory_map, info.memory_map_count * sizeof *ranges, "the loader's memory map cannot be read");
        check_map(ranges, info.memory_map_count);
        ranges_read = true;
    }
    *count = info.memory_map_count;
    return ranges;
}

static bool is_memory(uint64_t start, uint64_t end)
{
    size_t count;
    const struct machine_range *map = machine_memory_map(&count);
    for (size_t i = 0; i < count; i++)
        if (map[i].type == MACHINE_MEMORY_RAM && start >= map[i].start && end <= map[i].start + map[i].size)
            return true;
    return false;
}

const struct machine_range *machine_modules(size_t *count)
{
    if (!modules_read) {
        if (info.module_count > MODULES_MOST)
            machine_panic("the loader gives more than 16 modules");
        for (uint32_t i = 0; i < info.module_count; i++) {
            struct start_module module;
            copy(&module, info.modules + i * sizeof module, sizeof module, "the loader's list of modules cannot be read");
            modules[i] = (struct machine_range){.start = module.address, .size = module.size, .type = MACHINE_MEMORY_RAM};
            uint64_t end = end_of(&modules[i], "a module of the loader wraps around");
            if (module.size && !is_memory(module.address, end))
                machine_panic("a module of the loader is truncated: it reaches beyond the machine's memory");
        }
        modules_read = true;
    }
    *count = info.module_count;
    return modules;
}

uint64_t machine_acpi_root(void)
{
    return info.acpi_root;
}

char *start_info_command_line(void)
{
    for (size_t i = 0; info.command_line && i < COMMAND_LINE_MOST; i++) {
        copy(&command_line[i], info.command_line + i, 1, "the command line cannot be read");
        if (command_line[i] == '\0')
            return command_line;
    }
    if (info.command_line)
        machine_panic("the command line is longer than 4095 bytes");
    return command_line;
}

SMALL_END
