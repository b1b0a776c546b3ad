/*
 * record.c - what went into an image, as ninja knows it.
 *
 * Declared inputs come from `ninja -t inputs`, headers from the dependency
 * log (`ninja -t deps`): together every file that a compiler or linker read
 * by the build's own account.
 */
#include "build.h"
#include "../base/file.h"
#include "../base/map.h"
#include "../base/process.h"
#include "../../ninja/ninja.h"
#include "../../provenance/record.h"
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct inputs {
    VEC(const char *) paths;
    struct map seen;
};

static const char *role_of(const struct project *p, const char *path)
{
    if (string_ends(path, ".lua"))
        return "manifest";
    if (string_starts(path, project_file(p, "gen/")))
        return "generated";
    if (string_equal(path, project_file(p, "plan.txt")))
        return "plan";
    const char *extension = path_extension(path);
    if (string_equal(extension, ".h"))
        return "header";
    if (string_equal(extension, ".c") || string_equal(extension, ".S") || string_equal(extension, ".s"))
        return "source";
    return "data";
}

/* Built files are outputs, not inputs. */
static bool is_output(const struct project *p, const char *path)
{
    return string_starts(path, project_file(p, "obj/"));
}

static void add_input(struct project *p, struct inputs *in, const char *path)
{
    if (!is_output(p, path) && map_add(&in->seen, path, 1) == MAP_ABSENT && !file_is_directory(path))
        *vec_add(p->a, &in->paths) = path;
}

/* `ninja -t inputs` prints words for a shell: as they are, or in single quotes. */
static const char *unquoted(struct arena *a, const char *word)
{
    if (*word != '\'')
        return word;
    char *out = arena_strdup(a, word), *to = out;
    for (const char *p = word; *p; p++) {
        if (string_starts(p, "'\\''")) {
            *to++ = '\'';
            p += 3;
        } else if (*p != '\'') {
            *to++ = *p;
        }
    }
    *to = 0;
    return out;
}

static const char *read_path(struct arena *a, const char *bytes, size_t n, bool quotes)
{
    const char *word = arena_strndup(a, bytes, n);
    return quotes ? unquoted(a, word) : word;
}

/* Runs `ninja -t <tool>` and hands each line's path to add_input; `indent` selects the lines. */
static bool ask_ninja(struct project *p, struct inputs *in, const char *tool, const char *argument, const char *indent, bool quotes)
{
    struct text out = {};
    const char *argv[] = {ninja_program(), "-f", project_file(p, "build.ninja"), "-t", tool, argument, NULL};
    int status = process_run(&(struct process){.argv = argv, .out = &out}, p->d);
    bool ok = status == 0;
    if (status > 0)
        diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "'ninja -t %s' failed with status %d", tool, status);
    const char *text = text_keep(&out, p->a);
    for (const char *line = text; ok && *line;) {
        size_t n = strcspn(line, "\n");
        size_t skip = strlen(indent);
        if (n > skip && strncmp(line, indent, skip) == 0 && (skip || *line != ' '))
            add_input(p, in, read_path(p->a, line + skip, n - skip, quotes));
        line += n + (line[n] == '\n');
    }
    text_dispose(&out);
    return ok;
}

static int by_role_and_path(const void *a, const void *b)
{
    const struct record_input *x = a, *y = b;
    int order = strcmp(x->role, y->role);
    return order ? order : strcmp(x->path, y->path);
}

/* The inputs with what they hold, sorted; NULL after reporting. */
static const struct record_input *hash_inputs(struct project *p, const struct inputs *in)
{
    struct record_input *all = arena_array(p->a, struct record_input, in->paths.count);
    for (size_t k = 0; k < in->paths.count; k++) {
        all[k] = (struct record_input){.role = role_of(p, in->paths.items[k]), .path = in->paths.items[k]};
        if (!hash_file(all[k].path, &all[k].sha256, &all[k].size, p->d)) {
            if (!file_exists(all[k].path))
                diag_help(p->d, "is this the beginning of a header's name? Ninja cannot read those with quotes or one of & ; | * ? < > ^ \\ `: rename it");
            return NULL;
        }
    }
    qsort(all, in->paths.count, sizeof *all, by_role_and_path);
    return all;
}

static const char *user_name(void)
{
    const struct passwd *pw = getpwuid(getuid());
    return pw ? pw->pw_name : "unknown";
}

int64_t unix_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool add_record(struct project *p, struct record *r)
{
    struct store *store = store_open(NULL, p->d);
    if (!store)
        return false;
    struct records *records = records_open(store_directory(store), p->d);
    bool ok = records && record_add(records, r, p->d);
    if (records)
        records_close(records);
    store_close(store);
    return ok;
}

/*
 * Adds the inputs of the configuration, so that everything is remembered whose change ninja could
 * overlook.  They decide what is built, but belong to the intent, not to the recipe: a comment in a
 * manifest makes no other record.
 */
static bool add_configure_inputs(struct project *p, struct inputs *in)
{
    const struct source *s = file_read(p->a, project_file(p, "configure.inputs"), SPAN_NONE, 0, p->d);
    for (const char *line = s ? s->bytes : ""; *line;) {
        size_t n = strcspn(line, "\n");
        add_input(p, in, arena_strndup(p->a, line, n));
        line += n + (line[n] == '\n');
    }
    return s;
}

/* Sets what the record holds of them, and remembers them for the next build. */
static bool find_inputs(struct project *p, const struct image *image, struct record *r)
{
    struct inputs in = {};
    add_input(p, &in, project_file(p, "plan.txt"));
    bool ok = ask_ninja(p, &in, "inputs", image->path, "", true) && ask_ninja(p, &in, "deps", NULL, "    ", false);
    r->inputs = ok ? hash_inputs(p, &in) : NULL;
    r->input_count = in.paths.count;
    ok = r->inputs && add_configure_inputs(p, &in) && inputs_remember(p, in.paths.items, in.paths.count);
    map_dispose(&in.seen);
    return ok;
}

bool record_image(struct project *p, struct image *image, int64_t started_ms)
{
    char host[256] = "unknown";
    gethostname(host, sizeof host - 1);
    struct record r = {
        .unikernel = path_base(image->path),
        .target = target_names[p->configuration.target],
        .profile = p->configuration.profile == PROFILE_DEV ? "dev" : "release",
        .version = UKC_VERSION,
        .image = image->path,
        .image_bytes = image->bytes,
        .project = p->directory,
        .host = host,
        .user = user_name(),
        .started_ms = started_ms,
        .ended_ms = unix_ms(),
    };
    if (!find_inputs(p, image, &r))
        return false;
    if (!hash_parse(image->sha256, &r.image_sha256))
        return diag_fail(p->d, DIAG_INTEGRITY, SPAN_NONE, "the image has no SHA-256");
    if (!add_record(p, &r))
        return false;
    hash_hex(&r.id, image->record);
    if (r.other_images)
        diag_warning(p->d, SPAN_NONE, "the same recipe has made %zu other image%s before: the build is not deterministic",
                     (size_t)r.other_images, r.other_images == 1 ? "" : "s");
    return true;
}
