#!/usr/bin/python3
# `hyalite intercept` beyond clients' traffic: this machine's own connections in three ways, named destinations, watching,
# and what iptables makes of a plan.
# SPDX-License-Identifier: MIT
import os
import shutil
import subprocess
import sys
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
from gateway import GatewayTest
from intercept import Intercept, settings, trace
from origin import WebServer

MODES = ("none",)


class Way(GatewayTest):
    """One gateway with settings of its own; `wanted` are its sections."""
    wanted = {}

    @classmethod
    def setUpClass(cls):
        cls.before = trace()
        cls.settings = cls.wanted
        super().setUpClass()
        cls.intercept = Intercept(cls.gateway.file)
        cls.intercept.on()
        cls.addClassCleanup(cls.undo)

    @classmethod
    def undo(cls):
        cls.intercept.off()
        assert trace() == cls.before, f"off left a trace:\n{trace()}\nbefore:\n{cls.before}"

    @classmethod
    def set_up_origin(cls):
        cls.web = WebServer(cls.directory)
        cls.addClassCleanup(cls.web.close)

    def curl(self, host, family, name="origin"):
        return lab.run(host, "curl", "-q", "-sS", "--max-time", "15", lab.url("/address", name=name, family=family))

    def through_the_proxy(self, host, family, seen, name="origin"):
        before = self.gateway.count("hyalite_exchanges_total")
        answer = self.curl(host, family, name)
        self.assertEqual(answer.stdout.decode().strip(), lab.address(seen, family), answer.stderr)
        self.gateway.wait_for_count(before + 1, "hyalite_exchanges_total")

    def past_the_proxy(self, host, family, seen, name="origin"):
        before = self.gateway.count("hyalite_flows_total")
        answer = self.curl(host, family, name)
        self.assertEqual(answer.stdout.decode().strip(), lab.address(seen, family), answer.stderr)
        self.assertEqual(self.gateway.count("hyalite_flows_total"), before)


def own(way, **more):
    return {"interception": {"local": way, "ports": [80], "origin_interfaces": ["wan"], "exempt": {"destinations": [lab.address("other", 4), lab.address("other", 6)]}},
            "upstream": {"mark": 0x200000}, **more}


def own_class(way, **more):
    class Own(Way):
        wanted = own(way, **more) if "HYALITE_LAB" in os.environ else {}

        def test_this_machine_s_own_connections_pass_the_proxy_once(self, family):
            self.through_the_proxy("gateway", family, "wan")
            self.assertEqual(self.gateway.count("hyalite_not_served_total"), 0)

        def test_an_exempt_destination_is_reached_without_it(self, family):
            self.past_the_proxy("gateway", family, "wan", "other")

        def test_what_is_forwarded_is_left_alone(self, family):
            self.past_the_proxy("client", family, "client")
    return lab.both_families(Own)


_PORT_80 = {"listeners": [{"address": "[::]:80", "name": "web"}]}
OwnByRedirect = own_class("redirect")
OwnByTproxy = own_class("tproxy")
OwnByRouting = own_class("routing", **_PORT_80)


@lab.both_families
class NamedDestinations(Way):
    """Answers come back to the client's address too, so that the origin sees it."""
    wanted = {"listeners": [{"address": "[::]:80", "name": "web",
                             "anyip": [lab.address("origin", 4), lab.address("origin", 6)]}],
              "interception": {"mode": "anyip", "origin_interfaces": ["wan"]}} if "HYALITE_LAB" in os.environ else {}

    def test_connections_to_them_pass_the_proxy(self, family):
        self.through_the_proxy("client", family, "client")

    def test_other_destinations_are_left_alone(self, family):
        self.past_the_proxy("client", family, "client", "other")

    def test_this_machine_itself_reaches_them(self, family):
        self.past_the_proxy("gateway", family, "wan")


@lab.both_families
class NamedDestinationsFromTheProxy(Way):
    """No transparent socket is needed."""
    wanted = {"listeners": [{"address": "[::]:80", "name": "web", "transparent": "no",
                             "anyip": [lab.address("origin", 4), lab.address("origin", 6)]}],
              "interception": {"mode": "anyip"}, "upstream": {"source": "proxy"}} if "HYALITE_LAB" in os.environ else {}

    def test_connections_to_them_pass_the_proxy(self, family):
        self.through_the_proxy("client", family, "wan")


class Watching(Way):
    wanted = settings("tproxy")

    def test_what_others_take_away_is_put_back_and_off_stays_off(self):
        def on():
            return self.intercept.run("show").returncode == 0
        with lab.on("gateway"):
            watch = subprocess.Popen([lab.binary(), "intercept", "watch"], stderr=subprocess.PIPE, text=True)
        try:
            self.assertIn("intercept.watching", watch.stderr.readline())
            for words in (["ip", "rule", "del", "pref", "102"], ["ip", "-6", "route", "flush", "table", "100"],
                          ["nft", "delete", "table", "inet", "hyalite"]):
                lab.must_run("gateway", *words)
                lab.wait_for(on, f"{words} to be undone")
            self.intercept.off()
            lab.must_run("gateway", "ip", "rule", "add", "pref", "77", "lookup", "main")
            lab.must_run("gateway", "ip", "rule", "del", "pref", "77")
            self.assertEqual(self.intercept.run("show").returncode, 3)
        finally:
            watch.kill()
            watch.communicate()
        self.intercept.on()


@lab.both_families
class WithIptables(GatewayTest):
    """The plan for iptables, run by a shell, does the same; off takes it all away."""
    settings = settings("tproxy")

    @classmethod
    def setUpClass(cls):
        if not shutil.which("iptables-restore", path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            raise unittest.SkipTest("iptables is not installed (package iptables)")
        super().setUpClass()
        intercept = Intercept(cls.gateway.file)
        path = "PATH=$PATH:/usr/sbin:/sbin\n"
        done = lab.run("gateway", "sh", "-e", input=(path + intercept.must("plan", "--iptables")).encode())
        assert done.returncode == 0, done.stderr.decode()
        cls.off = path + intercept.must("plan", "--iptables", "--off")

    @classmethod
    def set_up_origin(cls):
        cls.web = WebServer(cls.directory)
        cls.addClassCleanup(cls.web.close)

    @classmethod
    def tearDownClass(cls):
        lab.must_run("gateway", "sh", "-e", input=cls.off.encode())
        said = lab.must_run("gateway", "nft", "list", "ruleset")
        assert "HYALITE" not in said, said

    def test_traffic_flows_through_the_proxy(self, family):
        before = self.gateway.count("hyalite_exchanges_total")
        self.assertEqual(lab.curl(lab.url("/address", family=family)).stdout.decode().strip(), lab.address("client", family))
        self.gateway.wait_for_count(before + 1, "hyalite_exchanges_total")


if __name__ == "__main__":
    lab.main()
