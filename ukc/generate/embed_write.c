/*
 * embed_write.c - `ukc embed`: list, contents, index, object.
 */
#include "embedding.h"

bool embed_write(struct arena *a, const struct embed_options *options, struct diag *d)
{
    const struct embed_input *input = embed_input_read(a, options->list, d);
    struct output out;
    bool good = input && input->count < UINT32_MAX / 4 && output_open(a, &out, options->output, d);
    if (good) {
        struct packed packed = {};
        static const char header[OBJECT_DATA_OFFSET];
        output_write(&out, header, sizeof header); /* its place; written when all is known */
        good = embed_pack(a, input, &out, OBJECT_DATA_OFFSET, &packed);
        if (good) {
            struct embed_index index =
                embed_index_build(a, packed.entries.items, (uint32_t)packed.entries.count, text_string(&packed.strings));
            embed_object_finish(&out, input, &packed, &index);
        }
        good = output_finish(&out, good);
        text_dispose(&packed.strings);
    }
    return good;
}
