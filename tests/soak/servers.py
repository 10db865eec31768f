# The servers of the soak: the path, or the name in the ClientHello, says what they are to do.
# SPDX-License-Identifier: MIT
import asyncio
import collections
import gzip
import random
import select
import socket
import ssl
import subprocess

from clients import ANYTHING, reset
from rude import TLS_SERVERS, end_of
from tls_stream import RENEGOTIATES, TlsStream

BOMB = gzip.compress(bytes(64 << 20), 9)  # 64 KiB on the wire
LARGE = bytes(8 << 20)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n"


async def endless(writer, head, piece, every):
    writer.write(head)
    while True:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(every)


async def answer(path, reader, writer):
    """False: the connection is over."""
    if path == "/ok":
        writer.write(ANSWER)
    elif path == "/large":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(LARGE) + LARGE)
    elif path == "/bomb":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB)
    elif path == "/slow-head":
        await endless(writer, b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n", 0.1)
    elif path == "/drip":
        await endless(writer, b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x", 0.5)
    elif path == "/stands-still":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nx")
        await reader.read(1)
        return False
    elif path == "/interim":
        await endless(writer, b"", b"HTTP/1.1 102 More\r\n\r\n", 0)
    elif path == "/trailers":
        await endless(writer, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X-A: b\r\n" * 64, 0)
    elif path == "/extensions":
        await endless(writer, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=", b"b" * 512, 0)
    elif path == "/head-bomb":
        writer.write(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n")
    elif path == "/fields":
        writer.write(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 1500 + b"\r\n")
    elif path == "/rst-head":
        writer.write(b"HTTP/1.1 200 OK\r\nX-Half")
        await writer.drain()
        return reset(writer)
    elif path == "/rst-body":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        await writer.drain()
        return reset(writer)
    elif path == "/cut":
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nuntil I close")
        await writer.drain()
        # Without TLS's own end.
        writer.writer.close()
        return False
    elif path == "/silent":
        await reader.read(1)  # until the other side has had enough
        return False
    elif path == "/no-request":
        return reset(writer)
    await writer.drain()
    return True


async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if not await answer(head.split(b" ", 2)[1].decode(), reader, writer):
                break
    except ANYTHING:
        pass
    finally:
        writer.close()


class TlsServers:
    """`certificate`: the file without its ending; it is good for all names of .lab."""

    def __init__(self, certificate):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(f"{certificate}.pem", f"{certificate}.key")

    async def serve(self, reader, writer):
        try:
            hello = await reader.read(1 << 16)
            stream = TlsStream(reader, writer, self._context, server_side=True, first=hello)
            kind = next((name for name in TLS_SERVERS if f"{name}.lab".encode() in hello), None)
            if kind:
                return await self._be(kind, stream, reader, writer)
            await stream.handshake()
        except ANYTHING:
            return reset(writer)
        await serve(stream, stream)

    @staticmethod
    async def _be(kind, stream, reader, writer):
        flight = stream.begin()
        if kind == "silent":
            await reader.read()
        elif kind == "dripping":
            for byte in flight:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.1)
        elif kind == "garbage":
            writer.write(b"\x16\x03\x03\x40\x00" + random.randbytes(16_384))
            await reader.read()
        elif kind == "endless":
            # A ServerHello of 16 MB, as its own head says.
            await endless(writer, b"\x16\x03\x03\x40\x00\x02\xff\xff\xfb\x03\x03" + bytes(16_378), b"\x16\x03\x03\x40\x00" + bytes(16_384), 0)
        elif kind == "alerts":
            await endless(writer, b"", b"\x15\x03\x03\x00\x02\x01\x5a" * 64, 0)
        elif kind == "half":
            writer.write(flight[:len(flight) // 2])
            await writer.drain()
        reset(writer)  # those who reset, and all others in the end


async def renegotiate(address, certificate):
    """In TLS 1.2, as only a program of OpenSSL's does: it asks each client for another handshake. It ends of some answers."""
    while True:
        await renegotiate_until_it_ends(address, certificate)


async def renegotiate_until_it_ends(address, certificate):
    server = await asyncio.create_subprocess_exec(
        "openssl", "s_server", "-accept", f"{address}:{RENEGOTIATES}", "-cert", f"{certificate}.pem", "-key", f"{certificate}.key", "-tls1_2",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, limit=1 << 20)
    try:
        while line := await server.stdout.readline():
            if b"CIPHER is" in line:  # the handshake is over
                server.stdin.write(b"r\n")
    finally:
        await end_of(server)


async def origin(addresses, certificate, renegotiates):
    """Plain and in TLS; `renegotiates`: also with the server that does."""
    for address in addresses:
        await asyncio.start_server(serve, address, 80, limit=1 << 20, backlog=4096)
        await asyncio.start_server(TlsServers(certificate).serve, address, 443, limit=1 << 20, backlog=4096)
    print("listening", flush=True)
    if renegotiates:
        return await renegotiate(addresses[0], certificate)
    await asyncio.Event().wait()


def idle_origin(address, over):
    """For a crowd: several such processes share the address. `over`: a descriptor that ends it."""
    listener = socket.create_server((address, 80), family=socket.AF_INET6, backlog=4096, reuse_port=True)
    listener.setblocking(False)
    waiting, open_ones = select.epoll(), {}
    for it in (listener.fileno(), over):
        waiting.register(it, select.EPOLLIN)
    print("listening", flush=True)
    while True:
        for fd, _ in waiting.poll():
            if fd == over:
                return collections.Counter()
            if fd == listener.fileno():
                try:
                    client, _ = listener.accept()
                except OSError:
                    continue
                open_ones[client.fileno()] = client
                waiting.register(client.fileno(), select.EPOLLIN)
                continue
            try:
                asked = open_ones[fd].recv(4096)
                if asked:
                    open_ones[fd].send(ANSWER)
                    continue
            except OSError:
                pass
            waiting.unregister(fd)
            open_ones.pop(fd).close()
