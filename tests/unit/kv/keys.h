/* The keys of the stores, as a configuration would give them; the test makes the folders. */
#define KEY_BYTES 100
#define KEY_PATH "store"
#define KEY_VALUE_BYTES 70000
