/*
 * virtio_double.h - the machine below the drivers of targets/kvm, in a test: virtio devices behind registers that trap when they are
 * not reached through <ukc/device.h>, interrupts as edges of eventfds.
 *
 * The device side is written from the specification's point of view of the device, and shares nothing with the driver
 * side but the layout of the ring.  A device runs when the test calls it, when it is notified, or in a thread.
 */
#ifndef VIRTIO_DOUBLE_H
#define VIRTIO_DOUBLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DOUBLE_QUEUES = 3, DOUBLE_DEVICES = 4, DOUBLE_PARTS = 64 };

#define DOUBLE_INDIRECT (UINT64_C(1) << 28)
#define DOUBLE_EVENT_INDEX (UINT64_C(1) << 29)
#define DOUBLE_VERSION_1 (UINT64_C(1) << 32)

struct double_queue {
    unsigned most; /* 0: there is no such queue */
    uint16_t size, vector;
    uint32_t ready;
    uint64_t table, available, used; /* as the driver gave them */
    uint16_t seen, done, told;       /* indices: of the available ring, of the used ring, and of it when last looked whether to interrupt */
    unsigned notifications, interrupts;
    int wake; /* an eventfd: notified */
};

struct double_device {
    bool pci;
    uint32_t type;
    uint32_t version; /* 2, unless it lies */
    uint64_t offered, accepted;
    bool refuse;      /* FEATURES_OK does not stay */
    bool stuck;       /* its status does not go to 0 */
    unsigned restless; /* how many times its generation still changes while it is read */
    uint32_t noise;    /* not 0: its registers hold anything */
    uint8_t config[64];
    struct double_queue queues[DOUBLE_QUEUES];
    void (*notified)(struct double_device *device, unsigned queue);
    void *context;
    uint8_t status;
    unsigned resets;
    uint32_t select[2], queue_select, generation, raised;
    uint16_t config_vector;
    unsigned line;
    uint8_t space[256];     /* PCI's configuration, with masks of what can be written */
    uint8_t writable[256];
    uint32_t vectors[4 * 4];
    pthread_mutex_t lock;
};

/* A chain as the device sees it. */
struct double_chain {
    uint16_t head;
    unsigned out, in;
    struct double_part {
        uint8_t *bytes;
        size_t size;
    } parts[DOUBLE_PARTS];
};

/* Forgets all devices and interrupts, and begins with the command line given, to which devices on mmio are added. */
void double_begin(const char *command_line);
void double_end(void);
/* Only these words. */
void double_command_line(const char *command_line);

/* Tables of ACPI describe these places, and no others. */
struct acpi_device;
void double_tables(const struct acpi_device *places, unsigned count);

/* A device with queues of 256 descriptors that offers what is needed. */
struct double_device *double_add(uint32_t type, bool pci);

/* ---- what the device does ---- */

/* The next chain that is available; false: none.  Aborts if the driver broke a rule. */
bool double_pop(struct double_device *device, unsigned queue, struct double_chain *chain);
/* Uses a chain; the driver sees it at double_tell. */
void double_push(struct double_device *device, unsigned queue, uint16_t head, uint32_t length);
/* Shows what was used, and interrupts if the driver asked for it. */
void double_tell(struct double_device *device, unsigned queue);
/* Interrupts without being asked. */
void double_interrupt(struct double_device *device, unsigned queue);
/* Asks for a notification; false: there is a chain already. */
bool double_want(struct double_device *device, unsigned queue);
/* Asks for none, as far as it can be said. */
void double_want_none(struct double_device *device, unsigned queue);

/* What happens during the driver's next fence: it sees what was stored before, and what comes after sees what it did. */
void double_at_fence(void (*act)(void));

/* The used ring, for lies: its index, an entry. */
volatile uint16_t *double_used_index(struct double_device *device, unsigned queue);
volatile uint32_t *double_used_entry(struct double_device *device, unsigned queue, unsigned at);
void *double_memory(uint64_t physical);

#endif
