#!/usr/bin/python3
# `hyalite intercept`: in every mode traffic flows, is undone without a trace after whatever happened, and nobody else is touched.
# SPDX-License-Identifier: MIT
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import Gateway, make_directory
from intercept import MARK, Intercept, InterceptionTest, Killer, quiet, trace
from origin import WebServer

MODES = ("tproxy", "routing", "hybrid", "redirect", "anyip")
_RUNTIME = pathlib.Path("/run/hyalite-intercept")
# They know where a connection begins.
TELLS_OLD_FROM_NEW = ("tproxy", "redirect")


_KEEPING_ADDRESSES = {"upstream": {**MARK, "source": "client"}, "interception": {"origin_interfaces": ["wan"]}}


def wildcard(host, port):
    with lab.on(host):
        return socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)


def transparent(port):
    """A listening socket on the gateway that takes connections to anywhere, as the proxy's do."""
    with lab.on("gateway"):
        listener = socket.socket(socket.AF_INET6)
    listener.setsockopt(socket.IPPROTO_IPV6, 75, 1)  # IPV6_TRANSPARENT
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("::", port))
    listener.listen()
    return listener


@lab.both_families
class WithTheClientsAddress(InterceptionTest):
    # Beside the first one, an address of the client's that is exempt, and so is the origin's other one.
    settings = {**_KEEPING_ADDRESSES,
                "interception": {**_KEEPING_ADDRESSES["interception"],
                                 "exempt": {"clients": ["10.71.1.77", "fd71:1::77"],
                                            "destinations": [lab.address("other", 4), lab.address("other", 6)]}}} if lab.inside() else {}

    @classmethod
    def set_up_origin(cls):
        super().set_up_origin()
        for address in ("10.71.1.77/24", "fd71:1::77/64"):
            # Deprecated: nobody takes it who does not ask for it.
            lab.run("client", "ip", "address", "add", address, "dev", "eth0", *(("nodad", "preferred_lft", "0") if ":" in address else ()))

    def test_traffic_flows_through_the_proxy(self, family):
        self.through_the_proxy("client", family, "client")

    def test_it_is_on_as_planned(self):
        code, said = self.intercept.show()
        self.assertEqual((code, said["differences"], said["complete"]), (0, [], True))

    def test_an_exempt_destination_is_reached_without_the_proxy(self, family):
        self.past_the_proxy("client", family, "client", "other")

    def test_an_exempt_client_reaches_origins_without_the_proxy(self, family):
        own = "10.71.1.77" if family == 4 else "fd71:1::77"
        self.past_the_proxy("client", family, own, how=["--interface", own])

    def test_http_3_is_refused_at_once_unless_it_is_exempt(self, family):
        def ask(name):
            with lab.on("client"), socket.socket(socket.AF_INET6 if family == 6 else socket.AF_INET, socket.SOCK_DGRAM) as quic:
                quic.settimeout(8)
                quic.connect((lab.address(name, family), 443))
                quic.send(b"hello")
                return quic.recv(5)
        with self.assertRaises(OSError) as refused:
            ask("origin")
        self.assertNotIsInstance(refused.exception, TimeoutError)
        with lab.on("origin"):
            server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        with server:
            server.settimeout(8)
            server.bind(("::ffff:" + lab.address("other", 4) if family == 4 else lab.address("other", 6), 443))
            with lab.on("client"), socket.socket(socket.AF_INET6 if family == 6 else socket.AF_INET, socket.SOCK_DGRAM) as quic:
                quic.sendto(b"hello", (lab.address("other", family), 443))
                self.assertEqual(server.recv(5), b"hello")

    def test_on_again_changes_nothing(self, family):
        once = trace()
        self.intercept.on()
        self.assertEqual(trace(), once)
        self.through_the_proxy("client", family, "client")


@lab.both_families
class WithTheProxysAddress(InterceptionTest):
    settings = {"upstream": {**MARK, "source": "proxy"}}

    def test_traffic_flows_through_the_proxy(self, family):
        self.through_the_proxy("client", family, "wan")


