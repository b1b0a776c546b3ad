/* The keys of flow_tcp, as the tests want them. */
extern int test_flow_port;
#define KEY_FAMILY_IPV4 0
#define KEY_FAMILY_IPV6 1
#define KEY_FAMILY 1
#define KEY_IPV4_BYTES {127, 0, 0, 1}
#define KEY_IPV6_BYTES {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}
#define KEY_PORT ((uint16_t)test_flow_port)
