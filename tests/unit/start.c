/* start.c - the loader's words as arguments: quoted, too many, and those that are not for the image. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../../targets/pvh/start.c"

enum { LINE_MOST = 4096 };
static char line[LINE_MOST];
static jmp_buf out;
static const char *why;
static int count;
static char **words;

void machine_prepare_exceptions(void)
{
}

void start_info_read(uint64_t address)
{
    (void)address;
}

char *start_info_command_line(void)
{
    return line;
}

void machine_panic(const char *text)
{
    why = text;
    longjmp(out, 1);
}

void library_start(int argc, char **argv)
{
    count = argc;
    words = argv;
    longjmp(out, 1);
}

/* What main would get of this line; why it is refused, if it is, is in `why`. */
static void start(const char *text)
{
    memset(devices, 0, sizeof devices);
    device_count = 0;
    count = 0;
    why = NULL;
    if (text != line)
        strcpy(line, text);
    if (setjmp(out) == 0)
        machine_start(0);
}

static void gives(const char *text, const char *const *expected, int n)
{
    start(text);
    assert_null(why);
    assert_int_equal(count, n + 1);
    assert_string_equal(words[0], "image");
    for (int k = 0; k < n; k++)
        assert_string_equal(words[k + 1], expected[k]);
    assert_null(words[n + 1]);
}

#define GIVES(text, ...)                                                      \
    do {                                                                      \
        static const char *const e[] = {"", ##__VA_ARGS__};                   \
        gives(text, e + 1, (int)(sizeof e / sizeof *e) - 1);                  \
    } while (0)

static void splits(void **state)
{
    (void)state;
    GIVES("");
    GIVES("  \t\n");
    GIVES("--a=b --c", "--a=b", "--c");
    GIVES(" --a=\"b c\"  \"\" \"--d\" ", "--a=b c", "", "--d");
    start("--a=\"b");
    assert_string_equal(why, "the command line has a quote that does not end");
}

/* What Firecracker 1.12 to 1.16 gives or appends, what its documentation says to give, and QEMU's microvm. */
static void words_of_loaders(void **state)
{
    (void)state;
    GIVES("--port=80 pci=off virtio_mmio.device=4K@0xc0001000:5 virtio_mmio.device=4K@0xc0002000:6", "--port=80");
    assert_string_equal(device_word(0), "virtio_mmio.device=4K@0xc0001000:5");
    assert_string_equal(device_word(1), "virtio_mmio.device=4K@0xc0002000:6");
    assert_null(device_word(2));
    assert_null(device_word(DEVICES_MOST));
    GIVES("reboot=k panic=1 nomodule 8250.nr_uarts=0 i8042.noaux i8042.nomux i8042.dumbkbd swiotlb=noforce pci=off root=/dev/vda rw");
    GIVES("console=ttyS0 reboot=k panic=1 pci=off root=PARTUUID=0eaa91a0-01 ro --a", "--a");
    /* no more than these: a mistake is told by whoever reads the keys */
    GIVES("--root=x root --pci=off pcix=1 nomodules row port=80 virtio_mmio.device", "--root=x", "root", "--pci=off", "pcix=1", "nomodules", "row",
          "port=80", "virtio_mmio.device");
}

static void too_many(void **state)
{
    (void)state;
    for (int n = 127; n <= 128; n++) {
        line[0] = '\0';
        for (int k = 0; k < n; k++)
            strcat(line, "x ");
        start(line);
        assert_int_equal(count, n == 127 ? 128 : 0);
        assert_int_equal(why != NULL, n == 128);
    }
    assert_string_equal(why, "the command line has more than 127 words");
    for (int n = 64; n <= 65; n++) {
        line[0] = '\0';
        for (int k = 0; k < n; k++)
            strcat(line, "virtio_mmio.device=4K@0xc0001000:5 ");
        start(line);
        assert_int_equal(why != NULL, n == 65);
    }
    assert_string_equal(why, "the command line names more than 64 devices");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(splits), cmocka_unit_test(words_of_loaders), cmocka_unit_test(too_many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
