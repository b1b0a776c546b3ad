/*
 * guest.c - memory, disks, cards, ports and arguments of a machine, from the command line.
 */
#include "guest.h"
#include "../base/file.h"
#include "../build/budgets.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECTOR = 512, NAME_MOST = 20 /* a virtio disk's serial number */, DISKS_MOST = 8, CARDS_MOST = 8, PORTS_MOST = 64 };
static const uint64_t MIB = 1 << 20, MEMORY_MOST = UINT64_C(4) << 40, MEMORY_DEFAULT = 64 << 20, MEMORY_BESIDE_IMAGE = 48 << 20, MEMORY_BESIDE_BUDGETS = 16 << 20;
/* Of the first MiB, which is in no image, what is memory on every machine: targets/pvh/memory.c takes it when all else is used up. */
static const uint64_t MEMORY_LOW = 0xa0000 - 0x10000;

const char *guest_absolute(struct project *p, const char *path)
{
    return path_join(p->a, p->directory, path);
}

/* ---- memory ---- */

/* "64M", "1100K", "1G" */
static bool memory_given(struct project *p, const char *word, uint64_t *bytes)
{
    static const char letters[] = "KMG";
    size_t digits = strspn(word, "0123456789");
    const char *letter = digits > 0 && digits < 11 && word[digits] ? strchr(letters, word[digits]) : NULL;
    if (!letter || word[digits + 1]) {
        diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "--memory is a number with K, M or G, not '%s'", word);
        return diag_help(p->d, "for example: --memory 64M");
    }
    *bytes = strtoull(word, NULL, 10) << (10 * (letter - letters + 1));
    return true;
}

/* What certainly does not do is refused; what tasks and connections take comes on top of what keys say. */
static bool check_memory(struct project *p, const struct guest *g, uint64_t end)
{
    uint64_t kib = (end + 1023) / 1024, more = (g->budgets + 1023) / 1024;
    if (g->memory > MEMORY_MOST) {
        diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "--memory %s: no machine has that much; from %" PRIu64 "K, where the image ends, to %" PRIu64 "G is possible", g->memory_word, kib,
                  MEMORY_MOST >> 30);
        return diag_help(p->d, "without --memory it is what the image needs, and at least %" PRIu64 "M", MEMORY_DEFAULT / MIB);
    }
    if (g->memory < end)
        diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "%s of memory is too little: the image alone ends at %" PRIu64 "K", g->memory_word, kib);
    else if (g->memory + MEMORY_LOW < end + g->budgets)
        diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "%s of memory is too little: the image ends at %" PRIu64 "K, and what its keys say needs %" PRIu64 "K more",
                  g->memory_word, kib, more);
    else if (g->memory < end + g->budgets)
        return !diag_warning(p->d, SPAN_NONE, "%s of memory may be too little: the image ends at %" PRIu64 "K, and what its keys say needs %" PRIu64 "K more",
                             g->memory_word, kib, more);
    else
        return true;
    return diag_help(p->d, "--memory %" PRIu64 "K is the least that can hold it; 'ukc plan' lists the keys that speak of memory", kib + more);
}

static bool set_memory(struct project *p, struct guest *g)
{
    const char *word = p->i->value[OPTION_memory];
    uint64_t end = image_end(p, g->image);
    if (!end)
        return false;
    if (!word) {
        uint64_t beside = g->budgets + MEMORY_BESIDE_BUDGETS > MEMORY_BESIDE_IMAGE ? g->budgets + MEMORY_BESIDE_BUDGETS : MEMORY_BESIDE_IMAGE;
        uint64_t least = (end + beside + MIB - 1) / MIB * MIB;
        g->memory = least > MEMORY_DEFAULT ? least : MEMORY_DEFAULT;
        g->memory_word = arena_printf(p->a, "%" PRIu64 "M", g->memory / MIB);
        return true;
    }
    if (!memory_given(p, word, &g->memory))
        return false;
    g->memory_word = word;
    return check_memory(p, g, end);
}

