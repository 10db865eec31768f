# TLS whose records are in the peers' hands: what goes out can be cut, dripped, or never sent.
# SPDX-License-Identifier: MIT
import asyncio
import ssl

RENEGOTIATES = 8443  # where a server asks for another handshake again and again


def careless():
    """The context of a client who believes everybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class TlsStream:
    """Over a pair of streams, and used like one. `first`: bytes that have come already."""

    def __init__(self, reader, writer, context, name=None, server_side=False, first=b""):
        self.reader, self.writer = reader, writer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._incoming.write(first)
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_side=server_side, server_hostname=name)
        self._held = bytearray()

    def begin(self):
        """The first flight, which is not sent; of a client the ClientHello, of a server what follows on the one that came."""
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return self._outgoing.read()

    async def take(self):
        """What comes; then what is to be said to it, which is not sent."""
        await self._receive()
        return self.begin()

    async def handshake(self):
        await self._until_done(self.tls.do_handshake)

    def write(self, data):
        self.tls.write(data)
        self._send()

    def write_eof(self):
        self.writer.write_eof()

    async def drain(self):
        await self.writer.drain()

    async def read(self, most):
        try:
            return await self._until_done(self.tls.read, most)
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    async def readuntil(self, marker):
        while marker not in self._held:
            data = await self.read(1 << 16)
            if not data:
                raise asyncio.IncompleteReadError(bytes(self._held), None)
            self._held += data
        end = self._held.index(marker) + len(marker)
        found = bytes(self._held[:end])
        del self._held[:end]
        return found

    def close(self):
        """In order: with a close_notify."""
        try:
            self.tls.unwrap()
        except ssl.SSLError:
            pass
        self._send()
        self.writer.close()

    def get_extra_info(self, name):
        return self.writer.get_extra_info(name)

    @property
    def transport(self):
        return self.writer.transport

    def _send(self):
        if data := self._outgoing.read():
            self.writer.write(data)

    async def _receive(self):
        data = await self.reader.read(1 << 16)
        if not data:
            raise EOFError
        self._incoming.write(data)

    async def _until_done(self, call, *arguments):
        while True:
            try:
                result = call(*arguments)
                self._send()
                return result
            except ssl.SSLWantReadError:
                self._send()
                await self.writer.drain()
                await self._receive()
