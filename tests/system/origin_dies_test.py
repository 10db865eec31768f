#!/usr/bin/python3
# An origin that dies in the middle of a response leaves a client that can tell that something is missing.
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from origin import Recorder

REQUEST = b"GET / HTTP/1.1\r\nHost: origin.lab\r\n\r\n"
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 500
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1f4\r\n" + b"x" * 500 + b"\r\n"
TO_THE_END = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 500
# So much that the rest of it is not read: it passes inside of the kernel.
LONG_TO_THE_END = TO_THE_END + b"x" * 100_000


class OriginDies(GatewayTest):
    @classmethod
    def set_up_origin(cls):
        cls.recorder = Recorder(80)
        cls.addClassCleanup(cls.recorder.close)

    def what_comes(self, response, end):
        """What the client gets when the origin says this and then ends like that; and how its own connection ends."""
        with raw.connect() as client:
            client.send(REQUEST)
            upstream = self.recorder.next()
            upstream.read_until(b"\r\n\r\n")
            upstream.send(response)
            came = client.read(len(response))
            end(upstream)
            return came + client.read_to_end(), client.ended

    def test_within_a_body_of_known_length(self):
        for end in (raw.Connection.close, raw.Connection.reset):
            came, ended = self.what_comes(LENGTH, end)
            self.assertTrue(LENGTH.startswith(came) and len(came) > 0)
            self.assertEqual(ended, "reset")

    def test_within_a_body_in_chunks(self):
        for end in (raw.Connection.close, raw.Connection.reset):
            came, ended = self.what_comes(CHUNKS, end)
            self.assertTrue(CHUNKS.startswith(came) and len(came) > 0)
            self.assertEqual(ended, "reset")

    def test_a_body_that_lasts_until_the_end_is_not_complete_when_that_end_is_a_reset(self):
        for body in (TO_THE_END, LONG_TO_THE_END):
            self.assertEqual(self.what_comes(body, raw.Connection.close), (body, "finished"))
            self.assertEqual(self.what_comes(body, raw.Connection.reset)[1], "reset")

    def test_without_a_word_the_client_gets_none_either(self):
        self.assertEqual(self.what_comes(b"", raw.Connection.close)[0], b"")

    def test_within_the_head_nothing_of_it_is_passed_on(self):
        with raw.connect() as client:
            client.send(REQUEST)
            upstream = self.recorder.next()
            upstream.read_until(b"\r\n\r\n")
            upstream.send(b"HTTP/1.1 200 OK\r\nContent-Le")
            upstream.close()
            self.assertNotIn(b"200 OK", client.read_to_end())

    def test_curl_notices(self):
        self.assertEqual(self.what_comes(b"", raw.Connection.reset)[0], b"")
        with_script = Recorder(443, lambda it: (it.read_until(b"\r\n\r\n"), it.send(LENGTH), it.reset()))
        answer = lab.curl(lab.url(port=443))
        with_script.close()
        self.assertNotEqual(answer.returncode, 0)
        self.assertLess(len(answer.stdout), 1000)


if __name__ == "__main__":
    lab.main()
