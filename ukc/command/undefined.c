/*
 * undefined.c - what a linker's undefined symbols mean in the words of the manifest.
 *
 * A label "<instance>.<function>" is one that a binding promised; a plain name
 * may be an operation of a signature that the caller did not require. Where the target has a C library of its
 * own, "sys_<name>" is a system call that nothing of the target answers, and another plain name a function that is
 * left out of the library: then the image is linked once more, without them, to find who calls.
 */
#include "build.h"
#include "callers.h"
#include "declared.h"
#include "../base/file.h"
#include "../../ninja/ninja.h"
#include <string.h>

struct explanation {
    struct project *p;
    const char *why; /* the image with its references, "" when it could not be made */
    struct text told; /* a line for each function of a component that a chain began with */
};

/* The header of an instance's implementation: the one that its exports.h includes. */
static struct span declared_in_header(struct project *p, const char *instance, const char *function)
{
    const char *directory = project_file(p, arena_printf(p->a, "gen/%s", instance));
    struct diag *quiet = diag_create();
    const struct source *s = file_read(p->a, path_join(p->a, directory, "exports.h"), SPAN_NONE, 0, quiet);
    diag_destroy(quiet);
    const char *include = s ? strstr(s->bytes, "\n#include \"") : NULL;
    if (!include)
        return SPAN_NONE;
    include += strlen("\n#include \"");
    const char *header = arena_strndup(p->a, include, strcspn(include, "\"\n"));
    return declared_at(p->a, path_normal(p->a, path_join(p->a, directory, header)), function);
}

/* The unikernel has no function of that name: perhaps one called main, as in a program. */
static void explain_main(struct project *p, const char *instance, const char *function)
{
    struct span wrong = SPAN_NONE, name = SPAN_NONE;
    if (p->unikernel || project_load(p)) {
        const struct component *c = p->unikernel;
        name = c->name.span;
        for (size_t k = 0; k < c->source_count && !wrong.source; k++)
            if (c->sources[k].path.text && !c->sources[k].selector.text)
                wrong = declared_at(p->a, path_normal(p->a, path_join(p->a, c->directory, c->sources[k].path.text)), "main");
    }
    diag_error(p->d, wrong.source ? wrong : name, "'%s' must define int %s(void) in one of its sources", instance, function);
    if (wrong.source)
        diag_help(p->d, "nobody calls main: rename it to %s", function);
}

static void explain_label(struct project *p, const char *symbol)
{
    const char *function = strrchr(symbol, '.') + 1;
    const char *instance = arena_strndup(p->a, symbol, (size_t)(function - symbol) - 1);
    if (string_ends(function, "_main") && strchr(instance, '.') == NULL)
        explain_main(p, instance, function);
    else
        diag_error(p->d, declared_in_header(p, instance, function), "%s is declared in the header of the implementation of '%s', but defined in none of its sources",
                   function, instance);
}

static const struct signature *signature_of(const struct manifest *m, const char *symbol)
{
    const struct signature *best = NULL;
    for (size_t k = 0; k < m->signature_count; k++) {
        const struct signature *s = &m->signatures[k];
        size_t n = strlen(s->identifier);
        bool fits = strncmp(symbol, s->identifier, n) == 0 && symbol[n] == '_';
        if (fits && (!best || n > strlen(best->identifier)))
            best = s;
    }
    return best;
}

static bool explain_name(struct project *p, const char *symbol)
{
    const struct signature *s = p->manifest || project_load(p) ? signature_of(p->manifest, symbol) : NULL;
    if (!s)
        return false;
    diag_error(p->d, SPAN_NONE, "%s is called by a component that does not require sig.%s", symbol, s->name.text);
    diag_help(p->d, "add it: requires = { %s = sig.%s }, and call the operations by the requirement's name", s->identifier, s->name.text);
    return true;
}

/* ---- where the target has a C library of its own ---- */

