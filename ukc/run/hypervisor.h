/*
 * hypervisor.h - a guest in the words of each hypervisor, and running it.
 */
#ifndef UKC_HYPERVISOR_H
#define UKC_HYPERVISOR_H

#include "../base/json.h"
#include "guest.h"

enum hypervisor { HYPERVISOR_qemu, HYPERVISOR_firecracker, HYPERVISOR_cloud_hypervisor, HYPERVISOR_libvirt };

typedef VEC(const char *) word_list;

/* ---- qemu.c ---- */
struct qemu_options {
    const char *program, *machine, *accelerator;
    const char *control; /* path of the socket that QEMU is controlled by, or NULL */
    const char *crash;   /* path of the file that an image's crash report is copied to, or NULL */
    const char *gdb;     /* path of the socket where QEMU waits for gdb before the first instruction, or NULL */
};
/* Where QEMU is, or its plain name where nothing is to be run; NULL after reporting. */
const char *qemu_program(struct project *);
/* -netdev's word for a card of the guest: its id is netN. */
const char *qemu_network(struct project *, const struct guest *, size_t number);
/* -drive's word for a disk of the guest: its id is the disk's name. */
const char *qemu_drive(struct project *, const struct guest_disk *);
/* A file name inside a list that QEMU splits at commas. */
const char *qemu_name(struct project *, const char *name);
/* --machine, --accelerator and where QEMU is; false after reporting. */
bool qemu_options_read(struct project *, struct qemu_options *);
/* The command, with the NULL at its end. */
bool qemu_command(struct project *, const struct guest *, const struct qemu_options *, word_list *argv);

/* ---- crash.c ---- */
/* The file that has the image's symbols: an image of profile dev holds its own; beside a release image they are a file. */
const char *crash_symbols(struct project *, const char *image);
/* Whether they are of the image's build; if not, that is an error. */
bool crash_symbols_fit(struct project *, const char *image);
/* Says where the image crashed, by name, if it did: the addresses resolved that are in the report, or in the log of a Xen that has it. */
void crash_explain(struct project *, const char *image, const char *report);

/* ---- debug_symbols.c ---- */
/* The image's symbols for gdb, which finds every function by its name in C there: of a release image a copy that is written anew.  NULL after reporting. */
const char *debug_symbols(struct project *, const char *image);

/* ---- microvm.c: Firecracker and cloud-hypervisor ---- */
bool microvm_check(struct project *, enum hypervisor, const struct guest *); /* what the hypervisor cannot do, reported */
bool microvm_fits(struct project *, enum hypervisor, const struct guest *);  /* the same as a warning, where others may do */
void firecracker_json(struct project *, const struct guest *, struct json *);
void cloud_hypervisor_json(struct project *, const struct guest *, struct json *);
/* For Firecracker this writes <build>/NAME.firecracker.json unless dry. */
bool microvm_command(struct project *, enum hypervisor, const struct guest *, const char *program, const char *control, bool dry, word_list *argv);

/* ---- libvirt.c ---- */
void libvirt_xml(struct project *, const struct guest *, bool software, const char *machine, struct text *);
void libvirt_xen_xml(struct project *, const struct guest *, struct text *);

/* ---- run_xen.c ---- */
/* The domain as xl takes it: on a Xen host, or inside the one that QEMU has (targets/xen/in-qemu/run). */
void xl_configuration(struct project *, const struct guest *, bool in_qemu, struct text *);
/* What a domain calls its disk of this number, from 0 on. */
const char *xl_disk(struct project *, size_t number);

/* ---- tap.c ---- */
struct tap_made; /* devices to remove at the end */
/* The devices of the guest's cards are there, or are made; false after reporting what to do. */
bool tap_prepare(struct project *, const struct guest *, struct tap_made **);
void tap_finish(struct tap_made *);

/* ---- host.c, and its parts ---- */
/* What the machine takes of this host is free; false after reporting what is not. Warns of what may be in its way. */
bool host_check(struct project *, const struct guest *);
/* host_disks.c: no other machine has one of the guest's disks; false after reporting which. */
bool host_disks_check(struct project *, const struct guest *);
/* host_ports.c: the ports that are to lead to the image can be opened; false after reporting which cannot, and another that can. */
bool host_ports_check(struct project *, const struct guest *);
/* host_addresses.c: warns of an address of the image's that this host has too, where the image is on a device of the host. */
void host_addresses_check(struct project *, const struct guest *);

/* ---- watch.c ---- */
/* How a hypervisor is asked to press the power button. */
enum control { CONTROL_NONE, CONTROL_QMP, CONTROL_HTTP };
struct watch_end {
    int status;       /* as waitpid says */
    int asked;        /* the signal that asked for the end, or 0 */
    bool killed;      /* it did not end in time */
    bool second;      /* because of a second signal */
    const char *halt; /* why the hypervisor stopped the machine by itself, or NULL */
};
enum { WATCH_PATIENCE_MS = 10000 };
/* Runs it to its end, which it is given `patience` for once it was asked. False after reporting that it cannot be started. */
bool watch_run(const char *const *argv, enum control, const char *control, int patience, struct watch_end *, struct diag *);
/* <build>/NAME.KIND, or another name when something listens there. */
const char *watch_socket(struct project *, const struct guest *, const char *kind);

#endif
