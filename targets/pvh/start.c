/*
 * start.c - the first C: the loader's words become the arguments of main, and main's result the machine's end.
 */
#include "start.h"

#include <string.h>
#include <ukc/device.h>
#include <ukc/machine.h>
#include <ukc/small.h>

#include "start_info.h"

SMALL_BEGIN

enum { ARGUMENTS_MOST = 128, DEVICES_MOST = 64 };

static const char *devices[DEVICES_MOST + 1];

/* Hypervisors append the places of devices, in the words that Linux takes: these are not for the image's keys. */
static bool keep_device(const char *word)
{
    static const char prefix[] = "virtio_mmio.device=";
    static size_t count;
    if (strncmp(word, prefix, sizeof prefix - 1) != 0)
        return false;
    if (count == DEVICES_MOST)
        machine_panic("the command line names more than 64 devices");
    devices[count++] = word;
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
        if (keep_device(argv[argc - 1]))
            argv[--argc] = NULL;
        if (last)
            return argc;
        from++;
    }
}

[[gnu::used]] void machine_start(uint64_t start_info)
{
    static char *argv[ARGUMENTS_MOST + 1] = {"image"};
    machine_prepare_exceptions();
    start_info_read(start_info);
    int argc = split(start_info_command_line(), argv);
    library_start(argc, argv);
}

SMALL_END
