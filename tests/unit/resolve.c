/*
 * resolve.c - worlds with the plan or the explanation they must give.
 *
 * tests/golden/resolve/NAME.world has NAME.plan or NAME.err beside it, and
 * NAME.rejected where the reasons of a plan are of interest.  With
 * UKC_ACCEPT=1 the files are written instead of compared.
 */
#include "test.h"
#include "brute.h"
#include "world.h"

#include <dirent.h>

static char *read_text(struct arena *a, const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    struct text t = {};
    char buffer[4096];
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, f));)
        text_append(&t, buffer, n);
    fclose(f);
    char *kept = text_keep(&t, a);
    text_dispose(&t);
    return kept;
}

static void expect(struct arena *a, const char *path, const char *answer)
{
    if (getenv("UKC_ACCEPT")) {
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        fputs(answer, f);
        fclose(f);
        return;
    }
    char *wanted = read_text(a, path);
    if (!wanted)
        fail_msg("%s is missing; the answer is:\n%s", path, answer);
    if (strcmp(wanted, answer))
        fail_msg("%s differs.\n--- wanted\n%s--- got\n%s", path, wanted, answer);
}

static const char *rejections(struct arena *a, const struct world *w)
{
    struct diag *d = diag_create();
    const struct graph *g = graph_build(a, w->manifest, &w->manifest->unikernels[0], d);
    const struct plan *p = resolve(a, g, &w->options, d);
    struct text out = {};
    for (size_t i = 0; i < p->instance_count; i++)
        for (size_t b = 0; b < p->instances[i].binding_count; b++) {
            const struct plan_binding *x = &p->instances[i].bindings[b];
            text_printf(&out, "%s.%s = %s\n", p->instances[i].name, x->requirement->name.text,
                        p->instances[x->provider.at].component->name.text);
            for (size_t r = 0; r < x->rejected_count; r++)
                text_printf(&out, "  not %s %s: %s\n", x->rejected[r].component->name.text,
                            x->rejected[r].component->version.text, x->rejected[r].why);
        }
    const char *kept = text_keep(&out, a);
    text_dispose(&out);
    diag_destroy(d);
    return kept;
}

static void one_world(const char *directory, const char *file)
{
    struct arena *a = arena_create();
    char *text = read_text(a, arena_printf(a, "%s/%s", directory, file));
    struct world w = world_read(a, file, text);
    bool planned, again;
    char *answer = world_answer(a, &w, &planned);
    const char *stem = arena_strndup(a, file, strlen(file) - strlen(".world"));
    expect(a, arena_printf(a, "%s/%s.%s", directory, stem, planned ? "plan" : "err"), answer);
    assert_string_equal(world_answer(a, &w, &again), answer);
    if (planned)
        expect(a, arena_printf(a, "%s/%s.rejected", directory, stem), rejections(a, &w));
    arena_destroy(a);
}

static void golden(void **state)
{
    (void)state;
    struct arena *a = arena_create();
    const char *root = getenv("UKC_SOURCE_ROOT");
    const char *directory = arena_printf(a, "%s/tests/golden/resolve", root ? root : ".");
    struct dirent **found;
    int n = scandir(directory, &found, NULL, alphasort);
    int worlds = 0;
    for (int i = 0; i < n; i++) {
        if (string_ends(found[i]->d_name, ".world")) {
            one_world(directory, found[i]->d_name);
            worlds++;
        }
        free(found[i]);
    }
    free(found);
    assert_true(worlds >= 20);
    arena_destroy(a);
}

/* ---- random worlds against brute force ---- */

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

struct dice {
    uint32_t seed;
    struct text *out;
    unsigned signatures, instances;
};

static bool chance(struct dice *r, unsigned percent)
{
    return next_random(&r->seed) % 100 < percent;
}

static unsigned pick(struct dice *r, unsigned n)
{
    return next_random(&r->seed) % n;
}

