/*
 * internal.h - what the files of kv_dir share.
 */
#ifndef KV_DIR_INTERNAL_H
#define KV_DIR_INTERNAL_H

#include "kv_dir.h"

extern int kv_dir_folder;

#endif
