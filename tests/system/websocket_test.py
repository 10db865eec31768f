#!/usr/bin/python3
# Messages of WebSockets through a plugin, between a client and a server that others wrote; and an answer in a stream.
# SPDX-License-Identifier: MIT
import asyncio
import os
import pathlib
import sys
import threading

import websockets

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from origin import _listen

WORDS = pathlib.Path(lab.binary()).parents[1] / "test_plugins/words.so"
ASK = (b"GET /chat HTTP/1.1\r\nHost: origin.lab\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
       b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")


class Echo:
    """Says everything back; `heard` is what it got, `closed` the close codes of its connections."""

    def __init__(self):
        self.heard, self.closed, self.extensions = [], [], []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._sock = _listen(80)
        self._sock.setblocking(False)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self):
        self._end = asyncio.Event()
        async with websockets.serve(self._talk, sock=self._sock):
            self._ready.set()
            await self._end.wait()

    async def _talk(self, peer, *_):
        known = peer if hasattr(peer, "extensions") else peer.protocol  # by its version
        self.extensions.append(list(known.extensions))
        try:
            async for message in peer:
                self.heard.append(message)
                await peer.send(message)
        except websockets.ConnectionClosed:
            pass
        self.closed.append(peer.close_code)

    def close(self):
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)


class WebSockets(GatewayTest):
    plugins = ({"name": "words", "use": str(WORDS)},)

    @classmethod
    def set_up_origin(cls):
        cls.echo = Echo()
        cls.addClassCleanup(cls.echo.close)

    def talk(self, conversation):
        async def connected():
            sock = raw.connect().socket
            sock.setblocking(False)
            async with websockets.connect("ws://origin.lab/chat", sock=sock, open_timeout=10) as peer:
                return await asyncio.wait_for(conversation(peer), 15)
        return asyncio.run(connected())

    def test_messages_pass_and_are_edited(self):
        large, parts = os.urandom(100_000), ["in ", "several ", "p\u00e4rts"]

        async def conversation(peer):
            for said in ("hello \u2603", large, ""):
                await peer.send(said)
                self.assertEqual(await peer.recv(), said)
            await peer.send(parts)
            self.assertEqual(await peer.recv(), "".join(parts))
            await (await peer.ping())
            await peer.send("quiet")
            await peer.send("secret")
            self.assertEqual(await peer.recv(), "******")
            await peer.send("who is there")
            self.assertEqual({await peer.recv(), await peer.recv()}, {"a proxy", "who is there"})
        self.talk(conversation)
        self.assertEqual(self.echo.heard[-6:], ["hello \u2603", large, "", "".join(parts), "******", "who is there"])
        # Both offer and know permessage-deflate, and do not speak it here.
        self.assertEqual(self.echo.extensions[-1], [])
        self.gateway.wait_for_count(1, "hyalite_websockets_total")

    def test_a_plugin_closes_it_for_both(self):
        async def conversation(peer):
            await peer.send("forbidden")
            with self.assertRaises(websockets.ConnectionClosed):
                await peer.recv()
            return peer.close_code, peer.close_reason
        self.assertEqual(self.talk(conversation), (1008, "a forbidden word"))
        lab.wait_for(lambda: 1008 in self.echo.closed, "the server to be told")

    def test_frames_that_break_the_rules_end_it(self):
        with raw.connect() as client:
            client.send(ASK)
            client.read_until(b"\r\n\r\n")
            client.send(b"\x81\x05hello")  # no mask
            self.assertEqual(client.read_to_end(), b"\x88\x0a\x03\xeaunmasked")
        self.gateway.wait_for_count(1, "hyalite_websocket_refused_total", reason="unmasked")
        self.gateway.wait_for_count(1, "hyalite_flows_closed_total", reason="client_frames_refused")

    def test_an_answer_in_a_stream_goes_at_the_clients_pace(self):
        expected = b"".join(b"%d\n" % i for i in range(300_000))
        with raw.connect() as client:
            client.send(b"GET /stream?300000 HTTP/1.0\r\nHost: origin.lab\r\n\r\n")
            client.read_until(b"\r\n\r\n")
            self.assertEqual(client.read_to_end(), expected)
        self.assertIn("at=300000", self.gateway.wait_for_line("stream over.* status=0"))

    def test_an_answer_in_a_stream_whose_client_goes_is_over(self):
        with raw.connect() as client:
            client.send(b"GET /stream?100000000 HTTP/1.1\r\nHost: origin.lab\r\n\r\n")
            client.read_until(b"\r\n\r\n")
            client.reset()
        self.gateway.wait_for_line("stream over.* status=-12")


if __name__ == "__main__":
    lab.main()
