# Rude clients, each kind a method; and those who ask rude servers (servers.py).
# SPDX-License-Identifier: MIT
import asyncio
import contextlib
import random
import subprocess

from clients import ANYTHING, Clients, get, reset
from tls_stream import RENEGOTIATES, TlsStream, careless

POST = b"POST /ok HTTP/1.1\r\nHost: origin.lab\r\n"
HTTP_SERVERS = ("slow-head", "stands-still", "interim", "trailers", "extensions", "head-bomb", "fields", "rst-head", "rst-body", "silent",
                "no-request", "bomb")
TLS_SERVERS = ("silent", "dripping", "garbage", "endless", "alerts", "resets", "half")


async def end_of(process):
    """Whatever it still wanted to be told."""
    if process.returncode is None:
        process.kill()
    await process.wait()
    process.stdin.close()
    with contextlib.suppress(OSError):
        await process.stdin.wait_closed()


async def to_the_end(reader, seconds=15):
    """All that still comes; the other side must have enough at some time."""
    async def read():
        while await reader.read(1 << 16):
            pass
    await asyncio.wait_for(read(), seconds)


class Rude(Clients):
    """One method, one kind of rudeness; each is over when the proxy has had enough."""

    flooding = 0

    async def _say_and_wait(self, *pieces, every=0.0, forever=None, **where):
        reader, writer = await self.connect(**where)
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

    # ---- HTTP

    async def slowloris(self):
        await self._say_and_wait(b"GET /ok HTTP/1.1\r\nHost: origin.lab\r\n", forever=b"X-A: b\r\n", every=0.1)

    async def drip_body(self):
        await self._say_and_wait(POST + b"Content-Length: 1000000\r\n\r\n", forever=b"x", every=0.2)

    async def stalled_body(self):
        await self._say_and_wait(POST + b"Content-Length: 1000000\r\n\r\nx")

    async def head_bomb(self):
        await self._say_and_wait(b"GET /ok HTTP/1.1\r\nHost: origin.lab\r\nX: ", forever=b"a" * 4096)

    async def many_fields(self):
        await self._say_and_wait(b"GET /ok HTTP/1.1\r\nHost: origin.lab\r\n" + b"X-A: b\r\n" * 1500 + b"\r\n")

    async def endless_extension(self):
        await self._say_and_wait(POST + b"Transfer-Encoding: chunked\r\n\r\n5;a=", forever=b"b" * 512)

    async def endless_trailers(self):
        await self._say_and_wait(POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", forever=b"X-A: b\r\n" * 64)

    async def smuggler(self):
        await self._say_and_wait(POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")

    async def never_decided(self):
        await self._say_and_wait(b"G")

    async def slow_reader(self):
        reader, writer = await self.connect(buffer=4096)
        await self._read_slowly(reader, writer, 500, 0.1)

    async def _read_slowly(self, reader, writer, most, every):
        try:
            writer.write(get("/large") * 4)
            while await reader.read(most):
                await asyncio.sleep(every)
        finally:
            reset(writer)

    async def half_open(self):
        """Its side is closed, and it reads nothing."""
        reader, writer = await self.connect()
        try:
            writer.write(get("/large"))
            writer.write_eof()
            await asyncio.sleep(2.5)
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
        family = random.randrange(2)

        async def one():
            reader, writer = await self.connect(family=family, source=self.sources[family][-1])
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
        await self._say_and_wait(get("/ok"), family=0, to=self.to[0].rsplit(".", 1)[0] + ".77")

    async def server_drip(self):
        """Which a server may do: the client is who has had enough of it."""
        reader, writer = await self.connect()
        try:
            writer.write(get("/drip"))
            with contextlib.suppress(asyncio.TimeoutError):
                await to_the_end(reader, 1)
        finally:
            reset(writer)

    # ---- TLS

    async def _tls(self, name="ok", **where):
        """Connected, and nothing is said yet."""
        reader, writer = await self.connect(port=443, **where)
        return TlsStream(reader, writer, careless(), f"{name}.lab")

    async def _shaken(self, name="ok", **where):
        stream = await self._tls(name, **where)
        try:
            await stream.handshake()
        except BaseException:
            reset(stream)
            raise
        return stream

    @staticmethod
    def _hello(name="ok"):
        return TlsStream(None, None, careless(), f"{name}.lab").begin()

    async def tls_hello_dripped(self):
        hello = self._hello()
        await self._drip(hello[:-1], port=443)

    async def _drip(self, data, every=0.1, **where):
        reader, writer = await self.connect(**where)
        await self._drip_into(reader, writer, data, every)

    async def _drip_into(self, reader, writer, data, every=0.1):
        listening = asyncio.ensure_future(to_the_end(reader))
        try:
            for byte in data:
                if listening.done():
                    break
                writer.write(bytes([byte]))
                await asyncio.sleep(every)
            await listening
        finally:
            listening.cancel()
            reset(writer)
            await asyncio.gather(listening, return_exceptions=True)

    async def tls_hello_endless(self):
        """A ClientHello of 16 MB, as its own head says."""
        await self._say_and_wait(b"\x16\x03\x01\x40\x00\x01\xff\xff\xfb\x03\x03" + bytes(16_378), forever=b"\x16\x03\x01\x40\x00" + bytes(16_384),
                                 port=443)

    async def tls_hello_garbage(self):
        await self._say_and_wait(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + random.randbytes(506), port=443)

    async def tls_abandoned(self):
        """Heard everything, and says no more."""
        await self._say_and_wait(self._hello(), port=443)

    async def tls_finish_dripped(self):
        stream = await self._tls()
        try:
            stream.writer.write(stream.begin())
            while not (answer := await stream.take()):
                pass
        except BaseException:
            reset(stream)
            raise
        await self._drip_into(stream.reader, stream.writer, answer[:-1])

    async def tls_garbage_in_handshake(self):
        await self._say_and_wait(self._hello(), random.randbytes(600), port=443)

    async def tls_alerts(self):
        """Warnings without end, before anything is encrypted."""
        await self._say_and_wait(self._hello(), forever=b"\x15\x03\x03\x00\x02\x01\x5a" * 64, port=443)

    async def tls_empty_records(self):
        await self._say_and_wait(self._hello(), forever=b"\x16\x03\x03\x00\x00" * 64, port=443)

    async def tls_resets_anywhere(self):
        for said in (b"\x16", self._hello()[:100], self._hello()):
            _, writer = await self.connect(port=443)
            writer.write(said)
            await asyncio.sleep(random.random() / 10)
            reset(writer)
        for said in (b"", get("/ok")[:-2], get("/large")):
            stream = await self._shaken()
            stream.write(said)
            await asyncio.sleep(random.random() / 20)
            reset(stream)

    async def tls_ends_without_notify(self):
        """In the middle of what it says."""
        stream = await self._shaken()
        stream.write(POST + b"Content-Length: 100\r\n\r\nhalf")
        await stream.drain()
        stream.writer.write_eof()
        try:
            await to_the_end(stream)
        finally:
            reset(stream)

    async def tls_slow_reader(self):
        stream = await self._shaken(buffer=4096)
        await self._read_slowly(stream, stream, 4096, 0.5)

    async def tls_slowloris(self):
        stream = await self._shaken()
        listening = asyncio.ensure_future(to_the_end(stream))
        try:
            stream.write(b"GET /ok HTTP/1.1\r\nHost: ok.lab\r\n")
            while not listening.done():
                stream.write(b"X-A: b\r\n")
                await asyncio.sleep(0.1)
            await listening
        finally:
            listening.cancel()
            reset(stream)
            await asyncio.gather(listening, return_exceptions=True)

    async def tls_renegotiates(self):
        client = await asyncio.create_subprocess_exec("openssl", "s_client", "-connect", f"{self.to[0]}:443", "-servername", "ok.lab", "-tls1_2",
                                                      stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(20):
                await asyncio.sleep(0.1)
                if client.returncode is not None:
                    break
                client.stdin.write(b"R\n")
            await asyncio.wait_for(client.wait(), 3)
        finally:
            await end_of(client)

    async def server_tls_renegotiates(self):
        reader, writer = await self.connect(family=0, port=RENEGOTIATES)
        await self._ask(TlsStream(reader, writer, careless(), "ok.lab"), "/ok")

    async def server_tls_cut(self):
        """It ends without a close_notify, so that nobody knows whether that was all."""
        await self._ask(await self._tls("ok"), "/cut")

    async def server_tls_stands_still(self):
        await self._ask(await self._tls("ok"), "/stands-still")

    async def _ask(self, stream, path):
        try:
            await stream.handshake()
            stream.write(get(path))
            await to_the_end(stream)
        finally:
            reset(stream)


def ask_for(path):
    async def ask(self):
        await self._say_and_wait(get(path))
    return ask


def ask_tls(name):
    async def ask(self):
        stream = await self._tls(name)
        await self._ask(stream, "/ok")
    return ask


# Hostile servers: a client that asks one of them.
for _path in HTTP_SERVERS:
    setattr(Rude, f"server_{_path.replace('-', '_')}", ask_for(f"/{_path}"))
for _name in TLS_SERVERS:
    setattr(Rude, f"server_tls_{_name}", ask_tls(_name))
KINDS = sorted(name for name, it in vars(Rude).items() if not name.startswith("_") and asyncio.iscoroutinefunction(it))
