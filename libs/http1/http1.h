/*
 * http1.h - HTTP/1.1: an implementation of http_server, whose contract is in http_server.h.
 */
#ifndef HTTP1_H
#define HTTP1_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/deadline.h>
#include <ukc/representation.h>
#include <ukc/view.h>

struct http1_exchange;

int http1_serve(uint16_t port, int (*handler)(struct http1_exchange *exchange, void *context), void *context);

struct view http1_method(const struct http1_exchange *exchange);
struct view http1_path(const struct http1_exchange *exchange);
struct view http1_page(const struct http1_exchange *exchange);
struct view http1_query(const struct http1_exchange *exchange);
struct view http1_header(const struct http1_exchange *exchange, struct view name);
int http1_field(const struct http1_exchange *exchange, size_t index, struct view *name, struct view *value);
int http1_read(struct http1_exchange *exchange, struct view *piece, int64_t deadline);
int64_t http1_read_all(struct http1_exchange *exchange, void *buffer, size_t size, int64_t deadline);

int http1_set_header(struct http1_exchange *exchange, struct view name, struct view value);
int http1_respond(struct http1_exchange *exchange, unsigned status, struct view type, struct view body);
int http1_respond_with(struct http1_exchange *exchange, unsigned status, const struct representation *forms,
                       size_t count);
int http1_begin(struct http1_exchange *exchange, unsigned status, struct view type, int64_t size);
int http1_write(struct http1_exchange *exchange, struct view piece);
int http1_end(struct http1_exchange *exchange);

#endif