/* ---- arguments ---- */

enum { ARGUMENTS_MOST = 4095 };
static const char BUILT_IN[] = "ukc configure --set KEY=VALUE, and 'ukc build': the value is in the image then, of a key of phase boot too";
static const char NO_LINES[] = "no value of a key has line ends: a text of several lines can be a file that the image embeds";

/* The image splits its command line at blanks outside double quotes (targets/pvh/start.c). */
static bool set_arguments(struct project *p, struct guest *g)
{
    const struct invocation *i = p->i;
    struct text line = {};
    bool good = true;
    for (size_t k = 0; k < i->passed_count; k++) {
        const char *word = i->passed[k];
        if (good && strpbrk(word, "\"\n\r")) {
            good = diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "an argument of a machine's image cannot hold double quotes or line ends");
            diag_help(p->d, "%s", strpbrk(word, "\n\r") ? NO_LINES : BUILT_IN);
        }
        bool quote = !*word || strpbrk(word, " \t");
        text_printf(&line, "%s%s%s%s", k ? " " : "", quote ? "\"" : "", word, quote ? "\"" : "");
    }
    g->arguments = text_keep(&line, p->a);
    text_dispose(&line);
    /* targets/pvh/start_info.c refuses it too, if the loader gets that far: QEMU's on q35 overwrites its own memory */
    if (strlen(g->arguments) > ARGUMENTS_MOST) {
        diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "the arguments have more than %d bytes, which a machine's image cannot take", ARGUMENTS_MOST);
        return diag_help(p->d, "%s", BUILT_IN);
    }
    return good;
}

/* ---- disks ---- */

static bool disk_name(struct project *p, const struct guest *g, const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > NAME_MOST || strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != length)
        return diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "--block: the name of a disk is 1 to %d letters, digits, '-' and '_', not '%s'", NAME_MOST, name);
    for (size_t k = 0; k < g->disks.count; k++)
        if (string_equal(g->disks.items[k].name, name))
            return diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "--block: two disks are called '%s'", name);
    return true;
}

/* As a shell takes it. */
static const char *quoted(struct project *p, const char *name)
{
    struct text t = {};
    text_shell_word(&t, name);
    const char *word = text_keep(&t, p->a);
    text_dispose(&t);
    return word;
}

static bool disk_open(struct project *p, struct guest_disk *disk)
{
    struct stat state;
    int descriptor = open(disk->file, (disk->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0 && errno == ENOENT) {
        diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "--block: there is no file '%s'", disk->file);
        return diag_help(p->d, "an empty disk of 16 MiB: truncate -s 16M %s", quoted(p, disk->file));
    }
    if (descriptor < 0) {
        bool refused = errno == EACCES || errno == EROFS || errno == EPERM;
        diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "--block: cannot open '%s'%s: %s", disk->file, disk->read_only ? "" : " for writing", strerror(errno));
        return refused && !disk->read_only && diag_help(p->d, "'%s,ro' is a disk that the image can only read", disk->file);
    }
    bool good = fstat(descriptor, &state) == 0 && (S_ISREG(state.st_mode) || S_ISBLK(state.st_mode));
    disk->device = good && S_ISBLK(state.st_mode);
    disk->bytes = good ? (uint64_t)state.st_size : 0;
    if (disk->device && ioctl(descriptor, BLKGETSIZE64, &disk->bytes) != 0)
        good = false;
    close(descriptor);
    if (!good)
        return diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "--block: '%s' is neither a file nor a disk", disk->file);
    if (disk->bytes > 0 && disk->bytes % SECTOR == 0)
        return true;
    diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "--block: '%s' has %" PRIu64 " bytes, which is no whole number of sectors of %d", disk->file, disk->bytes, SECTOR);
    if (!disk->bytes)
        return diag_help(p->d, "an empty disk of 16 MiB: truncate -s 16M %s", quoted(p, disk->file));
    return diag_help(p->d, "a copy that is filled up with zeros is: cp %s disk.img && truncate -s %" PRIu64 " disk.img", quoted(p, disk->file),
                     (disk->bytes + SECTOR - 1) / SECTOR * SECTOR);
}

