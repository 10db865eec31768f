#!/usr/bin/python3
# A connection serves request after request, and ends when one of its sides says so.
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from origin import Recorder, WebServer


@lab.both_families
class KeepAlive(GatewayTest):
    @classmethod
    def set_up_origin(cls):
        cls.web = WebServer(cls.directory)
        cls.addClassCleanup(cls.web.close)
        cls.recorder = Recorder(443)
        cls.addClassCleanup(cls.recorder.close)

    def test_many_requests_use_one_connection(self, family):
        answer = lab.curl("-w", "%{num_connects} ", *[lab.url("/address", family=family)] * 50)
        words = answer.stdout.decode().split()
        self.assertEqual(words[1::2], ["1"] + ["0"] * 49, answer.stderr)
        self.assertEqual(set(words[0::2]), {lab.address("client", family)})

    def test_the_connection_to_the_origin_is_kept_too(self, family):
        with raw.connect(family=family, port=443) as client:
            for number in range(3):
                client.send(b"GET / HTTP/1.1\r\nHost: origin.lab\r\n\r\n")
                upstream = upstream if number else self.recorder.next()
                upstream.read_until(b"\r\n\r\n")
                upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number)
                self.assertEqual(client.read_response().body, b"%d" % number)
            upstream.close()

    def test_it_ends_when_the_origin_says_so(self, family):
        with raw.connect(family=family, port=443) as client:
            client.send(b"GET / HTTP/1.1\r\nHost: origin.lab\r\n\r\n")
            upstream = self.recorder.next()
            upstream.read_until(b"\r\n\r\n")
            upstream.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            self.assertEqual(client.read_response().header("Connection"), "close")
            self.assertEqual(client.read_to_end(), b"")
            upstream.close()

    def test_it_ends_when_the_client_says_so(self, family):
        with raw.connect(family=family) as client:
            client.send(b"GET /address HTTP/1.1\r\nHost: origin.lab\r\nConnection: close\r\n\r\n")
            self.assertEqual(client.read_response().status, 200)
            self.assertEqual(client.read_to_end(), b"")

    def test_http_1_0_ends_after_one(self, family):
        with raw.connect(family=family) as client:
            client.send(b"GET /address HTTP/1.0\r\n\r\n")
            self.assertEqual(client.read_response().status, 200)
            self.assertEqual(client.read_to_end(), b"")


if __name__ == "__main__":
    lab.main()
