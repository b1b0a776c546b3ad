/* What drivers use of the machine beside its devices; the tests say what it does. */
#include <stddef.h>

void machine_print(const char *bytes, size_t size);
