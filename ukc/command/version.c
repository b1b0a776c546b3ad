/*
 * version.c - ukc version.
 */
#include "../base/json.h"
#include "../project/invocation.h"
#include <stdio.h>

int command_version(struct invocation *i)
{
    if (given(i, OPTION_json)) {
        struct json j = {};
        json_object(&j);
        json_field(&j, "ukc", UKC_VERSION);
        json_end_object(&j);
        answer_json(i, &j);
    } else {
        printf("ukc %s\n", UKC_VERSION);
    }
    return 0;
}
