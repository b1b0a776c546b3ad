/*
 * size.h - inside ukc/command: the bytes of an image that lies where it was built.
 */
#ifndef UKC_COMMAND_SIZE_H
#define UKC_COMMAND_SIZE_H

#include "../project/project.h"
#include "../size/size.h"

struct json;

/* Where the facts of this image are: beside it. */
void size_find_sources(struct arena *, const char *image, struct size_sources *);
/* "instances": [{"name", "bytes"}], or "files" and so on, as a member of an object that the caller opened. */
void size_print_json(struct json *, enum size_by, const struct size_sum *, size_t count);

#endif
