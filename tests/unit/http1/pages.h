/* The requirement header that a build would generate: here the signature itself. */
#include "../../../libs/signatures/pages.h"
