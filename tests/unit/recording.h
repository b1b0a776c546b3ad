/*
 * recording.h - a small build to be recorded, and what was reported.
 */
#ifndef UKC_TEST_RECORDING_H
#define UKC_TEST_RECORDING_H

#include <unistd.h>

#include "test.h"

#include "../../provenance/record.h"

static inline struct hash hash_of(const char *s)
{
    return hash_bytes(s, strlen(s));
}

/* A build whose recipe depends on `source`, and whose image on `image`. */
struct sample {
    struct recording recording;
    struct run run;
    struct object_source inputs[2], intent[1];
    const char *words[4], *input[1], *output[1];
    struct action action;
    struct action_output made;
    struct recorded_group group;
    char file[80];
};

static inline void sample(struct sample *s, const char *source, const char *image)
{
    static const char *const environment[] = {"LC_ALL=C"};
    struct hash h = hash_of(image);
    char hex[HASH_HEX];
    hash_hex(&h, hex);
    *s = (struct sample){.words = {"clang-19", "-c", "hello.c", "a word with spaces"}, .input = {"hello.c"}, .output = {"build/posix/hello"}};
    snprintf(s->file, sizeof s->file, "image-%.16s", hex);
    char aside[sizeof s->file + 24]; /* other processes read what has its name */
    snprintf(aside, sizeof aside, "%s.%ld", s->file, (long)getpid());
    FILE *f = fopen(aside, "wb");
    if (!f || fputs(image, f) < 0 || fclose(f) != 0 || rename(aside, s->file) != 0)
        perror(s->file);
    s->inputs[0] = (struct object_source){.path = "hello.c", .bytes = source, .size = strlen(source)};
    s->inputs[1] = (struct object_source){.path = "htdocs/a file.html", .bytes = "page", .size = 4};
    s->intent[0] = (struct object_source){.path = "manifest/ukc.lua", .bytes = "manifest", .size = 8};
    s->action = (struct action){s->words, 4, s->input, 1, s->output, 1};
    s->made = (struct action_output){"build/posix/hello", h, strlen(image)};
    s->group = (struct recorded_group){{.name = "+image", .actions = &s->action, .action_count = 1}, &s->made, 1};
    s->recording = (struct recording){
        .recipe = {.target = "posix", .profile = "release", .image = "build/posix/hello", .environment = environment, .environment_count = 1},
        .image_sha256 = h, .image_bytes = strlen(image), .tools = "ukc-tools 1\n", .groups = &s->group, .group_count = 1,
        .inputs = s->inputs, .input_count = 2, .intent = s->intent, .intent_count = 1};
    s->run = (struct run){.unikernel = "hello", .version = "0.1.0", .image = "build/posix/hello", .project = "/home/x/hello",
                          .host = "h", .user = "u", .started_ms = 1700000000000, .ended_ms = 1700000001500, .audit = "complete"};
}

static inline bool add(struct records *r, struct sample *s, struct record *out, struct diag *d)
{
    return record_add(r, &s->recording, &s->run, s->file, out, d);
}

/* Everything reported so far, as text; freed by the caller. */
[[gnu::noinline, maybe_unused]] static char *messages(struct diag *d)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    diag_print(d, f, DIAG_TEXT);
    fclose(f);
    return text;
}

static inline void expect(struct diag *d, enum diag_class class, const char *words)
{
    char *text = messages(d);
    if (diag_status(d) != class || !strstr(text, words))
        print_error("status %d, expected %d; expected '%s' in:\n%s\n", diag_status(d), class, words, text);
    assert_int_equal(diag_status(d), class);
    assert_non_null(strstr(text, words));
    free(text);
}

#endif
