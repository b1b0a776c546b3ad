/* The keys of kv_block, as the tests want them. */
extern int test_kv_format;
#define KEY_FORMAT_NEVER 0
#define KEY_FORMAT_BLANK 1
#define KEY_FORMAT_OTHER 2
#define KEY_FORMAT_ALWAYS 3
#define KEY_FORMAT test_kv_format
#define KEY_VALUE_BYTES 100000
