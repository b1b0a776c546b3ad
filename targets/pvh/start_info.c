/*
 * start_info.c - what the loader said, read once and checked.
 *
 * It lies wherever the loader put it, be it in the first page, which is never mapped, or behind the image, in
 * memory that will be given out: so all of it is copied, by machine_look().
 */
#include "start_info.h"

#include <string.h>
#include <ukc/machine.h>
#include <ukc/small.h>

SMALL_BEGIN


enum { RANGES_MOST = 64, COMMAND_LINE_MOST = 4096 };

static struct start_info info;
static struct machine_range ranges[RANGES_MOST];
static bool ranges_read;
static char command_line[COMMAND_LINE_MOST];

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

const struct machine_range *machine_memory_map(size_t *count)
{
    if (!ranges_read) {
        if (info.memory_map_count == 0 || info.memory_map_count > RANGES_MOST)
            machine_panic("the loader's memory map is empty or too long");
        copy(ranges, info.memory_map, info.memory_map_count * sizeof *ranges, "the loader's memory map cannot be read");
        ranges_read = true;
    }
    *count = info.memory_map_count;
    return ranges;
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
