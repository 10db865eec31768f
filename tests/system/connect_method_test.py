#!/usr/bin/python3
# CONNECT to a proxy that is the destination passes; what is said inside is looked at afresh.
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from origin import Recorder

ASK = b"CONNECT www.example:80 HTTP/1.1\r\nHost: www.example:80\r\n\r\n"
AGREE = b"HTTP/1.1 200 Connection established\r\n\r\n"
BLOCKER = {"name": "ads", "use": "blocker", "settings": {"hosts": ["ads.lab"]}}


class OneRecorder(GatewayTest):
    plugins = (BLOCKER,)

    @classmethod
    def set_up_origin(cls):
        cls.recorder = Recorder(80)
        cls.addClassCleanup(cls.recorder.close)

    def setUp(self):
        self.recorder.forget()


@lab.both_families
class Connect(OneRecorder):
    def opened(self, family):
        client = raw.connect(family=family)
        client.send(ASK)
        upstream = self.recorder.next()
        self.assertEqual(upstream.read(len(ASK)), ASK)
        upstream.send(AGREE)
        self.assertEqual(client.read(len(AGREE)), AGREE)
        return client, upstream

    def test_what_is_not_http_passes_inside(self, family):
        client, upstream = self.opened(family)
        client.send(b"\x00\x01\x02 neither HTTP nor TLS\n")
        self.assertEqual(upstream.read(25), b"\x00\x01\x02 neither HTTP nor TLS\n")
        upstream.send(b"heard")
        self.assertEqual(client.read(5), b"heard")
        client.close()
        upstream.close()

    def test_a_request_inside_is_a_request(self, family):
        client, upstream = self.opened(family)
        client.send(b"GET / HTTP/1.1\r\nHost: ads.lab\r\n\r\n")
        self.assertEqual(client.read_response().status, 403)
        client.close()
        self.assertEqual(upstream.read_to_end(), b"")

    def test_a_refusal_leaves_no_tunnel(self, family):
        with raw.connect(family=family) as client:
            client.send(ASK)
            upstream = self.recorder.next()
            upstream.read_until(b"\r\n\r\n")
            upstream.send(b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno")
            self.assertEqual(client.read_response().status, 403)
            self.assertEqual(client.read_to_end(), b"")
            upstream.close()


class RefusedWhereItIsSet(OneRecorder):
    listener = {"connect": "refuse"}

    def test_the_client_gets_a_page_and_the_origin_nothing(self):
        with raw.connect() as client:
            client.send(ASK)
            self.assertEqual(client.read_response().status, 403)
        self.assertTrue(self.recorder.nothing_came())


if __name__ == "__main__":
    lab.main()
