/* xen_front.h - what Xen offers; here a test answers. */
#include "../../../../../targets/pvh/include/ukc/xen_front.h"
