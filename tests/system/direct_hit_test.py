#!/usr/bin/python3
# Whoever connects to the proxy itself is told what it is, in every mode.
# SPDX-License-Identifier: MIT
import os
import socket
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest

MODES = ("tproxy", "routing", "hybrid", "redirect")


def own_port():
    """Where the proxy listens."""
    return 80 if lab.mode() in ("routing", "hybrid") else lab.PROXY_PORT


@lab.both_families
class DirectHit(GatewayTest):
    def direct_hits(self):
        return self.gateway.count("hyalite_not_served_total", reason="direct_hit")

    def test_an_http_client_gets_a_page_that_says_why(self, family):
        before = self.direct_hits()
        with raw.connect("lan", family, own_port()) as client:
            client.send(b"GET http://origin.lab/ HTTP/1.1\r\nHost: origin.lab\r\n\r\n")
            answer = client.read_response()
        self.assertEqual(answer.status, 421)
        self.assertIn(b"intercepting proxy", answer.body)
        self.gateway.wait_for_count(before + 1, "hyalite_not_served_total", reason="direct_hit")

    def test_so_does_one_on_the_other_side_of_the_gateway(self, family):
        with raw.connect("wan", family, own_port()) as client:
            client.send(b"GET / HTTP/1.1\r\nHost: origin.lab\r\n\r\n")
            self.assertEqual(client.read_response().status, 421)

    def test_the_outside_is_refused(self, family):
        if lab.mode() == "routing":
            self.skipTest("it has no packet rules")
        before = self.gateway.count("hyalite_flows_total")
        with self.assertRaises(ConnectionRefusedError), lab.on("origin"):
            socket.create_connection((lab.address("wan", family), own_port()), timeout=8)
        self.assertEqual(self.gateway.count("hyalite_flows_total"), before)

    def test_a_server_on_one_address_of_the_gateway_keeps_the_outside(self, family):
        """Beside the proxy, on its port: both say that they share it."""
        if lab.mode() != "hybrid":
            self.skipTest("the proxy's port is no server's")
        with lab.on("gateway"):
            service = socket.create_server((lab.address("wan", family), own_port()), reuse_port=True,
                                           family=socket.AF_INET6 if family == 6 else socket.AF_INET)
        with service:
            with lab.on("origin"):
                client = socket.create_connection((lab.address("wan", family), own_port()), timeout=8)
            with client:
                service.settimeout(8)
                service.accept()[0].close()

    def test_a_tls_client_gets_an_alert(self, family):
        with raw.connect("lan", family, own_port()) as client:
            client.send(b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00")
            self.assertEqual(client.read(2), b"\x15\x03")

    def test_the_gateway_s_other_services_stay_reachable(self, family):
        with lab.on("gateway"):
            service = socket.create_server((lab.address("lan", family), 443 if own_port() != 80 else 2222),
                                           family=socket.AF_INET6 if family == 6 else socket.AF_INET)
        with service, raw.connect("lan", family, service.getsockname()[1]) as client:
            accepted, peer = service.accept()
            self.assertEqual(peer[0], lab.address("client", family))
            accepted.close()
            self.assertEqual(client.read_to_end(), b"")


if __name__ == "__main__":
    lab.main()
