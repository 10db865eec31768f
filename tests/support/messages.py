# Generates HTTP/1 messages that are valid but unusual, as one proxy in a thousand might bend them.
# SPDX-License-Identifier: MIT
import dataclasses

METHODS = ("GET", "GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "PROPFIND", "M-SEARCH", "x!#$%&'*+.^_`|~1")
TOKEN = "abcXYZ019!#$%&'*+-.^_`|~"
TEXT = bytes(range(0x21, 0x7f)) + b"\t  " + bytes(range(0x80, 0x100))
REASONS = ("OK", "", "Fine Enough", "\xe9 peut-\xeatre", "  two spaces", "a:b;c\tx")
# Names with a meaning for the message's end or the connection: they are only written where they are meant.
TAKEN = {"host", "content-length", "transfer-encoding", "connection", "upgrade", "expect", "te", "trailer", "keep-alive",
         "proxy-connection", "content_length", "transfer_encoding"}


@dataclasses.dataclass
class Message:
    text: bytes
    method: str = ""
    ends_connection: bool = False


def pieces(rng, size):
    """The sizes of the pieces to send a message in: one, a few large ones, or many small ones."""
    style = rng.randrange(4)
    sizes = []
    while size > 0:
        most = (size, size, 1 + size // 3, 40 if size < 4000 else 1500)[style]
        sizes.append(min(size, rng.randint(1, most) if style else size))
        size -= sizes[-1]
    return sizes


def _token(rng):
    return "".join(rng.choice(TOKEN) for _ in range(rng.randint(1, 12)))


def _field(rng):
    name = _token(rng)
    while name.lower() in TAKEN or "_" in name:
        name = _token(rng)
    if rng.random() < 0.3:
        name = rng.choice(("Accept", "cookie", "USER-AGENT", "X-Forwarded-For", "Date", "Via", "ETag", "Server"))
    value = bytes(rng.choice(TEXT) for _ in range(rng.choice((0, 1, 5, 30, 200)))).strip(b" \t")
    before, after = rng.choice((b"", b" ", b" ", b"  ", b"\t ")), rng.choice((b"", b"", b" ", b"\t"))
    return name.encode() + b":" + before + value + after + b"\r\n"


def _fields(rng):
    return [_field(rng) for _ in range(rng.randrange(8))]


def _chunks(rng, body):
    out = b""
    while body:
        size = rng.randint(1, len(body))
        digits = rng.choice(("%x", "%X", "0%x", "000%X")) % size
        extension = rng.choice(("", "", ";a", ";name=value", ';q="quoted; \\" text"', ";a=1;b"))
        out += (digits + extension).encode() + b"\r\n" + body[:size] + b"\r\n"
        body = body[size:]
    trailers = rng.choice((b"", b"", b"X-Trailer: yes\r\n", b"checksum:\tabc\r\nx-t2:\r\n"))
    return out + rng.choice((b"0", b"00", b"0;last")) + b"\r\n" + trailers + b"\r\n"


def _body(rng, fields, most):
    """Writes the framing into the fields, wherever it comes to stand among them, and returns the body's bytes."""
    body = rng.randbytes(rng.choice((0, 1, 10, 1000, 20000, 70000)))[:most]
    at = rng.randint(0, len(fields))
    if rng.random() < 0.5:
        fields.insert(at, rng.choice((b"Transfer-Encoding: chunked\r\n", b"transfer-encoding:Chunked\r\n")))
        return _chunks(rng, body)
    fields.insert(at, rng.choice((b"Content-Length: %d\r\n", b"content-length:%d \r\n")) % len(body))
    return body


def generate_request(rng, most_body=100_000):
    method = rng.choice(METHODS)
    target = "/" + "".join(rng.choice("abc/._-~!$&'()*+,;=:@%20?") for _ in range(rng.choice((0, 3, 20, 2000)))).replace("%", "%41")
    fields = _fields(rng)
    body = _body(rng, fields, most_body) if method in ("POST", "PUT", "PATCH", "PROPFIND") else b""
    fields.insert(rng.randint(0, len(fields)), rng.choice((b"Host: origin.lab\r\n", b"host:origin.lab:80\r\n")))
    return Message(f"{method} {target} HTTP/1.1\r\n".encode() + b"".join(fields) + b"\r\n" + body, method)


def generate_response(rng, request, last, most_body=100_000):
    interims = b"".join(rng.choice((b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", b"HTTP/1.1 102 \r\n\r\n"))
                        for _ in range(rng.choice((0, 0, 0, 1, 3))))
    status = rng.choice((200, 200, 201, 206, 404, 500, 599, 204, 304, 299))
    line = f"HTTP/1.1 {status} {rng.choice(REASONS)}\r\n".encode("latin-1")
    fields = _fields(rng)
    ends, body = False, b""
    if request.method == "HEAD" and status != 204:
        fields.insert(0, b"Content-Length: 12345\r\n")
    elif request.method != "HEAD" and status not in (204, 304):
        if last and rng.random() < 0.5:
            ends, body = True, rng.randbytes(rng.choice((0, 100, 50000)))[:most_body]
        else:
            body = _body(rng, fields, most_body)
    return Message(interims + line + b"".join(fields) + b"\r\n" + body, ends_connection=ends)
