#!/usr/bin/python3
# `hyalite doctor` names what is wrong: each fault is made on purpose, named, and undone; and it names nothing where nothing is wrong.
# SPDX-License-Identifier: MIT
import contextlib
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
from gateway import Gateway, make_directory, merged

MODES = ("tproxy", "routing", "hybrid", "redirect")
MARK = "0x100000/0x100000"
FAULTS = []


def fault(row, *modes):
    """A generator that makes the fault, yields what doctor is run with, and undoes it. The rules are put in anew after each."""
    def add(make):
        FAULTS.append((row, modes or ("tproxy",), contextlib.contextmanager(make)))
        return make
    return add


def sh(script):
    return lab.must_run("gateway", "sh", "-ec", script)


@contextlib.contextmanager
def sysctls(**wanted):
    names = [name.replace("__", "/") for name in wanted]
    before = {name: pathlib.Path("/proc/sys/net", name).read_text() for name in names}
    try:
        for name, value in zip(names, wanted.values()):
            with open(f"/proc/sys/net/{name}", "w") as file:
                file.write(str(value))
        yield
    finally:
        for name, value in before.items():
            with open(f"/proc/sys/net/{name}", "w") as file:
                file.write(value)


@contextlib.contextmanager
def packet_rules(edit, replacement=""):
    """Our table with some text of it changed; it must have been there."""
    table = sh("nft list table inet hyalite")
    changed = re.sub(edit, replacement, table)
    assert changed != table, f"{edit} is not in\n{table}"
    load(changed)
    yield


def load(table):
    lab.must_run("gateway", "nft", "-f", "-", input=f"delete table inet hyalite\n{table}".encode())


@contextlib.contextmanager
def another_table(body, family="inet"):
    lab.must_run("gateway", "nft", "-f", "-", input=f"table {family} other {{ {body}\n}}".encode())
    try:
        yield
    finally:
        sh(f"nft delete table {family} other")


