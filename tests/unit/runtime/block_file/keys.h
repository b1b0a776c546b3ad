/* The keys of block_file, as the tests want them. */
#define KEY_PATH test_block_path()
const char *test_block_path(void);
#define KEY_SIZE 8192
#define KEY_SECTOR_SIZE 512
#define KEY_READ_ONLY 0
