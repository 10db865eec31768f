#!/usr/bin/python3
# An origin that refuses the connection is mirrored: the client gets a reset.
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest

MODES = ("tproxy", "redirect")


@lab.both_families
class OriginRefuses(GatewayTest):
    def closed(self):
        return self.gateway.count("hyalite_flows_closed_total", reason="connect_refused")

    def test_a_request_ends_in_a_reset(self, family):
        before = self.closed()
        with raw.connect(family=family) as client:
            client.send(b"GET / HTTP/1.1\r\nHost: origin.lab\r\n\r\n")
            self.assertEqual(client.read_to_end(), b"")
            self.assertEqual(client.ended, "reset")
        self.gateway.wait_for_count(before + 1, "hyalite_flows_closed_total", reason="connect_refused")

    def test_so_does_a_client_that_waits_for_the_server(self, family):
        with raw.connect(family=family, port=25) as client:
            self.assertEqual(client.read_to_end(), b"")
            self.assertEqual(client.ended, "reset")

    def test_curl_calls_it_by_its_name(self, family):
        answer = lab.curl(lab.url(family=family))
        # "Failed to connect" when the reset comes before it looks, else "failure in receiving".
        self.assertIn((answer.returncode, answer.stdout), ((7, b""), (56, b"")), answer.stderr)


if __name__ == "__main__":
    lab.main()
