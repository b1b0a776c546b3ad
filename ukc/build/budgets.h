/*
 * budgets.h - the memory that an image of a machine needs, as far as it is known: where the image ends, and what its keys speak of.
 */
#ifndef UKC_BUDGETS_H
#define UKC_BUDGETS_H

#include "../project/project.h"

enum { PLAN_LIMIT = 16 << 20 }; /* bytes of <build>/plan.txt, which configure wrote */

/* The last address that the image occupies; 0 after reporting that it is no image. */
uint64_t image_end(struct project *, const char *path);
/* Of the plan's text: bytes that its keys speak of, beside the image; 0 if they do not. */
void budgets_of(const char *plan, uint64_t *least, uint64_t *most);
/* The same of the plan that was configured; false after reporting. */
bool budgets_read(struct project *, uint64_t *least, uint64_t *most);

#endif
