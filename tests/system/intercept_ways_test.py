#!/usr/bin/python3
# `hyalite intercept` beyond clients' traffic: this machine's own connections in three ways, named destinations, watching,
# and what iptables makes of a plan.
# SPDX-License-Identifier: MIT
import fcntl
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
from gateway import Gateway, make_directory, merged
from intercept import MARK, Intercept, InterceptionTest, other_users, quiet, trace

MODES = ("none",)
TPROXY = {"interception": {"mode": "tproxy", "client_interfaces": ["lan"], "origin_interfaces": ["wan"], "ports": [80]}, "upstream": MARK}


def own(way, **more):
    return {"interception": {"local": way, "ports": [80], "origin_interfaces": ["wan"], "exempt": {"destinations": [lab.address("other", 4), lab.address("other", 6)]}},
            "upstream": MARK, **more}


def own_class(way, **more):
    class Own(InterceptionTest):
        settings = own(way, **more) if lab.inside() else {}

        def test_this_machine_s_own_connections_pass_the_proxy_once(self, family):
            self.through_the_proxy("gateway", family, "wan")
            self.assertEqual(self.gateway.count("hyalite_not_served_total"), 0)

        def test_an_exempt_destination_is_reached_without_it(self, family):
            self.past_the_proxy("gateway", family, "wan", "other")

        def test_what_is_forwarded_is_left_alone(self, family):
            self.past_the_proxy("client", family, "client")
    return lab.both_families(Own)


# Where there is one user alone, it is he who is exempt.
_EXEMPT_USER = 4711 if other_users() else 0
_AS_EXEMPT_USER = ["setpriv", "--reuid", str(_EXEMPT_USER), "--clear-groups"] if other_users() else []


def exempt_users_class(way, **more):
    class ExemptUsers(InterceptionTest):
        settings = merged(own(way, **more), {"interception": {"exempt": {"users": [str(_EXEMPT_USER)]}}}) if lab.inside() else {}

        def test_what_they_open_passes_without_the_proxy(self, family):
            self.past_the_proxy("gateway", family, "wan", by=_AS_EXEMPT_USER)

        @unittest.skipUnless(other_users(), "there is one user here")
        def test_what_others_open_does_not(self, family):
            self.through_the_proxy("gateway", family, "wan")
    return lab.both_families(ExemptUsers)


@lab.both_families
class ExemptCgroup(InterceptionTest):
    """nft looks for control groups in /sys/fs/cgroup: a file system of its own is put there for this test."""
    settings = merged(own("tproxy"), {"interception": {"exempt": {"cgroups": ["hyalite.slice/left-alone"]}}}) if lab.inside() else {}

    @classmethod
    def prepare(cls):
        mounted = lab.run("gateway", "mount", "-t", "cgroup2", "none", "/sys/fs/cgroup")
        if mounted.returncode != 0:
            raise unittest.SkipTest("an ordinary user may make no control groups here: " + mounted.stderr.decode().splitlines()[0])
        cls.addClassCleanup(lab.run, "gateway", "umount", "/sys/fs/cgroup")
        cls.groups = [pathlib.Path("/sys/fs/cgroup", name) for name in ("hyalite.slice", "hyalite.slice/left-alone")]
        for group in cls.groups:
            group.mkdir(exist_ok=True)
            cls.addClassCleanup(group.rmdir)

    def test_what_it_opens_passes_without_the_proxy(self, family):
        self.past_the_proxy("gateway", family, "wan", by=["sh", "-c", f'echo $$ > {self.groups[1]}/cgroup.procs; exec "$@"', "sh"])

    def test_what_others_open_does_not(self, family):
        self.through_the_proxy("gateway", family, "wan")


_PORT_80 = {"listeners": [{"address": "[::]:80", "name": "web"}]}
OwnByRedirect = own_class("redirect")
OwnByTproxy = own_class("tproxy")
OwnByRouting = own_class("routing", **_PORT_80)
ExemptUsersByRedirect = exempt_users_class("redirect")
ExemptUsersByTproxy = exempt_users_class("tproxy")
ExemptUsersByRouting = exempt_users_class("routing", **_PORT_80)


