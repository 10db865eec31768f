#!/usr/bin/python3
# The recipes of config/recipes: they may be repeated, are undone without a trace, and survive unfriendly settings.
# SPDX-License-Identifier: MIT
import os
import socket
import sys
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from origin import WebServer

MODES = ("tproxy", "routing", "hybrid", "redirect")


def recipe(action):
    return lab.must_run("gateway", "sh", os.environ["HYALITE_LAB_RECIPE"], action)


def rules():
    """All that a recipe could have changed."""
    said = [lab.must_run("gateway", "nft", "list", "ruleset")]
    for family in ("-4", "-6"):
        said.append(lab.must_run("gateway", "ip", family, "rule"))
        said.append(lab.must_run("gateway", "ip", family, "route", "show", "table", "all"))
    said.append(lab.must_run("gateway", "sysctl", "-a", "--pattern", "forward|rp_filter|mark|nonlocal|localnet"))
    return "\n".join(said)


def like_the_proxy(port):
    """A listening socket on the gateway that takes connections to anywhere."""
    with lab.on("gateway"):
        listener = socket.socket(socket.AF_INET6)
    listener.setsockopt(socket.IPPROTO_IPV6, 75, 1)  # IPV6_TRANSPARENT
    listener.bind(("::", port))
    listener.listen()
    return listener


class OnAndOff(unittest.TestCase):
    def setUp(self):
        recipe("on")

    def test_on_may_be_repeated(self):
        once = rules()
        recipe("on")
        self.assertEqual(rules(), once)

    def test_off_leaves_no_trace_and_may_be_repeated(self):
        with_rules = rules()
        recipe("off")
        self.assertNotEqual(rules(), with_rules)
        without = rules()
        self.assertNotIn("hyalite", without)
        self.assertNotIn("lookup 100", without)
        self.assertNotIn("table 100", without)
        recipe("off")
        self.assertEqual(rules(), without)
        recipe("on")
        self.assertEqual(rules(), with_rules)

    def test_half_of_it_is_undone_too(self):
        recipe("off")
        without = rules()
        recipe("on")
        for family in ("-4", "-6"):
            lab.run("gateway", "ip", family, "rule", "del", "pref", "100")
        recipe("off")
        self.assertEqual(rules(), without)

    def test_an_interface_that_does_not_exist_changes_nothing(self):
        recipe("off")
        without = rules()
        done = lab.run("gateway", "env", "LAN=nowhere", "sh", os.environ["HYALITE_LAB_RECIPE"], "on")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"nowhere", done.stderr)
        self.assertEqual(rules(), without)

    def test_without_a_proxy_connections_are_refused(self):
        with lab.on("origin"):
            web = socket.create_server(("::", 80), family=socket.AF_INET6, dualstack_ipv6=True)
        with web:
            for family in (4, 6):
                self.assertIn(lab.curl("--connect-timeout", "1", lab.url(family=family)).returncode, (7, 28))

    def test_http_3_is_refused_at_once(self):
        for family in (4, 6):
            with lab.on("client"):
                quic = socket.socket(socket.AF_INET6 if family == 6 else socket.AF_INET, socket.SOCK_DGRAM)
            with quic:
                quic.settimeout(2)
                quic.connect((lab.address("origin", family), 443))
                quic.send(b"hello")
                with self.assertRaises(OSError) as refused:
                    quic.recv(1)
                self.assertNotIsInstance(refused.exception, TimeoutError)

    def test_what_is_open_stays_open_unless_the_mode_cannot_tell_old_from_new(self):
        recipe("off")
        with lab.on("origin"):
            web = socket.create_server(("::", 80), family=socket.AF_INET6, dualstack_ipv6=True)
        with web, like_the_proxy(80):
            for family in (4, 6):
                self.talk_while_it_is_switched_on(web, family)

    def talk_while_it_is_switched_on(self, web, family):
        with raw.connect(family=family) as client:
            server = raw.Connection(web.accept()[0])
            recipe("on")
            client.send(b"still")
            if lab.mode() in ("routing", "hybrid"):
                self.assertEqual(client.read_to_end(), b"")
                self.assertEqual(client.ended, "reset")
            else:
                self.assertEqual(server.read(5), b"still")
                server.send(b"there")
                self.assertEqual(client.read(5), b"there")
            server.close()
            recipe("off")


    def test_connections_from_outside_to_a_host_behind_the_gateway_stay_direct(self):
        ports = [port for port in (lab.PROXY_PORT, *lab.PORTS) if lab.mode() != "routing" or port not in lab.PORTS]
        recipe("on")
        for port in ports:
            for family in (4, 6):
                with lab.on("client"):
                    server = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
                with lab.on("origin"):
                    outside = socket.socket(socket.AF_INET6 if family == 6 else socket.AF_INET)
                with server, outside, like_the_proxy(port):
                    outside.settimeout(3)
                    outside.connect((lab.address("client", family), port))
                    server.settimeout(3)
                    accepted, _ = server.accept()
                    outside.sendall(b"hello")
                    self.assertEqual(accepted.recv(5), b"hello")
                    accepted.close()


@lab.both_families
class UnfriendlySettings(GatewayTest):
    """What other programs set: VPNs, distributions, hardening guides."""
    @classmethod
    def set_up_origin(cls):
        cls.web = WebServer(cls.directory)
        cls.addClassCleanup(cls.web.close)
        for name in ("net.ipv4.conf.all.rp_filter", "net.ipv4.conf.lan.rp_filter", "net.ipv4.conf.all.src_valid_mark",
                     "net.ipv4.tcp_fwmark_accept", "net.ipv4.fwmark_reflect"):
            lab.must_run("gateway", "sysctl", "-w", f"{name}=1")
        for name in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding", "net.ipv4.conf.all.route_localnet"):
            lab.must_run("gateway", "sysctl", "-w", f"{name}=0")
        recipe("on")

    def test_requests_pass(self, family):
        seen = "client" if lab.keeps_client_address() else "wan"
        answer = lab.curl(lab.url("/address", family=family))
        self.assertEqual(answer.stdout.decode(), lab.address(seen, family) + "\n", answer.stderr)


if __name__ == "__main__":
    lab.main()
