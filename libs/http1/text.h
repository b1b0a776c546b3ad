/*
 * text.h - the small grammars of header fields.
 *
 * Lists, entity tags, quality values, ranges.  The fields may hold anything;
 * what does not follow the grammar is treated as the specification says, which is
 * mostly to ignore it.
 */
#ifndef HTTP1_TEXT_H
#define HTTP1_TEXT_H

#include <stdint.h>
#include <ukc/view.h>

/* ASCII, without regard to case. */
bool text_same(struct view a, struct view b);

/* Where the first such character is; `text.size` when there is none. */
size_t text_find(struct view text, char c);

/* Whether it is a token: a method, the name of a field (RFC 9110 section 5.6.2). */
bool text_is_token(struct view text);

/* Whether all of it may stand in a field's value: no control character but the tab (RFC 9110 section 5.5). */
bool text_is_value(struct view text);

/* Without spaces and tabs at both ends. */
struct view text_trim(struct view text);

/*
 * Take the next element off a comma-separated list (RFC 9110 section 5.6.1);
 * a comma in a quoted string separates nothing.  False at the end.
 */
bool text_element(struct view *list, struct view *element);

/* A decimal number that is all of the text, INT64_MAX for any above that; false when it is empty or not digits. */
bool text_number(struct view text, uint64_t *number);

enum { TEXT_DIGITS = 20 };

/* The number in decimal: a view of the end of `room`. */
struct view text_decimal(uint64_t number, char room[TEXT_DIGITS]);

/* "gzip;q=0.5": the coding, and its quality in thousandths; false when it is malformed. */
bool text_quality(struct view element, struct view *coding, unsigned *quality);

/* Whether the list has the entity tag, or is "*"; weak comparison also accepts W/ (RFC 9110 section 8.8.3.2). */
bool text_has_tag(struct view list, struct view tag, bool weak);

struct text_range {
    uint64_t first, last; /* both within the content */
};

/*
 * The ranges of a Range field, for content of `size` bytes: how many of them
 * are satisfiable, -1 when the field is to be ignored (another unit, not the
 * grammar, more than `most`, or more bytes in all than there are).
 */
int text_ranges(struct view field, uint64_t size, struct text_range *ranges, size_t most);

#endif
