#!/usr/bin/python3
# Bodies in chunks pass with their chunks, extensions and trailers as they were.
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from origin import Recorder

BODY = b"4;name=value\r\nWiki\r\n00005;q=\"a;b\"\r\npedia\r\n1\r\n!\r\n0;last\r\nX-Sum: 1\r\nx-other:\t2\r\n\r\n"


class Chunked(GatewayTest):
    @classmethod
    def set_up_origin(cls):
        cls.recorder = Recorder(80)
        cls.addClassCleanup(cls.recorder.close)

    def test_both_ways(self):
        request = b"POST / HTTP/1.1\r\nHost: origin.lab\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n" + BODY
        response = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + BODY
        with raw.connect() as client:
            client.send(request)
            upstream = self.recorder.next()
            self.assertEqual(upstream.read(len(request)), request)
            upstream.send(response)
            self.assertEqual(client.read(len(response)), response)
            upstream.close()

    def test_each_chunk_passes_when_it_comes(self):
        with raw.connect() as client:
            client.send(b"POST / HTTP/1.1\r\nHost: origin.lab\r\nTransfer-Encoding: chunked\r\n\r\n")
            upstream = self.recorder.next()
            upstream.read_until(b"\r\n\r\n")
            for chunk in (b"3\r\nabc\r\n", b"2\r\nde\r\n", b"0\r\n\r\n"):
                client.send(chunk)
                self.assertEqual(upstream.read(len(chunk)), chunk)
            upstream.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            client.read_until(b"\r\n\r\n")
            for chunk in (b"3\r\nabc\r\n", b"2\r\nde\r\n", b"0\r\n\r\n"):
                upstream.send(chunk)
                self.assertEqual(client.read(len(chunk)), chunk)
            upstream.close()


if __name__ == "__main__":
    lab.main()
