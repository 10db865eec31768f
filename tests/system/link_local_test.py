#!/usr/bin/python3
# A page's client may have an address that is good on its link alone: it is answered like any other.
# SPDX-License-Identifier: MIT
import os
import socket
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
from gateway import GatewayTest

GATEWAY, CLIENT = "fe80::71:1", "fe80::71:2"
ASK = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class LinkLocal(GatewayTest):
    settings = {"admin": {"address": "[::]:9180", "allow_remote": True}}

    @classmethod
    def set_up_origin(cls):
        for host, address, link in (("gateway", GATEWAY, "lan"), ("client", CLIENT, "eth0")):
            lab.must_run(host, "ip", "address", "add", f"{address}/64", "dev", link, "nodad")

    def ask(self):
        with lab.on("client"):
            link = socket.if_nametoindex("eth0")
            client = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
        with client:
            client.settimeout(5)
            client.bind((CLIENT, 0, 0, link))
            client.connect((GATEWAY, 9180, 0, link))
            client.sendall(ASK)
            answer = b""
            while piece := client.recv(4096):
                answer += piece
            return answer

    def test_its_address_costs_the_admin_process_nothing(self):
        for _ in range(2):
            answer = self.ask()
            self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)
            self.assertTrue(answer.endswith(b"\r\n\r\nok\n"), answer)
        self.assertFalse([line for line in self.gateway._lines if "admin.died" in line])


if __name__ == "__main__":
    lab.main()
