/*
 * resolve.c - how long graph_build and resolve take as the catalogue grows:
 * N implementations of N/10 signatures in layers, requirements 200 deep (fewer
 * when there are fewer signatures).
 *
 *     resolve [N...]      default: 100 1000 10000
 *
 * Prints for each N, free of conflicts and with one implementation in ten in
 * conflict with another: nodes, instances, milliseconds of processor time.  The last line also
 * times the explanation of a target that nothing at the far end is for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../ukc/base/arena.h"
#include "../../ukc/resolve/resolve.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static struct word word(struct arena *a, const char *letter, size_t n)
{
    return (struct word){.text = arena_printf(a, "%s%06zu", letter, n)};
}

struct shape {
    size_t implementations, signatures, width, depth;
    bool conflicts, far_end_is_posix_only;
};

static struct requirement *requirements(struct arena *a, const struct shape *s, size_t signature, size_t variant, size_t *count)
{
    size_t layer = signature / s->width;
    struct requirement *all = arena_array(a, struct requirement, 2);
    *count = layer + 1 < s->depth ? 2 : 0;
    for (size_t r = 0; r < *count; r++) {
        all[r].name = word(a, "r", r);
        all[r].signature = word(a, "s", (layer + 1) * s->width + (signature + variant + r) % s->width);
    }
    return all;
}

static struct component component(struct arena *a, const struct shape *s, size_t i)
{
    size_t signature = i / 10;
    struct component c = {.kind = COMPONENT_IMPLEMENTATION, .name = word(a, "i", i), .version = {.text = "1.0"}};
    c.identifier = c.name.text;
    c.targets = (1u << TARGET_COUNT) - 1;
    if (s->far_end_is_posix_only && signature / s->width + 1 == s->depth)
        c.targets = 1u << TARGET_posix;
    c.provides = arena_memdup(a, &(struct word){.text = word(a, "s", signature).text}, sizeof(struct word));
    c.provides_count = 1;
    c.requires = requirements(a, s, signature, i % 10, &c.requires_count);
    if (s->conflicts && i % 10 == 0 && i + 10 < s->implementations) {
        c.conflicts = arena_memdup(a, &(struct word){.text = word(a, "i", i + 10).text}, sizeof(struct word));
        c.conflict_count = 1;
    }
    return c;
}

static const struct manifest *make(struct arena *a, const struct shape *s)
{
    struct signature *signatures = arena_array(a, struct signature, s->signatures);
    for (size_t i = 0; i < s->signatures; i++) {
        signatures[i].name = word(a, "s", i);
        signatures[i].identifier = signatures[i].name.text;
        signatures[i].shared = true;
    }
    struct component *all = arena_array(a, struct component, s->implementations + 1);
    for (size_t i = 0; i < s->implementations; i++)
        all[i] = component(a, s, i);
    struct component *root = &all[s->implementations];
    *root = (struct component){.kind = COMPONENT_UNIKERNEL, .name = {.text = "bench"}, .identifier = "bench"};
    root->targets = (1u << TARGET_COUNT) - 1;
    struct requirement *q = arena_array(a, struct requirement, s->width);
    for (size_t i = 0; i < s->width; i++)
        q[i] = (struct requirement){.name = word(a, "q", i), .signature = word(a, "s", i)};
    root->requires = q;
    root->requires_count = s->width;
    struct manifest *m = arena_new(a, struct manifest);
    *m = (struct manifest){.signatures = signatures, .signature_count = s->signatures, .implementations = all,
                           .implementation_count = s->implementations, .unikernels = root, .unikernel_count = 1};
    return m;
}

static int run(const struct shape *s, const char *what)
{
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    const struct manifest *m = make(a, s);
    double start = now();
    const struct graph *g = graph_build(a, m, m->unikernels, d);
    double built = now();
    struct resolve_options o = {.target = s->far_end_is_posix_only ? TARGET_kvm : TARGET_posix};
    const struct plan *p = g ? resolve(a, g, &o, d) : NULL;
    double end = now();
    printf("%7zu implementations, %5zu signatures, %3zu deep, %-12s graph %7.1f ms, resolve %8.1f ms, %5zu nodes, %4zu instances\n",
           s->implementations, s->signatures, s->depth, what, built - start, end - built, g ? g->node_count : 0,
           p ? p->instance_count : 0);
    bool right = g && (s->far_end_is_posix_only ? !p && diag_errors(d) : p && !diag_errors(d));
    if (!right) {
        diag_print(d, stderr, DIAG_TEXT);
        fprintf(stderr, "resolve: not the expected outcome\n");
    }
    diag_destroy(d);
    arena_destroy(a);
    return right ? 0 : 1;
}

static int bench(size_t n)
{
    struct shape s = {.implementations = n, .signatures = n / 10};
    s.depth = s.signatures < 200 ? s.signatures : 200;
    s.width = s.signatures / s.depth;
    s.signatures = s.width * s.depth;
    s.implementations = s.signatures * 10;
    int wrong = run(&s, "free");
    s.conflicts = true;
    wrong |= run(&s, "conflicts");
    s.conflicts = false;
    s.far_end_is_posix_only = true;
    return wrong | run(&s, "impossible");
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {100, 1000, 10000};
    int wrong = 0;
    for (int i = 1; i < argc; i++)
        wrong |= bench(strtoul(argv[i], NULL, 10) < 10 ? 10 : strtoul(argv[i], NULL, 10));
    for (size_t i = 0; argc < 2 && i < 3; i++)
        wrong |= bench(sizes[i]);
    return wrong;
}
