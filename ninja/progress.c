/*
 * progress.c - from Ninja's output to a status line.
 *
 * With its output in a pipe Ninja 1.11 prints, for every command that ends:
 *
 *     <NINJA_STATUS><description>
 *     FAILED: <outputs>              only if it failed, perhaps in colour
 *     <the command>                  likewise
 *     ...the command's own output, unchanged...
 *
 * If a command's output does not end with a newline, the next status stands
 * behind it on the same line, and an empty line before FAILED.  The first is
 * shown as a status line, "FAILED" with the description (the command itself
 * only when verbose), and the output is passed through.  The symbols that a
 * failed link found nowhere are collected on the way.
 */
#include "progress.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* A line longer than this is passed on in pieces. */
enum { LINE_MOST = 1 << 16, WIDTH_DEFAULT = 80 };

static size_t terminal_width(FILE *out)
{
    struct winsize size;
    if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return WIDTH_DEFAULT;
}

/* How many bytes of UTF-8 text fill at most `columns`, one for each character. */
static size_t bytes_in_columns(const char *s, size_t columns)
{
    size_t bytes = 0;
    for (; s[bytes]; bytes++)
        if (((unsigned char)s[bytes] & 0xC0) != 0x80 && columns-- == 0)
            break;
    return bytes;
}

static void end_shown_line(struct progress *p, bool erase)
{
    if (p->line_shown)
        fputs(erase ? "\r\033[K" : "\n", p->out);
    p->line_shown = false;
}

static void show_status(struct progress *p, const char *finished, const char *total)
{
    if (p->quiet)
        return;
    if (!p->terminal) {
        fprintf(p->out, "[%s/%s] %s\n", finished, total, text_string(&p->description));
        p->described = true;
        return;
    }
    struct text line = {};
    text_printf(&line, "[%s/%s] %s", finished, total, text_string(&p->description));
    size_t width = terminal_width(p->out);
    /* one column is kept free: a full line would wrap on some terminals */
    fprintf(p->out, "\r\033[K%.*s", (int)bytes_in_columns(text_string(&line), width - 1), text_string(&line));
    p->line_shown = true;
    text_dispose(&line);
}

/* "\036<finished> <total> <description>" */
static bool is_status(const char *line)
{
    if (line[0] != PROGRESS_MARK)
        return false;
    size_t finished = strspn(line + 1, "0123456789");
    if (finished == 0 || line[1 + finished] != ' ')
        return false;
    size_t total = strspn(line + finished + 2, "0123456789");
    return total > 0 && line[finished + 2 + total] == ' ';
}

static void take_status(struct progress *p, char *line)
{
    char *finished = line + 1, *total = strchr(finished, ' ');
    *total++ = '\0';
    char *description = strchr(total, ' ');
    *description++ = '\0';
    if (p->edges++ == 0 && p->announcement)
        fprintf(stderr, "%s\n", p->announcement);
    text_clear(&p->description);
    text_puts(&p->description, description);
    p->described = false;
    p->failed = false;
    show_status(p, finished, total);
    p->state = PROGRESS_STATUS_SEEN;
}

static bool is_failed_line(const char *line)
{
    static const char red[] = "\033[31m";
    if (string_starts(line, red))
        line += sizeof red - 1;
    return string_starts(line, "FAILED: ");
}

/*
 * What says nothing: the compiler of its linker, which has spoken, and whose command is ukc's; Ninja of a generator that
 * failed, whose own messages have been shown.
 */
static bool is_chatter(const struct progress *p, const char *line)
{
    return (p->failed && !p->verbose && strstr(line, "linker command failed with exit code ")) ||
           string_starts(line, "ninja: no work to do.") || string_starts(line, "ninja: build stopped: subcommand failed.") ||
           string_starts(line, "ninja: build stopped: interrupted by user.") ||
           (p->failed && string_starts(line, "ninja: error: rebuilding '") && string_ends(line, "': subcommand failed"));
}

/* ---- what a failed link did not find ---- */

/* The line without colours (ESC [ ... m) and without the carriage return of a terminal. */
static void put_plain(struct text *out, const char *line)
{
    while (*line) {
        if (line[0] == '\033' && line[1] == '[') {
            size_t n = 2 + strspn(line + 2, "0123456789;");
            line += line[n] == 'm' ? n + 1 : n;
        } else if (*line == '\r') {
            line++;
        } else {
            text_putc(out, *line++);
        }
    }
}

/* What stands behind `prefix`, or NULL. */
static const char *after(const char *s, const char *prefix)
{
    return s && string_starts(s, prefix) ? s + strlen(prefix) : NULL;
}

/*
 * lld 19:   ld.lld-19: error: undefined symbol: NAME
 * The program is named as it was called; before "symbol" may stand the visibility of the reference.
 */
