/*
 * audited.h - what the commands of a build read, compared with what is declared.
 *
 * Declared is what a build statement names, what the compiler's or linker's list of dependencies names within the
 * project, the tools with the libraries that they load, and, for an image with the host's C library, the host's
 * headers and libraries.  All of that is in the record.
 */
#ifndef UKC_AUDITED_H
#define UKC_AUDITED_H

#include "edges.h"

/* Variable that names the log (base/audit.h) to a ukc that Ninja calls. */
#define AUDIT_VARIABLE "UKC_AUDIT"

/* Begins to watch; NULL: it cannot be done, and p->unwatched says why. */
struct audit *audited_begin(struct project *);
/* After ninja has ended. */
void audited_end(struct project *, struct audit *);

/*
 * Looks through the log; `edges` are those of build.ninja after the run, which may not have ended well: then what is
 * older than it is not looked at.  What has read nothing undeclared is noted in
 * <build>/audit.state.  False after reporting: then the outputs of commands
 * that did are gone, so that they run again.
 */
bool audited_check(struct project *, const struct edges *, bool ended_well);
/* audited_state.c: what watched commands left, in <build>/audit.state. */
struct audited_output {
    const char *path;
    const char *const *absent; /* files that its command looked for in vain */
    size_t absent_count;
};
/* Is `path` of what the build itself makes, that comes and goes, or beside `output`? */
bool audited_is_made(struct project *, const char *output, const char *path);
/* Adds these; those of other edges stay while they are what they were. */
bool audited_note(struct project *, const struct edges *, const struct audited_output *, size_t count);
/* Of these commands, those whose outputs are not what a watched command left. */
const struct edges *audited_missing(struct project *, const struct edges *needed);
/*
 * Before ninja runs: outputs whose commands would find now what they looked for in vain (a header in front of
 * another, one that __has_include asks for) are removed, because Ninja knows nothing of it.  False after reporting.
 */
bool audited_appeared(struct project *, bool quiet);

/* In a ukc that Ninja calls: the same for the commands of another file of Ninja's; nothing is noted. */
bool audited_check_below(struct project *, const struct edges *, const char *log);

#endif
