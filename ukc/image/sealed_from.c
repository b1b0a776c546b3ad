/*
 * sealed_from.c - the image that a sealed file was made from, where images lie (see sealed.h).
 *
 * There may be copies of it, and not beside each lies what is known of it: the first of which something is known, else the first.
 */
#include "sealed.h"
#include <dirent.h>
#include "../base/file.h"
#include "../project/invocation.h"

struct search {
    struct arena *a;
    const struct hash *image;
    uint64_t size;
    sealed_known *known;
    const char *copy; /* of which nothing is known */
    struct diag *quiet;
};

static bool is_it(struct search *s, const char *file)
{
    struct file_stat st;
    struct hash h;
    if (!file_is_regular(file) || !file_stat(file, &st) || st.size != s->size || !hash_file(file, &h, NULL, s->quiet) || !hash_equal(&h, s->image))
        return false;
    if (s->known(s->a, file))
        return true;
    s->copy = s->copy ? s->copy : file;
    return false;
}

static const char *find_in(struct search *s, const char *directory)
{
    DIR *all = opendir(directory);
    const char *found = NULL;
    for (struct dirent *e; !found && all && (e = readdir(all));) {
        const char *file = path_join(s->a, directory, e->d_name);
        if (is_it(s, file))
            found = file;
    }
    if (all)
        closedir(all);
    return found;
}

/* Of a manifest with several unikernels each has a directory of its name. */
static const char *find_below(struct search *s, const char *build)
{
    const char *found = find_in(s, build);
    DIR *all = found ? NULL : opendir(build);
    for (struct dirent *e; !found && all && (e = readdir(all));) {
        const char *file = path_join(s->a, path_join(s->a, build, e->d_name), e->d_name);
        if (e->d_name[0] != '.' && is_it(s, file))
            found = file;
    }
    if (all)
        closedir(all);
    return found;
}

const char *sealed_from(struct arena *a, const char *file, const struct image_secrets *secrets, sealed_known *known)
{
    struct file_stat st;
    struct search s = {.a = a, .image = &secrets->image, .known = known, .quiet = diag_create()};
    const char *beside = path_directory(a, file), *const tops[] = {"build", path_join(a, beside, "build")};
    const char *found = NULL;
    if (file_stat(file, &st)) {
        s.size = st.size;
        found = find_in(&s, beside);
    }
    for (size_t k = 0; k < sizeof tops / sizeof tops[0]; k++)
        for (size_t t = 0; s.size && !found && t < TARGET_COUNT; t++)
            found = find_below(&s, path_join(a, tops[k], target_names[t]));
    diag_destroy(s.quiet);
    return found ? found : s.copy;
}
