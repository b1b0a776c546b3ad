#include "store.h"

int parcels_main(void)
{
    struct shelf_info info;
    return store_info(&info);
}