/* Two drivers that write to one file would destroy it; the hypervisors lock it, and say so in their own words. */
static bool is_other(struct project *p, const struct guest *g, const struct guest_disk *disk)
{
    struct file_stat own, other;
    for (size_t k = 0; k < g->disks.count; k++)
        if (!(disk->read_only && g->disks.items[k].read_only) && file_stat(disk->file, &own) && file_stat(g->disks.items[k].file, &other) &&
            own.inode == other.inode && own.device == other.device) {
            diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "--block: '%s' is given twice, and one of the two can be written to", disk->file);
            return diag_help(p->d, "'%s,ro' both times, or a copy", disk->file);
        }
    return true;
}

/* [NAME=]FILE[,ro] */
static bool add_disk(struct project *p, struct guest *g, const char *word)
{
    struct guest_disk disk = {.file = word, .name = arena_printf(p->a, "disk%zu", g->disks.count)};
    const char *equals = strchr(word, '='), *slash = strchr(word, '/');
    if (equals && (!slash || equals < slash)) {
        disk.name = arena_strndup(p->a, word, (size_t)(equals - word));
        disk.file = equals + 1;
    }
    if (string_ends(disk.file, ",ro")) {
        disk.file = arena_strndup(p->a, disk.file, strlen(disk.file) - 3);
        disk.read_only = true;
    }
    if (!*disk.file)
        return diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "--block: '%s' names no file", word);
    if (g->disks.count == DISKS_MOST)
        return diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "a machine has at most %d disks", DISKS_MOST);
    if (!disk_name(p, g, disk.name) || !disk_open(p, &disk) || !is_other(p, g, &disk))
        return disk.file != word && file_exists(word) &&
               diag_help(p->d, "the file '%s' is here, and --block %s means it: what stands before '=' is the disk's name", word,
                         quoted(p, arena_printf(p->a, "./%s", word)));
    *vec_add(p->a, &g->disks) = disk;
    return true;
}

/* ---- ports and cards ---- */

static bool port_number(const char *text, size_t length, unsigned *number)
{
    if (length == 0 || length > 5 || strspn(text, "0123456789") < length)
        return false;
    *number = (unsigned)strtoul(text, NULL, 10);
    return *number >= 1 && *number <= 65535;
}

/* 0.0.0.0 is every address of this host. */
static bool same_address(const char *x, const char *y)
{
    return string_equal(x, y) || string_equal(x, "0.0.0.0") || string_equal(y, "0.0.0.0");
}

/* [ADDRESS:]PORT:PORT[/tcp|/udp]; without an address only this host can reach it */
static bool add_port(struct project *p, struct guest *g, const char *word)
{
    struct guest_port port = {.address = "127.0.0.1"};
    const char *slash = strchr(word, '/');
    size_t length = slash ? (size_t)(slash - word) : strlen(word);
    const char *kind = slash ? slash + 1 : "tcp";
    const char *plain = arena_strndup(p->a, word, length), *last = strrchr(plain, ':');
    struct in_addr address;
    bool good = last && port_number(last + 1, strlen(last + 1), &port.image);
    if (good) {
        const char *front = arena_strndup(p->a, plain, (size_t)(last - plain)), *colon = strrchr(front, ':');
        const char *number = colon ? colon + 1 : front;
        if (colon)
            port.address = arena_strndup(p->a, front, (size_t)(colon - front));
        good = port_number(number, strlen(number), &port.host) && inet_pton(AF_INET, port.address, &address) == 1;
    }
    port.udp = string_equal(kind, "udp");
    if (!good || (!port.udp && !string_equal(kind, "tcp"))) {
        diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "--publish is [ADDRESS:]PORT:PORT[/udp], this host's first, not '%s'", word);
        return diag_help(p->d, "'8080:80' leads from port 8080 of this host to the image's port 80; '0.0.0.0:8080:80' lets other hosts in");
    }
    for (size_t k = 0; k < g->ports.count; k++)
        if (g->ports.items[k].host == port.host && g->ports.items[k].udp == port.udp && same_address(g->ports.items[k].address, port.address))
            return diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "port %u of this host is published twice", port.host);
    if (g->ports.count == PORTS_MOST)
        return diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "at most %d ports can be published", PORTS_MOST);
    *vec_add(p->a, &g->ports) = port;
    return true;
}

