/*
 * shelf.h - numbered places for parcels.
 */
#ifndef SHELF_H
#define SHELF_H

#include <stddef.h>
#include <stdint.h>

struct shelf_parcel;

enum shelf_side { SHELF_LEFT, SHELF_RIGHT };

struct shelf_info {
    uint32_t places;
    uint32_t taken;
    uint64_t weight; /* grams */
};

/* Puts bytes on the shelf; the parcel is the caller's until shelf_take. */
int shelf_put(struct shelf_parcel **parcel, enum shelf_side side, const void *bytes, size_t size);

/* Copies the bytes out and ends the parcel. */
int shelf_take(struct shelf_parcel *parcel, void *bytes, size_t size);

int shelf_info(struct shelf_info *info);

/* Calls visit for each parcel until it returns something other than 0. */
int shelf_walk(int (*visit)(struct shelf_parcel *const *parcel, void *context), void *context);

#endif
