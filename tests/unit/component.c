/*
 * Components of an image as text and back; package URLs; licences.
 */
#include "test.h"
#include "../../provenance/component.h"
#include "../../provenance/export.h"
#include "../../ukc/base/arena.h"
#include "../../ukc/base/text.h"
#include <string.h>

static const char *const patches[] = {"a.patch", "b c.patch"};
static const uint32_t needs[] = {1, 2};
static const struct component_fact facts[] = {
    {.kind = "unikernel", .path = ".", .name = "site", .needs = needs, .need_count = 2},
    {.kind = "debian_source", .path = "build/kvm/root/lwip", .name = "lwip", .version = "2.2.1+dfsg1", .licence = "BSD-3-Clause", .contents = "ab",
     .archive = "cd", .patches = patches, .patch_count = 2},
    {.kind = "git", .path = "build/kvm/root/lwip/deep", .name = "deep", .version = "0123", .repository = "https://example.org/a/b.git", .origin = "some one"},
};
#define COUNT (sizeof facts / sizeof *facts)

static void there_and_back(void **)
{
    struct arena *a = arena_create();
    struct text t = {}, again = {};
    const struct component_fact *out;
    size_t count;
    component_facts_text(facts, COUNT, &t);
    assert_true(component_facts_parse(a, t.bytes, t.size, &out, &count));
    assert_int_equal(count, COUNT);
    assert_string_equal(out[2].origin, "some one");
    assert_null(out[0].version);
    component_facts_text(out, count, &again);
    assert_string_equal(text_string(&t), text_string(&again));
    static const char *const wrong[] = {
        "", "ukc-components 2\n", "ukc-components 1\ncomponent git a b - -\n", "ukc-components 1\ncomponent - . b - - -\n",
        "ukc-components 1\ncomponent git . b - - -\nneeds 1\n", "ukc-components 1\ncomponent git . b - - -\nneeds 0 0\n",
        "ukc-components 1\ncomponent git . b - - -\narchive x\ncontents y\n", "ukc-components 1\nneeds 0\n", "ukc-components 1\ncomponent git . b - - -",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(component_facts_parse(a, wrong[i], strlen(wrong[i]), &out, &count));
    text_dispose(&t);
    text_dispose(&again);
    arena_destroy(a);
}

static void the_deepest_has_it(void **)
{
    assert_ptr_equal(component_of(facts, COUNT, "site.c"), &facts[0]);
    assert_ptr_equal(component_of(facts, COUNT, "build/kvm/root/lwip/x.c"), &facts[1]);
    assert_ptr_equal(component_of(facts, COUNT, "build/kvm/root/lwip/deep/x.c"), &facts[2]);
    assert_ptr_equal(component_of(facts, COUNT, "build/kvm/root/lwip2/x.c"), &facts[0]);
    assert_null(component_of(facts + 1, COUNT - 1, "site.c"));
}

static void package_urls(void **)
{
    struct arena *a = arena_create();
    assert_string_equal(component_purl(a, &facts[0]), "pkg:generic/site");
    assert_string_equal(component_purl(a, &facts[1]), "pkg:deb/debian/lwip@2.2.1%2Bdfsg1?arch=source&checksum=sha256:cd");
    assert_string_equal(component_purl(a, &facts[2]), "pkg:generic/deep@0123?vcs_url=git%2Bhttps://example.org/a/b.git%400123");
    assert_string_equal(package_purl(a, "clang-19", "1:19.1.7-3~deb12u1", "amd64"), "pkg:deb/debian/clang-19@1:19.1.7-3~deb12u1?arch=amd64");
    assert_string_equal(package_purl(a, "lld-19", "1:19.1.1-1ubuntu1", "amd64"), "pkg:deb/ubuntu/lld-19@1:19.1.1-1ubuntu1?arch=amd64");
    arena_destroy(a);
}

static void licences(void **)
{
    static const char *const good[] = {"MIT", "ISC AND BSD-3-Clause", "(MIT OR Apache-2.0) AND ISC", "GPL-2.0-only WITH Linux-syscall-note", "LicenseRef-mine"};
    static const char *const bad[] = {"", "MIT and ISC", "MIT ISC", "AND", "(MIT", "MIT)", "MIT AND", "see the file COPYING", "()"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_non_null(export_licence(&(struct component_fact){.licence = good[i]}));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_null(export_licence(&(struct component_fact){.licence = bad[i]}));
    assert_null(export_licence(&facts[0]));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(the_deepest_has_it),
        cmocka_unit_test(package_urls),
        cmocka_unit_test(licences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
