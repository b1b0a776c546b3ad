/*
 * rack.h - a shelf in memory.
 */
#ifndef RACK_H
#define RACK_H

#include "shelf.h"

struct shelf_parcel;

int rack_put(struct shelf_parcel **parcel, enum shelf_side side, const void *bytes, size_t size);
int rack_take(struct shelf_parcel *parcel, void *bytes, size_t size);
int rack_info(struct shelf_info *info);
int rack_walk(int (*visit)(struct shelf_parcel *const *parcel, void *context), void *context);

#endif
