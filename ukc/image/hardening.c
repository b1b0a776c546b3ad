/*
 * hardening.c - what an image's file shows of how it is hardened (see hardening.h): one function for each feature.
 */
#include "hardening.h"
#include "sealed.h"
#include "../base/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096, XEN_PHYS32_ENTRY = 18 /* Xen, public/elfnote.h */ };

struct reading {
    const struct elf_image *e;
    struct code_facts code;
    bool machine, dynamic; /* it names an interpreter: a loader and a C library of the host's */
    VEC(struct hardening_feature) features;
};

static void add(struct reading *r, const char *name, enum held held, const char *evidence)
{
    *vec_add(r->e->a, &r->features) = (struct hardening_feature){name, held, evidence};
}

static enum held yes_if(bool good)
{
    return good ? HELD_YES : HELD_NO;
}

/* ---- segments ---- */

static uint64_t first_page(const Elf64_Phdr *p)
{
    return p->p_vaddr / PAGE;
}

static uint64_t last_page(const Elf64_Phdr *p)
{
    return (p->p_vaddr + p->p_memsz - 1) / PAGE;
}

/* Two segments that a loader may not be able to tell apart, because one page has both. */
static bool share_page(const Elf64_Phdr *a, const Elf64_Phdr *b)
{
    return first_page(a) <= last_page(b) && first_page(b) <= last_page(a);
}

static void read_w_xor_x(struct reading *r)
{
    const struct elf_image *e = r->e;
    size_t loaded = 0;
    for (size_t i = 0; i < e->f->segment_count; i++) {
        const Elf64_Phdr *a = &e->f->segments[i];
        if (a->p_type != PT_LOAD || !a->p_memsz)
            continue;
        loaded++;
        if ((a->p_flags & (PF_W | PF_X)) == (PF_W | PF_X)) {
            add(r, "w_xor_x", HELD_NO, arena_printf(e->a, "the segment at 0x%" PRIx64 " is writable and executable", a->p_vaddr));
            return;
        }
        for (size_t k = 0; k < i; k++)
            if (e->f->segments[k].p_type == PT_LOAD && e->f->segments[k].p_memsz && e->f->segments[k].p_flags != a->p_flags && share_page(a, &e->f->segments[k])) {
                add(r, "w_xor_x", HELD_NO, arena_printf(e->a, "the segments at 0x%" PRIx64 " and 0x%" PRIx64 " are on one page", e->f->segments[k].p_vaddr, a->p_vaddr));
                return;
            }
    }
    add(r, "w_xor_x", yes_if(loaded), arena_printf(e->a, "%zu segments, none writable and executable, each on pages of its own", loaded));
}

/* A machine has the stack that its image brings, in a segment; a process has what the kernel makes of PT_GNU_STACK. */
static void read_nx_stack(struct reading *r)
{
    const struct elf_image *e = r->e;
    const Elf64_Phdr *stack = elf_segment_find(e->f, PT_GNU_STACK);
    bool executable = false;
    for (size_t i = 0; i < e->f->segment_count; i++)
        executable |= e->f->segments[i].p_type == PT_LOAD && (e->f->segments[i].p_flags & (PF_W | PF_X)) == (PF_W | PF_X);
    if (r->machine)
        add(r, "nx_stack", yes_if(!executable), executable ? "a writable segment is executable" : "stacks are in memory that is not executable");
    else if (stack)
        add(r, "nx_stack", yes_if(!(stack->p_flags & PF_X)), stack->p_flags & PF_X ? "PT_GNU_STACK asks for an executable stack" : "PT_GNU_STACK, not executable");
    else
        add(r, "nx_stack", HELD_NO, "there is no PT_GNU_STACK: the kernel makes the stack executable");
}

static void read_null_page(struct reading *r)
{
    uint64_t lowest = UINT64_MAX;
    for (size_t i = 0; i < r->e->f->segment_count; i++)
        if (r->e->f->segments[i].p_type == PT_LOAD && r->e->f->segments[i].p_vaddr < lowest)
            lowest = r->e->f->segments[i].p_vaddr;
    if (r->e->f->moves)
        add(r, "null_page", HELD_YES, "the kernel maps nothing there: vm.mmap_min_addr");
    else
        add(r, "null_page", yes_if(lowest >= PAGE), arena_printf(r->e->a, "the lowest address is 0x%" PRIx64, lowest));
}

/* ---- where it is, and what the loader changes ---- */

static void read_pie(struct reading *r)
{
    if (r->e->f->moves)
        add(r, "pie", HELD_YES, r->dynamic ? "position-independent; the host's loader relocates it" : "static-pie: position-independent, relocates itself");
    else
        add(r, "pie", HELD_NO, r->machine ? "a machine's image is where it was linked to be" : "it is where it was linked to be");
}

