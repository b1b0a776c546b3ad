#include "http.h"

int site_main(void)
{
    return 0;
}
