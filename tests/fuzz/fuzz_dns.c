/*
 * fuzz_dns.c - a libFuzzer target: what the resolver reads of strangers.
 *
 * The first byte says what the rest is: an answer (as it is, or with the right id and the response
 * flag put in, so that the fuzzer need not find them), or a text that may be a name or an address.
 *
 * Built by tests/suites/fuzz.py; corpus in corpus/dns.
 */
#include <stdlib.h>
#include <string.h>

#include "../../libs/dns/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TAIL = 16 };

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_name(const struct name *name)
{
    size_t at = 0;
    while (name->bytes[at]) {
        require(name->bytes[at] <= LABEL_MOST);
        at += 1u + name->bytes[at];
        require(at < name->size);
    }
    require(at + 1 == name->size);
    for (size_t i = 0; i < name->size; i++)
        require(name_lower(name->bytes[i]) == name->bytes[i]);
}

static void check_answer(enum verdict verdict, const struct question *question, const struct answer *answer)
{
    if (verdict < MESSAGE_ALIAS)
        return;
    check_name(&answer->name);
    require(answer->ttl <= INT32_MAX && answer->aliases <= ALIASES_MOST && answer->count <= ADDRESSES_MOST);
    require((verdict == MESSAGE_ADDRESSES) == (answer->count > 0));
    require(verdict != MESSAGE_ALIAS || answer->aliases > 0);
    require(answer->aliases > 0 || name_equal(&answer->name, &question->name));
    for (unsigned i = 0; i < answer->count; i++) {
        const struct ip_address *a = &answer->addresses[i];
        require(a->family == (question->type == TYPE_A ? IP_V4 : IP_V6) && a->zone == 0);
    }
}

/* What stands behind a message changes nothing. */
static void with_tail(const uint8_t *message, size_t size, const struct question *question, enum verdict verdict,
                      const struct answer *answer)
{
    struct answer again;
    uint8_t *longer = malloc(size + TAIL);
    memcpy(longer, message, size);
    memset(longer + size, 0xc0, TAIL);
    if (verdict >= MESSAGE_ALIAS) {
        require(message_read(longer, size + TAIL, question, &again) == verdict);
        require(again.count == answer->count && again.ttl == answer->ttl && name_equal(&again.name, &answer->name));
    }
    free(longer);
}

static void read_answer(const uint8_t *data, size_t size, unsigned how)
{
    static const char *const names[] = {"a.bc", "www.example.test", "many.test", "x"};
    struct question question = {.type = how & 1 ? TYPE_AAAA : TYPE_A, .plain = how & 2, .id = 0xabcd};
    struct answer answer;
    uint8_t *message = malloc(size + !size);
    require(name_of_host(view_of(names[how >> 2 & 3]), &question.name));
    memcpy(message, data, size);
    if ((how & 16) && size > 3) {
        message[0] = 0xab;
        message[1] = 0xcd;
        message[2] = (uint8_t)((message[2] & 0x87) | 0x80);
    }
    enum verdict verdict = message_read(message, size, &question, &answer);
    check_answer(verdict, &question, &answer);
    with_tail(message, size, &question, verdict, &answer);
    free(message);
}

/* The query for a name, with the response flag, is an answer to it: one that says that there is nothing. */
static void check_query(const struct name *name, unsigned how)
{
    struct question question = {.name = *name, .type = how & 1 ? TYPE_AAAA : TYPE_A, .plain = how & 2, .id = 0x1234};
    struct answer answer;
    uint8_t query[QUERY_MOST];
    size_t size = message_query(&question, query);
    require(size <= sizeof query);
    require(message_read(query, size, &question, &answer) == MESSAGE_FOREIGN);
    query[2] |= 0x80;
    require(message_read(query, size, &question, &answer) == MESSAGE_NOTHING);
    require(answer.ttl == 0);
}

static void read_text(const uint8_t *data, size_t size, unsigned how)
{
    struct name name;
    struct ip_address address, again;
    char *copy = malloc(size + !size), text[IP_TEXT_SIZE];
    memcpy(copy, data, size);
    struct view view = {copy, size};
    bool is_name = name_of_host(view, &name), is_address = address_of_text(view, &address);
    require(!is_name || !is_address);
    if (is_name) {
        check_name(&name);
        require(name.size == size + (copy[size - 1] == '.' ? 1 : 2));
        check_query(&name, how);
    }
    if (is_address) {
        ip_format(text, &address);
        require(address_of_text(view_of(text), &again) && ip_equal(&address, &again));
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] & 0x80)
        read_text(data + 1, size - 1, data[0]);
    else
        read_answer(data + 1, size - 1, data[0]);
    return 0;
}
