/*
 * lock.c - ukc.lock is read whole or refused with a place; plans go into it
 * and come out of it unchanged.
 */
#include "test.h"
#include "world.h"

static const struct lock *parse(struct fixture *f, const char *text)
{
    struct source *s = arena_new(f->a, struct source);
    *s = (struct source){"ukc.lock", text, strlen(text)};
    return lock_parse(f->a, s, f->d);
}

static char *messages(struct fixture *f)
{
    char *bytes = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&bytes, &size);
    diag_print(f->d, out, DIAG_TEXT);
    fclose(out);
    char *kept = arena_strdup(f->a, bytes);
    free(bytes);
    return kept;
}

static char *printed(struct fixture *f, const struct lock *l)
{
    struct text t = {};
    lock_print(l, &t);
    char *kept = text_keep(&t, f->a);
    text_dispose(&t);
    return kept;
}

#define HASH64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TREE "0123456789abcdef0123456789abcdef01234567"

static void reads_and_sorts(void **state)
{
    struct fixture *f = *state;
    const struct lock *l = parse(f, "ukc-lock 1\n"
                                    "pin debian zlib 1.3 tree " TREE " sha256 " HASH64 "\n"
                                    "choice b kvm - x i 1.0\n"
                                    "# what follows was written by hand\n"
                                    "\n"
                                    "choice a posix net=host,store=file http.stack stack_host 1.0\r\r"
                                    "\n"
                                    "pin debian llhttp 8 tree " TREE " sha256 " HASH64);
    assert_null(l); /* the carriage return is no part of a version */
    assert_non_null(strstr(messages(f), "ukc.lock:6:"));
    l = parse(f, "ukc-lock 1\n"
                 "pin debian zlib 1.3 tree " TREE " sha256 " HASH64 "\n"
                 "choice b kvm - x i 1.0\n"
                 "# what follows was written by hand\n"
                 "\n"
                 "choice a posix net=host,store=file http.stack stack_host 1.0\n"
                 "pin git https://x/y 1 tree " TREE " sha256 " HASH64 " from " HASH64 "\n"
                 "pin debian llhttp 8 tree " TREE " sha256 " HASH64);
    assert_non_null(l);
    assert_string_equal(printed(f, l), "ukc-lock 1\n"
                                       "choice a posix net=host,store=file http.stack stack_host 1.0\n"
                                       "choice b kvm - x i 1.0\n"
                                       "pin debian llhttp 8 tree " TREE " sha256 " HASH64 "\n"
                                       "pin debian zlib 1.3 tree " TREE " sha256 " HASH64 "\n"
                                       "pin git https://x/y 1 tree " TREE " sha256 " HASH64 " from " HASH64 "\n");
    assert_int_equal(l->choices[0].span.line, 6);
}

