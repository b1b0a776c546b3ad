/* The keys of netfront, as the tests want them. */
#include <stdint.h>
extern uint8_t test_vif_mac[6];
extern int test_vif_index;
extern bool test_vif_offload;
#define KEY_MAC_BYTES test_vif_mac
#define KEY_INDEX test_vif_index
#define KEY_MTU 1500
#define KEY_RECEIVE_BUFFERS 64
#define KEY_OFFLOAD test_vif_offload
#define KEY_SEND_BUFFERS 32
