/*
 * internal.h - what the files of http1 share.
 *
 * A connection is a task.  While it waits for a request it owns nothing but
 * its stack; from the first byte of a request to the end of the answer it
 * holds an exchange, taken from a free list, with the buffers:
 *
 *   in   [0, end) has been received; [head, head_end) is the request under
 *        way, [at, end) has not been looked at yet (body, further requests)
 *   out  [0, used) is waiting to be sent: answers to pipelined requests are
 *        gathered here, and leave in one write when no more can be had
 *
 * serve.c accepts and runs connections, head.c, chunks.c and body.c receive, respond.c
 * and representation.c answer, transport.c moves bytes; the rest are functions of text.
 */
#ifndef HTTP1_INTERNAL_H
#define HTTP1_INTERNAL_H

#include "http1.h"
#include "keys.h"
#include "parser.h"
#include "target.h"

struct stack_flow;
struct task;

enum {
    PIECE_BYTES = 4096, /* room to receive a body in, at least */
    IN_BYTES = KEY_HEADER_BYTES + 2 * PIECE_BYTES, /* a head begins in the first piece, and ends before the last */
    TARGET_BYTES = KEY_TARGET_BYTES + 16, /* and "index.html" */
    EXTRA_BYTES = 1024,                   /* fields that the handler adds */
    COPY_BYTES = 4096,                    /* a longer body is sent from where it lies */
    HEAD_BYTES = 1024 + EXTRA_BYTES,      /* the longest head of an answer but for type, tag and Location */
};
_Static_assert(sizeof KEY_SERVER <= 256, "http1: server is too long");
_Static_assert(KEY_OUT_BYTES >= 2 * HEAD_BYTES + COPY_BYTES + 2048, "http1: out_bytes is too small");

/* The fields that the server itself reads, from the shortest name to the longest; the rest are OTHER. */
#define KNOWN_FIELDS(X)                                                                              \
    X(HOST, "host") X(RANGE, "range") X(EXPECT, "expect") X(IF_RANGE, "if-range")                    \
    X(IF_MATCH, "if-match") X(CONNECTION, "connection") X(IF_NONE_MATCH, "if-none-match")            \
    X(CONTENT_LENGTH, "content-length") X(ACCEPT_ENCODING, "accept-encoding")                        \
    X(TRANSFER_ENCODING, "transfer-encoding") X(IF_MODIFIED_SINCE, "if-modified-since")              \
    X(IF_UNMODIFIED_SINCE, "if-unmodified-since")

enum known_field {
    FIELD_OTHER,
#define KNOWN_FIELD(id, name) FIELD_##id,
    KNOWN_FIELDS(KNOWN_FIELD)
#undef KNOWN_FIELD
};

enum method { METHOD_OTHER, METHOD_GET, METHOD_HEAD };

enum body_kind { BODY_NONE, BODY_LENGTH, BODY_CHUNKED };

/* Where a chunked body is: in its chunks, or somewhere in the lines behind the last one. */
enum trailer_place { TRAILER_NONE, TRAILER_LINE, TRAILER_NAME, TRAILER_VALUE, TRAILER_CR, TRAILER_LAST_CR };

enum answer_state {
    ANSWER_NONE,      /* nothing said yet */
    ANSWER_STREAMING, /* between begin and end */
    ANSWER_DONE,
};

struct http1_exchange {
    struct connection *connection;
    struct http1_exchange *next_free;

    /* the request */
    struct view method_name, raw_target;
    struct target target;
    enum method method;
    uint8_t minor;         /* HTTP/1.minor */
    bool keep_alive;       /* may the connection serve another request after this one */
    bool expects_continue; /* and has not been told to */
    enum body_kind body;
    uint64_t body_left;     /* of BODY_LENGTH */
    uint64_t body_received; /* handed out so far */
    uint64_t body_raw;      /* the same with the frame of its chunks */
    int64_t body_deadline;  /* 0: nobody has asked for the body yet */
    enum trailer_place trailer;
    int body_error;         /* reading failed: so will every later read */
    uint32_t known;         /* bit n: there is a field of known_field n */
    uint32_t repeated;      /* and another one */
    size_t field_count;