@lab.both_families
class UnfriendlySettings(InterceptionTest):
    """What other programs set: VPNs, distributions, hardening guides."""
    settings = {"upstream": MARK}

    @classmethod
    def prepare(cls):
        for name in ("net.ipv4.conf.all.rp_filter", "net.ipv4.conf.lan.rp_filter", "net.ipv4.conf.all.src_valid_mark",
                     "net.ipv4.tcp_fwmark_accept", "net.ipv4.fwmark_reflect"):
            cls.set(name, 1)
        for name in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding", "net.ipv4.conf.all.route_localnet"):
            cls.set(name, 0)

    @classmethod
    def set(cls, name, value):
        before = lab.must_run("gateway", "sysctl", "-n", name).strip()
        lab.must_run("gateway", "sysctl", "-w", f"{name}={value}")
        cls.addClassCleanup(lab.must_run, "gateway", "sysctl", "-w", f"{name}={before}")

    def test_requests_pass(self, family):
        self.through_the_proxy("client", family, "client" if lab.keeps_client_address() else "wan")


@lab.both_families
class ThroughTheProxy(InterceptionTest):
    """What goes through it while something is switched."""
    settings = {"upstream": MARK}

    def tearDown(self):
        self.intercept.on()

    def ask_on(self, client):
        client.send(b"GET /address HTTP/1.1\r\nHost: origin.lab\r\n\r\n")
        return client.read_response().body.decode().strip()

    def test_on_again_leaves_it_alone(self, family):
        with raw.connect(family=family) as client:
            seen = self.ask_on(client)
            self.intercept.on()
            self.assertEqual(self.ask_on(client), seen)

    def test_off_waits_for_it_to_end_and_brings_nothing_new(self, family):
        if lab.mode() not in TELLS_OLD_FROM_NEW:
            self.skipTest("routes cannot tell old from new")
        with raw.connect(family=family) as client:
            seen = self.ask_on(client)
            with lab.on("gateway"):
                off = subprocess.Popen([lab.binary(), "intercept", "off", "--drain", "60"], stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, text=True)
            lab.wait_for(lambda: re.search("{\\s+accept\n", lab.must_run("gateway", "nft", "list", "chain", "inet", "hyalite", "beginning")),
                         "the drain to begin")
            self.past_the_proxy("client", family, "client")
            self.assertEqual(self.ask_on(client), seen)
            self.assertIsNone(off.poll())
            client.close()
            self.assertEqual((off.communicate(timeout=20)[0], off.returncode), ("interception is off\n", 0))


class CutOff(InterceptionTest):
    settings = {"upstream": MARK}

    def test_off_says_how_many_it_cut_off(self):
        with raw.connect(family=4) as one, raw.connect(family=6) as other:
            self.gateway.wait_for_count(2, "hyalite_flows_total")
            done = self.intercept.run("off", "--drain", "0")
            self.assertEqual((done.returncode, done.stdout), (0, b"interception is off\n"))
            self.assertEqual(done.stderr, b"hyalite intercept: 2 connections through the proxy had not ended: cut off\n")


