/*
 * relay.c - a bad link: frames between two interfaces, with loss, delay, reordering and duplication from a seed.
 *
 *     relay [--seed N] [--loss P] [--delay MS] [--jitter MS] [--reorder P] [--duplicate P] [--rate MBIT] NEAR FAR
 *
 * NEAR exists already (the host's end of the tap device of an image): frames are taken from it and given to it
 * through a packet socket, packet(7).  FAR is a tap device that the relay makes: the host's network stack is
 * the peer behind it.  P is in percent, with decimals; each direction has a random sequence of its own, so what happens to
 * the n-th frame of a direction is decided by the seed alone.
 *
 * A frame that is reordered is let through without the delay, or, on a link without one, held back for 5 ms.
 * With a rate, frames leave one after another as on a wire; a queue of 1000 frames stands before it, and what finds it full is lost.
 *
 * Prints "ready" when frames can pass, and on SIGTERM or SIGINT a line of counts for each direction.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FRAME_MOST = 65536, HELD_MOST = 65536, QUEUE_MOST = 1000 };

struct faults {
    uint64_t seed;
    double loss, reorder, duplicate; /* 0 to 1 */
    int64_t delay, jitter;           /* ns */
    double ns_per_byte;              /* 0: no rate */
};

struct direction {
    const char *name;
    int in, out;
    uint64_t random;
    int64_t wire_free; /* when the wire has sent what it was given */
    unsigned long received, lost, reordered, duplicated, overflowed, sent, refused;
};

struct held {
    int64_t due;
    uint64_t sequence;
    struct direction *direction;
    unsigned char *bytes;
    size_t size;
};

static struct held heap[HELD_MOST];
static size_t held_count;
static uint64_t sequence;
static volatile sig_atomic_t stopping;

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014 */
static uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static double random_part(uint64_t *state)
{
    return (double)(random_next(state) >> 11) * 0x1p-53;
}

/* ---- frames on their way, by time ---- */

static bool before(const struct held *a, const struct held *b)
{
    return a->due != b->due ? a->due < b->due : a->sequence < b->sequence;
}

static void hold(struct direction *d, const unsigned char *bytes, size_t size, int64_t due)
{
    struct held h = {due, sequence++, d, malloc(size), size};
    if (held_count == HELD_MOST || !h.bytes) {
        free(h.bytes);
        d->overflowed++;
        return;
    }
    memcpy(h.bytes, bytes, size);
    size_t i = held_count++;
    for (; i > 0 && before(&h, &heap[(i - 1) / 2]); i = (i - 1) / 2)
        heap[i] = heap[(i - 1) / 2];
    heap[i] = h;
}

static struct held take(void)
{
    struct held first = heap[0], last = heap[--held_count];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child + 1 < held_count && before(&heap[child + 1], &heap[child]))
            child++;
        if (child >= held_count || !before(&heap[child], &last))
            break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = last;
    return first;
}

/* ---- what happens to a frame ---- */

/* When the wire has carried it; negative: the queue before the wire is full. */
static int64_t through_wire(struct direction *d, const struct faults *f, size_t size, int64_t at)
{
    if (f->ns_per_byte == 0)
        return at;
    if ((double)(d->wire_free - at) > f->ns_per_byte * 1514 * QUEUE_MOST)
        return -1;
    if (d->wire_free < at)
        d->wire_free = at;
    d->wire_free += (int64_t)(f->ns_per_byte * (double)size);
    return d->wire_free;
}

static void accept_frame(struct direction *d, const struct faults *f, const unsigned char *bytes, size_t size)
{
    /* always the same number of draws, so that one fault does not shift the others */
    double lost = random_part(&d->random), reordered = random_part(&d->random), twice = random_part(&d->random);
    double jitter = random_part(&d->random);
    d->received++;
    if (lost < f->loss) {
        d->lost++;
        return;
    }
    int64_t at = through_wire(d, f, size, now());
    if (at < 0) {
        d->overflowed++;
        return;
    }
    int64_t due = at + f->delay + (int64_t)(jitter * (double)f->jitter);
    if (reordered < f->reorder) {
        d->reordered++;
        due = f->delay ? at : at + 5000000;
    }
    hold(d, bytes, size, due);
    if (twice < f->duplicate) {
        d->duplicated++;
        hold(d, bytes, size, due);
    }
}

static void receive_all(struct direction *d, const struct faults *f)
{
    static unsigned char frame[FRAME_MOST];
    for (int n = 0; n < 64; n++) {
        ssize_t size = read(d->in, frame, sizeof frame);
        if (size <= 0)
            return;
        accept_frame(d, f, frame, (size_t)size);
    }
}

