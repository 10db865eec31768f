#!/usr/bin/python3
# What two readers could take for different messages is refused, and not a byte of it passes on; both ways.
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from origin import Recorder

HOST = b"Host: origin.lab\r\n"
REQUESTS = {
    "both lengths": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "the same length twice": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
    "a list of lengths": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 4, 4\r\n\r\nabcd",
    "a length with a sign": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: +4\r\n\r\nabcd",
    "a length in hexadecimal": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 0x4\r\n\r\nabcd",
    "another coding": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked twice": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked after white space": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": b"POST / HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "space before the colon": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length : 4\r\n\r\nabcd",
    "an underscore for a hyphen": b"POST / HTTP/1.1\r\n" + HOST + b"Content_Length: 4\r\n\r\nabcd",
    "a folded line": b"GET / HTTP/1.1\r\n" + HOST + b"X-A: b\r\n Transfer-Encoding: chunked\r\n\r\n",
    "a bare LF": b"GET / HTTP/1.1\n" + HOST + b"\r\n",
    "a bare CR": b"GET / HTTP/1.1\r\n" + HOST + b"X-A: b\rX-B: c\r\n\r\n",
    "a NUL": b"GET / HTTP/1.1\r\n" + HOST + b"X-A: b\0c\r\n\r\n",
    "no Host": b"GET / HTTP/1.1\r\nX-A: b\r\n\r\n",
    "two Hosts": b"GET / HTTP/1.1\r\n" + HOST + b"Host: ads.lab\r\n\r\n",
    "another Host than the target's": b"GET http://ads.lab/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "two spaces in the request line": b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n",
    "a tab in the request line": b"GET\t/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "a line without a colon": b"GET / HTTP/1.1\r\n" + HOST + b"nonsense\r\n\r\n",
    "another version": b"GET / HTTP/1.7\r\n" + HOST + b"\r\n",
    "HTTP/0.9": b"GET /\r\n",
}
BODIES = {
    "a chunk size with a sign": b"+4\r\nabcd\r\n0\r\n\r\n",
    "a chunk size in another notation": b"0x4\r\nabcd\r\n0\r\n\r\n",
    "a chunk size that overflows": b"10000000000000004\r\nabcd\r\n0\r\n\r\n",
    "a chunk line that ends in LF": b"4\nabcd\r\n0\r\n\r\n",
    "a chunk longer than its size": b"4\r\nabcdef\r\n0\r\n\r\n",
    "a length among the trailers": b"0\r\nContent-Length: 4\r\n\r\n",
}
RESPONSES = {
    "both lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "another coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nabcd",
    "a folded line": b"HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 0\r\n\r\n",
    "a bare LF": b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
    "a NUL": b"HTTP/1.1 200 OK\r\nX-A: \0\r\nContent-Length: 0\r\n\r\n",
    "a switch that nobody asked for": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "no status": b"HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n",
}


class RefusedMessages(GatewayTest):
    @classmethod
    def set_up_origin(cls):
        cls.recorder = Recorder(80)
        cls.addClassCleanup(cls.recorder.close)

    def refused(self, name):
        return self.gateway.count(f"hyalite_refused_{name}_total")

    def test_requests(self):
        for name, request in REQUESTS.items():
            with self.subTest(name):
                self.recorder.forget()
                before = self.refused("requests")
                with raw.connect() as client:
                    client.send(request)
                    self.assertIn(client.read_response().status, (400, 501, 505))
                    client.read_to_end()
                self.gateway.wait_for_count(before + 1, "hyalite_refused_requests_total")
                # A connection may have been made, but nothing was said in it.
                if not self.recorder.nothing_came():
                    self.assertEqual(self.recorder.next().read_to_end(), b"")

    def test_bodies_of_requests_pass_no_further_than_to_what_is_wrong(self):
        for name, body in BODIES.items():
            with self.subTest(name):
                self.recorder.forget()
                before = self.refused("requests")
                with raw.connect() as client:
                    client.send(b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n")
                    upstream = self.recorder.next()
                    upstream.read_until(b"\r\n\r\n")
                    client.send(body)
                    came = upstream.read_to_end()
                    client.read_to_end()
                self.assertFalse(came.endswith(b"0\r\n\r\n"), came)
                self.assertNotIn(b"Content-Length", came)
                # An origin must not take what it has for the whole.
                self.assertEqual(upstream.ended, "reset")
                self.gateway.wait_for_count(before + 1, "hyalite_refused_requests_total")

    def test_responses(self):
        for name, response in RESPONSES.items():
            with self.subTest(name):
                before = self.refused("responses")
                with raw.connect() as client:
                    client.send(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
                    upstream = self.recorder.next()
                    upstream.read_until(b"\r\n\r\n")
                    upstream.send(response)
                    self.assertEqual(client.read_response().status, 502)
                    self.assertEqual(client.read_to_end(), b"")
                    upstream.close()
                self.gateway.wait_for_count(before + 1, "hyalite_refused_responses_total")

    def test_a_response_that_nobody_asked_for_is_not_taken_for_the_next_one_s(self):
        with raw.connect() as client:
            client.send(b"GET /1 HTTP/1.1\r\n" + HOST + b"\r\n")
            upstream = self.recorder.next()
            upstream.read_until(b"\r\n\r\n")
            ok = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"
            upstream.send(ok + b"1" + ok + b"2")
            self.assertEqual(client.read_response().body, b"1")
            self.assertEqual(client.read_to_end(), b"")
            upstream.close()


if __name__ == "__main__":
    lab.main()
