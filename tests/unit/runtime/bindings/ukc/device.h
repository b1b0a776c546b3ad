/* What drivers need of the machine, as targets/pvh/include/ukc/device.h has it: here a test answers (virtio_double.c). */
#ifndef PVH_DEVICE_H
#define PVH_DEVICE_H

#include <stddef.h>
#include <stdint.h>

volatile void *device_map(uint64_t address, size_t size);
uint64_t device_address(const volatile void *memory);
void device_fence(void);
const char *device_word(size_t index);
uint8_t device_load8(const volatile void *at);
uint16_t device_load16(const volatile void *at);
uint32_t device_load32(const volatile void *at);
void device_store8(volatile void *at, uint8_t value);
void device_store16(volatile void *at, uint16_t value);
void device_store32(volatile void *at, uint32_t value);
uint32_t device_in32(uint16_t port);
void device_out32(uint16_t port, uint32_t value);

#endif