static void refuses(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "error: the first line of a lock file is 'ukc-lock 1'"},
        {"lock 1\n", "ukc.lock:1:1: error: the first line of a lock file is 'ukc-lock 1'"},
        {"ukc-lock 2\nanything\n", "ukc.lock:1:10: error: this lock file has format 2, and this ukc knows format 1"},
        {"ukc-lock 1\n<<<<<<< HEAD\n", "ukc.lock:2:1: error: a line of a lock file starts with 'choice' or 'pin'"},
        {"ukc-lock 1\nchoice a posix - x i\n", "ukc.lock:2:1: error: a choice is: choice UNIKERNEL TARGET"},
        {"ukc-lock 1\nchoice a posix - x i 1 2 3 4 5\n", "ukc.lock:2:1: error: a choice is: choice UNIKERNEL TARGET"},
        {"ukc-lock 1\nchoice a mars - x i 1\n", "ukc.lock:2:10: error: no target is called so"},
        {"ukc-lock 1\nchoice a kvm net x i 1\n", "ukc.lock:2:14: error: a key context is"},
        {"ukc-lock 1\nchoice a kvm k=v, x i 1\n", "ukc.lock:2:14: error: a key context is"},
        {"ukc-lock 1\nchoice a kvm - x..y i 1\n", "ukc.lock:2:16: error: a path is"},
        {"ukc-lock 1\nchoice a kvm - .y i 1\n", "ukc.lock:2:16: error: a path is"},
        {"ukc-lock 1\nchoice a kvm - x i 1\nchoice a kvm - x j 1\n", "ukc.lock:3:1: error: this path is locked twice"},
        {"ukc-lock 1\npin debian a 1 tree 12 sha256 " HASH64 "\n", "ukc.lock:2:21: error: a git tree id is"},
        {"ukc-lock 1\npin debian a 1 tree " TREE " sha256 12\n", "error: a SHA-256 is 64 hexadecimal digits"},
        {"ukc-lock 1\n\npin git a 1 tree " TREE " sha256 " HASH64 " of " HASH64 "\n", "error: a pin is: pin KIND NAME"},
        {"ukc-lock 1\npin git a 1 tree " TREE " sha256 " HASH64 " from x\n", "error: a SHA-256 is 64"},
        {"ukc-lock 1\n\n\npin git a 1 tree " TREE " sha256 " HASH64 " from " HASH64 " x\n", "error: a pin is: pin KIND NAME"},
        {"ukc-lock 1\npin debian a 1 tree " TREE " md5 " HASH64 "\n", "error: a pin is: pin KIND NAME"},
        {"ukc-lock 1\nchoice a kvm - x \377 1\n", "ukc.lock:2:18: error: this is not clean UTF-8"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_null(parse(f, cases[i].text));
        const char *got = messages(f);
        if (!strstr(got, cases[i].message))
            fail_msg("case %zu: wanted '%s' in:\n%s", i, cases[i].message, got);
    }
    struct source zero = {"ukc.lock", "ukc-lock 1\n\0", 12};
    assert_null(lock_parse(f->a, &zero, f->d));
}

static void many_mistakes_are_few_messages(void **state)
{
    struct fixture *f = *state;
    struct text t = {};
    text_puts(&t, "ukc-lock 1\n");
    for (int i = 0; i < 100000; i++)
        text_puts(&t, "nonsense\n");
    assert_null(parse(f, text_string(&t)));
    assert_int_equal(diag_errors(f->d), 20);
    text_dispose(&t);
}

static const char world[] = "signature kv\n"
                            "signature stack shared\n"
                            "  key net enum host native = host\n"
                            "implementation kv_a 1.0 provides kv\n"
                            "  requires net stack\n"
                            "implementation kv_b 1.1 provides kv\n"
                            "  requires net stack\n"
                            "implementation lwip - provides stack\n"
                            "implementation toy 3 provides stack\n"
                            "  prefer -1\n"
                            "unikernel app\n"
                            "  requires more kv\n"
                            "  requires data kv\n"
                            "target kvm\n";

static const struct plan *plan_with(struct fixture *f, const struct lock *lock)
{
    struct world w = world_read(f->a, "app.world", world);
    const struct graph *g = graph_build(f->a, w.manifest, &w.manifest->unikernels[0], f->d);
    struct resolve_options *o = arena_memdup(f->a, &w.options, sizeof *o);
    o->lock = lock;
    return resolve(f->a, g, o, f->d);
}

static void plan_to_lock_and_back(void **state)
{
    struct fixture *f = *state;
    const struct lock *empty = parse(f, "ukc-lock 1\nchoice app posix - x i 1\nchoice app kvm net=host gone i 1\n");
    const struct plan *p = plan_with(f, empty);
    assert_string_equal(lock_context(f->a, p), "net=host");
    const struct lock *l = lock_merge(f->a, empty, p);
    const char *text = printed(f, l);
    assert_string_equal(text, "ukc-lock 1\n"
                              "choice app kvm net=host data kv_a 1.0\n"
                              "choice app kvm net=host data.net lwip -\n"
                              "choice app kvm net=host more kv_a 1.0\n"
                              "choice app kvm net=host more.net lwip -\n"
                              "choice app posix - x i 1\n");
    const struct plan *again = plan_with(f, parse(f, text));
    assert_non_null(again);
    assert_string_equal(printed(f, lock_merge(f->a, l, again)), text);
    struct text one = {}, two = {};
    plan_print_text(p, &one);
    plan_print_text(again, &two);
    assert_string_equal(text_string(&one), text_string(&two)); /* the lock changes nothing that it does not decide */
    text_dispose(&one);
    text_dispose(&two);
}

