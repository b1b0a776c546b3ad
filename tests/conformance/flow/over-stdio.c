/* over-stdio.c - the flow is standard input and output; whoever started the image sends back what it writes. */
#include "conformance.h"

int over_stdio_main(void);

int over_stdio_main(void)
{
    return flow_conformance();
}