/* Locally administered, the same in every run, and another one for each image, card and device: they may meet on one bridge. */
static const char *card_mac(struct project *p, const struct guest *g, const char *tap)
{
    struct hasher *h = hasher_create();
    hasher_add_string(h, g->name);
    hasher_add_string(h, tap ? tap : "");
    hasher_add_string(h, arena_printf(p->a, "%zu", g->cards.count));
    struct hash hash = hasher_finish(h);
    return arena_printf(p->a, "02:%02x:%02x:%02x:%02x:%02x", hash.bytes[0], hash.bytes[1], hash.bytes[2], hash.bytes[3], hash.bytes[4]);
}

static bool add_card(struct project *p, struct guest *g, const char *tap)
{
    if (tap && (!*tap || strlen(tap) >= IFNAMSIZ || strpbrk(tap, "/ ,:%\t\n") || string_equal(tap, ".") || string_equal(tap, "..")))
        return diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "--tap: '%s' cannot be the name of a network device", tap);
    for (size_t k = 0; tap && k < g->cards.count; k++)
        if (string_equal(g->cards.items[k].tap, tap))
            return diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "--tap: '%s' is given twice", tap);
    if (g->cards.count == CARDS_MOST)
        return diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "a machine has at most %d network cards", CARDS_MOST);
    struct guest_card card = {.tap = tap, .mac = card_mac(p, g, tap), .network = guest_network_of(g, g->cards.count)};
    *vec_add(p->a, &g->cards) = card;
    return true;
}

/* An argument that may be for the key, whatever its path is. */
static bool is_told(struct project *p, const char *key)
{
    for (size_t k = 0; k < p->i->passed_count; k++) {
        const char *equals = strchr(p->i->passed[k], '=');
        size_t length = strlen(key), before = equals ? (size_t)(equals - p->i->passed[k]) : 0;
        if (before > length && strncmp(equals - length, key, length) == 0)
            return true;
    }
    return false;
}

/* Each driver has one device: of several it has to be told which. */
static void warn_of_more(struct project *p, const char *device, size_t drivers, size_t devices, const char *index)
{
    if (devices <= drivers)
        return;
    if (!index || is_told(p, "index") || is_told(p, "mac")) {
        diag_warning(p->d, SPAN_NONE, "the image has drivers for %zu %s%s, and the machine has %zu: what is more than that is not used", drivers, device,
                     drivers == 1 ? "" : "s", devices);
        return;
    }
    diag_warning(p->d, SPAN_NONE, "the image has drivers for %zu %s%s, and the machine has %zu: without the key '%s' it does not start", drivers, device,
                 drivers == 1 ? "" : "s", devices, index);
    diag_help(p->d, "to take the first: -- --%s=0", index);
}

/* Published ports need a card in a network of the hypervisor's own, which the image must have a driver for beside those on devices of this host. */
static bool check_ports(struct project *p, const struct guest *g)
{
    if (!g->ports.count || !g->cards.count || !g->card_drivers || g->card_drivers > g->cards.count)
        return true;
    diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "--publish needs a network card beside those of --tap, and the image has drivers for %zu", g->card_drivers);
    return diag_help(p->d, "without --publish the image is reached over '%s', at an address of its own; without --tap by way of this host", g->cards.items[0].tap);
}

