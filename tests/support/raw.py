# A TCP connection in a test's hands: what was sent is said byte by byte, what came is kept.
# SPDX-License-Identifier: MIT
import dataclasses
import socket
import struct

import lab


@dataclasses.dataclass
class Response:
    status: int
    reason: str
    headers: list  # (name, value) as they came
    body: bytes
    head: bytes  # with its empty line

    def header(self, name):
        """The value of the first such field, or None."""
        return next((value for field, value in self.headers if field.lower() == name.lower()), None)


class Connection:
    """`received` is every byte that ever came. Reading ends with what was asked for; `ended` says how the peer ended it:
    "finished" (its side is closed), "reset", or None."""

    def __init__(self, sock, seconds=10):
        self.socket = sock
        self.received = bytearray()
        self.ended = None
        self._taken = 0
        sock.settimeout(seconds)

    @property
    def peer(self):
        return _plain(self.socket.getpeername()[0])

    @property
    def local_port(self):
        return self.socket.getsockname()[1]

    def send(self, data):
        """What cannot be sent any more is forgotten: `ended` says why."""
        try:
            self.socket.sendall(data)
        except (ConnectionResetError, BrokenPipeError):
            self.ended = "reset"

    def send_pieces(self, data, sizes):
        """One write per piece, each a segment of its own."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        at = 0
        for size in sizes:
            self.send(data[at:at + size])
            at += size
        assert at >= len(data)

    def finish(self):
        """Nothing more comes from us."""
        self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        self.socket.close()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _more(self):
        if self.ended:
            return False
        try:
            data = self.socket.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            self.ended = "reset"
            return False
        if not data:
            self.ended = "finished"
        self.received += data
        return bool(data)

    def read(self, size):
        """The next bytes, exactly so many, or fewer when the peer ended."""
        while len(self.received) - self._taken < size and self._more():
            pass
        return self._take(min(size, len(self.received) - self._taken))

    def read_until(self, marker):
        """The next bytes, up to and with the marker."""
        while (at := self.received.find(marker, self._taken)) < 0:
            if not self._more():
                raise AssertionError(f"{self.ended} before {marker!r}; came: {bytes(self.received[-300:])!r}")
        return self._take(at + len(marker) - self._taken)

    def read_available(self):
        """What came besides what was asked for; does not wait."""
        return self._take(len(self.received) - self._taken)

    def read_to_end(self):
        while self._more():
            pass
        return self.read_available()

    def _take(self, size):
        data = bytes(self.received[self._taken:self._taken + size])
        self._taken += size
        return data

    def read_response(self, to_head=False):
        """The next response with its body; bodies end by length, by chunks or with the connection."""
        head = self.read_until(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        _, status, reason = (lines[0] + "  ").split(" ", 2)
        headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:] if line]
        response = Response(int(status), reason.strip(), headers, b"", head)
        if not to_head and response.status >= 200 and response.status not in (204, 304):
            response.body = self._read_body(response)
        return response

    def _read_body(self, response):
        if (response.header("Transfer-Encoding") or "").lower() == "chunked":
            return self._read_chunks()
        if response.header("Content-Length") is not None:
            return self.read(int(response.header("Content-Length")))
        return self.read_to_end()

    def _read_chunks(self):
        body = b""
        while True:
            size = int(self.read_until(b"\r\n").split(b";")[0], 16)
            if size == 0:
                while self.read_until(b"\r\n") != b"\r\n":
                    pass
                return body
            body += self.read(size)
            assert self.read(2) == b"\r\n"


def connect(name="origin", family=4, port=80, source_port=0, receive_buffer=None, source=""):
    """From the client's host; `source`: another of its addresses."""
    with lab.on("client"):
        sock = socket.socket(socket.AF_INET6 if family == 6 else socket.AF_INET, socket.SOCK_STREAM)
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    if source_port or source:
        sock.bind((source, source_port))
    sock.settimeout(10)
    connection = Connection(sock)
    try:
        sock.connect((lab.address(name, family), port))
    except ConnectionResetError:  # it was connected, and reset before we looked
        connection.ended = "reset"
    return connection


def _plain(host):
    return host.removeprefix("::ffff:")