static void lock_wins_over_preference_and_name(void **state)
{
    struct fixture *f = *state;
    const struct plan *p = plan_with(f, parse(f, "ukc-lock 1\n"
                                                 "choice app kvm net=host data kv_b 1.1\n"
                                                 "choice app kvm net=host data.net toy 3\n"));
    assert_non_null(p);
    assert_string_equal(plan_find(p, "data")->component->name.text, "kv_b");
    assert_string_equal(plan_find(p, "more")->component->name.text, "kv_a");
    assert_string_equal(plan_find(p, "data.net")->component->name.text, "toy");
    assert_ptr_equal(plan_find(p, "data.net"), plan_find(p, "more.net"));
}

static void other_contexts_do_not_matter(void **state)
{
    struct fixture *f = *state;
    const struct plan *p = plan_with(f, parse(f, "ukc-lock 1\n"
                                                 "choice app kvm net=native data kv_b 1.1\n"
                                                 "choice app posix net=host data kv_b 1.1\n"
                                                 "choice other kvm net=host data kv_b 1.1\n"));
    assert_string_equal(plan_find(p, "data")->component->name.text, "kv_a");
}

static void lines_may_end_with_carriage_returns(void **state)
{
    struct fixture *f = *state;
    const struct lock *l = parse(f, "ukc-lock 1\r\n\r\nchoice a kvm - p i 1\r\n");
    assert_non_null(l);
    assert_string_equal(printed(f, l), "ukc-lock 1\nchoice a kvm - p i 1\n");
}

static void formats(void **state)
{
    struct fixture *f = *state;
    assert_null(parse(f, "ukc-lock 2\n"));
    assert_non_null(strstr(messages(f), "a newer ukc wrote it"));
    static const char *const none[] = {"ukc-lock 0\n", "ukc-lock 1x\n", "ukc-lock 01\n"};
    for (size_t i = 0; i < 3; i++) {
        assert_null(parse(f, none[i]));
        const char *said = messages(f);
        assert_non_null(strstr(said, "ukc.lock:1:10: error: the format of a lock file is a number from 1"));
        assert_null(strstr(said, "newer"));
        assert_null(strstr(said, "--update")); /* it reads the file as well */
    }
}

static void changes(void **state)
{
    struct fixture *f = *state;
    const struct lock *x = parse(f, "ukc-lock 1\nchoice a kvm - p i 1\nchoice a kvm - q i 1\n");
    const struct lock *y = parse(f, "ukc-lock 1\nchoice a kvm - q i 2\nchoice a kvm - r j 1\n");
    struct text t = {};
    lock_print_changes(x, y, &t);
    assert_string_equal(text_string(&t), "a kvm p: i 1 is gone\na kvm q: i 1 -> i 2\na kvm r: j 1 is new\n");
    text_clear(&t);
    lock_print_changes(x, x, &t);
    assert_string_equal(text_string(&t), "");
    text_dispose(&t);
}

static void absent_file_is_empty(void **state)
{
    struct fixture *f = *state;
    const struct lock *l = lock_read(f->a, "there-is-no-such-file.lock", f->d);
    assert_non_null(l);
    assert_int_equal(l->choice_count + l->pin_count, 0);
    assert_int_equal(diag_errors(f->d), 0);
    assert_null(lock_read(f->a, "/", f->d));
    assert_int_not_equal(diag_errors(f->d), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_and_sorts, fixture_make, fixture_free),
        cmocka_unit_test_setup_teardown(refuses, fixture_make, fixture_free),
        cmocka_unit_test_setup_teardown(many_mistakes_are_few_messages, fixture_make, fixture_free),
        cmocka_unit_test_setup_teardown(plan_to_lock_and_back, fixture_make, fixture_free),
        cmocka_unit_test_setup_teardown(lock_wins_over_preference_and_name, fixture_make, fixture_free),
        cmocka_unit_test_setup_teardown(other_contexts_do_not_matter, fixture_make, fixture_free),
        cmocka_unit_test_setup_teardown(lines_may_end_with_carriage_returns, fixture_make, fixture_free),
        cmocka_unit_test_setup_teardown(formats, fixture_make, fixture_free),
        cmocka_unit_test_setup_teardown(changes, fixture_make, fixture_free),
        cmocka_unit_test_setup_teardown(absent_file_is_empty, fixture_make, fixture_free),
    };
    return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
