/* table.h - where connections are found; lwIP calls the rest of it (patches/table.patch). */
#ifndef LWIP_TABLE_H
#define LWIP_TABLE_H

#include <stddef.h>

struct tcp_pcb;

/* How many bytes the table takes, and an empty one in them. */
size_t table_size(void);
void table_start(void *memory);

/* The connection is open: it is no longer one of those half open. */
void table_opened(struct tcp_pcb *pcb);

#endif
