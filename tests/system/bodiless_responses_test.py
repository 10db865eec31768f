#!/usr/bin/python3
# A response that cannot have a body ends with its head, whatever that says; the next one is found.
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from origin import Recorder, WebServer


class BodilessResponses(GatewayTest):
    @classmethod
    def set_up_origin(cls):
        cls.web = WebServer(cls.directory)
        cls.addClassCleanup(cls.web.close)
        cls.web.put("file", b"0123456789" * 1000)
        cls.recorder = Recorder(443)
        cls.addClassCleanup(cls.recorder.close)

    def test_head_of_a_real_server(self):
        answer = lab.curl("--head", lab.url("/file"), "-o", "/dev/null", "-w", "%{http_code} %{num_connects} ",
                          "--next", "-q", "-sS", lab.url("/file"), "-w", " %{num_connects}")
        self.assertEqual(answer.stdout, b"200 1 " + b"0123456789" * 1000 + b" 0", answer.stderr)

    def test_head_not_modified_and_no_content(self):
        cases = ((b"HEAD", b"200 OK", b"Content-Length: 1000000"), (b"HEAD", b"200 OK", b"Transfer-Encoding: chunked"),
                 (b"GET", b"304 Not Modified", b"Content-Length: 99"), (b"GET", b"204 No Content", b"X-None: 1"))
        with raw.connect(port=443) as client:
            upstream = None
            for method, status, field in cases:
                client.send(method + b" / HTTP/1.1\r\nHost: origin.lab\r\n\r\n")
                upstream = upstream or self.recorder.next()
                upstream.read_until(b"\r\n\r\n")
                response = b"HTTP/1.1 " + status + b"\r\n" + field + b"\r\n\r\n"
                upstream.send(response)
                self.assertEqual(client.read(len(response)), response)
            upstream.close()
            self.assertEqual(client.read_to_end(), b"")


if __name__ == "__main__":
    lab.main()
