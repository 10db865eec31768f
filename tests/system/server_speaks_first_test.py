#!/usr/bin/python3
# Protocols in which the server speaks first pass untouched, in every mode.
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from origin import Recorder

MODES = ("tproxy", "routing", "hybrid", "redirect")


BANNER = b"220 origin.lab ready\r\n"


def greet_and_echo(connection):
    """Speaks first, then says everything back, and ends when its client ended."""
    connection.send(BANNER)
    while data := connection.read(1):
        connection.send(data + connection.read_available())
    connection.close()


@lab.both_families
class ServerSpeaksFirst(GatewayTest):
    @classmethod
    def set_up_origin(cls):
        for port in (25, 80):
            server = Recorder(port, greet_and_echo)
            cls.addClassCleanup(server.close)

    def conversation(self, family, port):
        with raw.connect(family=family, port=port) as client:
            self.assertEqual(client.read_until(b"\n"), BANNER)
            for said in (b"EHLO client.lab\r\n", bytes(range(256)), b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"):
                client.send(said)
                self.assertEqual(client.read(len(said)), said)
            client.finish()
            self.assertEqual(client.read_to_end(), b"")
            self.assertEqual(client.ended, "finished")

    def test_on_a_port_that_is_known_for_it(self, family):
        self.conversation(family, 25)

    def test_on_any_other_port_once_the_client_was_silent(self, family):
        self.conversation(family, 80)

    def test_what_was_not_inspected_is_counted(self, family):
        before = self.gateway.count("hyalite_uninspected_total", reason="server_first")
        self.conversation(family, 25)
        self.gateway.wait_for_count(before + 1, "hyalite_uninspected_total", reason="server_first")


if __name__ == "__main__":
    lab.main()
