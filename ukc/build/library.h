/*
 * library.h - what `ukc library` is made of.
 */
#ifndef UKC_LIBRARY_H
#define UKC_LIBRARY_H

#include "../base/text.h"
#include "../project/invocation.h"

/* library_archive.c: objects as an archive without an index, which lld does not need. False after reporting. */
bool library_archive(struct arena *, const char *directory, const char *const *objects, size_t count, struct text *out, struct diag *);
/*
 * Of such an archive each member's name, which `directory` begins, with what it holds; false: it is not one.  The bytes are the archive's.
 */
struct library_member {
    const char *path;
    const char *bytes;
    size_t size;
};
bool library_members(struct arena *, const char *directory, const char *archive, size_t size, const struct library_member **, size_t *count);

/*
 * library.c: who waits at a terminal is told when a build below compiles the library.  A descriptor of the terminal, which ninja and its
 * commands inherit, or -1: nobody looks.  It is the caller's until library_deaf.
 */
#define LIBRARY_TOLD "UKC_TOLD" /* its number, in the environment that is handed over to a ukc below */
int library_listen(bool quiet);
void library_deaf(int told);

#endif
