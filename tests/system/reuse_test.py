#!/usr/bin/python3
# Connections to the origin outlive the client's where the settings want it: of the same address, and when nothing speaks against it.
# SPDX-License-Identifier: MIT
import ipaddress
import itertools
import os
import sys
import threading

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from origin import Recorder
from service import Service

CLOSE = b"Connection: close\r\n"
MORE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"


class NumberedOrigin:
    """Answers each request with the number of its connection, and of the request on it. What the path says, it does."""

    def __init__(self):
        self.numbers = itertools.count(1)
        self.peers = {}
        self.ended = set()
        self.changed = threading.Condition()
        self.recorder = Recorder(80, self.serve)

    def serve(self, connection):
        with self.changed:
            number = next(self.numbers)
            self.peers[number] = connection.peer
        try:
            for count in itertools.count(1):
                head = connection.read_until(b"\r\n\r\n")
                assert b"close" not in head.lower(), head
                if b"Content-Length: 2\r\n" in head:
                    connection.read(2)
                if b"/gone-at-2" in head and count == 2:
                    break
                body = b"%d %d" % (number, count)
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b%b" % (len(body), body, MORE if b"/more" in head else b""))
        except AssertionError:
            pass  # the proxy closed it
        connection.close()
        with self.changed:
            self.ended.add(number)
            self.changed.notify_all()

    def wait_for_end_of(self, number):
        with self.changed:
            assert self.changed.wait_for(lambda: number in self.ended, 8), f"connection {number} goes on"


@lab.both_families
class Reuse(GatewayTest):
    settings = {"workers": {"count": 1}, "upstream": {"reuse": {"enabled": True}}}

    @classmethod
    def set_up_origin(cls):
        cls.origin = NumberedOrigin()
        cls.addClassCleanup(cls.origin.recorder.close)

    def ask(self, line=b"GET /", fields=CLOSE, body=b"", **how):
        """One request of a client of its own: which connection served it, and the how manieth request on it that was."""
        with raw.connect(**how) as client:
            client.send(line + b" HTTP/1.1\r\nHost: origin.lab\r\n" + fields + b"\r\n" + body)
            response = client.read_response()
            if CLOSE in fields:
                self.assertEqual(response.header("Connection"), "close")
                self.assertEqual(client.read_to_end(), b"")
        return tuple(map(int, response.body.split()))

    def test_clients_of_one_address_go_over_one_connection(self, family):
        reused = self.gateway.count("hyalite_upstream_reused_total")
        first, count = self.ask(family=family)
        for further in range(1, 5):
            self.assertEqual(self.ask(family=family), (first, count + further))
        self.assertEqual(self.origin.peers[first], lab.address("client", family))
        self.assertGreaterEqual(self.gateway.count("hyalite_upstream_reused_total"), reused + 4)
        found = self.gateway.wait_for_record(lambda it: it["kind"] == "exchange" and it.get("phases_ms", {}).get("connected") == 0)
        self.assertEqual(found["status"], 200)

    def test_clients_of_two_addresses_never_do(self):
        mine = ipaddress.ip_address(lab.address("client", 4))
        another = str(ipaddress.ip_network(f"{mine}/24", strict=False)[77])
        link = lab.must_run("client", "ip", "-o", "address", "show", "to", str(mine)).split()[1]
        lab.must_run("client", "ip", "address", "add", f"{another}/24", "dev", link)
        first, _ = self.ask()
        second, _ = self.ask(source=another)
        self.assertNotEqual(first, second)
        self.assertEqual(self.origin.peers[second], another)
        self.assertEqual(self.ask()[0], first)
        self.assertEqual(self.ask(source=another)[0], second)

    def test_what_cannot_be_sent_twice_has_a_connection_of_its_own(self):
        kept, _ = self.ask()
        number, count = self.ask(b"POST /", CLOSE + b"Content-Length: 2\r\n", b"hi")
        self.assertEqual(count, 1)
        self.assertNotEqual(number, kept)

    def test_one_that_is_authenticated_is_nobody_elses(self):
        number, count = self.ask(fields=b"Authorization: NTLM TlRMTVNTUAAB\r\n")
        self.assertEqual(count, 1)
        self.origin.wait_for_end_of(number)
        self.gateway.wait_for_count(1, "hyalite_upstream_not_kept_total", reason="authentication")
        self.assertNotEqual(self.ask()[0], number)

    def test_what_nobody_asked_for_reaches_nobody(self):
        number, _ = self.ask(b"GET /more")
        self.origin.wait_for_end_of(number)
        for _ in range(3):
            self.assertNotEqual(self.ask()[0], number)
        # With the response, or a moment behind it.
        self.assertEqual(self.gateway.count("hyalite_upstream_not_kept_total", reason="suspect")
                         + self.gateway.count("hyalite_upstream_idle_closed_total", reason="upstream_spoke"), 1)

    def test_one_that_the_origin_closes_costs_no_request(self):
        # Where there is one, it may have served before.
        before = self.gateway.count("hyalite_upstream_retried_total")
        number, count = self.ask(b"POST /", CLOSE + b"Content-Length: 2\r\n", b"hi")
        self.assertEqual(count, 1)
        again, count = self.ask(b"GET /gone-at-2")
        self.assertEqual(count, 1)
        self.assertNotEqual(again, number)
        self.assertEqual(self.gateway.count("hyalite_upstream_retried_total"), before + 1)

    def test_a_reload_closes_what_is_kept(self):
        number, _ = self.ask()
        service = Service(self.gateway)
        self.assertRegex(service.tell("status")[1], r"reused +\d+ upstream connections?, [1-9]\d* wait")
        self.assertEqual(service.tell("reload")[0], 0)
        self.origin.wait_for_end_of(number)


if __name__ == "__main__":
    lab.main()