/* What does the work of a system call without a kernel. */
static const struct remedy {
    const char *calls, *help;
} remedies[] = {
    {" clock_gettime gettimeofday time clock_getres ", "the C library's clock is the image's: add requires = { clock = sig.clock } to a component"},
    {" getrandom ", "the C library's random bytes are the image's: add requires = { random = sig.random } to a component"},
    {" nanosleep clock_nanosleep pause sched_yield ", "wait with sig.task: task_sleep"},
    {" clone clone3 fork vfork execve wait4 waitid pthread_create pthread_join ", "there are no processes and no threads: start tasks with sig.task"},
    {" open openat creat stat fstat lstat newfstatat statx access faccessat unlink unlinkat rename renameat renameat2 mkdir mkdirat rmdir getdents "
     "getdents64 readlink readlinkat fsync fdatasync ftruncate truncate chmod fchmod fchmodat fcntl pread64 pwrite64 dup dup2 dup3 pipe pipe2 ",
     "there are no files: read with sig.kv_ro (embed \"DIR\" puts a directory into the image), write with sig.kv_rw"},
    {" socket connect bind listen accept accept4 sendto recvfrom sendmsg recvmsg shutdown setsockopt getsockopt getsockname getpeername socketpair ",
     "there are no sockets: use sig.stack"},
    {" poll ppoll select pselect6 epoll_wait epoll_pwait epoll_ctl epoll_create1 epoll_create eventfd2 timerfd_create ",
     "there are no descriptors to wait for: tasks wait in the operations of the signatures"},
    {" read readv ", "standard input is sig.console: console_read"},
    {" kill tgkill rt_sigtimedwait rt_sigsuspend alarm setitimer timer_create sigaltstack ", "there are no signals: tasks are woken by sig.task"},
};

static const char *remedy_of(const char *call)
{
    char word[80];
    snprintf(word, sizeof word, " %s ", call);
    for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++)
        if (strstr(remedies[i].calls, word))
            return remedies[i].help;
    return NULL;
}

/* Is this a component's file, neither the library's nor the target's own? */
static bool is_of_component(void *context, const char *path)
{
    struct project *p = context;
    const char *root = project_file(p, "root/");
    const struct source *list = file_read(p->a, project_file(p, "gen/library.list"), SPAN_NONE, 0, p->d);
    if (!list || *path == '/' || string_starts(path, project_file(p, "gen/")))
        return false;
    if (!string_starts(path, root))
        return true;
    if (string_starts(path + strlen(root), "targets."))
        return false;
    size_t label = strlen(root) + strcspn(path + strlen(root), "/");
    return !strstr(list->bytes, arena_printf(p->a, "inputs %.*s\n", (int)label, path));
}

static const char *make_why(struct explanation *e)
{
    if (e->why)
        return e->why;
    struct project *p = e->p;
    const char *target = project_file(p, "obj/+image/why.elf");
    FILE *nowhere = fopen("/dev/null", "w");
    bool good = nowhere && ninja_run(&(struct ninja_run){.file = project_file(p, "build.ninja"), .targets = &target, .target_count = 1,
                                                         .quiet = true, .out = nowhere}, NULL, p->d) == 0;
    if (nowhere)
        fclose(nowhere);
    return e->why = good ? target : "";
}

static const char *plain_name(const struct caller *c)
{
    const char *dot = strrchr(c->function, '.');
    return dot && dot[1] ? dot + 1 : c->function;
}

/* "now (hello.c:4)"; a file of the library without the way to it. */
static const char *describe(struct project *p, const struct caller *c)
{
    const char *root = project_file(p, "root/"), *path = c->path;
    if (!path)
        return c->function;
    if (string_starts(path, root))
        path += strlen(root);
    if (!is_of_component(p, c->path) && strchr(path, '/') && path != c->path)
        path = strchr(path, '/') + 1;
    return arena_printf(p->a, "%s (%s:%u)", plain_name(c), path, c->line);
}

/* The way of a call through the library ends in its header: nobody wants to know. */
static bool is_of_header(const struct caller *c)
{
    return c->path && string_ends(c->path, "/syscall_arch.h");
}

