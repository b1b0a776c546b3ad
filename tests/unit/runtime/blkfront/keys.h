/* The keys of blkfront, as the tests want them. */
extern int test_vbd_index;
#define KEY_INDEX test_vbd_index
#define KEY_READ_ONLY 0
#define KEY_BUFFERS 32
