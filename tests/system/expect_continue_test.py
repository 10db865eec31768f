#!/usr/bin/python3
# 100-continue is between client and origin: both see what the other said, in its order.
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from origin import Recorder

HEAD = b"POST / HTTP/1.1\r\nHost: origin.lab\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"


class ExpectContinue(GatewayTest):
    @classmethod
    def set_up_origin(cls):
        cls.recorder = Recorder(80)
        cls.addClassCleanup(cls.recorder.close)

    def test_the_origin_s_word_lets_the_client_go_on(self):
        with raw.connect() as client:
            client.send(HEAD)
            upstream = self.recorder.next()
            self.assertEqual(upstream.read_until(b"\r\n\r\n"), HEAD)
            upstream.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.assertEqual(client.read_response().head, b"HTTP/1.1 100 Continue\r\n\r\n")
            client.send(b"hello")
            self.assertEqual(upstream.read(5), b"hello")
            upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            self.assertEqual(client.read_response().body, b"ok")
            upstream.close()

    def test_a_final_answer_instead_reaches_the_client_that_keeps_its_body(self):
        with raw.connect() as client:
            client.send(HEAD)
            upstream = self.recorder.next()
            upstream.read_until(b"\r\n\r\n")
            upstream.send(b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")
            answer = client.read_response()
            self.assertEqual((answer.status, answer.body), (413, b"no"))
            upstream.close()

    def test_other_interim_responses_pass_too(self):
        hints = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
        with raw.connect() as client:
            client.send(b"GET / HTTP/1.1\r\nHost: origin.lab\r\n\r\n")
            upstream = self.recorder.next()
            upstream.read_until(b"\r\n\r\n")
            upstream.send(hints + b"HTTP/1.1 102 Processing\r\n\r\n")
            self.assertEqual(client.read_response().head, hints)
            self.assertEqual(client.read_response().status, 102)
            upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            self.assertEqual(client.read_response().status, 200)
            upstream.close()

    def test_an_answer_may_come_while_the_request_still_does(self):
        with raw.connect() as client:
            client.send(HEAD.replace(b"Expect: 100-continue\r\n", b""))
            upstream = self.recorder.next()
            upstream.read_until(b"\r\n\r\n")
            upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly")
            self.assertEqual(client.read_response().body, b"early")
            client.send(b"hello")
            self.assertEqual(upstream.read(5), b"hello")
            upstream.close()


if __name__ == "__main__":
    lab.main()
