/*
 * chargen.c - RFC 864: lines of characters until the client closes or resets; what it sends is thrown away.
 *
 * The lines are those that the RFC recommends: 72 of the 95 printing characters, starting one further in each line.  After 95
 * lines they repeat: that is the block that is sent over and over.  A client that only ends its own direction is sent on.
 */
#include "random.h"
#include "service.h"
#include "task.h"

#include <string.h>
#include <ukc/deadline.h>

int chargen_main(void);

enum { FIRST = ' ', CHARACTERS = 95, WIDTH = 72, LINE = WIDTH + 2, BLOCK = CHARACTERS * LINE, BLOCKS = 8, ANSWER_MOST = 512 };

static char text[BLOCKS * BLOCK];

static void write_text(void)
{
    char *at = text;
    for (int line = 0; line < BLOCKS * CHARACTERS; line++) {
        for (int column = 0; column < WIDTH; column++)
            *at++ = (char)(FIRST + (line + column) % CHARACTERS);
        *at++ = '\r';
        *at++ = '\n';
    }
}

static void throw_away(void *connection)
{
    char buffer[4096];
    while (connection_read(connection, buffer, sizeof buffer) > 0)
        ;
}

static int talk(struct connection *connection)
{
    int error = task_spawn(NULL, 0, throw_away, connection);
    while (!error)
        error = connection_write(connection, (struct view){text, sizeof text});
    task_end_children(DEADLINE_NOW);
    return error;
}

/* The RFC: 0 to 512 characters, by chance; but not more than were received. */
static size_t answer(char *datagram, size_t size)
{
    uint16_t chance;
    random_fill(&chance, sizeof chance);
    size_t most = size < ANSWER_MOST ? size : ANSWER_MOST;
    most = chance % (most + 1);
    memcpy(datagram, text, most);
    return most;
}

int chargen_main(void)
{
    write_text();
    return service_run(&(struct service){"chargen", talk, answer});
}
