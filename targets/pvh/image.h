/* image.h - addresses that image.ld defines. */
#ifndef PVH_IMAGE_H
#define PVH_IMAGE_H

#include <stdint.h>

extern const char image_start[], image_text_end[], image_end[];
extern const char stack_bottom[], stack_top[], exception_stack_bottom[], exception_stack_top[];
extern char page_window[];
extern const char sealed_start[], sealed_end[]; /* whole pages: <ukc/read_only.h> */
extern const char build_id[], build_id_end[];
extern uint64_t page_tables[], page_tables_reserve[]; /* from the first to image_end is nothing else */
extern uint64_t page_tables_last[];                   /* the entries of all pages up to image_end, in a row */

#endif
