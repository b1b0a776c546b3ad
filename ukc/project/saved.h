/*
 * saved.h - reading back what configure kept (configuration.c writes it).
 */
#ifndef UKC_SAVED_H
#define UKC_SAVED_H

#include "project.h"

/* build/last: the target configured last, and the unikernel where there are several. */
struct saved_last {
    bool found;
    enum target target;
    const char *name;
};
bool saved_last_read(struct arena *, struct saved_last *, struct diag *);

/* <build>/configure.args into p->configuration; *found is false when the target is not configured. */
bool saved_configuration_read(struct project *, bool *found);

/* --set words and --config files of p->configuration, split into settings with places. */
bool saved_settings(struct project *, struct resolve_options *);

#endif
