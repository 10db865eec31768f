#!/usr/bin/python3
# After an upgrade that both sides agreed on their bytes pass untouched; an upgrade to uninspected HTTP/2 is refused.
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from origin import Recorder

ASK = (b"GET /chat HTTP/1.1\r\nHost: origin.lab\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
       b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
AGREE = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
FRAMES = (b"\x81\x05hello", b"\x82\x7e\x01\x00" + bytes(range(256)), b"\x88\x02\x03\xe8")


@lab.both_families
class Upgrades(GatewayTest):
    @classmethod
    def set_up_origin(cls):
        cls.recorder = Recorder(80)
        cls.addClassCleanup(cls.recorder.close)

    def test_websocket_frames_pass_untouched(self, family):
        before = self.gateway.count("hyalite_uninspected_total", reason="upgrade")
        with raw.connect(family=family) as client:
            client.send(ASK)
            upstream = self.recorder.next()
            self.assertEqual(upstream.read(len(ASK)), ASK)
            # A server may speak at once: its first frame comes with the agreement.
            upstream.send(AGREE + FRAMES[0])
            self.assertEqual(client.read(len(AGREE + FRAMES[0])), AGREE + FRAMES[0])
            for frame in FRAMES:
                client.send(frame)
                self.assertEqual(upstream.read(len(frame)), frame)
                upstream.send(frame)
                self.assertEqual(client.read(len(frame)), frame)
            client.finish()
            self.assertEqual(upstream.read_to_end(), b"")
            upstream.send(b"the last word")
            upstream.close()
            self.assertEqual(client.read_to_end(), b"the last word")
        self.gateway.wait_for_count(before + 1, "hyalite_uninspected_total", reason="upgrade")

    def test_an_origin_that_does_not_agree_answers_as_ever(self, family):
        with raw.connect(family=family) as client:
            client.send(ASK)
            upstream = self.recorder.next()
            upstream.read_until(b"\r\n\r\n")
            upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            self.assertEqual(client.read_response().body, b"hello")
            client.send(b"GET /next HTTP/1.1\r\nHost: origin.lab\r\n\r\n")
            self.assertIn(b"/next", upstream.read_until(b"\r\n\r\n"))
            upstream.close()

    def test_h2c_never_begins(self, family):
        with raw.connect(family=family) as client:
            client.send(ASK.replace(b"websocket", b"h2c").replace(
                b"Connection: Upgrade", b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk"))
            upstream = self.recorder.next()
            upstream.read_until(b"\r\n\r\n")
            upstream.send(AGREE.replace(b"websocket", b"h2c") + bytes(9))
            self.assertNotEqual(client.read_response().status, 101)
            self.assertEqual(client.read_to_end(), b"")
            self.assertEqual(upstream.read_to_end(), b"")


if __name__ == "__main__":
    lab.main()
