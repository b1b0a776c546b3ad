/* xen_store.h - what Xen offers; here a test answers. */
#include "../../../../../targets/pvh/include/ukc/xen_store.h"