@lab.both_families
class NamedDestinations(InterceptionTest):
    """Answers come back to the client's address too, so that the origin sees it."""
    settings = {"listeners": [{"address": "[::]:80", "name": "web",
                             "anyip": [lab.address("origin", 4), lab.address("origin", 6)]}],
              "interception": {"mode": "anyip", "origin_interfaces": ["wan"]}} if lab.inside() else {}

    def test_connections_to_them_pass_the_proxy(self, family):
        self.through_the_proxy("client", family, "client")

    def test_other_destinations_are_left_alone(self, family):
        self.past_the_proxy("client", family, "client", "other")

    def test_this_machine_itself_reaches_them(self, family):
        self.past_the_proxy("gateway", family, "wan")


@lab.both_families
class NamedDestinationsFromTheProxy(InterceptionTest):
    """No transparent socket is needed."""
    settings = {"listeners": [{"address": "[::]:80", "name": "web", "transparent": "no",
                             "anyip": [lab.address("origin", 4), lab.address("origin", 6)]}],
              "interception": {"mode": "anyip"}, "upstream": {"source": "proxy"}} if lab.inside() else {}

    def test_connections_to_them_pass_the_proxy(self, family):
        self.through_the_proxy("client", family, "wan")


class ChangedSettings(unittest.TestCase):
    """What was switched on by other settings becomes what these say, whatever those were."""

    def test_are_taken_over_and_off_leaves_no_trace(self):
        quiet()
        before, directory = trace(), make_directory(type(self))
        ports = {"listeners": [{"address": f"[::]:{port}", "name": str(port)} for port in (80, 443)]}
        sides = {"client_interfaces": ["lan"], "origin_interfaces": ["wan"], "ports": [80, 443]}
        lab.must_run("gateway", "sh", "-ec", "ip route add default via 10.71.2.2; ip -6 route add default via fd71:2::2")
        named = {"listeners": [{"address": "[::]:80", "name": "web", "anyip": [lab.address("origin", 4), lab.address("origin", 6)]}]}
        exempt = {"clients": ["10.71.1.77", "fd71:1::77"], "destinations": ["203.0.113.0/24", "2001:db8::/32"]}
        for settings in ({**ports, "interception": {"mode": "routing", **sides}},
                         {**ports, "interception": {"mode": "routing", "local": "routing", "exempt": exempt, **sides}},
                         {**ports, "interception": {"mode": "hybrid", "table": 101, "preference": 200, **sides}},
                         {"interception": {"mode": "tproxy", "local": "redirect", **sides}},
                         {**named, "interception": {"mode": "anyip", "origin_interfaces": ["wan"], "exempt": exempt}},
                         {"interception": {"mode": "redirect", "mark": 0x800000, "exempt": exempt, **sides}, "upstream": {"source": "proxy"}},
                         {**ports, "interception": {"mode": "routing", "local": "routing", **sides}},
                         {**ports, "interception": {"mode": "routing", **sides}}):
            with self.subTest(settings["interception"]):
                upstream = {**MARK, **settings.pop("upstream", {})}
                intercept = Intercept(Gateway(directory, upstream=upstream, **settings).file)
                intercept.on()
                self.assertEqual(intercept.show()[1]["differences"], [])
        lab.must_run("gateway", "sh", "-ec", "ip route del default via 10.71.2.2; ip -6 route del default via fd71:2::2")
        quiet()
        self.assertEqual(trace(), before)


