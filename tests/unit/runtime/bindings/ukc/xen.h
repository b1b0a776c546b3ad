/* xen.h - what Xen offers; here a test answers. */
#include "../../../../../targets/pvh/include/ukc/xen.h"