static bool binds_now(const struct elf_image *e)
{
    uint64_t flags = 0, more = 0;
    elf_image_dynamic(e, DT_FLAGS, &flags);
    elf_image_dynamic(e, DT_FLAGS_1, &more);
    return elf_image_dynamic(e, DT_BIND_NOW, NULL) || flags & DF_BIND_NOW || more & DF_1_NOW;
}

static void read_relro(struct reading *r)
{
    const struct elf_image *e = r->e;
    const Elf64_Phdr *relro = elf_segment_find(e->f, PT_GNU_RELRO);
    uint64_t lazy = 0;
    elf_image_dynamic(e, DT_PLTRELSZ, &lazy);
    if (elf_image_dynamic(e, DT_TEXTREL, NULL))
        add(r, "relro", HELD_NO, "code is relocated: DT_TEXTREL");
    else if (!elf_segment_find(e->f, PT_DYNAMIC))
        add(r, "relro", HELD_YES, "nothing is relocated");
    else if (!relro)
        add(r, "relro", HELD_NO, "there is no PT_GNU_RELRO: what is relocated stays writable");
    else if (lazy && !binds_now(e))
        add(r, "relro", HELD_NO, "partial: functions are bound when they are called first, and the table stays writable");
    else
        add(r, "relro", HELD_YES, arena_printf(e->a, "full: %" PRIu64 " bytes, all bound at start", relro->p_memsz));
}

/* A loader needs no section headers, and tools can remove them all. */
static const char NO_SECTIONS[] = "the file has no section headers, by which it would be found";

static bool has_sections(const struct elf_image *e)
{
    Elf64_Ehdr head;
    memcpy(&head, e->f->file.at, sizeof head); /* it was parsed */
    return head.e_shnum != 0;
}

/* Of what a static image would say in a section that it does not have. */
static void add_missing(struct reading *r, const char *name, const char *why)
{
    bool unseen = !r->dynamic && !has_sections(r->e);
    add(r, name, unseen ? HELD_UNSEEN : HELD_NO, unseen ? NO_SECTIONS : why);
}

/* What is set once, as zeros in the file (libs/include/ukc/read_only.h). A machine has no other loader than itself. */
static void read_after_start(struct reading *r)
{
    size_t size = elf_image_zeros(r->e, ".bss.rel.ro");
    if (r->dynamic)
        add(r, "after_start", HELD_NO, "the host's loader protects memory before anything is set");
    else if (!size)
        add(r, "after_start", HELD_UNSEEN, has_sections(r->e) ? "there is nothing that is set once" : NO_SECTIONS);
    else if (!r->machine && !elf_segment_find(r->e->f, PT_GNU_RELRO))
        add(r, "after_start", HELD_NO, "there is no PT_GNU_RELRO to protect what is set once");
    else
        add(r, "after_start", HELD_YES, arena_printf(r->e->a, "%zu bytes are read-only once the image has started", size));
}

/* ---- code ---- */

static void read_code(struct reading *r)
{
    struct arena *a = r->e->a;
    if (r->code.canaries)
        add(r, "stack_protector", HELD_YES, arena_printf(a, "the canary is read at %zu places", r->code.canaries));
    else
        add(r, "stack_protector", HELD_UNSEEN, "no code reads a canary: it was compiled without, or no function needs one");
    add(r, "auto_var_init", HELD_UNSEEN, "leaves no trace that could be told from the program's own stores");
    if (!r->dynamic)
        add(r, "fortify", HELD_NO, "its C library has no checked functions");
    else
        add(r, "fortify", yes_if(elf_image_names(r->e, "_chk")),
            elf_image_names(r->e, "_chk") ? "checked functions of the C library are called" : "no checked function of the C library is called");
    add(r, "cfi", yes_if(r->code.calls),
        r->code.calls ? arena_printf(a, "%zu traps behind checks of indirect calls", r->code.calls) : "no indirect call is checked");
    if (r->code.arithmetic)
        add(r, "traps", HELD_YES, arena_printf(a, "%zu traps behind checks of arithmetic and bounds", r->code.arithmetic));
    else
        add(r, "traps", HELD_UNSEEN, "no arithmetic is checked: no instance of it reads untrusted input (untrusted_input = true in a manifest), or seal.traps is false");
}

/* ---- the kernel below ---- */

/* The filter is made at start, of the section in which each place that enters the kernel says what it calls (targets/posix/seccomp.c). */
static void read_seccomp(struct reading *r)
{
    enum { CALLS = 1024 };
    bool called[CALLS] = {};
    size_t size = 0, count = 0;
    const char *calls = elf_image_section(r->e, "ukc_calls", &size);
    struct text list = {};
    bool any = false;
    for (size_t i = 0; calls && i + 2 <= size; i += 2) {
        int16_t number;
        memcpy(&number, calls + i, sizeof number);
        any |= number < 0 || number >= CALLS;
        if (number >= 0 && number < CALLS)
            called[number] = true;
    }
    for (unsigned i = 0; i < CALLS; i++)
        if (called[i]) {
            const char *name = system_call_name(i);
            text_printf(&list, "%s%s", count++ ? " " : "", name ? name : arena_printf(r->e->a, "%u", i));
        }
    if (!calls)
        add_missing(r, "seccomp", r->dynamic ? "what the host's C library calls is not known" : "the image does not say which system calls it makes");
    else if (any)
        add(r, "seccomp", HELD_NO, "the number of a system call is not constant: it may be any");
    else
        add(r, "seccomp", HELD_YES, arena_printf(r->e->a, "%zu system calls are allowed: %s", count, text_string(&list)));
    text_dispose(&list);
}

