#include "rack.h"
