/* What generation makes for an instance of libs/embed; for tests/unit/embed.c, which fills it in. */
#pragma once

#include "../../libs/embed/format.h"

extern struct embed_blob embed_blob;
