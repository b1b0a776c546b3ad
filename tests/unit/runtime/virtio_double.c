/* virtio_double.c - the signature `interrupt`, <ukc/device.h>, and the device side of virtio (VIRTIO 1.2), for tests. */
#include "virtio_double.h"

#include "events.h"
#include "interrupt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <ukc/acpi.h>
#include <ukc/device.h>
#include <unistd.h>

#define PHYSICAL UINT64_C(0x100000000000) /* what a pointer and its physical address differ by */

enum { WINDOW = 0x4000, SOURCES = 16, FIRST_LINE = 5 };
enum { MMIO_BASE = 0x10000000, PCI_BASE = 0x20000000, NOTIFY = 0x1000, CONFIG = 0x2000, VECTORS = 0x3000 };

static struct double_device devices[DOUBLE_DEVICES];
static unsigned device_count;
static char command_line[4096];
static const struct acpi_device *tables;
static unsigned table_count;
static char *windows; /* one for each device: any access traps */
static bool mapped[DOUBLE_DEVICES * WINDOW];

static _Noreturn void complain(const char *what)
{
    fprintf(stderr, "virtio double: %s\n", what);
    abort();
}

static void require(bool condition, const char *what)
{
    if (!condition)
        complain(what);
}

/* ---- interrupts ---- */

struct interrupt_source {
    bool used;
    unsigned line; /* 0: messages */
    int descriptor;
    struct events_source *events;
};
static struct interrupt_source sources[SOURCES];