/* The name of the instance: in the label of the nearest operation from which the function is reached. */
static const char *instance_of(struct project *p, const struct chain *chain)
{
    for (size_t i = 0; i < chain->above_count; i++) {
        const char *dot = strrchr(chain->above[i], '.');
        const char *name = dot ? arena_strndup(p->a, chain->above[i], (size_t)(dot - chain->above[i])) : "";
        if (*name && file_exists(project_file(p, arena_printf(p->a, "gen/%s/exports.h", name))))
            return name;
    }
    return NULL;
}

static struct span span_of(struct project *p, const struct caller *c)
{
    struct diag *quiet = diag_create();
    const struct source *s = file_read(p->a, c->path, SPAN_NONE, 0, quiet);
    diag_destroy(quiet);
    return s && c->line ? (struct span){s, c->line, c->column ? c->column : 1, 1} : SPAN_NONE;
}

static void explain_chain(struct explanation *e, const struct chain *chain, const char *what)
{
    struct project *p = e->p;
    const char *instance = instance_of(p, chain);
    struct text way = {};
    if (instance)
        diag_error(p->d, span_of(p, &chain->callers[0]), "'%s' %s", instance, what);
    else
        diag_error(p->d, span_of(p, &chain->callers[0]), "the image %s", what);
    for (size_t i = 0; i < chain->count; i++)
        if (i == 0 || !is_of_header(&chain->callers[i]))
            text_printf(&way, "%s%s", i > 1 ? ", which calls " : i ? " calls " : "", describe(p, &chain->callers[i]));
    if (chain->count > 1) /* else the line that is shown says it */
        diag_note(p->d, SPAN_NONE, "%s", text_string(&way));
    text_dispose(&way);
}

/* Two calls by the same function of a component are one mistake: the second is what the library tries when the first fails. */
static bool is_told(struct explanation *e, const struct chain *chain)
{
    const struct caller *c = &chain->callers[0];
    const char *line = arena_printf(e->p->a, "\n%s:%u:%u\n", c->path, c->line, c->column);
    bool told = strstr(text_string(&e->told), line) != NULL;
    text_puts(&e->told, line);
    return told;
}

static void explain_missing(struct explanation *e, const char *symbol)
{
    struct project *p = e->p;
    const char *target = target_names[p->configuration.target], *call = string_starts(symbol, "sys_") ? symbol + 4 : NULL;
    const char *what = call ? arena_printf(p->a, "makes the system call %s, which %s does not have", call, target)
                            : arena_printf(p->a, "calls %s, which is in none of the image's sources and not in the C library of %s", symbol, target);
    const char *why = make_why(e);
    struct diag *quiet = diag_create();
    const struct chain *chain = *why ? callers_find(p->a, why, symbol, is_of_component, p, quiet) : NULL;
    diag_destroy(quiet);
    if (chain && is_told(e, chain))
        return;
    if (chain)
        explain_chain(e, chain, what);
    else
        diag_error(p->d, SPAN_NONE, "the image %s", what);
    const char *remedy = remedy_of(call ? call : symbol);
    if (p->configuration.target == TARGET_posix)
        diag_help(p->d, "if the host's C library has it, say host_libc = true in the component: then the image is linked with that one");
    else if (remedy)
        diag_help(p->d, "%s", remedy);
    else
        diag_help(p->d, "%s has no kernel that would do it: leave it out there with match \"target\", or do it with the operations of a signature", target);
}

void explain_undefined(struct project *p, const char *symbols)
{
    struct explanation e = {.p = p};
    bool own_library = file_exists(project_file(p, "gen/library.list"));
    while (*symbols) {
        size_t n = strcspn(symbols, "\n");
        const char *symbol = arena_strndup(p->a, symbols, n);
        if (strchr(symbol, '.'))
            explain_label(p, symbol);
        else if (own_library && string_starts(symbol, "sys_"))
            explain_missing(&e, symbol);
        else if (!explain_name(p, symbol) && own_library)
            explain_missing(&e, symbol);
        symbols += n + (symbols[n] == '\n');
    }
    text_dispose(&e.told);
}
