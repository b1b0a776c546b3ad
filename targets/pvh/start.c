/*
 * start.c - the first C: the loader's words become the arguments of main, and main's result the machine's end.
 */
#include "start.h"

#include <string.h>
#include <ukc/device.h>
#include <ukc/machine.h>
#include <ukc/read_only.h>
#include <ukc/small.h>

#include "start_info.h"

SMALL_BEGIN

enum { ARGUMENTS_MOST = 128, DEVICES_MOST = 64 };

static const char *devices[DEVICES_MOST] UKC_READ_ONLY_AFTER_START;
static size_t device_count UKC_READ_ONLY_AFTER_START;

/*
 * Hypervisors append words that Linux takes.  Where devices are is kept for drivers; the others are those that Firecracker appends, or gives
 * an image that brings no words, or asks for in its documentation.  What ends with '=' or '.' here is a beginning.
 */
static bool is_for_linux(const char *word)
{
    static const char names[][9] = {"console=", "reboot=", "panic=", "pci=", "root=", "ro", "rw", "nomodule", "8250.", "i8042.", "swiotlb="};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t size = strlen(names[i]);
        char last = names[i][size - 1];
        if (strncmp(word, names[i], size) == 0 && (last == '=' || last == '.' || word[size] == '\0'))
            return true;
    }
    return false;
}

/* A word that is not for the image's keys. */
static bool take_word(const char *word)
{
    static const char prefix[] = "virtio_mmio.device=";
    if (strncmp(word, prefix, sizeof prefix - 1) != 0)
        return is_for_linux(word);
    if (device_count == DEVICES_MOST)
        machine_panic("the command line names more than 64 devices");
    devices[device_count++] = word;
    return true;
}

const char *device_word(size_t index)
{
    return index < DEVICES_MOST ? devices[index] : NULL;
}

/*
 * Words are separated by blanks; a word in double quotes may hold them, and "" is an empty one.  The first
 * argument is the program's name.
 */
static int split(char *line, char **argv)
{
    int argc = 1;
    for (char *from = line;;) {
        while (*from == ' ' || *from == '\t' || *from == '\n')
            from++;
        if (*from == '\0')
            return argc;
        if (argc == ARGUMENTS_MOST)
            machine_panic("the command line has more than 127 words");
        char *to = argv[argc++] = from;
        bool quoted = false;
        for (; *from && (quoted || (*from != ' ' && *from != '\t' && *from != '\n')); from++) {
            if (*from == '"')
                quoted = !quoted;
            else
                *to++ = *from;
        }
        if (quoted)
            machine_panic("the command line has a quote that does not end");
        bool last = *from == '\0';
        *to = '\0';
        if (take_word(argv[argc - 1]))
            argv[--argc] = NULL;
        if (last)
            return argc;
        from++;
    }
}

[[gnu::used]] void machine_start(uint64_t start_info)
{
    static char *argv[ARGUMENTS_MOST + 1] UKC_READ_ONLY_AFTER_START;
    machine_prepare_exceptions();
    start_info_read(start_info);
    argv[0] = "image";
    int argc = split(start_info_command_line(), argv);
    library_start(argc, argv);
}

SMALL_END
