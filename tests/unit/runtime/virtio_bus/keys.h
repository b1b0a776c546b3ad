/* The keys of virtio_bus, as the tests want them. */
#define KEY_TRANSPORT_ANY 0
#define KEY_TRANSPORT_PCI 1
#define KEY_TRANSPORT_MMIO 2
#define KEY_TRANSPORT KEY_TRANSPORT_ANY
