#!/usr/bin/python3
# An origin that does not answer in time costs the client a 504 page, or a reset, as set.
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from origin import Recorder

REQUEST = b"GET / HTTP/1.1\r\nHost: origin.lab\r\n\r\n"


def swallow_connections(port):
    """From now on the origin's host does not even answer to a SYN."""
    lab.must_run("origin", "nft", "-f", "-", input=f"""
        add table inet hole
        add chain inet hole input {{ type filter hook input priority 0; }}
        add rule inet hole input tcp dport {port} drop""".encode())


class ConnectTimesOut(GatewayTest):
    settings = {"timeouts": {"connect": "300ms", "stop": "1s"}}

    @classmethod
    def set_up_origin(cls):
        swallow_connections(443)

    def test_the_client_gets_a_page(self):
        for family in (4, 6):
            with raw.connect(family=family, port=443) as client:
                client.send(REQUEST)
                answer = client.read_response()
            self.assertEqual(answer.status, 504)
            self.assertIn(b"<html", answer.body)
        self.gateway.wait_for_count(2, "hyalite_flows_closed_total", reason="connect_timed_out")

    def test_where_a_page_cannot_be_read_a_reset(self):
        with raw.connect(port=443) as client:
            client.send(b"\x16\x03\x01 no hello at all, but surely not HTTP\x00\x01\x02\x03" + bytes(700))
            self.assertEqual(client.read_to_end(), b"")
            self.assertEqual(client.ended, "reset")


class ConnectTimesOutWithoutPages(GatewayTest):
    settings = {"timeouts": {"connect": "300ms", "stop": "1s"}, "upstream": {"on_timeout": "reset"}}

    def test_the_client_gets_a_reset(self):
        with raw.connect(port=443) as client:
            client.send(REQUEST)
            self.assertEqual(client.read_to_end(), b"")
            self.assertEqual(client.ended, "reset")


class ResponseTimesOut(GatewayTest):
    settings = {"timeouts": {"response_head": "1s", "stop": "1s"}}

    @classmethod
    def set_up_origin(cls):
        cls.recorder = Recorder(80)
        cls.addClassCleanup(cls.recorder.close)

    def test_the_client_gets_a_page_and_the_origin_a_reset(self):
        with raw.connect() as client:
            client.send(REQUEST)
            upstream = self.recorder.next()
            upstream.read_until(b"\r\n\r\n")
            self.assertEqual(client.read_response().status, 504)
        self.assertEqual(upstream.read_to_end(), b"")


if __name__ == "__main__":
    lab.main()
