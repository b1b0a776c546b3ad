/* homepage.c - answer each request with the page of its path, or with the page 404.html. */
#include <errno.h>
#include "http.h"
#include "keys.h"
#include "pages.h"

static int answer(struct http_exchange *exchange, void *)
{
    struct representation forms[REPRESENTATIONS_MOST];
    struct pages_entry *page;
    unsigned status = 200;
    int error = pages_open(http_page(exchange), &page);
    if (error == -ENOENT && (error = pages_open(VIEW("404.html"), &page)) == 0)
        status = 404;
    if (error < 0)
        return error;
    int count = pages_describe(page, forms, REPRESENTATIONS_MOST);
    error = http_respond_with(exchange, status, forms, count);
    pages_close(page);
    return error;
}

int homepage_main(void)
{
    return http_serve(KEY_PORT, answer, NULL) < 0;
}