def listening(port=lab.PROXY_PORT, family=socket.AF_INET6, host="::", transparent=True):
    with lab.on("gateway"):
        sock = socket.socket(family)
    if transparent:
        level, option = (socket.IPPROTO_IPV6, 75) if family == socket.AF_INET6 else (socket.IPPROTO_IP, 19)
        sock.setsockopt(level, option, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    sock.listen()
    return sock


@fault("interception_off", "tproxy", "routing", "hybrid", "redirect")
def _(case):
    lab.must_run("gateway", lab.binary(), "intercept", "off", "--drain", "0")
    yield {}


# The way to the proxy.

@fault("rule_missing", "tproxy", "routing", "hybrid")
def _(case):
    sh("for f in -4 -6; do while ip $f rule del iif lan 2>/dev/null; do :; done; done")
    yield {}


@fault("one_family_missing", "tproxy", "routing", "hybrid")
def _(case):
    sh("while ip -6 rule del iif lan 2>/dev/null; do :; done")
    yield {}


@fault("route_missing", "tproxy", "routing", "hybrid")
def _(case):
    sh("ip -6 route flush table 100")
    yield {}


@fault("route_not_local", "tproxy", "routing", "hybrid")
def _(case):
    sh("ip route flush table 100; ip route add default dev lo table 100")
    yield {}
    sh("ip route flush table 100")


@fault("rule_shadowed", "tproxy", "routing", "hybrid")
def _(case):
    sh("ip route add default dev wan table 51820; ip rule add pref 50 not fwmark 0xca6c lookup 51820")
    yield {}
    sh("ip rule del pref 50; ip route flush table 51820")


@fault("rule_unrestricted", "tproxy", "routing", "hybrid")
def _(case):
    sh("ip rule add pref 90 iif lan lookup 100")
    yield {}
    sh("ip rule del pref 90")


@fault("next_hop_is_self", "tproxy", "routing", "hybrid")
def _(case):
    sh("ip route flush table 100; ip route add default via 10.71.1.1 dev lan table 100")
    yield {}
    sh("ip route flush table 100")


@fault("onlink_route", "tproxy", "routing", "hybrid")
def _(case):
    sh("ip route flush table 100; ip route add default via 10.71.1.77 dev lan onlink table 100")
    yield {}
    sh("ip route flush table 100")


@fault("local_address_removed", "tproxy", "routing")
def _(case):
    sh("ip route del local 10.71.1.1 dev lan table local")
    yield {}
    sh("ip route add local 10.71.1.1 dev lan table local proto kernel scope host src 10.71.1.1")


@fault("src_valid_mark")
def _(case):
    sh(f"ip rule del iif lan; ip rule add pref 98 fwmark {MARK} lookup 100")
    with sysctls(ipv4__conf__all__src_valid_mark=1):
        yield {}
    sh(f"ip rule del pref 98")


@fault("fwmark_accept")
def _(case):
    sh(f"ip rule del iif lan; ip rule add pref 98 fwmark {MARK} lookup 100")
    with sysctls(ipv4__tcp_fwmark_accept=1):
        yield {}
    sh(f"ip rule del pref 98")


@fault("reverse_path_filter", "tproxy", "routing", "hybrid", "redirect")
def _(case):
    sh("ip route add 10.71.1.2/32 dev wan")
    with sysctls(ipv4__conf__all__rp_filter=1):
        yield {}
    sh("ip route del 10.71.1.2/32 dev wan")


@fault("interface_missing", "tproxy", "redirect")
def _(case):
    yield {"interception": {"client_interfaces": ["eth9"]}}


@contextlib.contextmanager
def bridge():
    sh("ip link add br0 type bridge; ip link set br0 up; ip link set lan master br0")
    try:
        yield
    finally:
        sh("ip link del br0")


@fault("bridge_port_named", "tproxy", "redirect")
def _(case):
    with bridge():
        yield {}


@fault("bridge_netfilter")
def _(case):
    with bridge(), sysctls(**{"bridge__bridge-nf-call-iptables": 1}):
        yield {"interception": {"client_interfaces": ["br0"]}}


@fault("address_missing", "redirect")
def _(case):
    sh("ip address del 10.71.1.1/24 dev lan")
    yield {}
    sh("ip address add 10.71.1.1/24 dev lan")


# Packet rules.

@fault("interface_not_matched", "tproxy", "redirect")
def _(case):
    with packet_rules(r'"lan"', '"gone"'):
        yield {}


@fault("tproxy_in_nat_chain")
def _(case):
    # There tproxy matches, and does nothing.
    table = sh("nft list table inet hyalite")
    port = str(lab.PROXY_PORT)
    load('table inet hyalite { chain prerouting { type nat hook prerouting priority dstnat; iifname "lan" fib daddr type local accept; '
         f'iifname "lan" tcp dport {{ 25, 80, 443 }} tproxy to :{port} meta mark set meta mark or 0x100000 accept; }}\n}}')
    yield {}
    load(table)


@fault("mark_not_set")
def _(case):
    with packet_rules(r"(tproxy to :\d+) meta mark set [^\n]*?accept", r"\1 accept"):
        yield {}


@fault("divert_missing")
def _(case):
    with packet_rules(r"\n[^\n]*socket transparent 1 [^\n]*"):
        yield {}


@fault("open_connections_cut", "tproxy", "redirect")
def _(case):
    with packet_rules(r" tcp flags (& \(fin \| syn \| rst \| ack\) == syn|syn / fin,syn,rst,ack)(?= (jump|tproxy|redirect))"):
        yield {}


@fault("fails_open")
def _(case):
    with packet_rules(r"\n[^\n]*meta l4proto tcp[^\n]* reject with tcp reset"):
        yield {}


@fault("own_services_intercepted", "tproxy", "redirect")
def _(case):
    with packet_rules(r"\n[^\n]*fib daddr type local accept"):
        yield {}


@fault("dnat_before_tproxy")
def _(case):
    with another_table('chain p { type nat hook prerouting priority dstnat; iifname "lan" tcp dport 80 dnat ip to 10.71.2.3; }'):
        yield {}


@fault("not_tracked", "redirect")
def _(case):
    with another_table('chain p { type filter hook prerouting priority raw; iifname "lan" tcp dport 80 notrack; }'):
        yield {}


@fault("input_drops_intercepted", "tproxy", "routing", "hybrid")
def _(case):
    with another_table(f'chain i {{ type filter hook input priority filter; policy drop; iif lo accept; ct state established,related accept; '
                       f'tcp dport {lab.PROXY_PORT} accept; }}'):
        yield {}


@fault("input_drops_proxy_port", "redirect")
def _(case):
    with another_table("chain i { type filter hook input priority filter; policy drop; iif lo accept; tcp dport { 25, 80, 443 } accept; }"):
        yield {}


@fault("return_rule_missing", "tproxy", "routing", "hybrid")
def _(case):
    sh("for f in -4 -6; do while ip $f rule del iif wan 2>/dev/null; do :; done; done")
    yield {}


@fault("path_mtu", "tproxy", "hybrid")
def _(case):
    with packet_rules(r"socket transparent 1", "meta l4proto tcp socket transparent 1"):
        yield {}


@fault("path_mtu", "routing")
def _(case):
    with sysctls(ipv4__tcp_mtu_probing=0):
        yield {}


@fault("exemption_not_mirrored", "routing")
def _(case):
    sh("ip rule add pref 90 iif lan from 10.71.1.99 lookup main")
    yield {}
    sh("ip rule del pref 90")


@fault("origin_unreachable", "tproxy", "redirect")
def _(case):
    sh("ip route del 10.71.2.0/24 dev wan")
    yield {}
    sh("ip route add 10.71.2.0/24 dev wan proto kernel scope link src 10.71.2.1")


@fault("answers_look_local", "routing", "hybrid")
def _(case):
    sh("ip route add local default dev lo src 10.71.2.1 table 101; ip rule add pref 95 iif lo ipproto tcp dport 80 lookup 101")
    yield {}
    sh("ip rule del pref 95; ip route flush table 101")


# What the proxy needs.

@fault("source_ports", "tproxy", "redirect")
def _(case):
    with sysctls(ipv4__ip_local_port_range="40000 40003"):
        yield {}


@fault("loop", "tproxy", "redirect")
def _(case):
    with another_table(f"chain o {{ type nat hook output priority -100; tcp dport 80 redirect to :{lab.PROXY_PORT}; }}"):
        yield {}


@fault("loop", "routing", "hybrid")
def _(case):
    sh("ip rule add pref 95 iif lo ipproto tcp dport 80 lookup 100")
    yield {}
    sh("ip rule del pref 95")


@fault("no_capability", "tproxy", "routing", "hybrid")
def _(case):
    # A user namespace that does not own the network: "PrivateUsers=yes".
    yield {"_by": ["unshare", "-U"]}


@contextlib.contextmanager
def nft_that_says(directory, complaint):
    """In nft's place stands one that refuses a try of rules: this kernel lacks nothing."""
    program = f"{directory}/nft"
    with open(program, "w") as file:
        file.write(f'#!/bin/sh\ncase $1 in -c) echo "Error: Could not process rule: {complaint}" >&2; exit 1;; esac\n'
                   'PATH=${PATH#*:}; exec nft "$@"\n')
    os.chmod(program, 0o755)
    yield {"_path": directory}
    os.remove(program)


@fault("modules_missing", "tproxy", "hybrid", "redirect")
def _(case):
    with nft_that_says(case.directory, "No such file or directory") as path:
        yield path


@fault("rules_refused", "tproxy", "hybrid", "redirect")
def _(case):
    with nft_that_says(case.directory, "Operation not supported") as path:
        yield path


# Local capture.

@fault("local_chain_not_route")
def _(case):
    with another_table("chain o { type filter hook output priority mangle; meta mark and 0x200000 != 0 accept; fib daddr type local accept; "
                       "tcp dport { 25, 80, 443 } meta mark set meta mark or 0x100000; }"):
        yield {"interception": {"local": "tproxy"}, "upstream": {"mark": 0x200000}}


@fault("local_route_without_source", "routing")
def _(case):
    sh("ip route add local default dev lo table 101; ip rule add pref 95 iif lo ipproto tcp dport 8000 lookup 101")
    yield {"interception": {"local": "routing"}, "upstream": {"mark": 0x200000}}
    sh("ip rule del pref 95; ip route flush table 101")


# What is not intercepted.

@fault("quic_passes", "tproxy", "redirect")
def _(case):
    with packet_rules(r"\n[^\n]*udp dport 443[^\n]*"):
        yield {}


@fault("quic_passes", "routing", "hybrid")
def _(case):
    sh("ip -6 rule del pref 101")
    yield {}


@fault("quic_passes", "tproxy", "redirect")
def _(case):
    with packet_rules(r"(udp dport 443) [^\n]*", r"\1 drop"):
        yield {}


@fault("not_forwarding", "tproxy", "routing")
def _(case):
    with sysctls(ipv4__ip_forward=0):
        yield {}


@fault("not_forwarding", "tproxy", "redirect")
def _(case):
    # As Docker leaves it.
    with another_table("chain f { type filter hook forward priority filter; policy drop; iifname docker0 accept; }"):
        yield {}


@fault("redirects_sent", "tproxy", "redirect")
def _(case):
    with sysctls(ipv4__conf__lan__send_redirects=1):
        yield {"interception": {"origin_interfaces": ["lan"]}}


@fault("flow_offload")
def _(case):
    made = lab.run("gateway", "nft", "-f", "-", input=b"table inet other { flowtable f { hook ingress priority 0; devices = { lan, wan }; }\n"
                   b"chain f { type filter hook forward priority filter; ct state established flow add @f; }\n}")
    if made.returncode != 0:
        yield None  # this kernel has no flowtables
        return
    yield {}
    sh("nft delete table inet other")


@fault("not_as_planned", "tproxy", "routing", "hybrid", "redirect")
def _(case):
    yield {"interception": {"exempt": {"clients": ["10.71.1.200"]}}}


# What listens. These come last: the proxy is gone.

@fault("nothing_listens", "tproxy", "routing", "hybrid", "redirect")
def _(case):
    case.stop_gateway()
    yield {}


@fault("listener_not_transparent")
def _(case):
    with listening(transparent=False):
        yield {}


@fault("listener_cannot_answer", "routing", "hybrid")
def _(case):
    with contextlib.ExitStack() as stack:
        for port in lab.PORTS:
            stack.enter_context(listening(port, transparent=port != 80))
        yield {}


@fault("port_without_listener", "routing", "hybrid")
def _(case):
    with listening(80), listening(443):
        yield {}


@fault("listener_family", "tproxy", "redirect")
def _(case):
    with listening(family=socket.AF_INET, host="0.0.0.0"):
        yield {}


@fault("listener_on_loopback", "tproxy", "redirect")
def _(case):
    with listening(family=socket.AF_INET, host="127.0.0.1"):
        yield {}


class Doctor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = make_directory(cls)
        cls.running = False
        cls.start_gateway()
        cls.addClassCleanup(cls.stop_gateway)
        cls.rules_on()

    @classmethod
    def start_gateway(cls):
        cls.gateway = Gateway(cls.directory).start()
        cls.running = True

    @classmethod
    def stop_gateway(cls):
        if cls.running:
            cls.running = False
            cls.gateway.stop()

    @classmethod
    def rules_on(cls, file=None):
        """Completes whatever a fault has left of them, and takes away what is not in the settings."""
        lab.must_run("gateway", lab.binary(), "intercept", "on", "--config", file or cls.gateway.file)

    def write_changed(self, changes):
        settings = merged(self.gateway.settings, changes)
        file = f"{self.directory}/doctor.yaml"
        with open(file, "w") as out:
            json.dump(settings, out)
        return file

    def doctor(self, *arguments, _by=(), _path=None, **changes):
        """Its report, for the gateway's settings with some of them changed."""
        file = self.write_changed(changes)
        environment = {**os.environ, "PATH": f"{_path}:{os.environ['PATH']}" if _path else os.environ["PATH"]}
        done = lab.run("gateway", *_by, lab.binary(), "doctor", "--config", file, "--json", "--client", "10.71.1.2", "--client", "fd71:1::2",
                       "--origin", "10.71.2.2", "--origin", "fd71:2::2", *arguments, env=environment, timeout=60)
        self.assertIn(done.returncode, (0, 1, 4), done.stderr)
        self.assertTrue(done.stdout, done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual(done.returncode, {"healthy": 0, "unhealthy": 1, "unknown": 4}[report["verdict"]])
        return report

    def healthy(self, when, *arguments):
        report = self.doctor(*arguments)
        unseen = [it for it in report["answers"] if it["because"]]
        self.assertEqual((report["verdict"], report["findings"], unseen), ("healthy", [], []), when)

    def test_it_names_what_is_wrong_and_nothing_else(self):
        self.healthy("at the beginning", "--no-trial")
        named, not_made = [], []
        for row, modes, make in FAULTS:
            if lab.mode() not in modes:
                continue
            if row == "nothing_listens":
                self.healthy("after all faults were undone", "--no-trial")
            with make(self) as changes:
                report = changes is not None and self.doctor("--no-trial", **changes)
            with self.subTest(row):
                if not report:
                    not_made.append(row)
                else:
                    self.assertIn(row, [it["id"] for it in report["findings"]], f"{report['verdict']} {report['findings']}")
                    named.append(row)
            self.rules_on()
        self.start_gateway()
        print(f"{lab.mode()}: {len(set(named))} rows made on purpose and named" +
              (f"; not made, for the means are not there: {', '.join(not_made)}" if not_made else ""))

    def test_it_names_nothing_after_intercept_on_whatever_else_is_captured(self):
        here = lab.mode()
        ways = [{}, {"exempt": {"clients": ["10.71.1.77", "fd71:1::77"], "destinations": ["203.0.113.0/24"]}}]
        # Routing and redirect on the machine itself; anyip goes once, with the mode that has a listener like it.
        ways += [{"local": way} for way in {"tproxy": ("tproxy", "redirect"), "routing": ("routing",)}.get(here, ())]
        named = [["203.0.113.9", "2001:db8:9::9"], ["203.0.113.0/24"]]
        if here == "redirect":
            ways += [{"mode": "anyip", "client_interfaces": [], "origin_interfaces": []} for _ in named]
            ways += [{"local": "redirect", "client_interfaces": []}]
        for way in ways:
            changes = {"interception": way, "upstream": {"mark": 0x200000}}
            if way.get("mode") == "anyip":
                changes["listeners"] = [{**self.gateway.settings["listeners"][0], "anyip": named.pop()}]
            with self.subTest(way):
                self.write_changed(changes)
                # What the machine itself sends needs a source.
                sh("ip route add default via 10.71.2.2; ip -6 route add default via fd71:2::2")
                try:
                    self.rules_on(f"{self.directory}/doctor.yaml")
                    report = self.doctor(**changes)
                finally:
                    sh("ip route del default via 10.71.2.2; ip -6 route del default via fd71:2::2")
                    self.rules_on()
                self.assertEqual((report["findings"], report["verdict"]), ([], "healthy"), report["trials"])
                self.assertTrue(report["trials"][0]["passed"])

    def test_a_connection_in_a_private_lab_proves_the_whole(self):
        self.healthy("with a trial")
        trial, = self.doctor()["trials"]
        self.assertEqual((trial["where"], trial["made"], trial["passed"]), ("lab", True, True), trial)
        whom = "client" if lab.keeps_client_address() else "gateway"
        self.assertEqual(len(re.findall(rf"through the proxy; the origin saw .*, the {whom}\n", trial["what"])), 2 * len(lab.PORTS), trial)

    def test_a_connection_in_a_private_lab_needs_no_file_of_the_settings(self):
        sh(f"{lab.binary()} ca init --directory {self.directory}/ca --name 'Lab CA'")
        pathlib.Path(self.directory, "banks.txt").write_text("bank.example\n")
        with contextlib.suppress(OSError):  # where a user made the lab, there is no other one
            os.chown(f"{self.directory}/ca/ca.key", 1, 1)
        report = self.doctor(
            tls={"ca": {"certificate": "ca/ca.pem", "key": "ca/ca.key", "install_page": "192.0.2.1:8088"}, "key_log": "gone/keys",
                 "rules": [{"name": "banks", "action": "pass", "domain_files": ["banks.txt"]}]},
            services=[{"name": "look-up", "address": "127.0.0.1:8081", "tls": {"enabled": True, "trust": "roots.pem"}}])
        trial, = report["trials"]
        self.assertEqual((report["verdict"], trial["made"], trial["passed"]), ("healthy", True, True), trial)

    def traces(self):
        said = [sh("ip -brief link; ip neighbor; tc qdisc; nft list ruleset; tc filter show dev lan egress; tc filter show dev wan egress")]
        said += [sh(f"ip {family} rule; ip {family} route show table all") for family in ("-4", "-6")]
        # Neighbors come, go and change their state by themselves.
        return [re.sub(r"packets \d+ bytes \d+", "", line) for line in "\n".join(said).splitlines()
                if " lladdr " not in line and "FAILED" not in line]

    def test_a_connection_through_the_real_rules_leaves_no_trace(self):
        before = self.traces()
        trial, = self.doctor("--live")["trials"]
        self.assertEqual((trial["where"], trial["made"], trial["passed"]), ("live", True, True), trial)
        self.assertEqual(trial["what"].count("through the proxy"), 2 * len(lab.PORTS), trial)
        self.assertEqual(self.traces(), before)

    def test_a_live_trial_that_is_killed_leaves_no_trace(self):
        before = self.traces()
        with another_table("chain i { type filter hook input priority filter; iifname lan tcp dport != 22 drop; }"), lab.on("gateway"):
            doctor = subprocess.Popen([lab.binary(), "doctor", "--config", self.gateway.file, "--live"], stdout=subprocess.DEVNULL)
            lab.wait_for(lambda: "hyalite-dr-o" in sh("ip -brief link"), "the trial", seconds=60)
            doctor.kill()
            doctor.wait()
        lab.wait_for(lambda: self.traces() == before, "the trial's traces to be gone", seconds=60)

    def test_a_live_trial_sees_what_goes_wrong(self):
        with another_table("chain i { type filter hook input priority filter; iifname lan tcp dport != 22 reject with tcp reset; }"):
            report = self.doctor("--live")
        trial, = report["trials"]
        self.assertEqual((report["verdict"], trial["made"], trial["passed"]), ("unhealthy", True, False), trial)
        if lab.mode() in ("tproxy", "redirect"):
            sh("nft delete table inet hyalite")
            trial, = self.doctor("--live")["trials"]
            self.rules_on()
            self.assertIn("it went by, uninspected", trial["what"])

    def test_what_the_kernel_counts_during_a_try_is_a_clue(self):
        # The client at hand is one of whom doctor was not told. It must know the gateway's MAC address: ARP is filtered, too.
        lab.curl(lab.url())
        sh("ip route add 10.71.1.2/32 dev wan")
        command = [lab.binary(), "doctor", "--config", self.gateway.file, "--no-trial", "--json", "--client", "10.71.1.50", "--try", "2"]
        with sysctls(ipv4__conf__all__rp_filter=1), lab.on("gateway"), \
                subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as doctor:
            self.assertIn("try now", doctor.stderr.readline())
            with lab.on("client"), socket.socket() as client:
                client.setblocking(False)
                client.connect_ex((lab.address("origin", 4), 80))
            said = doctor.stdout.read()
        sh("ip route del 10.71.1.2/32 dev wan")
        self.assertIn("IPReversePathFilter counted", said)

    def test_where_it_may_not_look_it_says_so(self):
        report = self.doctor("--no-trial", _by=["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"])
        self.assertEqual((report["findings"], report["verdict"]), ([], "unknown"))
        unseen = {it["id"] for it in report["answers"] if it["answer"] == "not looked at"}
        self.assertIn("not_forwarding", unseen)
        self.assertIn("only root may see packet rules (sudo hyalite doctor)", str(report["answers"]))

    def test_where_interception_is_off_that_is_the_one_finding(self):
        lab.must_run("gateway", lab.binary(), "intercept", "off", "--drain", "0")
        try:
            done, all_of_it = (lab.run("gateway", lab.binary(), "doctor", "--config", self.gateway.file, "--no-trial", "--client", "10.71.1.2",
                                       "--client", "fd71:1::2", "--origin", "10.71.2.2", "--origin", "fd71:2::2", *more).stdout.decode()
                               for more in ((), ("--all",)))
            self.assertTrue(done.startswith("unhealthy: 1 finding,"), done)
            self.assertIn("interception_off: interception is off\n", done)
            self.assertIn(f"  do    hyalite intercept on --config {self.gateway.file}\n", done)
            self.assertRegex(done, r"note: \d+ more findings? follow")
            self.assertGreater(int(all_of_it.split()[1]), 2, all_of_it)
        finally:
            self.rules_on()

    def test_it_shows_the_first_broken_thing_on_top(self):
        sh("for f in -4 -6; do while ip $f rule del iif lan 2>/dev/null || ip $f rule del iif wan 2>/dev/null; do :; done; done; nft flush ruleset")
        done = lab.run("gateway", lab.binary(), "doctor", "--config", self.gateway.file, "--no-trial")
        self.rules_on()
        self.assertEqual(done.returncode, 1, done.stderr)
        lines = done.stdout.decode().split("\n")
        self.assertRegex(lines[0], r"^unhealthy: \d+ findings, \d+ checks fine, 0 not looked at$")
        first = {"redirect": "interface_not_matched"}.get(lab.mode(), "rule_missing")
        self.assertTrue(lines[2].startswith(f"{first}: IPv4 connections from lan"), lines)
        self.assertTrue(lines[4].startswith(f"  do    hyalite intercept on --config {self.gateway.file}"), lines)

    def test_what_it_cannot_judge_at_all_has_a_status_of_its_own(self):
        for text in ("listeners: nonsense", "listeners: [{address: '[::]:80'}]"):
            file = f"{self.directory}/other.yaml"
            with open(file, "w") as out:
                out.write(text)
            self.assertEqual(lab.run("gateway", lab.binary(), "doctor", "--config", file).returncode, 4)


if __name__ == "__main__":
    lab.main()
