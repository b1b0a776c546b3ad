/* table.h - where connections are found; lwIP calls the rest of it (patches/table.patch). */
#ifndef LWIP_TABLE_H
#define LWIP_TABLE_H

#include <stddef.h>

struct tcp_pcb;

/* Makes an empty table at the beginning of zeroed memory, and says how many bytes it takes. */
size_t table_start(void *memory);

/* The connection is open: it is no longer one of those half open. */
void table_opened(struct tcp_pcb *pcb);

#endif
