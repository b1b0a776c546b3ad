/*
 * rack.h - a shelf in memory.
 */
#ifndef RACK_H
#define RACK_H

#include "shelve.h"

struct rack_parcel;

int rack_put(struct rack_parcel **parcel, enum shelf_side side, const void *bytes, size_t size);
int rack_take(struct rack_parcel *parcel, void *bytes, size_t size);
int rack_info(struct shelf_info *info);
int rack_walk(int (*visit)(struct rack_parcel *const *parcel, void *context), void *context);

#endif