class DrainingOwn(InterceptionTest):
    """While what this machine opened through the proxy goes on, what it opens anew goes by."""
    settings = own("tproxy") if lab.inside() else {}

    def test_off_brings_nothing_new(self):
        with lab.on("gateway"), socket.create_connection((lab.address("origin", 4), 80)) as old:
            self.gateway.wait_for_count(1, "hyalite_flows_total")
            off = subprocess.Popen([lab.binary(), "intercept", "off", "--drain", "60"], stdout=subprocess.PIPE, text=True)
            # Older and newer nftables write the same rule as "syn / fin,syn,rst,ack accept" and "& (fin | syn | rst | ack) == syn accept".
            lab.wait_for(lambda: re.search(r"(rst,ack|== syn) accept", lab.must_run("gateway", "nft", "list", "chain", "inet", "hyalite", "own")),
                         "the drain to begin")
            for family in (4, 6):
                self.past_the_proxy("gateway", family, "wan")
            old.sendall(b"GET /address HTTP/1.1\r\nHost: origin.lab\r\nConnection: close\r\n\r\n")
            self.assertEqual(old.recv(5), b"HTTP/")
            self.gateway.wait_for_count(1, "hyalite_exchanges_total")
            old.close()
            self.assertEqual((off.communicate(timeout=20)[0], off.returncode), ("interception is off\n", 0))


class Watching(InterceptionTest):
    settings = TPROXY

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

    def test_what_cannot_be_put_back_yet_costs_nothing_that_is_there(self):
        """Our route for IPv6 goes with the loopback interface, and cannot be made before that is back."""
        table = "nft", "list", "table", "inet", "hyalite"
        with lab.on("gateway"):
            watch = subprocess.Popen([lab.binary(), "intercept", "watch"], stderr=subprocess.PIPE, text=True)
        try:
            self.assertIn("intercept.watching", watch.stderr.readline())
            lab.must_run("gateway", "ip", "link", "set", "lo", "down")
            try:
                self.assertIn("intercept.differs", watch.stderr.readline())
                self.assertIn("intercept.not_restored", watch.stderr.readline())
                lab.must_run("gateway", *table)
            finally:
                lab.must_run("gateway", "ip", "link", "set", "lo", "up")
            lab.wait_for(lambda: self.intercept.run("show").returncode == 0, "it to be put back")
            lab.must_run("gateway", *table)
        finally:
            watch.kill()
            watch.communicate()
        self.intercept.on()

    def test_what_was_replaced_meanwhile_is_not_brought_back(self):
        """It looks, and then waits for whoever switches on anew just now."""
        runtime = pathlib.Path("/run/hyalite-intercept")
        with lab.on("gateway"):
            file = runtime / f"network-{os.stat('/proc/self/ns/net').st_ino}.json"
            watch = subprocess.Popen([lab.binary(), "intercept", "watch"], stderr=subprocess.PIPE, text=True)
        try:
            self.assertIn("intercept.watching", watch.stderr.readline())
            with open(runtime / "lock") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                lab.must_run("gateway", "nft", "delete", "table", "inet", "hyalite")
                self.assertIn("intercept.differs", watch.stderr.readline())
                state = json.loads(file.read_text())
                state["settings_text"] += "\n# newer\n"
                file.write_text(json.dumps(state))
            # What it says next is of the newer ones.
            lab.must_run("gateway", "ip", "rule", "add", "pref", "77", "lookup", "main")
            lab.must_run("gateway", "ip", "rule", "del", "pref", "77")
            self.assertIn("intercept.differs", watch.stderr.readline())
            self.assertIn("intercept.restored", watch.stderr.readline())
            self.assertTrue(json.loads(file.read_text())["settings_text"].endswith("# newer\n"))
        finally:
            watch.kill()
            watch.communicate()
        self.intercept.on()


