/*
 * main.c - one run of ukc: parse, dispatch, print what was reported.
 */
#include "command.h"
#include "../base/environment.h"
#include "../base/file.h"
#include "../base/text.h"
#include "../build/failure.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where this program is: the catalogue lies beside it, and build.ninja calls it back. */
static const char *own_path(struct arena *a, const char *argv0)
{
    char buffer[4096];
    ssize_t n = readlink("/proc/self/exe", buffer, sizeof buffer - 1);
    if (n > 0) {
        buffer[n] = 0;
        return arena_strdup(a, buffer);
    }
    return path_absolute(a, argv0);
}

static enum diag_format choose_format(const struct invocation *i)
{
    const char *when = i->value[OPTION_colour], *no = getenv("NO_COLOR"), *term = getenv("TERM");
    if (given(i, OPTION_json))
        return DIAG_JSON;
    if (string_equal(when, "always") || string_equal(when, "never"))
        return string_equal(when, "always") ? DIAG_COLOUR : DIAG_TEXT;
    return isatty(STDERR_FILENO) && !(no && *no) && !string_equal(term, "dumb") ? DIAG_COLOUR : DIAG_TEXT;
}

/* A command line that is wrong may have said so before its end was read. */
static bool asks_json(int argc, char **argv)
{
    for (int k = 1; k < argc && !string_equal(argv[k], "--"); k++)
        if (string_equal(argv[k], "--json"))
            return true;
    return false;
}

static int dispatch(struct invocation *i)
{
    if (given(i, OPTION_directory) && chdir(i->value[OPTION_directory]) != 0) {
        diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "cannot change to '%s': %s", i->value[OPTION_directory], strerror(errno));
        return DIAG_USAGE;
    }
    i->aside = given(i, OPTION_output) && file_is_standard_output(i->value[OPTION_output]);
    if (given(i, OPTION_help)) {
        command_print_help(&commands[i->command], stdout);
        command_print_project_keys(i, stdout);
        return 0;
    }
    return commands[i->command].run(i);
}

/* A file that is opened must not become the standard output that was closed.  What writes there fails, as it would have. */
static void fill_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            _exit(DIAG_OUTSIDE);
}

/* A handler, and not SIG_IGN, which programs that are started would inherit. */
static void too_large(int)
{
}

int command_main(int argc, char **argv)
{
    fill_descriptors();
    /* A reader that goes away is no death: what is to be done besides printing is done.  Nor is a limit of the size of files: write fails. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, too_large);
    environment_settle();
    struct invocation i = {.arena = arena_create(), .diag = diag_create()};
    i.program = own_path(i.arena, argv[0]);
    int status = 0;
    if (command_parse(&i, argc, argv))
        status = dispatch(&i);
    else if (asks_json(argc, argv))
        i.value[OPTION_json] = "";
    if (status == 0)
        status = (int)diag_status(i.diag);
    struct text lines = {};
    diag_lines(i.diag, &lines);
    if (given(&i, OPTION_json))
        answer_print(&i, status, text_string(&lines));
    bool written = fflush(stdout) == 0 && !ferror(stdout), unread = !written && errno == EPIPE;
    if (!written && !unread)
        diag_fail(i.diag, DIAG_OUTSIDE, SPAN_NONE, "cannot write the output: %s", strerror(errno));
    diag_print(i.diag, stderr, choose_format(&i));
    if (status == 0 && unread) /* as 'head' does it: who has read enough wants no word, and a script the status */
        status = DIAG_OUTSIDE;
    if (status == 0)
        status = (int)diag_status(i.diag);
    failure_leave(status, diag_first(i.diag), text_string(&lines));
    text_dispose(&lines);
    diag_destroy(i.diag);
    arena_destroy(i.arena);
    return status;
}