/* What was asked for, and a network of the hypervisor's own where the image has a card and nothing was said. */
static bool add_cards(struct project *p, struct guest *g)
{
    const struct invocation *i = p->i;
    for (size_t k = 0; k < i->published.count; k++)
        if (!add_port(p, g, i->published.items[k]))
            return false;
    for (size_t k = 0; k < i->taps.count; k++)
        if (!add_card(p, g, i->taps.items[k]))
            return false;
    if (!check_ports(p, g) || ((g->ports.count || (g->card_drivers && !g->cards.count)) && !add_card(p, g, NULL)))
        return false;
    if (g->cards.count && !g->card_drivers)
        diag_warning(p->d, SPAN_NONE, "the image has no driver of a network card: nothing will answer there");
    else
        warn_of_more(p, "network card", g->card_drivers, g->cards.count, g->card_index);
    return true;
}

static bool add_disks(struct project *p, struct guest *g)
{
    const struct invocation *i = p->i;
    for (size_t k = 0; k < i->blocks.count; k++)
        if (!add_disk(p, g, i->blocks.items[k]))
            return false;
    if (g->disks.count && !g->disk_drivers)
        diag_warning(p->d, SPAN_NONE, "the image has no driver of disks: it will not see '%s'", g->disks.items[0].file);
    else
        warn_of_more(p, "disk", g->disk_drivers, g->disks.count, g->disk_index);
    return true;
}

/* ---- what is missing ---- */

static bool is_missing(struct project *p, const char *device, size_t drivers, size_t devices, bool now, const char *option)
{
    const char *s = drivers == 1 ? "" : "s";
    if (now)
        return !diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "the image has drivers for %zu %s%s, without which it does not start, and the machine has %zu", drivers,
                          device, s, devices);
    diag_warning(p->d, SPAN_NONE, "the image has drivers for %zu %s%s, and the machine has %zu: %s adds one", drivers, device, s, devices, option);
    return false;
}

bool guest_complete(struct project *p, const struct guest *g, size_t cards, bool now)
{
    bool missing = false;
    if (g->disk_drivers > g->disks.count && is_missing(p, "disk", g->disk_drivers, g->disks.count, now, "--block FILE")) {
        missing = true;
        diag_help(p->d, "--block FILE adds one; an empty disk of 16 MiB: truncate -s 16M FILE");
    }
    if (g->card_drivers > cards && is_missing(p, "network card", g->card_drivers, cards, now, "--tap DEVICE")) {
        missing = true;
        diag_help(p->d, "--tap DEVICE adds one, on a network device of this host");
    }
    return !missing;
}

static bool fits_text(struct project *p, const char *what, const char *s, const char *remedy)
{
    if (string_is_clean_utf8(s, strlen(s)))
        return true;
    diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "%s '%s' cannot be written in a configuration: it is no clean UTF-8", what, s);
    return diag_help(p->d, "%s", remedy);
}

/* JSON and XML would name another file, or be none. */
bool guest_fits_text(struct project *p, const struct guest *g)
{
    for (size_t k = 0; k < g->disks.count; k++)
        if (!fits_text(p, "the name", g->disks.items[k].file, "give the file another name"))
            return false;
    return fits_text(p, "the directory", g->directory, "move the project to another one") &&
           fits_text(p, "what stands behind --,", g->arguments, "QEMU takes it as it is: ukc run without --with");
}

bool guest_make(struct project *p, const struct image *image, struct guest *g)
{
    *g = (struct guest){.name = path_base(image->path), .image = image->runs ? image->runs : image->path, .build = p->build, .directory = p->directory};
    if (!g->build)
        g->build = path_directory(p->a, image->path);
    return guest_read_plan(p, g) && set_memory(p, g) && set_arguments(p, g) && add_cards(p, g) && add_disks(p, g);
}