class WithoutAProxy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        quiet()
        cls.directory = make_directory(cls)
        cls.before = trace()
        gateway = Gateway(cls.directory, **_KEEPING_ADDRESSES)
        cls.intercept = Intercept(gateway.file)

    def tearDown(self):
        self.intercept.off()
        self.assertEqual(trace(), self.before)

    def settings_with(self, **interception):
        file = pathlib.Path(self.directory, "other.yaml")
        whole = json.loads(pathlib.Path(self.intercept.file).read_text())
        whole["interception"].update(interception)
        file.write_text(json.dumps(whole))
        return Intercept(file)

    def test_off_may_be_repeated_and_show_tells_the_difference(self):
        self.assertEqual(self.intercept.run("show").returncode, 3)
        self.intercept.on()
        self.assertNotEqual(trace(), self.before)
        self.intercept.off()
        self.assertIn("already", self.intercept.off())
        self.assertIn(b"already", self.intercept.run("off", "--config", "/not/there.yaml").stdout)
        self.assertEqual(self.intercept.run("show").returncode, 3)

    def test_show_does_not_take_what_it_cannot_see_for_a_difference(self):
        self.intercept.on()
        powerless = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all", "--ambient-caps", "-all"]
        wrong = self.settings_with(modus="tproxy")
        missing = Intercept(pathlib.Path(self.directory, "missing.yaml"))
        for what, done in (("powerless", self.intercept.run("show", by=powerless)), ("wrong", wrong.run("show")), ("missing", missing.run("show"))):
            self.assertEqual((done.returncode, done.stdout), (4, b""), (what, done))
            self.assertNotEqual(done.stderr, b"")

    def test_killed_after_every_change_it_is_undone_and_completed(self):
        killer = Killer(self.directory)
        self.intercept.on()
        complete = trace()
        self.intercept.off()
        for verb, options in (("on", ()), ("off", ("--drain", "0"))):
            changes, killed = 0, True
            while killed:
                if verb == "off":
                    self.intercept.on()
                killed = self.intercept.run(verb, *options, env=killer.environment(changes)).returncode == -9
                self.intercept.off()
                self.assertEqual(trace(), self.before, f"{verb} killed after {changes} changes, then off")
                changes += 1
            self.assertGreater(changes, 2)
        self.intercept.run("on", env=killer.environment(2))
        self.assertEqual(self.intercept.run("show").returncode, 1)
        self.intercept.on()
        self.assertEqual(trace(), complete)

    def test_when_changed_settings_cannot_be_taken_over_what_was_on_is_on_again(self):
        failer = Killer(self.directory, "echo 'no, thanks' >&2")
        changed = self.settings_with(exempt={"destinations": ["192.0.2.0/24", "2001:db8::/64"], "clients": ["192.0.2.7"]},
                                     sysctls=["net.ipv4.conf.lan.log_martians=1"])
        self.intercept.on()
        complete = trace()
        changes, failed = 0, True
        while failed:
            done = changed.run("on", env=failer.environment(changes))
            failed = done.returncode != 0
            if failed:
                self.assertIn(b"what was on before is on again", done.stderr)
                self.assertEqual(sorted(trace().splitlines()), sorted(complete.splitlines()), f"failed after {changes} changes")
                self.assertEqual(lab.must_run("gateway", "sysctl", "-n", "net.ipv4.conf.lan.log_martians").strip(), "0")
                self.assertEqual(self.intercept.show()[0], 0)
            changes += 1
        self.assertGreater(changes, 1)
        self.assertEqual(changed.show()[0], 0)

    def test_when_neither_can_be_had_kernel_settings_are_ours_with_the_values_of_both(self):
        name = "net.ipv4.conf.lan.log_martians"
        self.settings_with(sysctls=[f"{name}=1"]).on()
        changed = self.settings_with(sysctls=[f"{name}=2"], exempt={"destinations": ["192.0.2.0/24", "2001:db8::/64"]})
        fails = Killer(self.directory, f"echo 0 > {self.directory}/killer/left")  # from the first time on
        done = changed.run("on", env=fails.environment(0))
        self.assertNotEqual(done.returncode, 0)
        if lab.mode() != "routing":  # where the first change is one more route, so that nothing has to be put back
            self.assertNotIn(b"what was on before is on again", done.stderr)
        self.intercept.off()
        self.assertEqual(lab.must_run("gateway", "sysctl", "-n", name).strip(), "0")

    def test_half_of_it_gone_is_undone_and_mended(self):
        self.intercept.on()
        complete = trace()
        for family in ("-4", "-6"):
            lab.run("gateway", "ip", family, "rule", "del", "pref", "102")
        lab.run("gateway", "nft", "delete", "table", "inet", "hyalite")
        code, said = self.intercept.show()
        if trace() != complete:
            self.assertEqual(code, 1)
            self.assertIn("missing", [it["kind"] for it in said["differences"]])
        self.intercept.on()
        # Rules of one preference may stand in another order.
        self.assertEqual(sorted(trace().splitlines()), sorted(complete.splitlines()))

    def test_what_a_dead_network_left_is_not_taken_for_ours(self):
        """The kernel gives its inode, by which the file is named, to another one; its number it does not."""
        self.intercept.on()
        with lab.on("gateway"):
            file = _RUNTIME / f"network-{os.stat('/proc/self/ns/net').st_ino}.json"
        state = json.loads(file.read_text())
        self.assertTrue(state["complete"])
        if state["network"] == "0":
            self.skipTest("the kernel has no number for it (before Linux 5.14)")
        self.intercept.off()
        file.write_text(json.dumps({**state, "network": str(int(state["network"]) + 1)}))
        self.assertEqual(self.intercept.run("show").returncode, 3)
        failer = Killer(self.directory, "echo 'no, thanks' >&2")
        done = self.intercept.run("on", env=failer.environment(2))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"all of it was undone", done.stderr)
        self.assertEqual(trace(), self.before)

    def test_kernel_settings_become_what_they_were_before(self):
        for name, was in (("net.ipv4.conf.lan.rp_filter", "1"), ("net.ipv4.conf.wan.rp_filter", "2")):
            lab.must_run("gateway", "sysctl", "-w", f"{name}={was}")
        before = trace()
        # Of several numbers the kernel has tabs between them.
        changed = self.settings_with(sysctls=["net.ipv4.conf.lan.rp_filter=0", "net.ipv4.conf.wan.rp_filter=0",
                                              "net.ipv4.ip_local_port_range= 20000  65000"])
        changed.on()
        self.assertEqual(lab.must_run("gateway", "sysctl", "-n", "net.ipv4.conf.lan.rp_filter").strip(), "0")
        self.assertEqual(lab.must_run("gateway", "sysctl", "-n", "net.ipv4.ip_local_port_range").split(), ["20000", "65000"])
        self.assertEqual((changed.show()[0], changed.show()[1]["differences"]), (0, []))
        changed.on()
        changed.off()
        self.assertEqual(trace(), before)
        for name in ("lan", "wan"):
            lab.must_run("gateway", "sysctl", "-w", f"net.ipv4.conf.{name}.rp_filter=0")

    # In a network of its own, since its addresses go with IPv6. $* is where that is switched off.
    WITHOUT_IPV6 = """
        PATH=$PATH:/usr/sbin:/sbin
        ip link set lo up
        for it in lan wan; do ip link add $it type veth peer name to-$it; ip link set $it up; done
        for it; do sysctl -q -w net.ipv6.conf.$it.disable_ipv6=1; done
        trace() { nft list ruleset; ip rule; ip -6 rule; ip route show table all; ip -6 route show table all; ls /run/hyalite-intercept; }
        before=$(trace)
        $HYALITE intercept on --config $SETTINGS
        $HYALITE intercept show --config $SETTINGS
        $HYALITE intercept off
        [ "$(trace)" = "$before" ]"""

    def test_where_ipv6_is_switched_off_it_is_ipv4_that_is_brought(self):
        environment = {**os.environ, "HYALITE": lab.binary(), "SETTINGS": self.intercept.file}
        def without(*interfaces):
            return lab.run("gateway", "unshare", "--net", "sh", "-ec", self.WITHOUT_IPV6, "sh", *interfaces, env=environment)
        for interfaces in (("all",), ("lan", "wan", "lo")):
            with self.subTest(interfaces):
                done = without(*interfaces)
                self.assertEqual(done.returncode, 0, done)
                self.assertIn(b"this machine has no IPv6", done.stdout)
        # What clients bring by IPv6 would pass uninspected.
        done = without("lo")
        self.assertEqual((done.returncode, done.stderr.count(b"\n")), (1, 1), done)
        self.assertIn(b"net.ipv6.conf.lo.disable_ipv6=0", done.stderr)

    def test_what_is_in_the_way_is_said_in_one_line_and_nothing_changes(self):
        cases = {"nowhere": {"client_interfaces": ["nowhere"]}, "no_such_thing": {"sysctls": ["net.ipv4.no_such_thing=1"]}}
        for word, interception in cases.items():
            self.refused(self.settings_with(**interception), word)
        if lab.mode() != "redirect":
            self.clash(["route", "add", "192.0.2.0/24", "dev", "lo", "table", "100"], "interception.table")
        self.clash(["rule", "add", "pref", "103", "lookup", "main"], "interception.preference")
        if lab.mode() == "anyip":
            self.clash(["rule", "add", "pref", "2", "lookup", "main"], "preferences 0 to 3")
        self.clash(["rule", "add", "pref", "50", "fwmark", "0x100000/0x100000", "lookup", "main"], "interception.mark")
        whole = self.settings_with(when_down="pass", mode="redirect")
        self.assertIn(b"other.yaml:", whole.run("on").stderr)

    def test_settings_that_everybody_may_write_to_are_refused(self):
        others = self.settings_with()
        self.addCleanup(os.unlink, others.file)
        os.chmod(others.file, 0o646)
        self.refused(others, f"other.yaml: everybody may write to it: chmod o-w {others.file}")
        os.chmod(others.file, 0o664)
        others.on()

    def test_a_missing_program_or_module_is_said_in_one_line(self):
        if lab.mode() != "routing":
            self.refused(self.intercept, "the program nft is missing (package nftables)", by=self.without("nft"))
            directory = pathlib.Path(self.directory, "nft-of-a-small-kernel")
            directory.mkdir()
            nft = directory / "nft"
            nft.write_text('#!/bin/sh\ncase $1 in -c) echo "Error: Could not process rule: No such file or directory" >&2; exit 1;; esac\n'
                           'PATH=${PATH#*:}; exec nft "$@"\n')
            nft.chmod(0o755)
            self.refused(self.intercept, "the kernel may lack a module", env={**os.environ, "PATH": f"{directory}:{os.environ['PATH']}"})
        else:
            self.assertEqual(self.intercept.run("on", by=self.without("nft")).returncode, 0)
        self.intercept.off()
        self.refused(self.intercept, "the program ip is missing (package iproute2)", by=self.without("ip"))

    @staticmethod
    def without(program):
        """Runs a command where there is no such program."""
        return ["unshare", "-m", "sh", "-c", f'mount --bind /dev/null "$(PATH=$PATH:/usr/sbin:/sbin; command -v {program})"; exec "$@"', "sh"]

    def clash(self, words, said):
        lab.must_run("gateway", "ip", *words)
        try:
            self.refused(self.intercept, said)
        finally:
            lab.must_run("gateway", "ip", *("del" if word == "add" else word for word in words))

    def refused(self, intercept, word, **how):
        before = trace()
        done = intercept.run("on", **how)
        self.assertEqual(done.returncode, 1, (word, done.stdout, done.stderr))
        self.assertIn(word, done.stderr.decode())
        self.assertEqual(done.stderr.count(b"\n"), 1, done.stderr)
        self.assertEqual(trace(), before)

    def test_without_privilege_it_says_so(self):
        done = lab.run("gateway", "setpriv", "--bounding-set", "-all", "--inh-caps", "-all", "--ambient-caps", "-all",
                       lab.binary(), "intercept", "on", "--config", self.intercept.file)
        self.assertEqual((done.returncode, done.stderr.count(b"\n")), (1, 1), done.stderr)
        self.assertIn(b"root", done.stderr)

    def test_the_plan_is_what_is_done(self):
        """A shell that runs the plan makes what `on` makes."""
        self.intercept.on()
        made = trace().rsplit("network-", 1)[0]
        self.intercept.off()
        lab.must_run("gateway", "sh", "-e", input=self.intercept.must("plan").encode())
        self.assertEqual(trace().rsplit("network-", 1)[0].strip(), made.strip())
        self.intercept.off()  # knows what is ours without having made it; but not what kernel settings were
        lab.must_run("gateway", "sysctl", "-w", "net.ipv4.tcp_mtu_probing=0")

    def test_open_connections_survive_where_the_mode_can_tell_or_is_told_to_keep_them(self):
        for options in ((), ("--keep-open",)):
            for family in (4, 6):
                self.talk_while_it_is_switched_on(options, family)

    def talk_while_it_is_switched_on(self, options, family):
        ports = [lab.PROXY_PORT] if lab.mode() in TELLS_OLD_FROM_NEW else list(lab.PORTS)
        with wildcard("origin", 80) as web, raw.connect(family=family) as client:
            server = raw.Connection(web.accept()[0])
            client.send(b"hello")
            self.assertEqual(server.read(5), b"hello")
            listening = [transparent(port) for port in ports]
            self.intercept.on(*options)
            client.send(b"still")
            if lab.mode() in TELLS_OLD_FROM_NEW or options:
                self.assertEqual(server.read(5), b"still", (options, family))
                server.send(b"there")
                self.assertEqual(client.read(5), b"there", (options, family))
            else:
                self.assertEqual((client.read_to_end(), client.ended), (b"", "reset"))
            if options:
                self.a_new_one_is_brought_here(listening[0], family)
            server.close()
            self.intercept.off()
            for one in listening:
                one.close()

    def a_new_one_is_brought_here(self, listening, family):
        listening.settimeout(8)
        with raw.connect(family=family):
            listening.accept()[0].close()


    def test_connections_from_outside_to_a_host_behind_the_gateway_stay_direct(self):
        if lab.mode() == "anyip":
            self.skipTest("what is sent to the named destinations arrives here, also when they asked for it")
        # Of routing alone answers are told by their port: what comes from one looks like one.
        ports = [port for port in (lab.PROXY_PORT, *lab.PORTS) if lab.mode() != "routing" or port not in lab.PORTS]
        self.intercept.on()
        for port in ports:
            for family in (4, 6):
                with wildcard("client", port) as server, transparent(port), lab.on("origin"), \
                        socket.socket(socket.AF_INET6 if family == 6 else socket.AF_INET) as outside:
                    outside.settimeout(8)
                    outside.connect((lab.address("client", family), port))
                    server.settimeout(8)
                    accepted, _ = server.accept()
                    outside.sendall(b"hello")
                    self.assertEqual(accepted.recv(5), b"hello")
                    accepted.close()