    /* the answer */
    enum answer_state answer;
    bool silent;            /* no body follows the head: HEAD, 204, 304 */
    bool chunked;
    uint64_t answer_left;   /* of an answer with a known size */
    size_t extra_size;
    size_t used;            /* of out */

    /* positions in `in`, see above */
    size_t head, head_end, at, end, scanned;
    size_t line; /* bytes of the first line, without its end, once `scanned` is behind it */

    struct http_chunks chunks; /* of BODY_CHUNKED */
    struct http_field fields[KEY_HEADERS]; /* `known` is an enum known_field */
    char extra[EXTRA_BYTES];
    char target_storage[TARGET_BYTES];
    char location[2 * TARGET_BYTES];
    char in[IN_BYTES];
    char out[KEY_OUT_BYTES];
};

/* A connection and the task that runs it; free ones are kept in a list. */
struct connection {
    struct server *server;
    struct stack_flow *flow;
    struct task *task;
    struct http1_exchange *exchange; /* NULL while it waits for a request */
    struct waiting *list; /* of those that wait for the same, see exchange.h; NULL: it does not */
    struct connection *newer, *older; /* in it; the older alone: among the free ones */
    unsigned requests;
    bool broken; /* nothing more is sent or received */
    bool reset;  /* and the client must not take what it got for whole */
};

static inline bool has_field(const struct http1_exchange *x, enum known_field known)
{
    return (x->known >> known & 1) != 0;
}

/* The value of the first field of this kind; bytes NULL when there is none. */
struct view known_value(const struct http1_exchange *x, enum known_field known);

/* --- head.c, chunks.c --- */

enum { HEAD_INCOMPLETE = 0, HEAD_COMPLETE = 1 };

/* Make ready for a request that begins at `at`. */
void head_begin(struct http1_exchange *x);

/*
 * Look at what has been received: HEAD_INCOMPLETE; HEAD_COMPLETE, the request
 * is ready; or the status (400 and up) to refuse it with.
 */
unsigned head_parse(struct http1_exchange *x);

/*
 * Decode chunks in [at, end): 1 with the next piece of content, 0 when more
 * must be received, -ENODATA at the end of the body, -EBADMSG.  Advances `at`.
 */
int chunk_parse(struct http1_exchange *x, struct view *piece);

/* --- transport.c: false or negative when the connection can be given up --- */

/* Receive more, behind `end`; 0 or negative: -ECONNRESET at the end of the stream, -ENOBUFS no room. */
int receive(struct http1_exchange *x, int64_t deadline);

/* Send what is in `out`. */
int flush(struct http1_exchange *x);

/* Append to `out`, sending first what is there when it would not fit. */
int append(struct http1_exchange *x, struct view bytes);

/* Send `out` and then the bytes, which may be many. */
int send_through(struct http1_exchange *x, struct view bytes);

/* --- body.c --- */

/* Before the head of an answer: may the connection be kept, with what is left of the body? */
void body_settle(struct http1_exchange *x);

/* After the answer: read what is left of the body if it is little; may give up keep_alive. */
void body_discard(struct http1_exchange *x);

/* --- respond.c --- */

/* The parts of a head that are not always the same; empty ones are left out. */
struct answer {
    unsigned status;
    struct view type, etag, encoding, location;
    int64_t modified;    /* 0: not said */
    uint64_t size;       /* Content-Length */
    bool sized;          /* whether there is one */
    bool vary, ranges;   /* Vary: Accept-Encoding; Accept-Ranges: bytes */
    bool content_range;  /* with first, last (first > last: none, for 416) and whole */
    uint64_t first, last, whole;
};

/* Append the head of an answer. */
int answer_head(struct http1_exchange *x, const struct answer *answer);

/* The whole answer: head, and body unless there is to be none.  Its size is filled in. */
int answer_send(struct http1_exchange *x, struct answer *answer, struct view body);

/* Answer with a status and a line of text that says it. */
int answer_status(struct http1_exchange *x, unsigned status);

/* Answer for a handler that has returned an error. */
int answer_error(struct http1_exchange *x, int error);

const char *status_reason(unsigned status);

/* --- serve.c --- */

int64_t now_monotonic(void);
int64_t now_wall(void); /* seconds */
bool stopping(const struct connection *connection);

#endif
