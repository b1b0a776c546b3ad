/* help.c - see option.h. */
#include "option.h"

#include <stdio.h>

#ifndef UKC_VERSION
#define UKC_VERSION "0"
#endif

static const char hosts[] =
    "IMAGE is a file, or @PATH: the host is a process that somebody else starts, which connects to the Unix\n"
    "socket PATH (its key socket).  In ARGUMENTS, {n} is the host's number, {i} that in its group,\n"
    "both from 1, and {hosts} how many there are; + - * / % and parentheses work: --address=10.0.{n/250}.{n%250+1};\n"
    "{n:x} is in hexadecimal.\n";

static const char serve[] = "the next hosts need not end: they are asked to stop when all others have ended";

static const char report[] =
    "Lines that hosts write begin with the host's number.  Then come counts, each with its name.  The last line is\n"
    "the SHA-256 of all that happened: each frame that was sent, received or lost, with its time and host.\n";

static const char *const statuses[][2] = {
    {"0", "every host ended with status 0"},
    {"1", "one did not; standard error says which, and how it ended"},
    {"2", "the command line is wrong"},
    {"3", "something outside failed: memory, descriptors, a file"},
};
enum { STATUSES = sizeof statuses / sizeof statuses[0] };

void option_help(const struct option *options, size_t count)
{
    puts("usage: ukc-switch [OPTION]... [--serve] IMAGE[:ARGUMENTS] [xCOUNT] [[--serve] IMAGE...]...\n"
         "Runs images configured with link=switch as hosts on a simulated Ethernet switch, in virtual time.\n");
    for (size_t i = 0; i < count; i++) {
        char left[40];
        snprintf(left, sizeof left, "--%s %s", options[i].name, options[i].value ? options[i].value : "");
        printf("  %-20s %s\n", left, options[i].help);
    }
    printf("  %-20s %s\n\n%s\n%s\n", "--serve", serve, hosts, report);
    for (size_t i = 0; i < STATUSES; i++)
        printf("  status %s  %s\n", statuses[i][0], statuses[i][1]);
}

/* troff: a leading dot or quote and every backslash and hyphen need care. */
static void put(const char *s)
{
    for (char before = '\n'; *s; before = *s++) {
        if (before == '\n' && (*s == '.' || *s == '\''))
            fputs("\\&", stdout);
        if (*s == '\\')
            fputs("\\e", stdout);
        else if (*s == '-')
            fputs("\\-", stdout);
        else
            putchar(*s);
    }
}

static void put_item(const char *name, const char *value, const char *text)
{
    fputs(".TP\n.B ", stdout);
    put(name);
    if (value)
        printf(" \\fI%s\\fR", value);
    putchar('\n');
    put(text);
    fputs(".\n", stdout);
}

void option_manual(const struct option *options, size_t count)
{
    fputs(".TH UKC\\-SWITCH 1 \"\" \"ukc " UKC_VERSION "\" \"User Commands\"\n"
          ".SH NAME\nukc\\-switch \\- run images as hosts of a simulated network\n"
          ".SH SYNOPSIS\n.B ukc\\-switch\n[\\fIOPTION\\fR...] [\\fB\\-\\-serve\\fR] \\fIIMAGE\\fR[:\\fIARGUMENTS\\fR] [x\\fICOUNT\\fR]...\n"
          ".SH DESCRIPTION\nRuns images configured with link=switch as hosts on a simulated Ethernet switch, in virtual time: one host at a\n"
          "time, until all its tasks wait.  The same seed gives the same run.\n.PP\n",
          stdout);
    put(hosts);
    fputs(".PP\n", stdout);
    put(report);
    fputs(".SH OPTIONS\n", stdout);
    for (size_t i = 0; i < count; i++) {
        char name[40];
        snprintf(name, sizeof name, "--%s", options[i].name);
        put_item(name, options[i].value, options[i].help);
    }
    put_item("--serve", NULL, serve);
    fputs(".SH \"EXIT STATUS\"\n", stdout);
    for (size_t i = 0; i < STATUSES; i++)
        put_item(statuses[i][0], NULL, statuses[i][1]);
    fputs(".SH EXAMPLES\n.nf\nukc configure \\-\\-target posix \\-\\-set net=native \\-\\-set link=switch && ukc build\n"
          "ukc\\-switch \\-\\-loss 1% \\-\\-delay 10ms \\-\\-serve build/posix/server 'build/posix/client:\\-\\-number={n}' x99\n.fi\n"
          ".SH \"SEE ALSO\"\n.BR ukc (1)\n",
          stdout);
}
