#!/usr/bin/python3
# Those whom the soak brings together, each a process of its own on its host: `peers.py origin|rude|crowd|ordinary ...`. What
# they did is one JSON object on standard output when their standard input ends.
# SPDX-License-Identifier: MIT
import asyncio
import collections
import contextlib
import gzip
import json
import random
import resource
import signal
import socket
import struct
import sys
import time

DONE = collections.Counter()
BOMB = gzip.compress(bytes(64 << 20), 9)  # 64 KiB on the wire
LARGE = bytes(8 << 20)
ANYTHING = (OSError, EOFError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.TimeoutError)


def reset(writer):
    """Ends with a RST, as those do who vanish."""
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


# ---- the servers: what the path says

async def endless(writer, head, piece, every):
    writer.write(head)
    while True:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(every)


async def answer(path, reader, writer):
    """False: the connection is over."""
    if path == "/ok":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n")
    elif path == "/large":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(LARGE) + LARGE)
    elif path == "/bomb":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB)
    elif path == "/slow-head":
        await endless(writer, b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n", 0.1)
    elif path == "/drip":
        await endless(writer, b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x", 0.5)
    elif path == "/stands-still":
        await endless(writer, b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nx", b"", 0.5)
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
    elif path == "/silent":
        await reader.read()  # until the other side has had enough
        return False
    elif path == "/no-request":
        return reset(writer)
    await writer.drain()
    return True


async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode()
            DONE[path] += 1
            if not await answer(path, reader, writer):
                break
    except ANYTHING:
        pass
    finally:
        writer.close()


async def origin(address):
    await asyncio.start_server(serve, address, 80, limit=1 << 20, backlog=4096)
    print("listening", flush=True)
    await asyncio.Event().wait()


# ---- the clients

class Clients:
    """`to`: the origin's address; `sources`: whose addresses are used, in turns."""

    def __init__(self, to, sources):
        self.to, self.sources, self._turn = to, sources, 0

    async def connect(self, source=None, to=None, buffer=None):
        sock = socket.socket()
        sock.setblocking(False)
        if buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self._turn += 1
        sock.setsockopt(socket.SOL_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
        sock.bind((source or self.sources[self._turn % len(self.sources)], 0))
        try:
            await asyncio.wait_for(asyncio.get_running_loop().sock_connect(sock, (to or self.to, 80)), 5)
            return await asyncio.open_connection(sock=sock, limit=1 << 16)
        except BaseException:
            sock.close()
            raise


def get(path):
    return f"GET {path} HTTP/1.1\r\nHost: origin.lab\r\n\r\n".encode()


async def to_the_end(reader, seconds=15):
    """All that still comes; the other side must have enough at some time."""
    async def read():
        while await reader.read(1 << 16):
            pass
    await asyncio.wait_for(read(), seconds)


POST = b"POST /ok HTTP/1.1\r\nHost: origin.lab\r\n"


class Rude(Clients):
    """One method, one kind of rudeness; each is over when the proxy has had enough."""

    flooding = 0

    async def say_and_wait(self, *pieces, every=0.0, forever=None):
        reader, writer = await self.connect()
        listening = asyncio.ensure_future(to_the_end(reader))
        try:
            for piece in pieces:
                writer.write(piece)
            await writer.drain()
            while forever is not None and not listening.done():
                writer.write(forever)
                await writer.drain()
                await asyncio.sleep(every)
            await listening
        finally:
            listening.cancel()
            reset(writer)
            await asyncio.gather(listening, return_exceptions=True)

    async def slowloris(self):
        await self.say_and_wait(b"GET /ok HTTP/1.1\r\nHost: origin.lab\r\n", forever=b"X-A: b\r\n", every=0.1)

    async def drip_body(self):
        await self.say_and_wait(POST + b"Content-Length: 1000000\r\n\r\n", forever=b"x", every=0.2)

    async def stalled_body(self):
        await self.say_and_wait(POST + b"Content-Length: 1000000\r\n\r\nx")

    async def head_bomb(self):
        await self.say_and_wait(b"GET /ok HTTP/1.1\r\nHost: origin.lab\r\nX: ", forever=b"a" * 4096)

    async def many_fields(self):
        await self.say_and_wait(b"GET /ok HTTP/1.1\r\nHost: origin.lab\r\n" + b"X-A: b\r\n" * 1500 + b"\r\n")

    async def endless_extension(self):
        await self.say_and_wait(POST + b"Transfer-Encoding: chunked\r\n\r\n5;a=", forever=b"b" * 512)

    async def endless_trailers(self):
        await self.say_and_wait(POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", forever=b"X-A: b\r\n" * 64)

    async def smuggler(self):
        await self.say_and_wait(POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")

    async def never_decided(self):
        await self.say_and_wait(b"G")

    async def slow_reader(self):
        reader, writer = await self.connect(buffer=4096)
        try:
            writer.write(get("/large") * 4)
            for _ in range(12):
                await reader.read(100)
                await asyncio.sleep(0.1)
        finally:
            reset(writer)

    async def half_open(self):
        """Its side is closed, and it reads nothing."""
        reader, writer = await self.connect()
        try:
            writer.write(get("/large"))
            writer.write_eof()
            await asyncio.sleep(1)
        finally:
            reset(writer)

    async def reset_anywhere(self):
        for said in (b"", b"GET", get("/ok")[:-2], get("/ok"), POST + b"Content-Length: 10\r\n\r\nhalf", get("/large"), get("/silent")):
            _, writer = await self.connect()
            writer.write(said)
            await asyncio.sleep(random.random() / 20)
            reset(writer)

    async def flood(self):
        """From one address, more than it may have."""
        async def one():
            reader, writer = await self.connect(source=self.sources[-1])
            try:
                writer.write(get("/silent"))
                await asyncio.wait_for(reader.read(1), 1)
            except ANYTHING:
                pass
            finally:
                reset(writer)
        await asyncio.gather(*(one() for _ in range(self.flooding)), return_exceptions=True)

    async def black_hole(self):
        """The connection to this origin is never answered."""
        reader, writer = await self.connect(to=self.to.rsplit(".", 1)[0] + ".77")
        try:
            writer.write(get("/ok"))
            await to_the_end(reader)
        finally:
            reset(writer)


    async def server_drip(self):
        """Which a server may do: the client is who has had enough of it."""
        reader, writer = await self.connect()
        try:
            writer.write(get("/drip"))
            with contextlib.suppress(asyncio.TimeoutError):
                await to_the_end(reader, 1)
        finally:
            reset(writer)


def ask_for(path):
    async def ask(self):
        await self.say_and_wait(get(path))
    return ask


# Hostile servers: a client that asks one of them.
for _path in ("slow-head", "stands-still", "interim", "trailers", "extensions", "head-bomb", "fields", "rst-head", "rst-body",
              "silent", "no-request", "bomb"):
    setattr(Rude, f"server_{_path.replace('-', '_')}", ask_for(f"/{_path}"))
KINDS = sorted(name for name in vars(Rude) if not name.startswith("_") and name not in ("say_and_wait", "flooding"))


async def rude(to, sources, each, flooding):
    clients = Rude(to, sources)
    clients.flooding = flooding

    async def again_and_again(kind):
        while True:
            try:
                await getattr(clients, kind)()
            except ANYTHING:
                pass  # that is how they end
            DONE[kind] += 1
            await asyncio.sleep(0.05)
    await asyncio.gather(*(again_and_again(kind) for kind in KINDS for _ in range(each)))


async def crowd(to, sources, count):
    """So many connections that ask once, and then keep still."""
    clients, kept, gate = Clients(to, sources), [], asyncio.Semaphore(64)

    async def one():
        async with gate:
            try:
                reader, writer = await clients.connect()
                kept.append(writer)
                writer.write(get("/ok"))
                await asyncio.wait_for(reader.readuntil(b"hello\n"), 20)
                DONE["idle"] += 1
            except ANYTHING as why:
                DONE[f"failed: {type(why).__name__}"] += 1
    await asyncio.gather(*(one() for _ in range(count)))
    print(json.dumps(DONE), flush=True)
    await asyncio.Event().wait()


async def ordinary(to, sources, count):
    """They keep a connection for ten requests each, and may not notice anything of what goes on beside them."""
    clients, times, failures = Clients(to, sources), [], collections.Counter()

    async def one():
        while True:
            try:
                reader, writer = await clients.connect()
                for _ in range(10):
                    began = time.monotonic()
                    writer.write(get("/ok"))
                    await asyncio.wait_for(reader.readuntil(b"hello\n"), 20)
                    times.append(time.monotonic() - began)
                    await asyncio.sleep(0.02)
                writer.close()
            except ANYTHING as why:
                said = getattr(why, "partial", b"").decode("latin-1").split("\r\n")[0]
                failures[f"{type(why).__name__}: {said or why}"[:100]] += 1
                await asyncio.sleep(0.1)
    try:
        await asyncio.gather(*(one() for _ in range(count)))
    finally:
        times.sort()
        DONE.update({"requests": len(times), "failed": sum(failures.values())})
        DONE["failures"] = failures
        for name, part in (("p50_ms", 0.5), ("p99_ms", 0.99), ("max_ms", 1)):
            DONE[name] = round(times[min(len(times) - 1, int(len(times) * part))] * 1000, 1) if times else 0


async def until_told(role):
    """Standard input ends: so do we."""
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(sys.stdin, over.set)
    task, waiting = asyncio.ensure_future(role), asyncio.ensure_future(over.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    print(json.dumps(DONE), flush=True)


def main():
    role, *words = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if role == "origin":
        return asyncio.run(until_told(origin(words[0])))
    to, sources, *counts = words[0], words[1].split(","), *map(int, words[2:])
    asyncio.run(until_told({"rude": rude, "crowd": crowd, "ordinary": ordinary}[role](to, sources, *counts)))


if __name__ == "__main__":
    main()
