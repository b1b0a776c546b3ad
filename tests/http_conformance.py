#!/usr/bin/env python3
"""Checks an HTTP/1.1 server from outside, byte by byte: http_conformance.py [HOST] PORT.

The server is tests/http (built by tests/suites/http.py), with its small limits. Each case opens its own connections.
Sections named are those of RFC 9110 (semantics) and RFC 9112 (HTTP/1.1). Prints what failed; the last line counts.
"""

import concurrent.futures
import re
import socket
import sys
import threading
import time
import traceback

HOST, PORT = "127.0.0.1", 8080
CASES, ALONE = [], []
AT_ONCE = 8


def case(function):
    """A case that may run beside others."""
    CASES.append(function)
    return function


def case_alone(function):
    ALONE.append(function)
    return function


class Failed(Exception):
    pass


def check(condition, *what):
    if not condition:
        raise Failed(" ".join(str(w) for w in what) or "check failed")


class Answer:
    """One parsed answer."""

    def __init__(self, status, reason, fields, body):
        self.status, self.reason, self.fields, self.body = status, reason, fields, body

    def __getitem__(self, name):
        values = [v for k, v in self.fields if k.lower() == name.lower()]
        return values[0] if values else None

    def __str__(self):
        return f"{self.status} {self.reason} {self.fields} {self.body[:200]!r}"


class Client:
    """A connection. Strict: whatever is not HTTP fails the case."""

    def __init__(self, data=None):
        self.socket = socket.create_connection((HOST, PORT), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        if data is not None:
            self.send(data)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def more(self):
        data = self.socket.recv(65536)
        self.buffer += data
        return len(data) > 0

    def take(self, size):
        while len(self.buffer) < size:
            check(self.more(), f"the connection ended after {len(self.buffer)} of {size} bytes: {self.buffer[:100]!r}")
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def line(self):
        while b"\r\n" not in self.buffer:
            check(self.more(), f"the connection ended within a line: {self.buffer[:100]!r}")
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        check(b"\n" not in line and b"\r" not in line, "a bare CR or LF in", line)
        return line.decode("latin-1")

    def answer(self, method="GET"):
        match = re.fullmatch(r"HTTP/1\.1 (\d{3}) ([\t -~]*)", self.line())
        check(match, "not a status line")
        status, fields = int(match[1]), []
        while line := self.line():
            name, colon, value = line.partition(": ")
            check(colon and re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name), "not a field:", line)
            fields.append((name, value))
        result = Answer(status, match[2], fields, b"")
        names = [k.lower() for k, _ in fields]
        check(len(names) == len(set(names)), "a field twice:", names)
        if status >= 200:
            check(result["Date"], "no Date")
        if method == "HEAD" or status in (204, 304) or status < 200:
            return result
        if result["Transfer-Encoding"]:
            check(result["Transfer-Encoding"] == "chunked" and not result["Content-Length"])
            while size := int(self.line(), 16):
                result.body += self.take(size)
                check(self.take(2) == b"\r\n", "no CR LF after a chunk")
            check(self.line() == "", "trailers")
        elif result["Content-Length"] is not None:
            result.body = self.take(int(result["Content-Length"]))
        else:
            result.body = self.rest()
        return result

    def rest(self):
        while self.more():
            pass
        data, self.buffer = self.buffer, b""
        return data

    def ended(self):
        check(self.rest() == b"", "something after the last answer")


