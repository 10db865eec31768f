#!/usr/bin/python3
# Requests that are sent without waiting are answered in their order, and none is lost.
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from origin import Recorder, WebServer


class Pipelining(GatewayTest):
    @classmethod
    def set_up_origin(cls):
        cls.web = WebServer(cls.directory)
        cls.addClassCleanup(cls.web.close)
        for number in range(100):
            cls.web.put(str(number), b"%d " % number * (number * 20))
        cls.recorder = Recorder(443)
        cls.addClassCleanup(cls.recorder.close)

    def test_a_hundred_at_once(self):
        with raw.connect() as client:
            client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: origin.lab\r\n\r\n" % it for it in range(100)))
            for number in range(100):
                self.assertEqual(client.read_response().body, b"%d " % number * (number * 20))

    def test_with_bodies_that_look_like_requests(self):
        inner = b"GET /50 HTTP/1.1\r\nHost: origin.lab\r\n\r\n"
        with raw.connect() as client:
            client.send((b"POST /upload HTTP/1.1\r\nHost: origin.lab\r\nContent-Length: %d\r\n\r\n" % len(inner) + inner) * 5 +
                        b"GET /7 HTTP/1.1\r\nHost: origin.lab\r\n\r\n")
            for _ in range(5):
                self.assertEqual(client.read_response().body, b"stored\n")
            self.assertEqual(client.read_response().body, b"7 " * 140)
        self.assertEqual(self.web.uploads(), [inner] * 5)

    def test_what_follows_a_refused_request_is_not_looked_at(self):
        with raw.connect(port=443) as client:
            client.send(b"GET / HTTP/1.1\r\n\r\nGET /secret HTTP/1.1\r\nHost: origin.lab\r\n\r\n")
            self.assertEqual(client.read_response().status, 400)
            self.assertEqual(client.read_to_end(), b"")
        while not self.recorder.nothing_came():
            self.assertEqual(self.recorder.next().read_to_end(), b"")


if __name__ == "__main__":
    lab.main()
