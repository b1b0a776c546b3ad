/* acpi.h - the machine's own; the tables behind it are the test's (virtio_double.h). */
#include "../../../../../targets/pvh/include/ukc/acpi.h"
