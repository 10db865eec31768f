#!/usr/bin/python3
# A client that goes away takes its upstream connection with it, in every stage.
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from origin import Recorder


class ClientDies(GatewayTest):
    @classmethod
    def set_up_origin(cls):
        cls.recorder = Recorder(80)
        cls.addClassCleanup(cls.recorder.close)

    def began(self, request):
        client = raw.connect()
        client.send(request)
        upstream = self.recorder.next()
        upstream.read_until(b"\r\n\r\n")
        return client, upstream

    def test_while_it_waits_for_the_answer(self):
        client, upstream = self.began(b"GET / HTTP/1.1\r\nHost: origin.lab\r\n\r\n")
        client.reset()
        self.assertEqual(upstream.read_to_end(), b"")

    def test_in_the_middle_of_its_upload_the_origin_must_not_take_it_for_whole(self):
        for head in (b"Content-Length: 1000", b"Transfer-Encoding: chunked"):
            client, upstream = self.began(b"POST / HTTP/1.1\r\nHost: origin.lab\r\n" + head + b"\r\n\r\n")
            client.send(b"5\r\nhello\r\n")
            self.assertEqual(upstream.read(10), b"5\r\nhello\r\n")
            client.close()
            self.assertEqual(upstream.read_to_end(), b"")
            self.assertEqual(upstream.ended, "reset")

    def test_in_the_middle_of_a_download(self):
        client, upstream = self.began(b"GET / HTTP/1.1\r\nHost: origin.lab\r\n\r\n")
        upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" + bytes(100_000))
        client.read(1000)
        client.reset()
        while not upstream.ended:
            upstream.send(bytes(1_000_000))

    def test_before_it_says_a_word(self):
        """Port scans, health checks and browsers that connect beforehand do that all day."""
        client = raw.connect()
        client.close()
        upstream = self.recorder.next()
        self.assertEqual(upstream.read_to_end(), b"")
        upstream.close()
        lab.wait_for(lambda: self.gateway.count("hyalite_flows") == 0, "the flow to end")

    def test_one_that_only_ends_its_side_still_gets_its_answer(self):
        client, upstream = self.began(b"GET / HTTP/1.1\r\nHost: origin.lab\r\n\r\n")
        client.finish()
        upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        self.assertEqual(client.read_response().body, b"hello")
        upstream.close()


if __name__ == "__main__":
    lab.main()
