/*
 * internal.h - what the files of kv_dir share.
 */
#ifndef KV_DIR_INTERNAL_H
#define KV_DIR_INTERNAL_H

#include "kv_dir.h"

extern int kv_dir_folder;

/* The media type for a name, by its extension; "application/octet-stream" when that says nothing. */
struct view media_type(struct view name);

#endif