static void take_undefined(struct progress *p, const char *line)
{
    static const char *const ways[] = {"undefined symbol: ", "undefined hidden symbol: ", "undefined protected symbol: ",
                                       "undefined internal symbol: "};
    struct text plain = {};
    put_plain(&plain, line);
    const char *colon = strstr(text_string(&plain), ": "), *error = after(colon, ": error: "), *symbol = NULL;
    for (size_t i = 0; error && !symbol && i < sizeof ways / sizeof ways[0]; i++)
        symbol = after(error, ways[i]);
    if (symbol) {
        const char *program = plain.bytes, *slash = memrchr(program, '/', (size_t)(colon - program));
        program = slash ? slash + 1 : program;
        if ((string_starts(program, "ld.lld") || string_starts(program, "lld")) && *symbol && !strpbrk(symbol, " \t"))
            text_printf(p->undefined, "%s\n", symbol);
    }
    text_dispose(&plain);
}

/* clang 19:   a.c:3:10: fatal error: 'linux/if.h' file not found */
static void take_absent(struct progress *p, const char *line)
{
    struct text plain = {};
    put_plain(&plain, line);
    const char *error = strstr(text_string(&plain), ": fatal error: '"), *name = after(error, ": fatal error: '");
    const char *end = name ? strchr(name, '\'') : NULL;
    if (end && string_starts(end, "' file not found"))
        text_printf(p->absent, "%.*s\n", (int)(end - name), name);
    text_dispose(&plain);
}

static void pass_through(struct progress *p, const char *bytes, size_t n)
{
    end_shown_line(p, false);
    if (p->state == PROGRESS_STATUS_SEEN && p->quiet && !p->described) {
        fprintf(p->out, "%s\n", text_string(&p->description));
        p->described = true;
    }
    p->state = PROGRESS_NORMAL;
    fwrite(bytes, 1, n, p->out);
}

static void take_line(struct progress *p)
{
    char *line = p->line.bytes;
    size_t size = p->line.size; /* with its newline, unless it is the last */
    bool ended = size && line[size - 1] == '\n';
    if (ended)
        line[size - 1] = '\0';
    bool failed = p->state == PROGRESS_STATUS_SEEN && is_failed_line(line);
    if (p->blank_held) {
        p->blank_held = false;
        if (!failed)
            pass_through(p, "\n", 1);
    }
    char *mark = strrchr(line, PROGRESS_MARK);
    if (mark && is_status(mark)) {
        if (mark > line) {
            pass_through(p, line, (size_t)(mark - line));
            fputc('\n', p->out);
        }
        take_status(p, mark);
    } else if (failed) {
        end_shown_line(p, true);
        fprintf(p->out, "failed: %s\n", text_string(&p->description));
        if (p->output)
            text_printf(p->output, "failed: %s\n", text_string(&p->description));
        p->described = true;
        p->state = PROGRESS_FAILED_COMMAND;
        p->failed = p->any_failed = true;
    } else if (p->state == PROGRESS_FAILED_COMMAND) {
        if (p->verbose)
            fprintf(p->out, "%s\n", line);
        p->state = PROGRESS_NORMAL;
    } else if (p->state == PROGRESS_STATUS_SEEN && size == 1 && ended) {
        p->blank_held = true;
    } else if (!is_chatter(p, line)) {
        p->no_space |= strstr(line, strerror(ENOSPC)) != NULL;
        if (p->failed && p->undefined)
            take_undefined(p, line);
        if (p->failed && p->absent)
            take_absent(p, line);
        if (p->failed && p->assembly)
            *p->assembly |= strstr(line, " error: ld-temp.o <inline asm>:") != NULL;
        if (p->failed && p->output) {
            put_plain(p->output, line);
            text_putc(p->output, '\n');
        }
        if (ended)
            line[size - 1] = '\n';
        pass_through(p, line, size);
    }
    text_clear(&p->line);
}

void progress_feed(struct progress *p, const char *bytes, size_t n)
{
    while (n > 0) {
        const char *end = memchr(bytes, '\n', n);
        size_t take = end ? (size_t)(end - bytes) + 1 : n;
        text_append(&p->line, bytes, take);
        bytes += take;
        n -= take;
        if (end) {
            take_line(p);
        } else if (p->line.size > LINE_MOST && p->state != PROGRESS_FAILED_COMMAND && !memchr(p->line.bytes, PROGRESS_MARK, p->line.size)) {
            pass_through(p, p->line.bytes, p->line.size);
            text_clear(&p->line);
        }
    }
    fflush(p->out);
}

void progress_finish(struct progress *p)
{
    if (p->line.size)
        take_line(p);
    if (p->blank_held)
        pass_through(p, "\n", 1);
    end_shown_line(p, false);
    fflush(p->out);
    text_dispose(&p->line);
    text_dispose(&p->description);
}
