#!/usr/bin/python3
# The header-rewriter changes what it was told to change, in both directions, and nothing else.
# SPDX-License-Identifier: MIT
import copy
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from origin import Recorder
from service import assert_refused_everywhere

REWRITER = {"name": "headers", "use": "header-rewriter", "settings": {
    "request": [{"remove": "X-Debug"}, {"set": "X-Checked", "to": "yes"}, {"add": "X-Via", "to": "hyalite"}],
    "response": [{"remove": "Server"}, {"set": "X-Frame-Options", "to": "DENY"},
                 {"replace": "X-Lower", "pattern": "^.$", "with": "[\\0]", "when": {"host": ["lab"], "status": ["2xx"], "path": ["/a"]}},
                 {"set": "X-Never", "to": "1", "unless": {"client": ["0.0.0.0/0", "::/0"]}}],
}}
REQUEST = b"GET /a?b HTTP/1.1\r\nhOST: origin.lab\r\nX-Debug: 1\r\nX-Checked: no\r\nx-debug:2\r\nAccept:  */* \r\n\r\n"
RESPONSE = b"HTTP/1.1 200 Very Well\r\nserver: leaky/1.0\r\nContent-Length: 2\r\nX-lower: \xe9\r\n\r\nok"


@lab.both_families
class HeadersRewritten(GatewayTest):
    plugins = (REWRITER,)

    @classmethod
    def set_up_origin(cls):
        cls.recorder = Recorder(80)
        cls.addClassCleanup(cls.recorder.close)

    def test_requests_and_responses_arrive_edited(self, family):
        with raw.connect(family=family) as client:
            client.send(REQUEST)
            upstream = self.recorder.next()
            asked = upstream.read_until(b"\r\n\r\n").split(b"\r\n")
            upstream.send(RESPONSE)
            answer = client.read_response()
            upstream.close()
        # What was not edited is still as it came, in its order.
        self.assertEqual(asked[:2], REQUEST.split(b"\r\n")[:2])
        self.assertIn(b"Accept:  */* ", asked)
        self.assertIn(b"X-Checked: yes", asked)
        self.assertIn(b"X-Via: hyalite", asked)
        self.assertFalse([line for line in asked if line.lower().startswith(b"x-debug") or line == b"X-Checked: no"])
        self.assertTrue(answer.head.startswith(b"HTTP/1.1 200 Very Well\r\nContent-Length: 2\r\nX-lower: [\xe9]\r\n"), answer.head)
        self.assertIsNone(answer.header("X-Never"))
        self.assertEqual((answer.header("Server"), answer.header("X-Frame-Options"), answer.body), (None, "DENY", b"ok"))


    def test_framing_headers_are_refused_everywhere_with_the_reason(self, family):
        bad = copy.deepcopy(self.gateway.settings)
        bad["plugins"][1]["settings"]["request"] = [{"rename": "X-Length", "to": "Content-Length"}]
        assert_refused_everywhere(self, self.gateway, bad, r"hyalite\.yaml:\d+:\d+: .*belongs to the proxy: this header says where a message ends")


if __name__ == "__main__":
    lab.main()
