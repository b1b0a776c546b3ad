/*
 * message.c - queries and answers.
 *
 * An answer is walked through once as a whole, so that one that is broken anywhere is refused; then
 * its answer section is searched for the question's name, once for each alias, in whatever order the records are.
 */
#include "message.h"

enum {
    HEADER = 12,
    RECORDS_MOST = 2048, /* in all sections; 32 addresses and 16 aliases are the most that is used */
    JUMPS_MOST = 127,    /* compression pointers in a name: it has no more labels */
    CLASS_IN = 1,
    TYPE_NS = 2,
};
enum { FLAG_RESPONSE = 0x8000, OPCODE = 0x7800, FLAG_AUTHORITATIVE = 0x0400, FLAG_TRUNCATED = 0x0200, FLAG_RECURSE = 0x0100, RCODE = 0x000f };
enum { RCODE_NONE = 0, RCODE_FORMAT = 1, RCODE_NO_NAME = 3, RCODE_NOT_IMPLEMENTED = 4 };

static uint8_t *put16(uint8_t *to, unsigned number)
{
    to[0] = (uint8_t)(number >> 8);
    to[1] = (uint8_t)number;
    return to + 2;
}

size_t message_query(const struct question *question, uint8_t query[QUERY_MOST])
{
    static const uint8_t option[] = {0, 0, TYPE_OPT, DATAGRAM_MOST >> 8, DATAGRAM_MOST & 255, 0, 0, 0, 0, 0, 0};
    uint8_t *to = put16(query, question->id);
    to = put16(to, FLAG_RECURSE);
    to = put16(to, 1);
    to = put16(to, 0);
    to = put16(to, 0);
    to = put16(to, !question->plain);
    memcpy(to, question->name.bytes, question->name.size);
    to += question->name.size;
    to = put16(to, question->type);
    to = put16(to, CLASS_IN);
    if (!question->plain) {
        memcpy(to, option, sizeof option);
        to += sizeof option;
    }
    return (size_t)(to - query);
}

/* ---- reading within the view ---- */

struct reader {
    const uint8_t *bytes;
    size_t size, at;
};

static bool get16(struct reader *r, uint16_t *number)
{
    if (r->size - r->at < 2)
        return false;
    *number = (uint16_t)(r->bytes[r->at] << 8 | r->bytes[r->at + 1]);
    r->at += 2;
    return true;
}

static bool get32(struct reader *r, uint32_t *number)
{
    uint16_t high, low;
    if (!get16(r, &high) || !get16(r, &low))
        return false;
    *number = (uint32_t)high << 16 | low;
    return true;
}

/*
 * RFC 1035, 4.1.4.  A pointer must lead before the place where the labels that it ends began, so that
 * every name comes to its end.
 */
static bool get_name(struct reader *r, struct name *name)
{
    size_t at = r->at, before = r->at, used = 0;
    unsigned jumps = 0;
    for (;;) {
        if (at >= r->size)
            return false;
        unsigned length = r->bytes[at];
        if (length >= 0xc0) {
            if (r->size - at < 2 || ++jumps > JUMPS_MOST)
                return false;
            size_t target = (length & 0x3f) << 8 | r->bytes[at + 1];
            if (target < HEADER || target >= before)
                return false;
            if (jumps == 1)
                r->at = at + 2;
            at = before = target;
            continue;
        }
        if (length > LABEL_MOST || r->size - at <= length || used + 1 + length > NAME_MOST)
            return false;
        name->bytes[used++] = (uint8_t)length;
        for (unsigned i = 1; i <= length; i++)
            name->bytes[used++] = name_lower(r->bytes[at + i]);
        at += 1 + length;
        if (length == 0)
            break;
    }
    if (jumps == 0)
        r->at = at;
    name->size = (uint8_t)used;
    return true;
}

/* ---- records ---- */

struct record {
    struct name owner;
    uint16_t type, class;
    uint32_t ttl;       /* as it stands there */
    struct reader data; /* of the whole message up to the end of the record's data, at its beginning */
};

static bool get_record(struct reader *r, struct record *record)
{
    uint16_t length;
    if (!get_name(r, &record->owner) || !get16(r, &record->type) || !get16(r, &record->class) || !get32(r, &record->ttl) ||
        !get16(r, &length) || r->size - r->at < length)
        return false;
    record->data = *r;
    record->data.size = r->at += length;
    return true;
}

/* RFC 2181, 8 */
static uint32_t lifetime(uint32_t ttl)
{
    return ttl > INT32_MAX ? 0 : ttl;
}