/* Implementations are named by signature and number: i0a is of signature s0. */
static void write_choice(struct dice *r, unsigned signature)
{
    if (r->instances && chance(r, 40))
        text_printf(r->out, "@d%u", signature);
    else
        text_printf(r->out, "i%u%c", signature, 'a' + pick(r, 2));
}

static void write_wiring(struct dice *r, unsigned requirements, unsigned choose)
{
    static const char *const targets[] = {"posix", "kvm", "xen"};
    for (unsigned q = 0; q < requirements; q++) {
        unsigned s = pick(r, r->signatures);
        text_printf(r->out, "  requires r%u s%u%s\n", q, s, chance(r, 15) ? chance(r, 50) ? " >= 2" : " < 2" : "");
        if (!chance(r, choose))
            continue;
        text_printf(r->out, "  choose r%u ", q);
        if (chance(r, 25)) {
            text_printf(r->out, "match %s ", chance(r, 50) ? "target" : "k");
            bool target = string_ends(text_string(r->out), "target ");
            text_printf(r->out, "%s=", target ? targets[pick(r, 3)] : chance(r, 50) ? "x" : "y");
            write_choice(r, s);
            if (chance(r, 80)) {
                text_puts(r->out, " default=");
                write_choice(r, s);
            }
        } else {
            write_choice(r, s);
        }
        text_putc(r->out, '\n');
    }
}

static void write_implementation(struct dice *r, unsigned s, char letter, unsigned version)
{
    static const char *const targets[] = {"posix", "kvm xen", "posix xen", "kvm"};
    text_printf(r->out, "implementation i%u%c %u provides s%u", s, letter, version, s);
    if (chance(r, 10))
        text_printf(r->out, " s%u", (s + 1) % r->signatures);
    text_putc(r->out, '\n');
    if (chance(r, 25))
        text_printf(r->out, "  targets %s\n", targets[pick(r, 4)]);
    if (chance(r, 15))
        text_printf(r->out, "  when k %s\n", chance(r, 50) ? "x" : "y");
    if (chance(r, 30))
        text_printf(r->out, "  prefer %u\n", pick(r, 3));
    if (chance(r, 25))
        text_printf(r->out, "  conflicts i%u%c%s\n", pick(r, r->signatures), 'a' + pick(r, 2), chance(r, 20) ? " < 2" : "");
    write_wiring(r, pick(r, 10) < 4 ? 0 : 1 + pick(r, 2), 25);
}

static const char *random_world(struct arena *a, uint32_t seed)
{
    struct text out = {};
    struct dice r = {.seed = seed * 2654435761u + 1, .out = &out};
    r.signatures = 2 + pick(&r, 4);
    for (unsigned s = 0; s < r.signatures; s++) {
        text_printf(&out, "signature s%u%s%s\n", s, chance(&r, 40) ? " shared" : "", chance(&r, 15) ? " exclusive" : "");
        if (!s)
            text_puts(&out, "  key k enum x y = x\n");
    }
    bool instances = chance(&r, 50);
    for (unsigned s = 0; instances && s < r.signatures; s++)
        text_printf(&out, "instance d%u i%u%c\n", s, s, 'a' + pick(&r, 2));
    r.instances = instances;
    for (unsigned s = 0; s < r.signatures; s++) {
        write_implementation(&r, s, 'a', 1);
        if (chance(&r, 30))
            write_implementation(&r, s, 'a', 2);
        write_implementation(&r, s, 'b', 1 + pick(&r, 2));
    }
    text_puts(&out, "unikernel app\n");
    write_wiring(&r, 1 + pick(&r, 3), 30);
    text_printf(&out, "target %s\n", pick(&r, 3) ? "posix" : "kvm");
    if (chance(&r, 30))
        text_puts(&out, "cmd k y\n");
    if (chance(&r, 25))
        text_printf(&out, "lock r0 i%u%c 1\n", pick(&r, r.signatures), 'a' + pick(&r, 2));
    const char *kept = text_keep(&out, a);
    text_dispose(&out);
    return kept;
}

