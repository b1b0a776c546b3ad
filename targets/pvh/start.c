/*
 * start.c - the first C: the loader's words become the arguments of main, and main's result the machine's end.
 */
#include "start.h"

#include <string.h>
#include <ukc/machine.h>

#include "start_info.h"

enum { ARGUMENTS_MOST = 128 };

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