static uint32_t lesser(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* RFC 2308, 5: how long nothing is nothing: the lesser of the record's own time and of its last field. */
static bool read_soa(struct record *soa, uint32_t *ttl)
{
    struct name ignored;
    uint32_t number = 0;
    if (!get_name(&soa->data, &ignored) || !get_name(&soa->data, &ignored))
        return false;
    for (int i = 0; i < 5; i++)
        if (!get32(&soa->data, &number))
            return false;
    *ttl = lesser(lifetime(number), lifetime(soa->ttl));
    return soa->data.at == soa->data.size;
}

enum { QUESTIONS, ANSWERS, AUTHORITIES, ADDITIONALS, SECTIONS };

struct summary {
    uint16_t flags, counts[SECTIONS];
    struct reader answers; /* at the answer section */
    unsigned extended;     /* upper bits of the response code (RFC 6891, 6.1.3) */
    bool has_servers, has_soa;
    uint32_t negative_ttl;
};

static bool note_authority(struct summary *s, struct record *record)
{
    if (record->class != CLASS_IN)
        return true;
    s->has_servers |= record->type == TYPE_NS;
    if (record->type != TYPE_SOA || s->has_soa)
        return true;
    s->has_soa = true;
    return read_soa(record, &s->negative_ttl);
}

static bool walk(struct summary *s)
{
    struct reader r = s->answers;
    if (s->counts[ANSWERS] + s->counts[AUTHORITIES] + s->counts[ADDITIONALS] > RECORDS_MOST)
        return false;
    for (int section = ANSWERS; section <= ADDITIONALS; section++)
        for (unsigned i = 0; i < s->counts[section]; i++) {
            struct record record;
            if (!get_record(&r, &record) || (section == AUTHORITIES && !note_authority(s, &record)))
                return false;
            if (section == ADDITIONALS && record.type == TYPE_OPT)
                s->extended = record.ttl >> 24;
        }
    return true;
}

/* ---- answers ---- */

static bool take_address(struct record *record, struct answer *answer)
{
    size_t length = record->type == TYPE_A ? 4 : 16;
    if (record->data.size - record->data.at != length)
        return false;
    struct ip_address address = {.family = record->type == TYPE_A ? IP_V4 : IP_V6};
    memcpy(address.bytes, record->data.bytes + record->data.at, length);
    if (answer->count < ADDRESSES_MOST)
        answer->addresses[answer->count++] = address;
    answer->ttl = lesser(answer->ttl, lifetime(record->ttl));
    return true;
}

/*
 * Addresses of answer->name, or else *next, what it is an alias of (next->size is 0 without one).
 * False if a record that counts is broken.
 */
static bool search(const struct summary *s, uint16_t type, struct answer *answer, struct name *next)
{
    struct reader r = s->answers;
    uint32_t ttl = answer->ttl, alias_ttl = 0;
    next->size = 0;
    for (unsigned i = 0; i < s->counts[ANSWERS]; i++) {
        struct record record;
        if (!get_record(&r, &record))
            return false;
        if (record.class != CLASS_IN || !name_equal(&record.owner, &answer->name))
            continue;
        if (record.type == type && !take_address(&record, answer))
            return false;
        if (record.type != TYPE_CNAME || next->size)
            continue;
        if (!get_name(&record.data, next) || record.data.at != record.data.size)
            return false;
        alias_ttl = lifetime(record.ttl);
    }
    if (answer->count == 0 && next->size)
        answer->ttl = lesser(ttl, alias_ttl);
    return true;
}

/* RFC 2308, 2: nothing, if the server says so for sure; how long that holds, if it says that too. */
static enum verdict nothing(const struct summary *s, struct answer *answer)
{
    bool no_name = (s->flags & RCODE) == RCODE_NO_NAME;
    if (!no_name && !s->has_soa && answer->aliases > 0)
        return MESSAGE_ALIAS;
    if (!no_name && !s->has_soa && s->has_servers && !(s->flags & FLAG_AUTHORITATIVE))
        return MESSAGE_REFUSED;
    answer->ttl = s->has_soa ? lesser(answer->ttl, s->negative_ttl) : 0;
    return MESSAGE_NOTHING;
}

static enum verdict read_answers(const struct summary *s, const struct question *question, struct answer *answer)
{
    struct name next;
    *answer = (struct answer){.name = question->name, .ttl = INT32_MAX};
    for (;;) {
        if (!search(s, question->type, answer, &next))
            return MESSAGE_BROKEN;
        if (answer->count > 0)
            return MESSAGE_ADDRESSES;
        if (next.size == 0)
            return nothing(s, answer);
        if (++answer->aliases > ALIASES_MOST)
            return MESSAGE_BROKEN;
        answer->name = next;
    }
}

/* Header and question (RFC 5452, 9.1).  A server that cannot read the query may leave the question out. */
static bool is_ours(struct summary *s, const struct question *question)
{
    struct reader *r = &s->answers;
    struct name name;
    uint16_t id, type, class;
    if (!get16(r, &id) || id != question->id || !get16(r, &s->flags) || !(s->flags & FLAG_RESPONSE) || (s->flags & OPCODE))
        return false;
    for (int i = 0; i < SECTIONS; i++)
        if (!get16(r, &s->counts[i]))
            return false;
    unsigned code = s->flags & RCODE;
    if (s->counts[QUESTIONS] == 0)
        return code == RCODE_FORMAT || code == RCODE_NOT_IMPLEMENTED;
    return s->counts[QUESTIONS] == 1 && get_name(r, &name) && get16(r, &type) && get16(r, &class) &&
           name_equal(&name, &question->name) && type == question->type && class == CLASS_IN;
}

enum verdict message_read(const void *bytes, size_t size, const struct question *question, struct answer *answer)
{
    struct summary s = {.answers = {.bytes = bytes, .size = size}};
    if (!is_ours(&s, question))
        return MESSAGE_FOREIGN;
    unsigned code = s.flags & RCODE;
    if ((code == RCODE_FORMAT || code == RCODE_NOT_IMPLEMENTED) && !question->plain)
        return MESSAGE_NO_EDNS;
    if (code != RCODE_NONE && code != RCODE_NO_NAME)
        return MESSAGE_REFUSED;
    if (s.flags & FLAG_TRUNCATED)
        return MESSAGE_TRUNCATED;
    if (!walk(&s))
        return MESSAGE_BROKEN;
    if (s.extended != 0)
        return MESSAGE_REFUSED;
    return read_answers(&s, question, answer);
}