/* cmocka cuts long messages short: the world goes out before them. */
static const char *show(const char *text)
{
    fputs(text, stderr);
    return "the world above";
}

static void same_choices(const struct plan *plan, const struct brute *b, const char *text)
{
    for (size_t i = 0; i < plan->instance_count; i++) {
        const struct plan_instance *x = &plan->instances[i];
        for (size_t q = 0; q < x->binding_count; q++) {
            uint32_t h = b->p->hole_first[x->node.at] + (uint32_t)q;
            uint32_t got = plan->instances[x->bindings[q].provider.at].node.at;
            if (b->taken[h] >= LEFT || brute_hole(b, h)->candidates[b->taken[h]].node.at != got)
                fail_msg("%s.%s: another choice is better in\n%s", x->name, x->bindings[q].requirement->name.text, show(text));
        }
    }
}

/* Whatever is left out, there is a plan; with all of them there is none. */
static void check_conflict_set(struct arena *a, const struct problem *p, const char *text)
{
    struct conflict_set set = conflict_find(a, p);
    struct brute b = {.p = p, .said = &set, .without = set.count};
    if (!set.count || !set.irreducible)
        fail_msg("no conflicting set in\n%s", show(text));
    if (brute_solve(a, &b))
        fail_msg("the facts do not conflict in\n%s", show(text));
    for (b.without = 0; b.without < set.count; b.without++)
        if (set.facts[b.without].kind != FACT_CYCLE && !brute_solve(a, &b) && b.steps <= BRUTE_STEPS)
            fail_msg("fact %zu of kind %d is not needed in\n%s", b.without, set.facts[b.without].kind, show(text));
}

struct tally {
    size_t plans, conflicts, locked, given_up;
};

static void one_random(uint32_t seed, struct tally *t)
{
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    const char *text = random_world(a, seed);
    struct world w = world_read(a, "random.world", text);
    const struct graph *g = graph_build(a, w.manifest, &w.manifest->unikernels[0], d);
    if (!g) {
        /* a chosen implementation may have no version that provides the signature */
        assert_int_not_equal(diag_errors(d), 0);
        arena_destroy(a);
        diag_destroy(d);
        return;
    }
    struct problem *p = problem_create(a, g, &w.options, d);
    assert_true(g->node_count <= 64 && p->hole_count <= 256);
    if (!p->deciding_count)
        w.options.command_line_count = 0; /* nothing in reach has the key */
    const struct plan *plan = resolve(a, g, &w.options, d);
    struct brute b = {.p = p};
    p->use_lock = false;
    bool any = brute_solve(a, &b);
    for (uint32_t h = 0; any && h < p->hole_count; h++)
        p->use_lock |= p->lock_line[h] != NULL;
    t->locked += p->use_lock;
    bool expected = any && brute_solve(a, &b);
    if (b.steps > BRUTE_STEPS) {
        t->given_up++;
    } else if (expected != (plan != NULL)) {
        diag_print(d, stderr, DIAG_TEXT);
        fail_msg("seed %u: %s by brute force in\n%s", seed, expected ? "there is a plan" : "there is none", show(text));
    } else if (plan) {
        t->plans++;
        same_choices(plan, &b, text);
    } else {
        t->conflicts++;
        check_conflict_set(a, p, text);
    }
    diag_destroy(d);
    arena_destroy(a);
}

static void property(void **state)
{
    (void)state;
    const char *count = getenv("UKC_WORLDS");
    struct tally t = {};
    for (uint32_t seed = 1; seed <= (count ? (uint32_t)atoi(count) : 3000); seed++)
        one_random(seed, &t);
    print_message("%zu plans, %zu conflicts, %zu with a lock, %zu given up\n", t.plans, t.conflicts, t.locked, t.given_up);
    if (!count) {
        assert_true(t.plans > 500 && t.conflicts > 500 && t.locked > 100);
        assert_true(t.given_up < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden),
        cmocka_unit_test(property),
    };
    return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