def request(method="GET", path="/", *fields, version="1.1", host=True, body=b""):
    lines = [f"{method} {path} HTTP/{version}", *(["Host: probe"] if host else []), *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def ask(method="GET", path="/", *fields, **more):
    with Client(request(method, path, *fields, **more)) as c:
        return c.answer(method)


def refused(data, status):
    """The answer has this status, says that it is the last one, and is."""
    with Client(data) as c:
        a = c.answer()
        check(a.status == status, "expected", status, "got", a)
        check(a["Connection"] == "close", "no Connection: close in", a)
        c.ended()
        return a


def status(expected, *arguments, **more):
    a = ask(*arguments, **more)
    check(a.status == expected, "expected", expected, "got", a)
    return a


INDEX = b"<!DOCTYPE html>\n<title>probe</title>\n"
DIGITS = b"0123456789" * 100

# --- plain requests -----------------------------------------------------------------------------


@case
def get():
    a = status(200)
    check(a.body == INDEX and a["Content-Type"].startswith("text/html") and a["ETag"].startswith('"'))


@case
def head_has_the_fields_of_get():
    a, b = ask("GET", "/digits.txt"), ask("HEAD", "/digits.txt")
    check([f for f in a.fields if f[0] != "Date"] == [f for f in b.fields if f[0] != "Date"], a.fields, b.fields)


@case
def head_has_no_body():
    with Client(request("HEAD", "/digits.txt") + request()) as c:
        c.answer("HEAD")
        check(c.answer().body == INDEX)


@case
def date_is_now():
    from email.utils import parsedate_to_datetime
    value = ask()["Date"]
    check(re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", value), value)
    check(abs(parsedate_to_datetime(value).timestamp() - time.time()) < 3, value)


@case
def empty_file():
    check(status(200, "GET", "/empty.txt")["Content-Length"] == "0")


@case
def not_found():
    status(404, "GET", "/missing")


@case
def not_found_head():
    with Client(request("HEAD", "/missing") + request()) as c:
        check(c.answer("HEAD").status == 404)
        check(c.answer().status == 200)


@case
def folder_redirects():
    a = status(301, "GET", "/docs?x=1")
    check(a["Location"] == "/docs/?x=1", a)


@case
def redirect_stays_here():
    check(status(301, "GET", "//docs")["Location"] == "/docs/")


@case
def folder_index():
    check(b"docs" in status(200, "GET", "/docs/").body)


@case
def encoded_space():
    check(status(200, "GET", "/a%20b.txt").body == b"a name with a space\n")


@case
def dot_segments():
    check(status(200, "GET", "/docs/../x/./../digits.txt").body == DIGITS)


@case
def inspect_query():
    check(status(200, "GET", "/inspect/%41?a=%20&b=/..").body == b"GET|/inspect/A|a=%20&b=/..|")


@case
def field_value_trimmed():
    check(status(200, "GET", "/inspect", "X-Probe: \t a \t b \t").body.endswith(b"|a \t b"))


@case
def field_names_have_no_case():
    check(status(200, "GET", "/inspect", "x-pRoBe:1").body.endswith(b"|1"))


@case
def own_field_and_status():
    a = status(201, "GET", "/created")
    check(a["X-Own"] == "yes" and a.body == b"made\n")


@case
def no_content():
    a = status(204, "GET", "/nothing")
    check(a["Content-Length"] is None and a["Transfer-Encoding"] is None)


@case
def errors_of_handlers():
    status(403, "GET", "/forbidden")
    status(507, "GET", "/full")


@case
def page_only_get_and_head():
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        a = status(405, method, "/", "Content-Length: 0")
        check(a["Allow"] == "GET, HEAD", a)


@case
def other_methods_reach_the_handler():
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        check(status(200, method, "/inspect").body.startswith(method.encode()))


@case
def options_asterisk():
    check(status(204, "OPTIONS", "*") is not None)


@case
def large_body():
    check(len(status(200, "GET", "/block").body) == 1000000)


@case
def client_that_reads_slowly_gets_everything():
    with Client(request("GET", "/block", "Connection: close")) as c:
        c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(10):
            time.sleep(0.02)
            c.buffer += c.socket.recv(1000)
        check(len(c.answer().body) == 1000000)


# --- request line and target (RFC 9112, 3) ---------------------------------------------------------


@case
def absolute_form():
    check(status(200, "GET", "http://other.example:8080/digits.txt").body == DIGITS)


@case
def absolute_form_without_path():
    check(status(200, "GET", "http://other.example").body == INDEX)


@case
def targets_refused():
    for target in ("/..", "/docs/../../x", "/%2e%2e/", "/docs%2f..%2f..%2fx", "/%00", "/%0d%0aX:", "/%", "/%4", "/%gg", "/#x", "x",
                   "*", "?x", "http://", "ftp://a/", "/\x7f", "/\xe4", "/\x01"):
        refused(request("GET", target), 400)


@case
def request_lines_refused():
    for line in ("GET  / HTTP/1.1", "GET / HTTP/1.1 ", " GET / HTTP/1.1", "GET /", "GET", "GET / x HTTP/1.1", "GET / HTTP/1", "GET / HTTP/1.1x",
                 "GET / http/1.1", "GET\t/ HTTP/1.1", "G(T / HTTP/1.1", "/ HTTP/1.1", "GET / HTTP/11", "GET /HTTP/1.1"):
        refused(f"{line}\r\nHost: a\r\n\r\n", 400)


@case
def unknown_methods():
    for method in ("BREW", "get", "GETT", "X"):
        refused(request(method), 501)


@case
def trace_and_connect():
    refused(request("TRACE"), 501)
    refused(request("CONNECT", "a:80"), 501)


@case
def versions():
    for version in ("0.9", "1.2", "2.0", "3.0"):
        refused(request(version=version), 505)


@case
def http2_preface():
    refused(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505)


@case
def tls_hello():
    refused(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 50 + b"\r\n\r\n", 400)


@case
def empty_lines_before():
    with Client(b"\r\n" + request()) as c:
        check(c.answer().status == 200)
        c.send(b"\r\n" + request())
        check(c.answer().status == 200)


@case
def many_empty_lines():
    refused(b"\r\n" * 10 + request(), 400)


@case
def target_too_long():
    status(200, "GET", "/inspect/" + "a" * 4000)
    refused(request("GET", "/" + "a" * 5000), 414)


@case
def target_endless():
    refused(b"GET /" + b"a" * 9000, 414)


# --- fields (RFC 9112, 5) ----------------------------------------------------------------------------


@case
def host_required():
    refused(request(host=False), 400)


@case
def host_only_once():
    refused(request("GET", "/", "Host: b"), 400)


@case
def host_must_be_one():
    for host in ("a b", "a/b", "a@b", "a\tb", "<a>", "[::1", "["):
        refused(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n", 400)


@case
def host_may_be_empty():
    status(200, "GET", "/", "Host:", host=False)


@case
def host_not_required_before_11():
    status(200, host=False, version="1.0")


@case
def fields_refused():
    for field in ("X : y", " X: y", "X", ": y", "X\x00: y", "X: \x00", "X: \x01", "X: a\rb", "X(: y", "X y: z", "\xe4: x", "X\t: y", "X: \x7f"):
        refused(request("GET", "/", field), 400)


@case
def folded_field():
    refused(request("GET", "/", "X: a", " b"), 400)
    refused(request("GET", "/", "X: a", "\tb"), 400)


@case
def bare_line_feeds():
    refused(b"GET / HTTP/1.1\nHost: a\n\n", 400)
    refused(b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400)
    refused(b"GET / HTTP/1.1\r\nHost: a\r\n\n", 400)


@case
def bare_carriage_returns():
    refused(b"GET / HTTP/1.1\rHost: a\r\r", 400)
    refused(b"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400)
    refused(b"GET / HTTP/1.1\r\nHost: a\r\n\rX", 400)


@case
def fields_too_large():
    status(200, "GET", "/", "X: " + "a" * 7000)
    refused(request("GET", "/", "X: " + "a" * 9000), 431)


@case
def fields_too_many():
    status(200, "GET", "/", *["X: y"] * 60)
    refused(request("GET", "/", *["X: y"] * 70), 431)


@case
def fields_endless():
    with Client(b"GET / HTTP/1.1\r\n") as c:
        try:
            for _ in range(100):
                c.send(b"X: " + b"a" * 1000 + b"\r\n")
        except OSError:
            pass
        try:
            check(c.answer().status == 431)
        except ConnectionError:
            pass  # it had every right to stop listening


@case
def latin1_value():
    check(status(200, "GET", "/inspect", "X-Probe: \xe4").body.endswith(b"|\xe4"))


# --- connections (RFC 9112, 9) -------------------------------------------------------------------------


@case
def kept_alive():
    with Client() as c:
        for _ in range(20):
            c.send(request())
            a = c.answer()
            check(a.status == 200 and a["Connection"] is None)


@case
def close_when_asked():
    with Client(request("GET", "/", "Connection: close")) as c:
        check(c.answer()["Connection"] == "close")
        c.ended()


@case
def close_among_others():
    with Client(request("GET", "/", "Connection: foo, Close")) as c:
        check(c.answer()["Connection"] == "close")
        c.ended()


@case
def nothing_after_close():
    with Client(request("GET", "/", "Connection: close") + request()) as c:
        check(c.answer().status == 200)
        c.ended()


@case
def old_version_closes():
    with Client(request(version="1.0")) as c:
        check(c.answer()["Connection"] == "close")
        c.ended()


@case
def old_version_keeps_alive():
    with Client() as c:
        for _ in range(3):
            c.send(request("GET", "/", "Connection: keep-alive", version="1.0"))
            check(c.answer()["Connection"] == "keep-alive")


@case
def pipelined():
    with Client(request("GET", "/inspect/1") + request("GET", "/missing") + request("HEAD", "/") + request("GET", "/inspect/2")) as c:
        check(c.answer().body == b"GET|/inspect/1||")
        check(c.answer().status == 404)
        check(c.answer("HEAD").status == 200)
        check(c.answer().body == b"GET|/inspect/2||")


@case
def pipelined_many():
    with Client(b"".join(request("GET", f"/inspect/{i}") for i in range(90))) as c:
        for i in range(90):
            check(c.answer().body == f"GET|/inspect/{i}||".encode())


@case
def pipelined_large():
    with Client(request("GET", "/block") + request("GET", "/digits.txt") + request("GET", "/block")) as c:
        check([len(c.answer().body) for _ in range(3)] == [1000000, 1000, 1000000])


@case
def pipelined_bodies():
    data = b"".join(request("POST", "/echo", f"Content-Length: {i * 37}", body=bytes([65 + i % 26]) * (i * 37)) for i in range(90))
    with Client() as c:
        sender = threading.Thread(target=c.send, args=(data,))
        sender.start()
        for i in range(90):
            check(c.answer().body == bytes([65 + i % 26]) * (i * 37))
        sender.join()


@case
def byte_by_byte():
    with Client() as c:
        for i, byte in enumerate(request("POST", "/echo", "Transfer-Encoding: chunked", body=b"3\r\nabc\r\n0\r\n\r\n")):
            c.send(bytes([byte]))
            if i % 10 == 0:
                time.sleep(0.002)
        check(c.answer().body == b"abc")


@case
def half_closed_client_is_answered():
    with Client(request("GET", "/digits.txt")) as c:
        c.socket.shutdown(socket.SHUT_WR)
        check(c.answer().body == DIGITS)
        c.ended()


@case
def upgrade_is_ignored():
    with Client(request("GET", "/", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: x") + request()) as c:
        check(c.answer().status == 200)
        check(c.answer().status == 200)


@case
def requests_per_connection():
    with Client() as c:
        for i in range(100):
            c.send(request("GET", "/inspect"))
            a = c.answer()
        check(a["Connection"] == "close", "the hundredth should be the last")
        c.ended()


@case_alone
def more_connections_than_allowed():
    clients = []
    try:
        for _ in range(60):
            c = Client(request("GET", "/inspect"))
            clients.append(c)
            check(c.answer().status == 200)
        alive = 0
        for c in clients:
            c.socket.settimeout(0.2)
            try:
                alive += c.more()
            except TimeoutError:
                alive += 1
            except ConnectionError:
                pass
        check(alive <= 40, alive, "of at most 40 connections are open")
        check(clients[-1].socket.fileno() >= 0)
    finally:
        for c in clients:
            c.socket.close()


# --- bodies (RFC 9112, 6 and 7) --------------------------------------------------------------------------

CHUNKED = "Transfer-Encoding: chunked"


@case
def body_by_length():
    check(status(200, "POST", "/echo", "Content-Length: 5", body=b"hello").body == b"hello")


@case
def body_empty():
    check(status(200, "POST", "/echo", "Content-Length: 0").body == b"")
    check(status(200, "POST", "/echo").body == b"")


@case
def body_large():
    body = bytes(range(256)) * 300
    check(status(200, "POST", "/echo", f"Content-Length: {len(body)}", body=body).body == body)


@case
def body_chunked():
    check(status(200, "POST", "/echo", CHUNKED, body=b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n").body == b"hello!")


@case
def body_chunked_in_any_case():
    check(status(200, "POST", "/echo", "transfer-encoding: CHUNKED", body=b"A\r\n0123456789\r\n0\r\n\r\n").body == b"0123456789")


@case
def chunk_extensions_and_trailers():
    body = b'5;a;b=c\r\nhello\r\n6;d="e;f"\r\n world\r\n000\r\nTrailer: x\r\nOther: y\r\n\r\n'
    with Client(request("POST", "/echo", CHUNKED, body=body) + request()) as c:
        check(c.answer().body == b"hello world")
        check(c.answer().body == INDEX)


@case
def trailers_are_not_fields():
    for trailer in (b"Content-Length: 50\r\nHost: b\r\n", b"Content-Length: x\r\nContent-Length: y\r\n", b"Transfer-Encoding: gzip\r\n",
                    b"Transfer-Encoding: chunked\r\nConnection: close\r\n", b"Upgrade: x\r\nEmpty:\r\nTab:\t\xe4\r\n"):
        with Client(request("POST", "/echo", CHUNKED, body=b"0\r\n" + trailer + b"\r\n") + request()) as c:
            check(c.answer().status == 200)
            check(c.answer().body == INDEX)


@case
def bad_trailers():
    for trailer in (b"T: x\r\n\n", b"T: x\n\r\n", b"T: x\r\r\n\r\n", b"\n", b"T: x\r\n y\r\n\r\n", b" T: x\r\n\r\n", b"T : x\r\n\r\n",
                    b"T\r\n\r\n", b": x\r\n\r\n", b"T: x\0\r\n\r\n", b"T: x\r\n\rX"):
        refused(request("POST", "/echo", CHUNKED, body=b"0\r\n" + trailer), 400)


@case
def bad_chunks():
    for body in (b"5 \r\nhello\r\n0\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n", b"+5\r\nhello\r\n0\r\n\r\n", b"-1\r\nhello\r\n0\r\n\r\n",
                 b"5\nhello\r\n0\r\n\r\n", b"5\r\nhello\n0\r\n\r\n", b"5\r\nhello!\r\n0\r\n\r\n", b"\r\nhello\r\n0\r\n\r\n",
                 b"g\r\nhello\r\n0\r\n\r\n", b"10000000000000000\r\nhello\r\n0\r\n\r\n", b"5;\nx\r\nhello\r\n0\r\n\r\n",
                 b"5\r\r\nhello\r\n0\r\n\r\n", b"5\rX\r\nhello\r\n0\r\n\r\n", b"5,5\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\n\rX"):
        refused(request("POST", "/echo", CHUNKED, body=body), 400)


@case
def endless_chunk_extension():
    with Client(request("POST", "/echo", CHUNKED, body=b"5;")) as c:
        try:
            for _ in range(200):
                c.send(b"a" * 1000)
        except OSError:
            pass
        try:
            check(c.answer().status == 400)
        except ConnectionError:
            pass


@case
def body_too_long():
    refused(request("POST", "/echo", "Content-Length: 100001"), 413)


@case
def body_too_long_in_chunks():
    refused(request("POST", "/echo", CHUNKED, body=b"ffff\r\n" + b"a" * 65535 + b"\r\nffff\r\n" + b"a" * 65535 + b"\r\n0\r\n\r\n"), 413)


@case
def unread_body_is_skipped():
    with Client(request("POST", "/ignore", "Content-Length: 5000", body=b"GET / HTTP/1.1\r\n" + b"x" * 4984) + request()) as c:
        check(c.answer().body == b"ignored\n")
        check(c.answer().body == INDEX)


@case
def unread_chunks_are_skipped():
    with Client(request("POST", "/ignore", CHUNKED, body=b"5\r\nhello\r\n0\r\n\r\n") + request()) as c:
        check(c.answer().body == b"ignored\n")
        check(c.answer().body == INDEX)


@case
def long_unread_body_ends_the_connection():
    with Client(request("POST", "/ignore", "Content-Length: 99000", body=b"x" * 99000) + request()) as c:
        a = c.answer()
        check(a.body == b"ignored\n" and a["Connection"] == "close")
        c.ended()


@case
def body_of_get():
    with Client(request("GET", "/", "Content-Length: 5", body=b"hello") + request()) as c:
        check(c.answer().body == INDEX)
        check(c.answer().body == INDEX)


@case
def length_without_body_then_gone():
    with Client(request("POST", "/echo", "Content-Length: 10", body=b"hal")) as c:
        c.socket.shutdown(socket.SHUT_WR)
        rest = c.rest()
        check(b"hal" not in rest and b"HTTP/1.1 200" not in rest, rest)


# --- smuggling (RFC 9112, 11.2) ------------------------------------------------------------------------------


def smuggled(*fields, body=b"0\r\n\r\nGET /inspect/smuggled HTTP/1.1\r\nHost: a\r\n\r\n", expected=400, **more):
    with Client(request("POST", "/echo", *fields, body=body, **more)) as c:
        a = c.answer()
        check(a.status == expected and a["Connection"] == "close", "got", a)
        check(b"smuggled" not in c.rest(), "a request was smuggled")


@case
def length_and_coding():
    smuggled("Content-Length: 5", CHUNKED)


@case
def coding_and_length():
    smuggled(CHUNKED, "Content-Length: 5")


@case
def two_lengths():
    smuggled("Content-Length: 5", "Content-Length: 6")
    smuggled("Content-Length: 5", "Content-Length: 5")
    smuggled("Content-Length: 5, 6")
    smuggled("Content-Length: 5, 5")


@case
def odd_lengths():
    for length in ("+5", "-5", "0x5", "5 5", "5;", "five", "", "5.0", "99999999999999999999", "18446744073709551621", "\x0b5"):
        smuggled(f"Content-Length: {length}")


@case
def odd_codings():
    for coding in ("xchunked", "chunked, identity", "chunked, chunked", "chunked;q=1", '"chunked"', "", "identity", "\x0bchunked", "chunked\x00", "chun ked"):
        smuggled(f"Transfer-Encoding: {coding}")


@case
def two_codings():
    smuggled(CHUNKED, CHUNKED)
    smuggled(CHUNKED, "Transfer-Encoding: identity")
    smuggled("Transfer-Encoding: identity", CHUNKED)


@case
def unknown_coding_before_chunked():
    smuggled("Transfer-Encoding: gzip, chunked", expected=501)


@case
def coding_in_old_version():
    smuggled(CHUNKED, version="1.0")


@case
def hidden_coding():
    smuggled("Transfer-Encoding : chunked")
    smuggled(" Transfer-Encoding: chunked")
    smuggled("X: y\nTransfer-Encoding: chunked")
    smuggled("X: y\rTransfer-Encoding: chunked")
    smuggled("Transfer-Encoding:", " chunked")
    smuggled("Transfer\x00-Encoding: chunked")


@case
def names_that_look_alike():
    with Client(request("POST", "/echo", "Content_Length: 5", "Transfer_Encoding: chunked", body=request())) as c:
        check(c.answer().body == b"")
        check(c.answer().body == INDEX)


# --- expectations (RFC 9110, 10.1.1) ---------------------------------------------------------------------------


@case
def expect_continue():
    with Client(request("POST", "/echo", "Expect: 100-continue", "Content-Length: 5")) as c:
        check(c.answer().status == 100)
        c.send(b"hello")
        check(c.answer().body == b"hello")
        c.send(request())
        check(c.answer().status == 200)


@case
def expect_continue_body_already_here():
    with Client(request("POST", "/echo", "Expect: 100-Continue", "Content-Length: 5", body=b"hello")) as c:
        a = c.answer()
        check((c.answer() if a.status == 100 else a).body == b"hello")


@case
def expect_continue_not_wanted():
    with Client(request("POST", "/ignore", "Expect: 100-continue", "Content-Length: 5")) as c:
        a = c.answer()
        check(a.status == 200 and a["Connection"] == "close")
        c.ended()


@case
def expect_continue_too_long():
    refused(request("POST", "/echo", "Expect: 100-continue", "Content-Length: 200000"), 413)


@case
def expect_without_body():
    check(status(200, "GET", "/", "Expect: 100-continue").body == INDEX)


@case
def expect_in_old_version():
    with Client(request("POST", "/echo", "Expect: 100-continue", "Content-Length: 2", version="1.0", body=b"hi")) as c:
        check(c.answer().body == b"hi")


@case
def other_expectation():
    refused(request("GET", "/", "Expect: miracles"), 417)


# --- answers in pieces -------------------------------------------------------------------------------------------


@case
def chunked_answer():
    with Client(request("GET", "/chunked") + request()) as c:
        check(c.answer().body == b"b" * 50000)
        check(c.answer().body == INDEX)


@case
def chunked_answer_head():
    with Client(request("HEAD", "/chunked") + request()) as c:
        check(c.answer("HEAD")["Transfer-Encoding"] == "chunked")
        check(c.answer().body == INDEX)


@case
def chunked_answer_old_version():
    with Client(request("GET", "/chunked", "Connection: keep-alive", version="1.0")) as c:
        a = c.answer()
        check(a["Transfer-Encoding"] is None and a["Connection"] == "close" and a.body == b"b" * 50000)


@case
def sized_answer():
    a = status(200, "GET", "/sized")
    check(a["Content-Length"] == "50000" and a.body == b"b" * 50000)


@case
def cut_answer_is_seen_to_be_cut():
    for path in ("/cut", "/short"):
        with Client(request("GET", path)) as c:
            try:
                a = c.answer()
            except (Failed, ConnectionError, ValueError):
                continue
            raise Failed(f"{path}: the answer looks whole: {a}")


# --- conditional requests (RFC 9110, 13) ------------------------------------------------------------------------


def tag():
    return ask("HEAD", "/digits.txt")["ETag"]


@case
def if_none_match():
    t = tag()
    for value in (t, f"W/{t}", f'"a", {t}', f'"a",{t},"b"', "*"):
        a = status(304, "GET", "/digits.txt", f"If-None-Match: {value}")
        check(a["ETag"] == t and a["Content-Length"] is None, a)
    for value in ('"other"', t[1:-1], '""', t + "x"):
        status(200, "GET", "/digits.txt", f"If-None-Match: {value}")


@case
def if_none_match_head():
    status(304, "HEAD", "/digits.txt", f"If-None-Match: {tag()}")


@case
def if_none_match_keeps_the_connection():
    with Client(request("GET", "/digits.txt", f"If-None-Match: {tag()}") + request()) as c:
        check(c.answer().status == 304)
        check(c.answer().body == INDEX)


@case
def if_match():
    t = tag()
    for value in (t, f'"a", {t}', "*"):
        status(200, "GET", "/digits.txt", f"If-Match: {value}")
    for value in ('"other"', f"W/{t}"):
        status(412, "GET", "/digits.txt", f"If-Match: {value}")


@case
def if_match_comes_first():
    t = tag()
    status(412, "GET", "/digits.txt", 'If-Match: "other"', f"If-None-Match: {t}")


@case
def if_modified_since_nonsense():
    for value in ("yesterday", "", "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT"):
        status(200, "GET", "/digits.txt", f"If-Modified-Since: {value}")


@case
def preconditions_of_what_is_not_there():
    status(404, "GET", "/missing", "If-None-Match: *")


@case
def dates_of_modification():
    modified = ask("HEAD", "/digits.txt")["Last-Modified"]
    if modified is None:  # an embedded file has none: it must not pretend
        status(200, "GET", "/digits.txt", "If-Modified-Since: Sun, 06 Nov 2094 08:49:37 GMT")
        return
    status(304, "GET", "/digits.txt", f"If-Modified-Since: {modified}")
    status(200, "GET", "/digits.txt", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT")
    status(412, "GET", "/digits.txt", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT")
    status(206, "GET", "/digits.txt", "Range: bytes=0-0", f"If-Range: {modified}")


# --- ranges (RFC 9110, 14) ------------------------------------------------------------------------------------------


def ranged(value, expected, content_range):
    a = status(206, "GET", "/digits.txt", f"Range: bytes={value}")
    check(a.body == expected and a["Content-Range"] == f"bytes {content_range}/1000", a)
    check(a["Content-Length"] == str(len(expected)) and a["ETag"])


@case
def range_first():
    ranged("0-0", b"0", "0-0")
    ranged("5-14", b"5678901234", "5-14")


@case
def range_open():
    ranged("990-", b"0123456789", "990-999")


@case
def range_suffix():
    ranged("-3", b"789", "997-999")
    ranged("-2000", DIGITS, "0-999")


@case
def range_beyond():
    for last in (5000, 2**63 - 1, 2**63, 2**64 - 1, 2**64 + 996, 10**40):
        ranged(f"995-{last}", b"56789", "995-999")
        ranged(f"-{last}", DIGITS, "0-999")


@case
def range_units_have_no_case():
    status(206, "GET", "/digits.txt", "Range: BYTES=0-1")


@case
def range_not_satisfiable():
    for value in ("1000-", "5000-6000", "-0", "1000-, 2000-", f"{2**63}-", f"{2**64}-", f"{2**64}-{2**64 + 1}", "9" * 40 + "-"):
        a = status(416, "GET", "/digits.txt", f"Range: bytes={value}")
        check(a["Content-Range"] == "bytes */1000", a)


@case
def range_of_nothing():
    status(416, "GET", "/empty.txt", "Range: bytes=0-")


@case
def range_ignored():
    for value in ("bytes=5-2", "bytes=a-b", "bytes=", "bytes", "lines=0-1", "bytes=1", "bytes=-", "bytes=--1", "bytes=0-1-2", "bytes=0x0-1"):
        check(status(200, "GET", "/digits.txt", f"Range: {value}").body == DIGITS)


@case
def range_only_for_get():
    with Client(request("HEAD", "/digits.txt", "Range: bytes=0-1")) as c:
        check(c.answer("HEAD").status == 200)


@case
def ranges_in_parts():
    a = status(206, "GET", "/digits.txt", "Range: bytes=0-4, 10-19,-1")
    match = re.fullmatch(r"multipart/byteranges; boundary=(\w+)", a["Content-Type"])
    check(match and a["Content-Range"] is None, a)
    parts = a.body.split(b"\r\n--" + match[1].encode())
    check(parts[0] == b"" and parts[-1] == b"--\r\n" and len(parts) == 5, parts)
    seen = []
    for part in parts[1:-1]:
        head, content = part.split(b"\r\n\r\n", 1)
        check(b"Content-Type: text/plain" in head)
        seen.append((re.search(rb"Content-Range: bytes (\S+)", head)[1], content))
    check(seen == [(b"0-4/1000", b"01234"), (b"10-19/1000", b"0123456789"), (b"999-999/1000", b"9")], seen)


@case
def ranges_of_which_one_fits():
    a = status(206, "GET", "/digits.txt", "Range: bytes=5-6, 5000-")
    check(a.body == b"56" and a["Content-Range"] == "bytes 5-6/1000")


@case
def ranges_as_an_attack():
    check(status(200, "GET", "/digits.txt", "Range: bytes=" + ",".join(["0-"] * 10)).body == DIGITS)
    check(status(200, "GET", "/digits.txt", "Range: bytes=" + ",".join(f"{i}-{i}" for i in range(100))).body == DIGITS)


@case
def if_range():
    t = tag()
    status(206, "GET", "/digits.txt", "Range: bytes=0-1", f"If-Range: {t}")
    status(200, "GET", "/digits.txt", "Range: bytes=0-1", 'If-Range: "other"')
    status(200, "GET", "/digits.txt", "Range: bytes=0-1", f"If-Range: W/{t}")
    status(200, "GET", "/digits.txt", "Range: bytes=0-1", "If-Range: Sun, 06 Nov 1994 08:49:37 GMT")


@case
def not_modified_before_range():
    status(304, "GET", "/digits.txt", "Range: bytes=0-1", f"If-None-Match: {tag()}")


@case
def ranges_are_announced():
    check(ask("HEAD", "/digits.txt")["Accept-Ranges"] == "bytes")


# --- content codings (RFC 9110, 12.5.3) -------------------------------------------------------------------------------


def coded(value):
    a = status(200, "GET", "/digits.txt", *([] if value is None else [f"Accept-Encoding: {value}"]))
    check(a["Vary"] == "Accept-Encoding", a)
    return a


@case
def gzip_when_accepted():
    import gzip
    plain = coded(None)
    for value in ("gzip", "GZIP", "deflate, gzip", "gzip;q=0.001", "br;q=1, gzip;q=0.5", "*", "x-gzip", "identity;q=0.1, gzip"):
        a = coded(value)
        check(a["Content-Encoding"] == "gzip" and gzip.decompress(a.body) == DIGITS, value, a)
        check(a["ETag"] != plain["ETag"], "the same tag for other bytes")


@case
def as_it_is_otherwise():
    for value in (None, "", "identity", "br", "gzip;q=0", "*;q=0", "gzip;q=0, *", "gzip;q=0.5, identity;q=1", "gzip;q=x"):
        a = coded(value)
        check(a["Content-Encoding"] is None and a.body == DIGITS, value, a)


@case
def coded_conditions_and_ranges():
    t = coded("gzip")["ETag"]
    a = status(304, "GET", "/digits.txt", "Accept-Encoding: gzip", f"If-None-Match: {t}")
    check(a["Vary"] == "Accept-Encoding" and a["ETag"] == t)
    whole = coded("gzip").body
    a = status(206, "GET", "/digits.txt", "Accept-Encoding: gzip", "Range: bytes=2-5")
    check(a.body == whole[2:6] and a["Content-Encoding"] == "gzip")


# --- time ---------------------------------------------------------------------------------------------------------------


def between(low, high, start):
    took = time.monotonic() - start
    check(low <= took <= high, f"took {took:.2f} s, not {low} to {high}")


@case
def slow_head():
    start = time.monotonic()
    refused(b"GET / HTTP/1.1\r\nHost:", 408)
    between(0.8, 4, start)


@case
def trickled_head():
    start = time.monotonic()
    with Client() as c:
        try:
            for byte in request("GET", "/", "X: " + "y" * 100):
                c.send(bytes([byte]))
                time.sleep(0.05)
        except OSError:
            pass
        try:
            check(c.answer().status == 408)
        except ConnectionError:
            pass
    between(0.8, 8, start)


@case
def slow_body():
    start = time.monotonic()
    refused(request("POST", "/echo", "Content-Length: 10", body=b"hal"), 408)
    between(0.8, 4, start)


@case
def slow_chunks():
    start = time.monotonic()
    refused(request("POST", "/echo", CHUNKED, body=b"5\r\nhel"), 408)
    between(0.8, 4, start)


@case
def idle_connection_is_closed_without_a_word():
    start = time.monotonic()
    with Client() as c:
        c.ended()
    between(2.5, 6, start)
    start = time.monotonic()
    with Client(request()) as c:
        c.answer()
        c.ended()
    between(2.5, 6, start)


@case
def client_that_does_not_read_is_given_up():
    with Client() as c:
        c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        c.send(request("GET", "/block") * 20)
        time.sleep(8)
        try:
            check(len(c.rest()) < 20 * 1000000)
        except ConnectionError:
            pass


@case_alone
def slow_clients_do_not_stop_others():
    slow = [Client(b"GET / HTTP/1.1\r\n") for _ in range(20)]
    try:
        start = time.monotonic()
        for _ in range(20):
            status(200)
        between(0, 0.7, start)
    finally:
        for c in slow:
            c.socket.close()


@case_alone
def aborted_connections_do_no_harm():
    import struct
    for data in (b"", b"GET", request(), request("GET", "/block"), request("POST", "/echo", "Content-Length: 50", body=b"x")):
        for _ in range(10):
            c = Client(data)
            c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            c.socket.close()
    status(200)


def run(function):
    try:
        function()
    except (Failed, OSError, ValueError) as error:
        where = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == __file__]
        lines = ", ".join(f"{f.name}:{f.lineno}" for f in where[1:])
        return f"{type(error).__name__}: {error} ({lines})"
    return None


def main():
    global HOST, PORT
    arguments = sys.argv[1:]
    only = arguments.pop() if arguments and not arguments[-1].isdigit() else None
    if len(arguments) == 2:
        HOST = arguments.pop(0)
    PORT = int(arguments[0])
    chosen = [[f for f in cases if not only or re.search(only, f.__name__)] for cases in (CASES, ALONE)]
    failed = count = 0
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        messages = list(pool.map(run, chosen[0]))
    messages += map(run, chosen[1])
    for function, message in zip(chosen[0] + chosen[1], messages):
        count += 1
        if message:
            failed += 1
            print(f"{function.__name__}: {message}")
    print(f"{count - failed} passed, {failed} failed")
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(main())