static void send_due(void)
{
    while (held_count && heap[0].due <= now()) {
        struct held h = take();
        if (write(h.direction->out, h.bytes, h.size) == (ssize_t)h.size)
            h.direction->sent++;
        else
            h.direction->refused++;
        free(h.bytes);
    }
}

/* ---- the two interfaces ---- */

static void fail(const char *what, const char *name)
{
    fprintf(stderr, "relay: %s %s: %s\n", what, name, strerror(errno));
    exit(3);
}

static int open_near(const char *name)
{
    int s = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1, size = 8 << 20;
    struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(name)};
    struct packet_mreq all = {.mr_ifindex = at.sll_ifindex, .mr_type = PACKET_MR_PROMISC};
    if (s < 0 || at.sll_ifindex == 0)
        fail("cannot open", name);
    setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    if (setsockopt(s, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one) != 0 ||
        setsockopt(s, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all) != 0 || bind(s, (void *)&at, sizeof at) != 0)
        fail("cannot bind to", name);
    return s;
}

static int open_far(const char *name)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        fail("cannot open", "/dev/net/tun");
    if (strlen(name) >= sizeof request.ifr_name) {
        errno = ENAMETOOLONG;
        fail("cannot make", name);
    }
    strcpy(request.ifr_name, name);
    if (ioctl(fd, TUNSETIFF, &request) != 0)
        fail("cannot make", name);
    return fd;
}

/* ---- */

static void stop(int)
{
    stopping = 1;
}

static void print_counts(const struct direction *d)
{
    printf("%s: %lu received, %lu lost, %lu reordered, %lu duplicated, %lu overflowed, %lu sent, %lu refused\n", d->name, d->received, d->lost,
           d->reordered, d->duplicated, d->overflowed, d->sent, d->refused);
}

static int run(struct direction *directions, const struct faults *f)
{
    struct pollfd polls[2] = {{.fd = directions[0].in, .events = POLLIN}, {.fd = directions[1].in, .events = POLLIN}};
    while (!stopping) {
        send_due();
        struct timespec wait = {.tv_sec = 1};
        int64_t left = held_count ? heap[0].due - now() : 1000000000;
        left = left < 0 ? 0 : left > 999999999 ? 999999999 : left;
        wait = (struct timespec){.tv_nsec = left};
        if (ppoll(polls, 2, &wait, NULL) < 0 && errno != EINTR)
            return 3;
        for (int i = 0; i < 2; i++)
            receive_all(&directions[i], f);
    }
    for (int i = 0; i < 2; i++)
        print_counts(&directions[i]);
    return 0;
}

static bool parse(struct faults *f, const char *option, const char *value)
{
    char *end;
    double v = strtod(value, &end);
    if (*value == '\0' || *end != '\0' || !(v >= 0))
        return false;
    if (!strcmp(option, "--seed"))
        f->seed = (uint64_t)v;
    else if (!strcmp(option, "--loss"))
        f->loss = v / 100;
    else if (!strcmp(option, "--reorder"))
        f->reorder = v / 100;
    else if (!strcmp(option, "--duplicate"))
        f->duplicate = v / 100;
    else if (!strcmp(option, "--delay"))
        f->delay = (int64_t)(v * 1e6);
    else if (!strcmp(option, "--jitter"))
        f->jitter = (int64_t)(v * 1e6);
    else if (!strcmp(option, "--rate") && v > 0)
        f->ns_per_byte = 8000 / v;
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    struct faults f = {.seed = 1};
    int i = 1;
    for (; i + 1 < argc && !strncmp(argv[i], "--", 2); i += 2)
        if (!parse(&f, argv[i], argv[i + 1])) {
            fprintf(stderr, "relay: '%s %s' is not an option\n", argv[i], argv[i + 1]);
            return 2;
        }
    if (argc - i != 2) {
        fprintf(stderr, "usage: relay [--seed N] [--loss P] [--delay MS] [--jitter MS] [--reorder P] [--duplicate P] [--rate MBIT] NEAR FAR\n");
        return 2;
    }
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    int near = open_near(argv[i]), far = open_far(argv[i + 1]);
    struct direction directions[2] = {{.name = "near to far", .in = near, .out = far, .random = f.seed},
                                      {.name = "far to near", .in = far, .out = near, .random = ~f.seed}};
    puts("ready");
    fflush(stdout);
    return run(directions, &f);
}