class Reporting(InterceptionTest):
    settings = merged(TPROXY, {"interception": {"watch": "report"}})

    def test_what_others_take_away_is_named_and_left_so(self):
        with lab.on("gateway"):
            watch = subprocess.Popen([lab.binary(), "intercept", "watch"], stderr=subprocess.PIPE, text=True)
        try:
            self.assertIn("intercept.watching", watch.stderr.readline())
            lab.must_run("gateway", "ip", "-6", "rule", "del", "pref", "103")
            said = watch.stderr.readline()
            self.assertRegex(said, r"intercept\.differs what=.*missing: ip -6 rule pref 103")
            lab.must_run("gateway", "nft", "delete", "table", "inet", "hyalite")
            # The next look says both: nothing was put back after the first.
            said = watch.stderr.readline()
            self.assertRegex(said, r"intercept\.differs what=.*missing: ip -6 rule pref 103.*missing: nft table inet hyalite")
            self.assertEqual(self.intercept.run("show").returncode, 1)
        finally:
            watch.kill()
            watch.communicate()


def iptables_class(name, asked_from, seen, **of):
    """The plan for iptables, run by a shell, does the same; what it says for off takes it all away."""
    class WithIptables(InterceptionTest):
        settings = of if lab.inside() else {}

        @classmethod
        def switch_on(cls):
            if not shutil.which("iptables-restore", path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
                raise unittest.SkipTest("iptables is not installed (package iptables)")
            cls.shell(cls.intercept.must("plan", "--iptables"))

        @classmethod
        def undo(cls):
            cls.shell(cls.intercept.must("plan", "--iptables", "--off"))
            said = lab.must_run("gateway", "sh", "-c", "nft list ruleset; ip rule; ip -6 rule")
            assert "HYALITE" not in said and "proto 72" not in said, said

        @staticmethod
        def shell(script):
            lab.must_run("gateway", "sh", "-e", input=("PATH=$PATH:/usr/sbin:/sbin\n" + script).encode())

        def test_traffic_flows_through_the_proxy(self, family):
            self.through_the_proxy(asked_from, family, seen)

        def test_off_takes_it_away_as_well_and_nothing_of_others(self, family):
            kept = "mangle", "-A", "INPUT", "-m", "comment", "--comment", "not HYALITE_ but another's", "-j", "ACCEPT"
            for program in ("iptables", "ip6tables"):
                lab.must_run("gateway", "env", "PATH=/usr/sbin:/sbin:/usr/bin:/bin", program, "-t", *kept)
            try:
                self.assertEqual(self.intercept.off(), "interception is off\n")
                said = lab.must_run("gateway", "sh", "-c", "PATH=$PATH:/usr/sbin:/sbin; iptables-save; ip6tables-save; ip rule; ip -6 rule")
                self.assertNotIn(":HYALITE", said)
                self.assertNotIn("-j HYALITE", said)
                self.assertNotIn("proto 72", said)
                self.assertEqual(said.count("but another"), 2, said)
                self.past_the_proxy(asked_from, family, seen)
                self.assertEqual(self.intercept.off(), "interception was off already\n")
            finally:
                for program in ("iptables", "ip6tables"):
                    lab.must_run("gateway", "env", "PATH=/usr/sbin:/sbin:/usr/bin:/bin", program, "-t", kept[0], "-D", *kept[2:])
                self.switch_on()
    WithIptables.__qualname__ = WithIptables.__name__ = name
    return lab.both_families(WithIptables)


_SIDES = {"client_interfaces": ["lan"], "origin_interfaces": ["wan"], "ports": [80]}
IptablesTproxy = iptables_class("IptablesTproxy", "client", "client", **TPROXY)
IptablesRedirect = iptables_class("IptablesRedirect", "client", "client", interception={"mode": "redirect", **_SIDES})
IptablesHybrid = iptables_class("IptablesHybrid", "client", "client", interception={"mode": "hybrid", **_SIDES}, **_PORT_80)
if lab.inside():
    IptablesOwnByTproxy = iptables_class("IptablesOwnByTproxy", "gateway", "wan", **own("tproxy"))
    IptablesOwnByRedirect = iptables_class("IptablesOwnByRedirect", "gateway", "wan", **own("redirect"))


if __name__ == "__main__":
    lab.main()
