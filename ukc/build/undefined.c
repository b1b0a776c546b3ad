/*
 * undefined.c - what a linker's undefined symbols mean in the words of the manifest.
 *
 * A label "<instance>.<function>" is one that a binding promised; a plain name may be an operation of a
 * signature that the caller did not require, or a function that neither a source nor the C library defines. Where the target has a C
 * library of its own, "sys_<name>" is a system call that nothing of the target answers. The image is linked
 * once more, without them, to find who calls.
 */
#include "build.h"
#include "callers.h"
#include "host_library.h"
#include "../base/file.h"
#include "../image/declared.h"
#include "../../ninja/ninja.h"
#include <string.h>

struct explanation {
    struct project *p;
    const char *library; /* gen/library.list: what the image's own C library is made of; NULL: it has the host's, or none */
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

/* The signature that has this operation. */
static const struct signature *signature_of(struct project *p, const char *symbol)
{
    const struct manifest *m = p->manifest;
    const struct signature *best = NULL;
    for (size_t k = 0; k < m->signature_count; k++) {
        const struct signature *s = &m->signatures[k];
        size_t n = strlen(s->identifier);
        bool fits = strncmp(symbol, s->identifier, n) == 0 && symbol[n] == '_';
        if (fits && (!best || n > strlen(best->identifier)) && declared_at(p->a, signature_header(p->a, s), symbol).source)
            best = s;
    }
    return best;
}

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
    const struct explanation *e = context;
    struct project *p = e->p;
    const char *root = project_file(p, "root/");
    if (*path == '/' || string_starts(path, project_file(p, "gen/")))
        return false;
    if (!string_starts(path, root))
        return true;
    if (string_starts(path + strlen(root), "targets."))
        return false;
    size_t label = strlen(root) + strcspn(path + strlen(root), "/");
    return !e->library || !strstr(e->library, arena_printf(p->a, "inputs %.*s\n", (int)label, path));
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
static const char *describe(struct explanation *e, const struct caller *c)
{
    struct project *p = e->p;
    const char *root = project_file(p, "root/"), *path = c->path;
    if (!path)
        return c->function;
    if (string_starts(path, root))
        path += strlen(root);
    if (!is_of_component(e, c->path) && strchr(path, '/') && path != c->path)
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

/* Where no way is known, or only one through data: the first source of the project's components that uses it, the unikernel's before others. */
static struct span search(struct project *p, const char *symbol)
{
    struct span found = SPAN_NONE;
    if (!p->manifest && !project_load(p))
        return found;
    const struct manifest *m = p->manifest;
    for (size_t k = 0; k <= m->implementation_count && !found.source; k++) {
        const struct component *c = k ? &m->implementations[k - 1] : p->unikernel;
        for (size_t n = 0; c && !c->in_tree && n < c->source_count && !found.source; n++)
            if (c->sources[n].path.text)
                found = used_at(p->a, path_normal(p->a, path_join(p->a, c->directory, c->sources[n].path.text)), symbol);
    }
    return found;
}

/* Calls that were merged into one have no line of their own: then the place where the file uses what comes next. */
static struct span span_of(struct project *p, const struct chain *chain, const char *symbol)
{
    const struct caller *c = &chain->callers[0];
    struct diag *quiet = diag_create();
    const struct source *s = file_read(p->a, c->path, SPAN_NONE, 0, quiet);
    diag_destroy(quiet);
    if (s && c->line)
        return (struct span){s, c->line, c->column ? c->column : 1, 1};
    struct span used = used_at(p->a, c->path, chain->count > 1 ? plain_name(&chain->callers[1]) : symbol);
    return used.source ? used : search(p, symbol);
}

static void explain_chain(struct explanation *e, const struct chain *chain, const char *symbol, const char *what)
{
    struct project *p = e->p;
    const char *instance = instance_of(p, chain);
    struct text way = {};
    if (instance)
        diag_error(p->d, span_of(p, chain, symbol), "'%s' %s", instance, what);
    else
        diag_error(p->d, span_of(p, chain, symbol), "the image %s", what);
    for (size_t i = 0; i < chain->count; i++)
        if (i == 0 || !is_of_header(&chain->callers[i]))
            text_printf(&way, "%s%s", i > 1 ? ", which calls " : i ? " calls " : "", describe(e, &chain->callers[i]));
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

/* False: it was told already. */
static bool explain_caller(struct explanation *e, const char *symbol, const char *what)
{
    const char *why = make_why(e);
    struct diag *quiet = diag_create();
    const struct chain *chain = *why ? callers_find(e->p->a, why, symbol, is_of_component, e, quiet) : NULL;
    diag_destroy(quiet);
    if (chain && is_told(e, chain))
        return false;
    if (chain)
        explain_chain(e, chain, symbol, what);
    else
        diag_error(e->p->d, search(e->p, symbol), "the image %s", what);
    return true;
}

static void explain_call(struct explanation *e, const char *call)
{
    struct project *p = e->p;
    const char *target = target_names[p->configuration.target], *remedy = remedy_of(call);
    if (!explain_caller(e, arena_printf(p->a, "sys_%s", call), arena_printf(p->a, "makes the system call %s, which %s does not have", call, target)))
        return;
    if (p->configuration.target == TARGET_posix)
        diag_help(p->d, "if the host's C library has it, say host_libc = true in the component: then the image is linked with that one");
    else if (remedy)
        diag_help(p->d, "%s", remedy);
    else
        diag_help(p->d, "%s has no kernel that would do it: leave it out there with match \"target\", or do it with the operations of a signature", target);
}

/* An operation that no requirement of its caller has. */
static bool explain_operation(struct explanation *e, const char *symbol)
{
    struct project *p = e->p;
    const struct signature *s = p->manifest || project_load(p) ? signature_of(p, symbol) : NULL;
    if (s && explain_caller(e, symbol, arena_printf(p->a, "calls %s, and does not require sig.%s", symbol, s->name.text)))
        diag_help(p->d, "add it: requires = { %s = sig.%s }, and call the operations by the requirement's name", s->identifier, s->name.text);
    return s;
}

static void explain_function(struct explanation *e, const char *symbol)
{
    struct project *p = e->p;
    bool posix = p->configuration.target == TARGET_posix;
    const char *target = target_names[p->configuration.target], *remedy = remedy_of(symbol);
    const char *libc = e->library ? arena_printf(p->a, " and not in the C library of %s", target) : posix ? " and not in the host's C library" : "";
    if (!explain_caller(e, symbol, arena_printf(p->a, "calls %s, which is in none of the image's sources%s", symbol, libc)))
        return;
    if (posix && e->library && host_libc_defines(symbol))
        diag_help(p->d, "the host's C library has it: say host_libc = true in the component, then the image is linked with that one");
    else if (posix)
        diag_help(p->d, "add the source that defines it; if a library of the host does, import that: imports = { pkgconfig \"MODULE\" }");
    else if (remedy)
        diag_help(p->d, "%s", remedy);
    else
        diag_help(p->d, "add the source that defines it, or leave it out on %s with match \"target\"", target);
}

void explain_undefined(struct project *p, const char *symbols)
{
    struct explanation e = {.p = p};
    const char *list = project_file(p, "gen/library.list");
    const struct source *library = file_exists(list) ? file_read(p->a, list, SPAN_NONE, 0, p->d) : NULL;
    e.library = library ? library->bytes : NULL;
    while (*symbols) {
        size_t n = strcspn(symbols, "\n");
        const char *symbol = arena_strndup(p->a, symbols, n);
        if (strchr(symbol, '.'))
            explain_label(p, symbol);
        else if (e.library && string_starts(symbol, "sys_"))
            explain_call(&e, symbol + 4);
        else if (!explain_operation(&e, symbol))
            explain_function(&e, symbol);
        symbols += n + (symbols[n] == '\n');
    }
    text_dispose(&e.told);
}