/* Landlock, which the image asks for when it has started; what it may open stands beside the code that does (targets/posix/landlock.c). */
static void read_landlock(struct reading *r)
{
    size_t size = 0, count = 0;
    const char *files = elf_image_section(r->e, "ukc_files", &size);
    struct text list = {};
    for (size_t i = 0; files && i < size; i += strnlen(files + i, size - i) + 1) {
        const char *one = arena_strndup(r->e->a, files + i, strnlen(files + i, size - i));
        if (*one && !(count && strstr(text_string(&list), one))) /* inlined twice, it is said twice */
            text_printf(&list, "%s%s", count++ ? ", " : "", one);
    }
    if (!files)
        add_missing(r, "landlock", "any file can be opened");
    else
        add(r, "landlock", HELD_YES, arena_printf(r->e->a, "once started, where the kernel has it, opens %s", count ? text_string(&list) : "no file"));
    text_dispose(&list);
}

/* ---- the processor of a machine ---- */

static void read_machine(struct reading *r)
{
    add(r, "page_tables", yes_if(r->code.openings),
        r->code.openings ? arena_printf(r->e->a, "read-only, but for %zu places that map pages", r->code.openings) : "page tables are writable");
    add(r, "supervisor", yes_if(r->code.supervisor),
        r->code.supervisor ? "SMEP, SMAP and UMIP are switched on where the processor has them" : "SMEP, SMAP and UMIP are left off");
}

static void read_build_id(struct reading *r)
{
    enum { MOST = 32 };
    size_t size = 0;
    char hex[2 * MOST + 1] = "";
    const unsigned char *id = elf_image_note(r->e, "GNU", NT_GNU_BUILD_ID, &size);
    for (size_t i = 0; id && i < size && i < MOST; i++)
        snprintf(hex + 2 * i, 3, "%02x", id[i]);
    add(r, "build_id", yes_if(id && size), id && size ? arena_strdup(r->e->a, hex) : "none: its SHA-256 is what records know it by");
}

/* Of an image that has room for them; false after reporting a file that is damaged. */
static bool read_room(struct reading *r, struct diag *d)
{
    struct image_secrets s;
    const char *list = NULL;
    if (!sealed_read(r->e->a, r->e->s, &s, d))
        return false;
    for (size_t k = 0; k < s.count; k++)
        list = arena_printf(r->e->a, "%s%s%s (%s%" PRIu64 " bytes)", list ? list : "", list ? ", " : "", s.items[k].name,
                            s.sealed ? arena_printf(r->e->a, "%" PRIu64 " of ", s.items[k].size) : "at most ", s.items[k].room);
    char hex[HASH_HEX];
    hash_hex(&s.image, hex);
    if (s.count)
        add(r, "secrets", yes_if(s.sealed), s.sealed ? arena_printf(r->e->a, "%s; sealed from the image %.12s", list, hex) : arena_printf(r->e->a, "needed, and not there: %s", list));
    return true;
}

const struct hardening *hardening_read(struct arena *a, const struct source *s, struct diag *d)
{
    struct elf_image e;
    size_t size;
    if (!elf_image_open(a, s, &e, d))
        return NULL;
    if (e.f->damage && has_sections(&e)) { /* much is told by them */
        diag_fail(d, DIAG_INTEGRITY, SPAN_NONE, "'%s' is damaged: %s", source_shown(s), e.f->damage);
        diag_help(d, "'ukc build' makes an image of ukc again");
        return NULL;
    }
    struct reading r = {.e = &e, .code = hardening_code(&e), .machine = elf_image_note(&e, "Xen", XEN_PHYS32_ENTRY, &size),
                        .dynamic = elf_segment_find(e.f, PT_INTERP)};
    read_pie(&r);
    read_relro(&r);
    read_after_start(&r);
    read_w_xor_x(&r);
    read_nx_stack(&r);
    read_null_page(&r);
    read_code(&r);
    if (r.machine) {
        read_machine(&r);
    } else {
        read_seccomp(&r);
        read_landlock(&r);
    }
    read_build_id(&r);
    add(&r, "layout", HELD_UNSEEN, "an order of functions by a seed looks like any other; 'ukc show' has seal.layout among the settings");
    if (!read_room(&r, d))
        return NULL;
    struct hardening *h = arena_new(a, struct hardening);
    *h = (struct hardening){.machine = r.machine, .dynamic = r.dynamic, .features = r.features.items, .count = r.features.count};
    return h;
}
