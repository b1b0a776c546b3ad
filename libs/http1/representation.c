/*
 * representation.c - answer with a representation: which one, whether, and how much of it.
 *
 * In the order of RFC 9110: choose by Accept-Encoding (12.5.3), evaluate the
 * preconditions (13.2.2), then the range (14.2).
 */
#include "internal.h"

#include <errno.h>
#include <ukc/uncleared.h>
#include "date.h"
#include "text.h"

enum { RANGES_MOST = 16 };

/* --- which --- */

struct accepted {
    struct view coding;
    unsigned quality;
};

/* The quality the client gives a coding in thousandths; -1 when it does not name it. */
static int quality_of(const struct http1_exchange *x, struct view coding)
{
    int named = -1, any = -1;
    for (size_t i = 0; i < x->field_count; i++) {
        if (x->fields[i].known != FIELD_ACCEPT_ENCODING)
            continue;
        struct view list = x->fields[i].value, element;
        while (text_element(&list, &element)) {
            struct accepted accepted;
            if (!text_quality(element, &accepted.coding, &accepted.quality))
                continue;
            if (text_same(accepted.coding, coding) ||
                (text_same(coding, VIEW("gzip")) && text_same(accepted.coding, VIEW("x-gzip"))))
                named = (int)accepted.quality;
            else if (text_same(accepted.coding, VIEW("*")))
                any = (int)accepted.quality;
        }
    }
    return named >= 0 ? named : any;
}

/*
 * The smallest of those that the client likes best.  As it is counts as
 * acceptable even when excluded: better an answer than none (12.5.3 allows it).
 */
static const struct representation *choose(const struct http1_exchange *x,
                                           const struct representation *forms, size_t count)
{
    const struct representation *best = &forms[0];
    if (count == 1 || !has_field(x, FIELD_ACCEPT_ENCODING))
        return best;
    int best_quality = quality_of(x, VIEW("identity"));
    if (best_quality < 0)
        best_quality = 1; /* acceptable, yet liked less than anything that is named */
    for (size_t i = 1; i < count; i++) {
        int quality = quality_of(x, forms[i].encoding);
        if (quality <= 0 || quality < best_quality)
            continue;
        if (quality > best_quality || forms[i].size < best->size) {
            best = &forms[i];
            best_quality = quality;
        }
    }
    return best;
}

/* --- whether --- */

static bool lists_tag(const struct http1_exchange *x, enum known_field known, struct view tag, bool weak)
{
    for (size_t i = 0; i < x->field_count; i++)
        if (x->fields[i].known == known && text_has_tag(x->fields[i].value, tag, weak))
            return true;
    return false;
}

/* Whether it has changed since the date in the field, which there is; `otherwise` when that is no date. */
static bool changed_since(const struct http1_exchange *x, enum known_field known,
                          const struct representation *form, bool otherwise)
{
    if (form->modified <= 0)
        return otherwise;
    int64_t date = date_read(known_value(x, known), now_wall());
    return date < 0 ? otherwise : form->modified > date;
}

/* 0, 304 or 412. */
static unsigned precondition(const struct http1_exchange *x, const struct representation *form)
{
    if (has_field(x, FIELD_IF_MATCH)) {
        if (!lists_tag(x, FIELD_IF_MATCH, form->etag, false))
            return 412;
    } else if (has_field(x, FIELD_IF_UNMODIFIED_SINCE) && changed_since(x, FIELD_IF_UNMODIFIED_SINCE, form, false)) {
        return 412;
    }
    if (has_field(x, FIELD_IF_NONE_MATCH))
        return lists_tag(x, FIELD_IF_NONE_MATCH, form->etag, true) ? 304 : 0;
    return has_field(x, FIELD_IF_MODIFIED_SINCE) && !changed_since(x, FIELD_IF_MODIFIED_SINCE, form, true) ? 304 : 0;
}

/* RFC 9110 section 13.1.5: a tag, compared strongly, or the very date that was given out. */
static bool range_applies(const struct http1_exchange *x, const struct representation *form)
{
    if (x->method != METHOD_GET || !has_field(x, FIELD_RANGE))
        return false;
    if (!has_field(x, FIELD_IF_RANGE))
        return true;
    struct view validator = known_value(x, FIELD_IF_RANGE);
    if (form->etag.size > 0 && view_equal(validator, form->etag))
        return true;
    return form->modified > 0 && date_read(validator, now_wall()) == form->modified;
}

/* --- how much --- */

static struct view slice(const struct representation *form, struct text_range range)
{
    return (struct view){form->bytes + range.first, (size_t)(range.last - range.first + 1)};
}

enum { BOUNDARY_SIZE = 20, PART_BYTES = 512 };

/* Not in the content but by a chance of 1 in 2^64, unless its author knows the time of the request. */
static void make_boundary(char *out)
{
    static uint64_t state = UINT64_C(0xcbf29ce484222325);
    state = (state ^ (uint64_t)now_monotonic()) * UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = state ^ state >> 29;
    memcpy(out, "part", 4);
    for (int i = 0; i < 16; i++)
        out[4 + i] = "0123456789abcdef"[mixed >> 4 * i & 15];
}

