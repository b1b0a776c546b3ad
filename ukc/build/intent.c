/*
 * intent.c - what was wanted when an image was built (see gather.h).
 *
 *     manifest/<path>           what configure read of the project: manifests and files that they require
 *     catalogue/<label>.lua     the manifest of each directory that the image takes something from
 *     components                what the image consists of: versions, licences, where each is from (component.h)
 *     plan, settings, lock      as ukc plan shows it; what configure was told; the choices that were kept
 *     files/<path>              contents of the project's embedded files and of files with settings, up to LARGE_INPUT
 *     embedded                  each file of each embedded object: SHA-256, size, object, file
 *     sizes                     bytes of the image by instance (sizes.h)
 *     hardening                 what the image's file shows of how it is hardened (hardening.h)
 *     packages                  where the tools come from
 */
#include "gather.h"
#include "sizes.h"
#include "../image/hardening.h"
#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "../base/file.h"

struct intent {
    struct project *p;
    VEC(struct object_source) sources;
};

static void add_file(struct intent *in, const char *path, const char *file)
{
    if (file_is_regular(file))
        *vec_add(in->p->a, &in->sources) = (struct object_source){.path = path, .file = file, .contents = true};
}

/* Of the project, and of a size that an object can have: what configure reads beside manifests and sources. */
static void add_contents(struct intent *in, const char *file)
{
    struct file_stat st;
    const char *path = path_normal(in->p->a, file);
    if (path_is_inside(path) && !string_starts(path, "build/") && file_stat(file, &st) && st.size <= LARGE_INPUT)
        add_file(in, arena_printf(in->p->a, "files/%s", path), file);
}

static void add_text(struct intent *in, const char *path, struct text *t)
{
    *vec_add(in->p->a, &in->sources) = (struct object_source){.path = path, .bytes = text_keep(t, in->p->a), .size = t->size};
    text_dispose(t);
}

/* A path below the project as seen from it, so that the same build elsewhere has the same intent. */
static const char *from_project(const struct intent *in, const char *path)
{
    size_t n = strlen(in->p->directory);
    return strncmp(path, in->p->directory, n) == 0 && path[n] == '/' ? path + n + 1 : path;
}

/* What configure was told; paths are in it after "--config=" and "--catalogue=". */
static void add_settings(struct intent *in)
{
    struct text t = {};
    size_t count;
    const char *const *words = configuration_words(in->p->a, &in->p->configuration, &count);
    text_puts(&t, "ukc-configure 1\n");
    for (size_t k = 0; k < count; k++) {
        size_t option = string_starts(words[k], "--config=") || string_starts(words[k], "--catalogue=") ? strcspn(words[k], "=") + 1 : 0;
        text_printf(&t, "%.*s%s\n", (int)option, words[k], option ? from_project(in, words[k] + option) : words[k]);
    }
    add_text(in, "settings", &t);
}

/* Of the project: the rest of what configure read is named by its label. */
static bool add_manifests(struct intent *in)
{
    struct arena *a = in->p->a;
    const struct source *s = file_read(a, project_file(in->p, "configure.inputs"), SPAN_NONE, 0, in->p->d);
    for (const char *line = s ? s->bytes : ""; *line;) {
        size_t n = strcspn(line, "\n");
        const char *file = arena_strndup(a, line, n), *path = path_normal(a, file);
        if (path_is_inside(path) && string_ends(path, ".lua"))
            add_file(in, arena_printf(a, "manifest/%s", path), file);
        line += n + (line[n] == '\n');
    }
    return s;
}

static void add_catalogue(struct intent *in)
{
    struct arena *a = in->p->a;
    const char *root = project_file(in->p, "root");
    DIR *dir = opendir(root);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        const char *manifest = arena_printf(a, "%s/%s/ukc.lua", root, e->d_name);
        if (e->d_name[0] != '.')
            add_file(in, arena_printf(a, "catalogue/%s.lua", e->d_name), manifest);
    }
    if (dir)
        closedir(dir);
}

