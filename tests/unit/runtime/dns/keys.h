/* The keys of dns, as the tests want them: what is read at boot is theirs to set. */
#include <stddef.h>
#include <stdint.h>
extern const char *test_dns_servers[], *test_dns_hosts[];
extern size_t test_dns_server_count, test_dns_host_count;
extern uint16_t test_dns_port;
#define KEY_SERVERS_ITEMS test_dns_servers
#define KEY_SERVERS_COUNT test_dns_server_count
#define KEY_HOSTS_ITEMS test_dns_hosts
#define KEY_HOSTS_COUNT test_dns_host_count
#define KEY_PORT test_dns_port
#define KEY_TIMEOUT 300
#define KEY_TRIES 2
#define KEY_CACHE_ENTRIES 64
#define KEY_CACHE_BYTES 65536
#define KEY_TTL 3600
#define KEY_NEGATIVE_TTL 900
