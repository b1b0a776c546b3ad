/*
 * guest.h - a machine as the user wants it, before any hypervisor is asked for it.
 *
 * guest.c makes it from the command line, guest_plan.c adds what the image's plan needs; then qemu.c, microvm.c
 * and libvirt.c each say it in the words of their hypervisor.
 */
#ifndef UKC_GUEST_H
#define UKC_GUEST_H

#include "../build/build.h"

/* A port of the host that leads to one of the image's, through QEMU's own network. */
struct guest_port {
    bool udp;
    const char *address; /* of the host */
    unsigned host, image;
};

struct guest_disk {
    const char *name, *file; /* name: its serial number in the machine */
    uint64_t bytes;
    bool read_only;
    bool device; /* file is a disk of the host */
};

/* A key that holds a port: of the unikernel or of one of its parts, and the value that the plan gives it. */
struct guest_port_key {
    const char *path, *values; /* "http.port", "80,443" */
    bool own;                  /* the unikernel's */
};

enum { NETWORK_TEXT = 64 };

/* How the hypervisor's own network must look for the image's fixed addresses; empty strings: as it likes. */
struct guest_network {
    char net[NETWORK_TEXT], host[NETWORK_TEXT], image[NETWORK_TEXT];
    char net6[NETWORK_TEXT], host6[NETWORK_TEXT], image6[NETWORK_TEXT];
};

struct guest_card {
    const char *tap; /* a device of the host; NULL: a network that the hypervisor makes up */
    const char *mac;
    struct guest_network network; /* of the stack that has it */
};

/* Of a stack in the image: its addresses, and which card it has. */
struct guest_stack {
    long card; /* -1: not said */
    struct guest_network network;
};

struct guest {
    const char *name, *image; /* the ELF file, relative to the project */
    const char *build;        /* build/kvm */
    const char *directory;    /* the project's, absolute */
    uint64_t memory;          /* bytes */
    const char *memory_word;  /* as given, "64M" */
    const char *arguments;    /* the command line, quoted as the image splits it */
    VEC(struct guest_port) ports;
    VEC(struct guest_disk) disks;
    VEC(struct guest_card) cards;
    /* of the plan: stacks, and drivers in the image */
    VEC(struct guest_stack) stacks;
    size_t disk_drivers, card_drivers, noise_drivers, console_drivers;
    const char *disk_index, *card_index; /* "store.block.index": the key that has to say which of several, of the first driver that was not told; NULL: all were */
    VEC(struct guest_port_key) port_keys;
    uint64_t budgets; /* bytes of memory that the image needs beside itself */
};

/* False after reporting. */
bool guest_make(struct project *, const struct image *, struct guest *);
/* Each driver takes a device for itself, and the image does not start without: false after reporting one that is missing, if it is to run now. */
bool guest_complete(struct project *, const struct guest *, size_t cards, bool now);
/* Warns of a published port that no key of the image names. */
void guest_check_ports(struct project *, const struct guest *);
/* Names and arguments are text that a configuration can hold; false after reporting what is not. */
bool guest_fits_text(struct project *, const struct guest *);
/* Says how the image's ports are reached, where none of this host leads there. */
void guest_tell_ports(struct project *, const struct guest *);
/* From <build>/plan.txt: which drivers there are, and the addresses that the stack has. */
bool guest_read_plan(struct project *, struct guest *);
/* That of the stack that has the card of this number; of the first one where none says so. */
struct guest_network guest_network_of(const struct guest *, size_t card);

/* A path that works from any directory: for configurations that others read. */
const char *guest_absolute(struct project *, const char *path);

#endif
