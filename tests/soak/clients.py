# What all clients of the soak do alike.
# SPDX-License-Identifier: MIT
import asyncio
import contextlib
import socket
import ssl
import struct

ANYTHING = (OSError, EOFError, ValueError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.TimeoutError)


def reset(writer):
    """Ends with a RST, as those do who vanish."""
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def get(path):
    return f"GET {path} HTTP/1.1\r\nHost: origin.lab\r\n\r\n".encode()


class Clients:
    """`to`: the server's addresses, IPv4 and IPv6; `sources`: whose addresses are used, likewise. All are used in turns."""

    def __init__(self, to, sources):
        self.to, self.sources, self._turn = to, sources, 0

    async def socket(self, port=80, family=None, source=None, to=None, buffer=None):
        """A connected one. `family`: 0 for IPv4, 1 for IPv6."""
        self._turn += 1
        if family is None:
            family = self._turn % len(self.to)
        sources = self.sources[family]
        sock = socket.socket(socket.AF_INET6 if ":" in sources[0] else socket.AF_INET)
        sock.setblocking(False)
        if buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        sock.setsockopt(socket.SOL_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
        try:
            sock.bind((source or sources[self._turn // 2 % len(sources)], 0))
            await asyncio.wait_for(asyncio.get_running_loop().sock_connect(sock, (to or self.to[family], port)), 5)
            return sock
        except BaseException:
            sock.close()
            raise

    async def connect(self, **how):
        # Who reads slowly must not have us read ahead for him.
        return await asyncio.open_connection(sock=await self.socket(**how), limit=512 if how.get("buffer") else 1 << 16)
