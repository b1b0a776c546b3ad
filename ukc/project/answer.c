/*
 * answer.c - what --json prints: one value, whatever happens.
 *
 * A command gives its answer to answer_json.  When all is well, that is printed.  Else an object says how the
 * run failed, with every diagnostic, what failed commands of the build said, and the answer as far as there is one.
 * It stands alone on standard output; where the file of -o is that, on standard error.
 */
#include "invocation.h"
#include "../base/json.h"
#include "../base/text.h"
#include <string.h>

void answer_json(struct invocation *i, struct json *j)
{
    text_clear(&i->answer);
    text_puts(&i->answer, text_string(&j->out));
    text_dispose(&j->out);
}

static const char *error_of(const struct invocation *i, int status)
{
    if (diag_first(i->diag))
        return diag_first(i->diag);
    if (i->below.error)
        return i->below.error;
    return status >= 128 ? arena_printf(i->arena, "ended by signal %d", status - 128) : "a command of the build has failed: 'output' is what it said";
}

/* JSON Lines as elements of an array. */
static void put_lines(struct json *j, const char *lines)
{
    for (size_t n; lines && *lines; lines += n + (lines[n] == '\n')) {
        n = strcspn(lines, "\n");
        json_value(j, lines, n);
    }
}

static void put_failure(const struct invocation *i, int status, const char *diagnostics)
{
    struct json j = {};
    json_object(&j);
    json_field_number(&j, "status", status);
    json_field(&j, "error", error_of(i, status));
    json_key(&j, "diagnostics");
    json_array(&j);
    put_lines(&j, i->below.diagnostics);
    put_lines(&j, diagnostics);
    json_end_array(&j);
    if (i->output.size)
        json_field(&j, "output", text_string(&i->output));
    if (i->answer.size) {
        json_key(&j, "answer");
        json_value(&j, i->answer.bytes, i->answer.size);
    }
    json_end_object(&j);
    fprintf(answer_stream(i), "%s\n", text_string(&j.out));
    text_dispose(&j.out);
}

void answer_print(struct invocation *i, int status, const char *diagnostics)
{
    if (status)
        put_failure(i, status, diagnostics);
    else if (i->answer.size)
        fprintf(answer_stream(i), "%s\n", text_string(&i->answer));
    text_dispose(&i->answer);
    text_dispose(&i->output);
}