static void add(char *out, size_t *size, struct view bytes)
{
    if (bytes.size > 0)
        memcpy(out + *size, bytes.bytes, bytes.size);
    *size += bytes.size;
}

static void add_number(char *out, size_t *size, uint64_t number)
{
    char digits[TEXT_DIGITS];
    add(out, size, text_decimal(number, digits));
}

/* What stands before a part; the type has been checked to fit. */
static size_t part_head(char *out, const char *boundary, const struct representation *form,
                        struct text_range range)
{
    size_t size = 0;
    add(out, &size, VIEW("\r\n--"));
    add(out, &size, (struct view){boundary, BOUNDARY_SIZE});
    if (form->type.size > 0) {
        add(out, &size, VIEW("\r\nContent-Type: "));
        add(out, &size, form->type);
    }
    add(out, &size, VIEW("\r\nContent-Range: bytes "));
    add_number(out, &size, range.first);
    out[size++] = '-';
    add_number(out, &size, range.last);
    out[size++] = '/';
    add_number(out, &size, form->size);
    add(out, &size, VIEW("\r\n\r\n"));
    return size;
}

static int send_parts(struct http1_exchange *x, struct answer *answer, const struct representation *form,
                      const struct text_range *ranges, size_t count)
{
    static const char type_start[] = "multipart/byteranges; boundary=";
    enum { START = sizeof type_start - 1 };
    char head[PART_BYTES], type[START + BOUNDARY_SIZE], *boundary = type + START;
    memcpy(type, type_start, START);
    make_boundary(boundary);
    answer->status = 206;
    answer->type = (struct view){type, sizeof type};
    answer->sized = true;
    answer->size = BOUNDARY_SIZE + 8; /* CR LF "--" boundary "--" CR LF */
    for (size_t i = 0; i < count; i++)
        answer->size += part_head(head, boundary, form, ranges[i]) + slice(form, ranges[i]).size;
    int error = answer_head(x, answer);
    if (error < 0)
        return error;
    x->answer = ANSWER_DONE;
    for (size_t i = 0; i < count && error == 0; i++) {
        struct view part = slice(form, ranges[i]);
        error = append(x, (struct view){head, part_head(head, boundary, form, ranges[i])});
        if (error == 0)
            error = part.size <= COPY_BYTES ? append(x, part) : send_through(x, part);
    }
    size_t size = 0;
    add(head, &size, VIEW("\r\n--"));
    add(head, &size, (struct view){boundary, BOUNDARY_SIZE});
    add(head, &size, VIEW("--\r\n"));
    return error ? error : append(x, (struct view){head, size});
}

static int send_range(struct http1_exchange *x, struct answer *answer, const struct representation *form)
{
    UKC_UNCLEARED struct text_range ranges[RANGES_MOST];
    int count = text_ranges(known_value(x, FIELD_RANGE), form->size, ranges, RANGES_MOST);
    if (count < 0)
        return answer_send(x, answer, (struct view){form->bytes, (size_t)form->size});
    if (count == 0) {
        struct view text = VIEW("416 Range Not Satisfiable\n");
        struct answer none = {.status = 416, .type = VIEW("text/plain; charset=utf-8"),
                              .content_range = true, .first = 1, .last = 0, .whole = form->size};
        return answer_send(x, &none, text);
    }
    if (count > 1 && form->type.size > PART_BYTES - 256)
        return answer_send(x, answer, (struct view){form->bytes, (size_t)form->size});
    if (count > 1)
        return send_parts(x, answer, form, ranges, (size_t)count);
    answer->status = 206;
    answer->content_range = true;
    answer->first = ranges[0].first;
    answer->last = ranges[0].last;
    answer->whole = form->size;
    return answer_send(x, answer, slice(form, ranges[0]));
}

static bool sendable(const struct representation *forms, size_t count)
{
    if (count < 1 || count > REPRESENTATIONS_MOST)
        return false;
    for (size_t i = 0; i < count; i++)
        if ((forms[i].bytes == NULL && forms[i].size > 0) || forms[i].size > PTRDIFF_MAX)
            return false;
    return true;
}

int http1_respond_with(struct http1_exchange *x, unsigned status, const struct representation *forms,
                       size_t count)
{
    if (x->answer != ANSWER_NONE)
        return -EALREADY;
    if (!sendable(forms, count))
        return -EINVAL;
    if (status == 200 && x->method == METHOD_OTHER) {
        int error = http1_set_header(x, VIEW("Allow"), VIEW("GET, HEAD"));
        return error ? error : answer_status(x, 405);
    }
    const struct representation *form = choose(x, forms, count);
    struct answer answer = {
        .status = status,
        .type = form->type,
        .etag = form->etag,
        .encoding = form->encoding,
        .modified = form->modified,
        .vary = count > 1,
        .ranges = status == 200,
    };
    struct view whole = {form->bytes, (size_t)form->size};
    unsigned instead = status == 200 ? precondition(x, form) : 0;
    if (instead == 412)
        return answer_status(x, 412);
    if (instead == 304) {
        answer.status = 304;
        answer.type = answer.encoding = (struct view){};
        answer.ranges = false;
        return answer_send(x, &answer, (struct view){});
    }
    if (status == 200 && range_applies(x, form))
        return send_range(x, &answer, form);
    return answer_send(x, &answer, whole);
}
