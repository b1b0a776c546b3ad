/*
 * start_info.h - struct hvm_start_info, version 1 (Xen, public/arch-x86/hvm/start_info.h), which every
 * loader of a PVH image hands over.  All addresses are physical.
 */
#ifndef PVH_START_INFO_H
#define PVH_START_INFO_H

#include <stdint.h>

enum { START_INFO_MAGIC = 0x336ec578 };

struct start_info {
    uint32_t magic, version, flags, module_count;
    uint64_t modules, command_line, acpi_root;
    uint64_t memory_map; /* from version 1 on, like the rest */
    uint32_t memory_map_count, reserved;
};

struct start_module {
    uint64_t address, size, command_line, reserved;
};

/* Called once, first: checks what the loader said.  Panics when it makes no sense. */
void start_info_read(uint64_t address);
/* The command line, mapped, writable in place: its bytes, ended by a zero byte; "" for none. */
char *start_info_command_line(void);

#endif
