/* @NAME@.c - answer each request with the page of its path. */
#include "http.h"
#include "keys.h"
#include "pages.h"

static int show_page(struct http_exchange *exchange, void *)
{
    struct representation forms[REPRESENTATIONS_MOST];
    struct pages_entry *page;
    int error = pages_open(http_page(exchange), &page);
    if (error < 0)
        return error; /* the server says it in HTTP: 404, or 301 for a folder without its slash */
    int count = pages_describe(page, forms, REPRESENTATIONS_MOST);
    error = http_respond_with(exchange, 200, forms, count);
    pages_close(page);
    return error;
}

int @IDENTIFIER@_main(void)
{
    return http_serve(KEY_PORT, show_page, NULL) < 0;
}