static bool add_embedded(struct intent *in, const struct edges *edges)
{
    struct text t = {};
    for (size_t i = 0; i < edges->count; i++) {
        const struct edge *e = &edges->items[i];
        for (size_t k = 0; string_equal(e->rule, "embed") && k < e->input_count; k++) {
            struct hash h;
            uint64_t size;
            char hex[HASH_HEX];
            if (!file_is_regular(e->inputs[k]))
                continue;
            if (!hash_file(e->inputs[k], &h, &size, in->p->d))
                return false;
            hash_hex(&h, hex);
            add_contents(in, e->inputs[k]);
            text_printf(&t, "%s %" PRIu64 " %s %s\n", hex, size, e->output, e->inputs[k]);
        }
    }
    add_text(in, "embedded", &t);
    return true;
}

#define SECCOMP_WANTED "-DSEAL_SECCOMP" /* of compilers, where seal.seccomp is on: targets/posix/ukc.lua */

static bool is_compiled_with(const struct edges *edges, const char *word)
{
    for (size_t i = 0; i < edges->count; i++)
        for (size_t k = 0; k < edges->items[i].word_count; k++)
            if (string_equal(edges->items[i].words[k], word))
                return true;
    return false;
}

/* One call of syscall(), and there is no filter any more: who wanted it hears of it. With the host's C library there never is one. */
static void warn_of_calls(const struct project *p, const struct edges *edges, const struct hardening *h)
{
    for (size_t i = 0; i < h->count && !h->dynamic; i++)
        if (string_equal(h->features[i].name, "seccomp") && h->features[i].held == HELD_NO && is_compiled_with(edges, SECCOMP_WANTED)) {
            diag_warning(p->d, SPAN_NONE, "system calls of the image are not held to a list, as seal.seccomp would: %s", h->features[i].evidence);
            diag_help(p->d, "it calls syscall(), setuid() or the like: the C library's function for that one call has a number; '--set seal.seccomp=false' says that it is meant");
        }
}

static bool add_hardening(struct intent *in, const struct edges *edges, const char *path)
{
    struct text t = {};
    const struct source *image = elf_image_read(in->p->a, path, in->p->d);
    const struct hardening *h = image ? hardening_read(in->p->a, image, in->p->d) : NULL;
    if (!h)
        return false;
    warn_of_calls(in->p, edges, h);
    hardening_print(h, &t);
    add_text(in, HARDENING_FILE, &t);
    return true;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct object_source *)a)->path, ((const struct object_source *)b)->path);
}

bool gather_intent(struct project *p, const struct edges *edges, const struct toolset *tools, struct recording *r)
{
    struct intent in = {.p = p};
    struct text packages = {};
    add_file(&in, "components", project_file(p, "components"));
    add_file(&in, "plan", project_file(p, "plan.txt"));
    add_file(&in, SIZES_FILE, project_file(p, SIZES_FILE));
    add_settings(&in);
    add_file(&in, "lock", "ukc.lock");
    text_puts(&packages, tools->packages);
    add_text(&in, "packages", &packages);
    for (size_t k = 0; k < p->configuration.configs.count; k++)
        add_contents(&in, from_project(&in, p->configuration.configs.items[k]));
    if (!add_manifests(&in) || !add_embedded(&in, edges) || !add_hardening(&in, edges, r->recipe.image))
        return false;
    add_catalogue(&in);
    qsort(in.sources.items, in.sources.count, sizeof *in.sources.items, by_path);
    for (size_t k = 0; k < in.sources.count; k++) /* a file may be embedded twice */
        if (r->intent_count == 0 || strcmp(in.sources.items[r->intent_count - 1].path, in.sources.items[k].path) != 0)
            in.sources.items[r->intent_count++] = in.sources.items[k];
    r->intent = in.sources.items;
    return true;
}
