/* The keys of virtio_blk, as the tests want them. */
extern int test_disk_index;
#define KEY_INDEX test_disk_index
#define KEY_READ_ONLY 0
#define KEY_REQUESTS 4
