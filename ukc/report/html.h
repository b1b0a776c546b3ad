/*
 * html.h - HTML into which nothing gets unescaped.
 *
 *     html(out, "<td class=name>%s</td>", name);
 *
 * The format is markup, written as it is; what %s stands for is text of somebody else.  It is escaped for elements and
 * for quoted attributes alike; bytes that are no UTF-8 and characters that nobody sees (utf8.h) become U+FFFD.
 */
#ifndef UKC_HTML_H
#define UKC_HTML_H

#include "../base/text.h"

/* Conversions: %s, %d, %u, %zu, %llu, %%; NULL prints as nothing. */
[[gnu::format(printf, 2, 3)]] void html(struct text *, const char *format, ...);
void html_text(struct text *, const char *);
/* How many characters it will show. */
unsigned html_width(const char *);
struct arena;
const char *html_prefix(struct arena *, const char *, unsigned characters);

#endif
