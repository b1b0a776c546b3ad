/*
 * secret.h - a secret that was put into the image after it was built, as a kv_ro store with one entry.
 *
 * Its key is the key `name`. An image that was not sealed does not start. The views handed out are valid as long as the image runs, and read-only.
 */
#ifndef SECRET_H
#define SECRET_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/representation.h>
#include <ukc/view.h>

struct secret_entry;

int secret_start(void); /* -ENODATA, after saying so: the image has not been sealed */
int secret_open(struct view key, struct secret_entry **entry);
void secret_close(struct secret_entry *entry);
int secret_describe(const struct secret_entry *entry, struct representation *forms, size_t most);
int secret_read(struct secret_entry *entry, size_t form, uint64_t offset, size_t want, struct view *piece);
int secret_next(struct view after, struct view *key);

#endif