@lab.both_families
class WhileTheProxyIsDown(unittest.TestCase):
    """Of two settings for it, one is for tproxy alone."""

    @classmethod
    def setUpClass(cls):
        quiet()
        cls.directory = make_directory(cls)
        cls.web = WebServer(cls.directory)
        cls.addClassCleanup(cls.web.close)

    def switched_on(self, when_down):
        self.gateway = Gateway(self.directory, upstream=MARK, interception={"when_down": when_down})
        intercept = Intercept(self.gateway.file)
        intercept.on()
        self.addCleanup(intercept.off)

    def test_connections_are_refused(self, family):
        self.switched_on("refuse")
        # Routes bring them to nobody: without a socket there is none that could answer for another machine.
        seconds, codes = ("10", (7,)) if lab.mode() not in ("routing", "hybrid") else ("1", (7, 28))
        self.assertIn(lab.curl("--connect-timeout", seconds, lab.url("/address", family=family)).returncode, codes)

    def test_connections_pass_where_that_is_wanted_and_the_mode_can(self, family):
        if lab.mode() != "tproxy":
            self.skipTest("only tproxy can let them pass")
        self.switched_on("pass")
        url = lab.url("/address", family=family)
        def seen():
            return lab.curl(url).stdout.decode().strip()
        self.assertEqual(seen(), lab.address("client", family))
        self.gateway.start()
        try:
            self.assertEqual(seen(), lab.address("client", family))
            self.gateway.wait_for_count(1, "hyalite_exchanges_total")
        finally:
            self.gateway.stop()
        self.assertEqual(seen(), lab.address("client", family))


if __name__ == "__main__":
    lab.main()
