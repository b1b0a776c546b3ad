/*
 * tools.c - which programs stand behind the names of the tools.
 *
 * A compiler that is upgraded keeps its name, and so every command would stay
 * the same.  <build>/tools.txt names what was found: one line a tool, with
 * its size, the beginning of its SHA-256 and, of the compiler and the linker,
 * what they say of their version.  It is an input of every command that runs
 * a tool, and written only when a line of it changes.
 *
 * Asking costs a tenth of a second, so <build>/tools.state remembers place,
 * size, time and inode of each tool: while these are the same, nothing is
 * read or run.
 */
#include "tools.h"
#include "rules.h"

#include <inttypes.h>
#include <string.h>

#include "../base/file.h"
#include "../base/hash.h"
#include "../base/process.h"

enum { HASH_SHOWN = 16 };

const char *tools_file(const struct generation *g)
{
    return build_file(g, "tools.txt");
}

static const char *find(const struct generation *g, const char *program)
{
    const char *path = process_find(g->a, program);
    if (!path) {
        diag_fail(g->d, DIAG_OUTSIDE, SPAN_NONE, "the program '%s' is not installed", program);
        diag_help(g->d, "Debian's packages clang-19, lld-19 and llvm-19 have what ukc needs");
        return NULL;
    }
    if (strpbrk(path, "\n\r")) {
        diag_fail(g->d, DIAG_OUTSIDE, SPAN_NONE, "the program '%s' is in a directory with a line's end in its name", program);
        return NULL;
    }
    return path;
}

/* As "Debian clang version 19.1.7 (3~deb12u1)" has one. */
static bool has_number(const char *line)
{
    static const char digits[] = "0123456789";
    for (const char *dot = strchr(line, '.'); dot; dot = strchr(dot + 1, '.'))
        if (dot > line && strspn(dot - 1, digits) && strspn(dot + 1, digits))
            return true;
    return false;
}

/* The first line of what `--version` prints. */
static bool put_version(const struct generation *g, const char *path, struct text *out)
{
    struct text said = {}, line = {};
    int status = process_run(&(struct process){.argv = (const char *[]){path, "--version", NULL}, .out = &said}, g->d);
    if (status > 0)
        diag_fail(g->d, DIAG_OUTSIDE, SPAN_NONE, "'%s --version' ended with status %d", path, status);
    for (const char *c = text_string(&said); *c && *c != '\n'; c++)
        text_putc(&line, (unsigned char)*c < ' ' ? '?' : *c);
    bool good = status == 0;
    if (good && !has_number(text_string(&line))) {
        good = diag_fail(g->d, DIAG_OUTSIDE, SPAN_NONE, "'%s --version' tells no version: '%.60s'", path, text_string(&line));
        diag_help(g->d, "is it another program of that name? PATH decides which one is taken");
    }
    text_puts(out, text_string(&line));
    text_dispose(&line);
    text_dispose(&said);
    return good;
}

static bool put_tool(const struct generation *g, const struct tool *tool, const char *path, struct text *out)
{
    struct hash sha;
    uint64_t size;
    char hex[HASH_HEX];
    if (!hash_file(path, &sha, &size, g->d))
        return false;
    hash_hex(&sha, hex);
    text_printf(out, "%s %" PRIu64 " %.*s", tool->program, size, HASH_SHOWN, hex);
    bool good = true;
    if (tool->has_version) {
        text_putc(out, ' ');
        good = put_version(g, path, out);
    }
    text_putc(out, '\n');
    return good;
}

static bool is_known(const struct generation *g, const char *file, const struct text *state)
{
    if (!file_exists(file) || !file_exists(tools_file(g)))
        return false;
    struct diag *quiet = diag_create();
    const struct source *s = file_read(g->a, file, SPAN_NONE, 0, quiet);
    diag_destroy(quiet);
    return s && string_equal(s->bytes, text_string(state));
}

static bool write_files(const struct generation *g, const char *const *paths, const struct text *state)
{
    const char *state_file = build_file(g, "tools.state");
    if (is_known(g, state_file, state))
        return true;
    struct text tools = {};
    bool good = true;
    for (size_t i = 0; i < build_tool_count; i++)
        good = put_tool(g, &build_tools[i], paths[i], &tools) && good;
    good = good && file_write(tools_file(g), tools.bytes, tools.size, NULL, g->d) &&
           file_write(state_file, state->bytes, state->size, NULL, g->d);
    text_dispose(&tools);
    return good;
}

/* Asked of the compiler, whose headers and libraries of its own are where it says. */
static bool has_sanitizers(const struct generation *g, const char *compiler)
{
    const char *said = process_answer(g->a, (const char *[]){compiler, "-print-resource-dir", NULL});
    const char *header = said ? path_join(g->a, arena_strndup(g->a, said, strcspn(said, "\n")), "include/sanitizer/asan_interface.h") : NULL;
    if (header && file_exists(header))
        return true;
    diag_fail(g->d, DIAG_OUTSIDE, SPAN_NONE, "the compiler's sanitizers are not installed%s%s%s", header ? ": there is no '" : "", header ? header : "", header ? "'" : "");
    return diag_help(g->d, "Debian's package libclang-rt-19-dev has them: apt-get install libclang-rt-19-dev");
}

const char *const *write_tools_file(const struct generation *g)
{
    const char **paths = arena_array(g->a, const char *, build_tool_count);
    struct text state = {};
    bool good = true;
    text_puts(&state, "ukc-tools 1\n");
    for (size_t i = 0; i < build_tool_count; i++) {
        struct file_stat now = {};
        paths[i] = find(g, build_tools[i].program);
        good = paths[i] && good;
        if (paths[i] && file_stat(paths[i], &now))
            text_printf(&state, "%" PRIu64 " %" PRId64 " %" PRIu64 " %s\n", now.size, now.mtime_ns, now.inode, paths[i]);
    }
    if (good && g->options->sanitize)
        good = has_sanitizers(g, paths[0]);
    if (good && !g->options->check_only)
        good = write_files(g, paths, &state);
    text_dispose(&state);
    return good ? paths : NULL;
}
