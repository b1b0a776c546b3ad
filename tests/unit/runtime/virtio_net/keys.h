/* The keys of virtio_net, as the tests want them. */
#include <stdbool.h>
#include <stdint.h>
extern uint8_t test_card_mac[6];
extern int test_card_index, test_card_mtu;
extern bool test_card_offload;
#define KEY_MAC_BYTES test_card_mac
#define KEY_INDEX test_card_index
#define KEY_MTU test_card_mtu
#define KEY_OFFLOAD test_card_offload
#define KEY_RECEIVE_BUFFERS 64
#define KEY_SEND_BUFFERS 32
