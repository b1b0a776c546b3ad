/*
 * xen_call.c - hypercalls, and the page that Xen shares with the guest.
 *
 * The instruction is VMCALL on Intel's processors and VMMCALL on AMD's: executed here and not by way of a page that the
 * hypervisor fills, so that no code of the image is written by anybody else (Xen's own advice since XSA-466).
 */
#include <errno.h>
#include <ukc/machine.h>
#include <ukc/small.h>
#include <ukc/xen.h>

SMALL_BEGIN

/* Hypervisors give their names at one of these leaves; one that imitates another has a second name (arch-x86/cpuid.h). */
enum { LEAF_FIRST = 0x40000000, LEAF_STEP = 0x100, LEAF_LAST = 0x40010000 };
enum { ON_INTEL = 1, ON_AMD = 2 };

static bool is_xen(void)
{
    if (!(machine_cpuid(1, 0).ecx >> 31))
        return false;
    for (uint32_t leaf = LEAF_FIRST; leaf < LEAF_LAST; leaf += LEAF_STEP) {
        struct machine_cpuid id = machine_cpuid(leaf, 0);
        if (id.ebx == 0x566e6558 && id.ecx == 0x65584d4d && id.edx == 0x4d4d566e) /* XenVMMXenVMM */
            return true;
    }
    return false;
}

static uint8_t find_instruction(void)
{
    uint32_t vendor = machine_cpuid(0, 0).ecx; /* the last four letters */
    return vendor == 0x444d4163 /* AuthenticAMD */ || vendor == 0x656e6975 /* HygonGenuine */ ? ON_AMD : ON_INTEL;
}

static uint8_t instruction; /* 0: not known yet */

bool xen_is_there(void)
{
    static bool asked, there;
    if (!asked) {
        there = is_xen();
        asked = true;
    }
    return there;
}

[[gnu::noinline, gnu::cold]] static void look(void)
{
    if (!xen_is_there())
        machine_panic("this image is for Xen, and the hypervisor is another");
    instruction = find_instruction();
}

SMALL_END

long xen_call(enum xen_hypercall number, unsigned long operation, const void *argument)
{
    long result = number;
    if (!instruction)
        look();
    if (instruction == ON_AMD)
        __asm__ volatile("vmmcall" : "+a"(result), "+D"(operation), "+S"(argument) : : "memory");
    else
        __asm__ volatile("vmcall" : "+a"(result), "+D"(operation), "+S"(argument) : : "memory");
    return result;
}

SMALL_BEGIN

/* ---- the shared page ---- */

enum { ADD_TO_PHYSMAP = 7, SELF = 0x7ff0 /* DOMID_SELF */, SET_PARAMETER = 0, GET_PARAMETER = 1, WINDOW_PAGES = 512 };

/* memory.h, struct xen_add_to_physmap */
struct add_to_physmap {
    uint16_t domain, size;
    uint32_t space;
    uint64_t index, page;
};

/* Below 4 GiB and what the toolstack puts there, above what it takes for memory: an address where the map has nothing. */
static uint64_t unpopulated(void)
{
    const uint64_t step = 1u << 21;
    size_t count;
    const struct machine_range *map = machine_memory_map(&count);
    for (uint64_t at = 0xf8000000; at >= step; at -= step) {
        bool is_free = true;
        for (size_t i = 0; i < count; i++)
            is_free = is_free && (map[i].start + map[i].size <= at || map[i].start >= at + step);
        if (is_free)
            return at;
    }
    machine_panic("the loader's memory map leaves no room for pages that Xen shares");
}

bool xen_place_again(const volatile void *at, enum xen_space space, unsigned index)
{
    const struct add_to_physmap wanted = {.domain = SELF, .space = space, .index = index, .page = (uintptr_t)at / MACHINE_PAGE};
    return xen_call(XEN_MEMORY_OP, ADD_TO_PHYSMAP, &wanted) == 0;
}

void *xen_place(enum xen_space space, unsigned index)
{
    static uint64_t window, used;
    if (!window)
        window = unpopulated();
    uint64_t at = window + used * MACHINE_PAGE;
    if (used == WINDOW_PAGES || !xen_place_again((void *)(uintptr_t)at, space, index) || !machine_map(at, MACHINE_PAGE, MACHINE_WRITE))
        return NULL;
    used++;
    return (void *)(uintptr_t)at;
}

/* hvm_op.h, struct xen_hvm_param */
struct parameter {
    uint16_t domain, padding;
    uint32_t index;
    uint64_t value;
};

uint64_t xen_parameter(enum xen_parameter index)
{
    struct parameter asked = {.domain = SELF, .index = index};
    return xen_call(XEN_HVM_OP, GET_PARAMETER, &asked) == 0 ? asked.value : 0;
}

static volatile struct xen_shared *shared;

/*
 * No channel interrupts: all are masked.  A vector is set all the same: it has Xen write the date into the page, in the layout of this mode
 * (hvm_latch_shinfo_size), and the toolstack tells a domain that has one whether it was saved or its saving was called off (xc_domain_resume).
 */
static void begin_sharing(void)
{
    enum { VECTOR = 0xf3 };
    const struct parameter vector = {.domain = SELF, .index = XEN_CALLBACK, .value = UINT64_C(2) << 56 | VECTOR};
    for (size_t i = 0; i < XEN_EVENT_WORDS; i++)
        shared->mask[i] = UINT64_MAX;
    xen_call(XEN_HVM_OP, SET_PARAMETER, &vector);
}

[[gnu::noinline, gnu::cold]] static void share(void)
{
    shared = xen_place(XEN_SPACE_SHARED, 0);
    if (!shared)
        machine_panic("Xen does not share its page of information");
    begin_sharing();
}

void xen_share_again(void)
{
    if (!xen_place_again(shared, XEN_SPACE_SHARED, 0))
        machine_panic("Xen does not share its page of information again");
    begin_sharing();
}

SMALL_END

volatile struct xen_shared *xen_shared(void)
{
    if (!shared)
        share();
    return shared;
}
