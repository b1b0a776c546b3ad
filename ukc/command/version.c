/*
 * version.c - ukc version.
 */
#include "command.h"
#include <stdio.h>

int command_version(struct invocation *i)
{
    if (given(i, OPTION_json))
        printf("{\n  \"ukc\": \"%s\"\n}\n", UKC_VERSION);
    else
        printf("ukc %s\n", UKC_VERSION);
    return 0;
}
