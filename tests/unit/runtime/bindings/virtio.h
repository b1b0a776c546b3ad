/* The requirement `virtio`, bound to virtio_bus for the tests: the signature's operations under its symbols. */
#pragma redefine_extname virtio_open virtio_bus_open
#pragma redefine_extname virtio_close virtio_bus_close
#pragma redefine_extname virtio_offered virtio_bus_offered
#pragma redefine_extname virtio_negotiate virtio_bus_negotiate
#pragma redefine_extname virtio_read_config virtio_bus_read_config
#pragma redefine_extname virtio_queue virtio_bus_queue
#pragma redefine_extname virtio_ready virtio_bus_ready
#pragma redefine_extname virtio_add virtio_bus_add
#pragma redefine_extname virtio_kick virtio_bus_kick
#pragma redefine_extname virtio_collect virtio_bus_collect
#pragma redefine_extname virtio_arm virtio_bus_arm
#pragma redefine_extname virtio_queue_size virtio_bus_queue_size
#include "../../../../libs/signatures/virtio.h"