static int claim(struct interrupt_source **out, unsigned line)
{
    for (unsigned i = 0; i < SOURCES; i++) {
        struct interrupt_source *s = &sources[i];
        if (s->used)
            continue;
        *s = (struct interrupt_source){.used = true, .line = line, .descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
        require(s->descriptor >= 0 && events_watch(&s->events, s->descriptor) == 0, "no eventfd");
        *out = s;
        return 0;
    }
    return -ENOSPC;
}

int interrupt_claim_message(struct interrupt_source **source, struct interrupt_message *message)
{
    int error = claim(source, 0);
    if (!error)
        *message = (struct interrupt_message){0xfee01000, (uint32_t)(*source - sources) + 0x40};
    return error;
}

int interrupt_claim_line(struct interrupt_source **source, unsigned line)
{
    return line < FIRST_LINE || line >= FIRST_LINE + DOUBLE_DEVICES ? -ENODEV : claim(source, line);
}

void interrupt_release(struct interrupt_source *source)
{
    require(source->used, "a source that is not claimed is released");
    events_close(source->events);
    source->used = false;
}

bool interrupt_taken(struct interrupt_source *source)
{
    uint64_t count;
    return read(source->descriptor, &count, sizeof count) == sizeof count;
}

void interrupt_arm(struct interrupt_source *source, void *cookie)
{
    require(source->used, "a source that is not claimed is armed");
    events_arm(source->events, EVENTS_READ, cookie);
}

static void edge(struct interrupt_source *source)
{
    uint64_t one = 1;
    require(write(source->descriptor, &one, sizeof one) == sizeof one, "no edge");
}

void double_interrupt(struct double_device *device, unsigned queue)
{
    device->queues[queue].interrupts++;
    if (device->pci) {
        uint16_t vector = device->queues[queue].vector;
        require(vector < 4, "an interrupt without a vector");
        const uint32_t *entry = &device->vectors[4 * vector];
        require(entry[0] == 0xfee01000 && entry[1] == 0 && entry[2] - 0x40 < SOURCES && entry[3] == 0, "a vector that is not set up");
        if (sources[entry[2] - 0x40].used)
            edge(&sources[entry[2] - 0x40]);
        return;
    }
    pthread_mutex_lock(&device->lock);
    bool raised = device->raised != 0;
    device->raised |= 1;
    for (unsigned i = 0; i < SOURCES && !raised; i++) /* a line that is raised already makes no edge */
        if (sources[i].used && sources[i].line == device->line)
            edge(&sources[i]);
    pthread_mutex_unlock(&device->lock);
}

/* ---- registers ---- */

static void reset(struct double_device *device)
{
    device->resets++;
    device->accepted = 0;
    device->raised = 0;
    device->config_vector = 0xffff;
    if (!device->stuck)
        device->status = 0;
    for (unsigned i = 0; i < DOUBLE_QUEUES; i++) {
        struct double_queue *q = &device->queues[i];
        q->ready = q->seen = q->done = q->told = 0;
        q->vector = 0xffff;
        q->size = (uint16_t)q->most;
    }
}

static void set_status(struct double_device *device, uint32_t value)
{
    if (value == 0) {
        reset(device);
        return;
    }
    require((device->status & value) == device->status, "a status bit is taken back");
    if ((value & 8) && !(device->status & 8))
        require((device->accepted & ~device->offered) == 0, "a feature that was not offered");
    if ((value & 8) && device->refuse)
        value &= ~UINT32_C(8);
    if (value & 4)
        require(value & 8, "driver ok without features ok");
    device->status = (uint8_t)value;
}

static struct double_queue *selected(struct double_device *device)
{
    static struct double_queue none;
    none = (struct double_queue){0};
    return device->queue_select < DOUBLE_QUEUES ? &device->queues[device->queue_select] : &none;
}

static void put_half(uint64_t *value, bool high, uint32_t half)
{
    *value = high ? (*value & UINT32_MAX) | (uint64_t)half << 32 : (*value & ~(uint64_t)UINT32_MAX) | half;
}

static void put_features(struct double_device *device, uint32_t value)
{
    require(!(device->status & 8), "features after features ok");
    put_half(&device->accepted, device->select[1] == 1, value);
}

static void notify(struct double_device *device, uint32_t queue)
{
    require(device->status & 4, "a notification before driver ok");
    require(queue < DOUBLE_QUEUES && device->queues[queue].ready, "a notification for a queue that is not there");
    device->queues[queue].notifications++;
    uint64_t one = 1;
    if (device->queues[queue].wake > 0)
        require(write(device->queues[queue].wake, &one, sizeof one) == sizeof one, "no wake");
    if (device->notified)
        device->notified(device, queue);
}

static uint32_t config_load(struct double_device *device, size_t at, unsigned width)
{
    uint32_t value = 0;
    require(at + width <= sizeof device->config && at % width == 0, "configuration out of bounds");
    memcpy(&value, device->config + at, width);
    if (device->restless > 0) {
        device->restless--;
        device->generation++;
        device->config[at]++;
    }
    return value;
}

static uint32_t mmio_load(struct double_device *device, size_t at, unsigned width)
{
    if (at >= 0x100)
        return config_load(device, at - 0x100, width);
    require(width == 4, "a register that is not read whole");
    switch (at) {
    case 0x000: return 0x74726976;
    case 0x004: return device->version;
    case 0x008: return device->type;
    case 0x010: return device->select[0] > 1 ? 0 : (uint32_t)(device->offered >> 32 * device->select[0]);
    case 0x034: return selected(device)->most;
    case 0x044: return selected(device)->ready;
    case 0x060: return __atomic_load_n(&device->raised, __ATOMIC_SEQ_CST);
    case 0x070: return device->status;
    case 0x0fc: return device->generation;
    default: complain("a register is read that cannot be");
    }
}

static void mmio_store(struct double_device *device, size_t at, uint32_t value)
{
    struct double_queue *q = selected(device);
    require(!(q->ready && ((at >= 0x80 && at < 0xb0) || at == 0x38)), "a queue is changed that is in use");
    switch (at) {
    case 0x014: device->select[0] = value; break;
    case 0x020: put_features(device, value); break;
    case 0x024: device->select[1] = value; break;
    case 0x030: device->queue_select = value; break;
    case 0x038: q->size = (uint16_t)value; break;
    case 0x044: q->ready = value; break;
    case 0x050: notify(device, value); break;
    case 0x064:
        pthread_mutex_lock(&device->lock);
        device->raised &= ~value;
        pthread_mutex_unlock(&device->lock);
        break;
    case 0x070: set_status(device, value); break;
    case 0x080: case 0x084: put_half(&q->table, at & 4, value); break;
    case 0x090: case 0x094: put_half(&q->available, at & 4, value); break;
    case 0x0a0: case 0x0a4: put_half(&q->used, at & 4, value); break;
    default: complain("a register is written that cannot be");
    }
}

static uint32_t common_load(struct double_device *device, size_t at, unsigned width)
{
    struct double_queue *q = selected(device);
    switch (at * 8 + width) {
    case 4 * 8 + 4: return device->select[0] > 1 ? 0 : (uint32_t)(device->offered >> 32 * device->select[0]);
    case 16 * 8 + 2: return device->config_vector;
    case 18 * 8 + 2: return DOUBLE_QUEUES;
    case 20 * 8 + 1: return device->status;
    case 21 * 8 + 1: return device->generation & 0xff;
    case 24 * 8 + 2: return q->size;
    case 26 * 8 + 2: return q->vector;
    case 28 * 8 + 2: return q->ready;
    case 30 * 8 + 2: return device->queue_select + 1; /* not its number */
    default: complain("a register is read that cannot be");
    }
}

static void common_store(struct double_device *device, size_t at, uint32_t value, unsigned width)
{
    struct double_queue *q = selected(device);
    require(!(q->ready && at >= 24), "a queue is changed that is in use");
    switch (at * 8 + width) {
    case 0 * 8 + 4: device->select[0] = value; break;
    case 8 * 8 + 4: device->select[1] = value; break;
    case 12 * 8 + 4: put_features(device, value); break;
    case 16 * 8 + 2: device->config_vector = (uint16_t)value; break;
    case 20 * 8 + 1: set_status(device, value); break;
    case 22 * 8 + 2: device->queue_select = value; break;
    case 24 * 8 + 2: q->size = (uint16_t)value; break;
    case 26 * 8 + 2: q->vector = (uint16_t)value; break;
    case 28 * 8 + 2: q->ready = value; break;
    case 32 * 8 + 4: case 36 * 8 + 4: put_half(&q->table, at & 4, value); break;
    case 40 * 8 + 4: case 44 * 8 + 4: put_half(&q->available, at & 4, value); break;
    case 48 * 8 + 4: case 52 * 8 + 4: put_half(&q->used, at & 4, value); break;
    default: complain("a register is written that cannot be");
    }
}

static uint32_t noise(struct double_device *device)
{
    device->noise = device->noise * 1664525 + 1013904223;
    return device->noise & 1 << 20 ? 0 : device->noise & 1 << 21 ? 1 : device->noise >> 8 * (device->noise >> 30);
}

/* The device, and the offset in its window. */
static struct double_device *reach(const volatile void *address, unsigned width, size_t *offset)
{
    size_t at = (size_t)((const volatile char *)address - windows);
    require(at < (size_t)WINDOW * device_count && at % width == 0, "no register there");
    for (unsigned i = 0; i < width; i++)
        require(mapped[at + i], "a register that was not mapped");
    *offset = at % WINDOW;
    return &devices[at / WINDOW];
}

static uint32_t load(const volatile void *address, unsigned width)
{
    size_t at;
    struct double_device *device = reach(address, width, &at);
    if (device->noise)
        return noise(device);
    if (!device->pci)
        return mmio_load(device, at, width);
    if (at < NOTIFY)
        return common_load(device, at, width);
    require(at >= CONFIG && at < VECTORS, "a register is read that cannot be");
    return config_load(device, at - CONFIG, width);
}

static void store(volatile void *address, uint32_t value, unsigned width)
{
    size_t at;
    struct double_device *device = reach(address, width, &at);
    if (device->noise)
        return;
    if (!device->pci) {
        require(width == 4, "a register that is not written whole");
        mmio_store(device, at, value);
    } else if (at < NOTIFY)
        common_store(device, at, value, width);
    else if (at < CONFIG) {
        require(width == 2 && (at - NOTIFY) % 4 == 0 && (at - NOTIFY) / 4 == value + 1, "a notification at the wrong place");
        notify(device, value);
    } else {
        require(at >= VECTORS && width == 4 && (at - VECTORS) / 4 < 16, "a register is written that cannot be");
        device->vectors[(at - VECTORS) / 4] = value;
    }
}

/* ---- the machine ---- */

volatile void *device_map(uint64_t physical, size_t size)
{
    for (unsigned i = 0; i < device_count; i++) {
        uint64_t base = (devices[i].pci ? PCI_BASE : MMIO_BASE) + (uint64_t)i * WINDOW;
        if (size > 0 && physical >= base && physical - base < WINDOW && size <= WINDOW - (physical - base)) {
            size_t at = (size_t)i * WINDOW + (physical - base);
            memset(mapped + at, true, size);
            return windows + at;
        }
    }
    return NULL;
}

uint64_t device_address(const volatile void *memory)
{
    return (uintptr_t)memory + PHYSICAL;
}

static void (*at_fence)(void);

void double_at_fence(void (*act)(void))
{
    at_fence = act;
}

void device_fence(void)
{
    void (*act)(void) = at_fence;
    at_fence = NULL;
    if (act)
        act();
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void *double_memory(uint64_t physical)
{
    require(physical >= PHYSICAL, "not a physical address");
    return (void *)(uintptr_t)(physical - PHYSICAL);
}

const char *device_word(size_t index)
{
    static char word[sizeof command_line];
    const char *at = command_line;
    for (;; index--) {
        size_t size = strcspn(at, " ");
        if (size == 0)
            return NULL;
        if (index == 0) {
            memcpy(word, at, size);
            word[size] = '\0';
            return word;
        }
        at += size + (at[size] == ' ');
    }
}

uint8_t device_load8(const volatile void *at)
{
    return (uint8_t)load(at, 1);
}

uint16_t device_load16(const volatile void *at)
{
    return (uint16_t)load(at, 2);
}

uint32_t device_load32(const volatile void *at)
{
    return load(at, 4);
}

void device_store8(volatile void *at, uint8_t value)
{
    store(at, value, 1);
}

void device_store16(volatile void *at, uint16_t value)
{
    store(at, value, 2);
}

void device_store32(volatile void *at, uint32_t value)
{
    store(at, value, 4);
}

/* ---- ports: PCI's configuration ---- */

static uint32_t port_address;

/* The host's bridge is device 0, the others follow, each on its own. */
static uint8_t *space_of(uint32_t address, uint8_t **writable)
{
    static uint8_t host[256] = {0x86, 0x80, 0x00, 0x10}, never[256];
    uint32_t slot = address >> 11 & 31, n = 0;
    *writable = never;
    if (!(address >> 31) || address >> 16 & 0xff || address >> 8 & 7)
        return NULL;
    for (unsigned i = 0; i < device_count; i++)
        if (devices[i].pci && ++n == slot) {
            *writable = devices[i].writable;
            return devices[i].space;
        }
    return slot == 0 && n > 0 ? host : NULL;
}

uint32_t device_in32(uint16_t port)
{
    uint8_t *writable, *space = space_of(port_address, &writable);
    uint32_t value = UINT32_MAX;
    require(port == 0xcfc, "no such port");
    if (space)
        memcpy(&value, space + (port_address & 0xfc), 4);
    return value;
}

void device_out32(uint16_t port, uint32_t value)
{
    if (port == 0xcf8) {
        port_address = value;
        return;
    }
    uint8_t *writable, *space = space_of(port_address, &writable);
    require(port == 0xcfc && space, "no such port");
    for (unsigned i = 0, at = port_address & 0xfc; i < 4; i++)
        space[at + i] = (uint8_t)((space[at + i] & ~writable[at + i]) | (value >> 8 * i & writable[at + i]));
}

/* ---- devices ---- */

static void put32(uint8_t *at, uint32_t value)
{
    memcpy(at, &value, 4);
}

static void capability(struct double_device *device, unsigned at, unsigned next, unsigned size, unsigned kind, uint32_t offset, uint32_t length)
{
    put32(device->space + at, 0x09u | next << 8 | size << 16 | kind << 24);
    put32(device->space + at + 4, 4); /* the base address register */
    put32(device->space + at + 8, offset);
    put32(device->space + at + 12, length);
}

static void make_space(struct double_device *device, unsigned index)
{
    uint8_t *s = device->space;
    put32(s, 0x1af4 | (0x1040 + device->type) << 16);
    put32(s + 4, UINT32_C(0x00100000));
    put32(s + 0x20, (PCI_BASE + index * WINDOW) | 4); /* of 64 bits */
    s[0x34] = 0x40;
    put32(s + 0x40, 0x11 | 0x50 << 8 | 3 << 16); /* four vectors */
    put32(s + 0x44, VECTORS | 4);
    put32(s + 0x48, (VECTORS + 0x800) | 4);
    capability(device, 0x50, 0x60, 16, 1, 0, 0x38);
    capability(device, 0x60, 0x70, 16, 5, 0, 4);
    capability(device, 0x70, 0x90, 20, 2, NOTIFY, 0x100);
    put32(s + 0x80, 4); /* the multiplier */
    capability(device, 0x90, 0, 16, 4, CONFIG, sizeof device->config);
    put32(device->writable + 4, 0x407);
    put32(device->writable + 0x20, ~(uint32_t)(WINDOW - 1));
    put32(device->writable + 0x24, UINT32_MAX);
    put32(device->writable + 0x40, UINT32_C(0xc0000000));
}

struct double_device *double_add(uint32_t type, bool pci)
{
    require(device_count < DOUBLE_DEVICES, "too many devices");
    unsigned index = device_count++;
    struct double_device *device = &devices[index];
    *device = (struct double_device){.pci = pci, .type = type, .version = 2, .line = FIRST_LINE + index,
                                     .offered = DOUBLE_VERSION_1 | DOUBLE_EVENT_INDEX | DOUBLE_INDIRECT};
    pthread_mutex_init(&device->lock, NULL);
    for (unsigned i = 0; i < DOUBLE_QUEUES; i++)
        device->queues[i].most = 256;
    size_t end = strlen(command_line);
    if (pci)
        make_space(device, index);
    else
        snprintf(command_line + end, sizeof command_line - end, "%svirtio_mmio.device=512@0x%x:%u", end ? " " : "",
                 MMIO_BASE + index * WINDOW, device->line);
    reset(device);
    return device;
}

void double_command_line(const char *line)
{
    snprintf(command_line, sizeof command_line, "%s", line);
}

void double_tables(const struct acpi_device *places, unsigned count)
{
    tables = places;
    table_count = count;
}

unsigned acpi_devices(const char *hid, struct acpi_device *found, unsigned most)
{
    unsigned count = strcmp(hid, "LNRO0005") != 0 ? 0 : table_count < most ? table_count : most;
    for (unsigned i = 0; i < count; i++)
        found[i] = tables[i];
    return count;
}

void double_begin(const char *line)
{
    device_count = 0;
    table_count = 0;
    memset(mapped, 0, sizeof mapped);
    double_command_line(line);
    if (!windows)
        windows = mmap(NULL, (size_t)WINDOW * DOUBLE_DEVICES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(windows != MAP_FAILED, "no memory");
}

void double_end(void)
{
    for (unsigned i = 0; i < SOURCES; i++)
        require(!sources[i].used, "an interrupt source was not released");
    for (unsigned i = 0; i < device_count; i++)
        pthread_mutex_destroy(&devices[i].lock);
    munmap(windows, (size_t)WINDOW * DOUBLE_DEVICES);
    windows = NULL;
}

/* ---- the device side of a ring ---- */

struct descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags, next;
};

static volatile uint16_t *available(struct double_queue *q, unsigned word)
{
    return (volatile uint16_t *)double_memory(q->available) + word;
}

static volatile uint16_t *used(struct double_queue *q)
{
    return double_memory(q->used);
}

volatile uint16_t *double_used_index(struct double_device *device, unsigned queue)
{
    return used(&device->queues[queue]) + 1;
}

volatile uint32_t *double_used_entry(struct double_device *device, unsigned queue, unsigned at)
{
    struct double_queue *q = &device->queues[queue];
    return (volatile uint32_t *)double_memory(q->used + 4) + 2 * (at & (q->size - 1u));
}

static volatile uint16_t *avail_event(struct double_queue *q)
{
    return double_memory(q->used + 4 + 8u * q->size);
}

static void add_part(struct double_chain *chain, const volatile struct descriptor *d)
{
    require(chain->out + chain->in < DOUBLE_PARTS, "a chain that is too long");
    require(d->length > 0, "an empty part");
    chain->parts[chain->out + chain->in] = (struct double_part){double_memory(d->address), d->length};
    if (d->flags & 2)
        chain->in++;
    else {
        require(chain->in == 0, "a part to read behind one to write");
        chain->out++;
    }
}

static void walk(struct double_chain *chain, const volatile struct descriptor *table, unsigned size, unsigned at)
{
    for (unsigned count = 0;; count++) {
        require(at < size && count < size, "a chain out of its table");
        require(!(table[at].flags & 4), "an indirect descriptor in a chain");
        add_part(chain, &table[at]);
        if (!(table[at].flags & 1))
            return;
        at = table[at].next;
    }
}

bool double_pop(struct double_device *device, unsigned queue, struct double_chain *chain)
{
    struct double_queue *q = &device->queues[queue];
    require(q->ready && device->status & 4, "a queue is used that is not ready");
    uint16_t index = __atomic_load_n(available(q, 1), __ATOMIC_ACQUIRE);
    require((uint16_t)(index - q->seen) <= q->size, "more available than descriptors");
    if (index == q->seen)
        return false;
    uint16_t head = *available(q, 2u + (q->seen & (q->size - 1u)));
    const volatile struct descriptor *table = double_memory(q->table);
    *chain = (struct double_chain){.head = head};
    require(head < q->size, "a head out of the table");
    if (table[head].flags & 4) {
        require(device->accepted & DOUBLE_INDIRECT && !(table[head].flags & 3) && table[head].length % 16 == 0, "a bad indirect descriptor");
        walk(chain, double_memory(table[head].address), table[head].length / 16, 0);
    } else
        walk(chain, table, q->size, head);
    q->seen++;
    return true;
}

void double_push(struct double_device *device, unsigned queue, uint16_t head, uint32_t length)
{
    volatile uint32_t *entry = double_used_entry(device, queue, device->queues[queue].done++);
    entry[0] = head;
    entry[1] = length;
}

void double_tell(struct double_device *device, unsigned queue)
{
    struct double_queue *q = &device->queues[queue];
    uint16_t old = q->told, event;
    q->told = q->done;
    __atomic_store_n(double_used_index(device, queue), q->done, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!(device->accepted & DOUBLE_EVENT_INDEX)) {
        if (!(*available(q, 0) & 1) && old != q->done)
            double_interrupt(device, queue);
        return;
    }
    event = *available(q, 2u + q->size);
    if ((uint16_t)(q->done - event - 1) < (uint16_t)(q->done - old))
        double_interrupt(device, queue);
}

bool double_want(struct double_device *device, unsigned queue)
{
    struct double_queue *q = &device->queues[queue];
    if (device->accepted & DOUBLE_EVENT_INDEX)
        *avail_event(q) = q->seen;
    else
        used(q)[0] = 0;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return *available(q, 1) == q->seen;
}

void double_want_none(struct double_device *device, unsigned queue)
{
    if (!(device->accepted & DOUBLE_EVENT_INDEX))
        used(&device->queues[queue])[0] = 1;
}
