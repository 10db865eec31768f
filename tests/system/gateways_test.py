#!/usr/bin/python3
# The places of docs/gateways.md, each in a lab of its own: its mechanism is made, its settings are those of the page, traffic
# flows through the proxy in both families, `hyalite doctor` finds nothing wrong, and `off` leaves no trace.
# SPDX-License-Identifier: MIT
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
from intercept import InterceptionTest, other_users

MODES = ("outside",)
PAGE = (pathlib.Path(__file__).resolve().parents[2] / "docs/gateways.md").read_text()


def sh(host, script):
    lab.must_run(host, "sh", "-e", "-c", script)


class Place(InterceptionTest):
    listeners = None
    interception = {}
    upstream = {}
    place = ""  # as the page's settings are marked
    seen = "client"
    asks_from = "client"
    doctor = ("--no-trial",)

    @classmethod
    def setUpClass(cls):
        # The page's settings apart from the names of interfaces.
        cls.settings = {"interception": {"ports": [80], **cls.interception}, "upstream": cls.upstream}
        if cls.listeners:
            cls.settings["listeners"] = cls.listeners
        super().setUpClass()

    def test_traffic_passes_the_proxy_and_doctor_is_content(self):
        for family in (4, 6):
            self.through_the_proxy(self.asks_from, family, self.seen)
        self.assertEqual(self.intercept.run("show").returncode, 0)
        done = lab.run("gateway", lab.binary(), "doctor", *self.doctor, "--config", self.gateway.file,
                       *(word for family in (4, 6) for word in ("--origin", lab.address("origin", family))), timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout.decode() + done.stderr.decode())

    def test_the_page_has_these_settings(self):
        block = re.search(rf"^```yaml place={self.place}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1]
        for name, value in self.interception.items():
            if not name.endswith("_interfaces"):
                self.assertIn(f"{name}: {value}", block)
        for name, value in self.upstream.items():
            self.assertIn(f"{name}: {value if name != 'mark' else hex(value)}", block)


class RouterWithTwoInterfaces(Place):
    place = "router"
    interception = {"mode": "tproxy", "client_interfaces": ["lan"], "origin_interfaces": ["wan"]}


class OneArmedGateway(Place):
    """Clients, gateway and router on one link: origins are behind the router, which knows the gateway only as a neighbour."""
    place = "one-armed"
    interception = {"mode": "tproxy", "client_interfaces": ["lan"], "origin_interfaces": ["lan"]}
    upstream = {"source": "proxy"}
    seen = "lan"

    @classmethod
    def prepare(cls):
        sh("gateway", """
            ip link del lan; ip link del wan; ip netns add switch; ip -n switch link add hub type bridge; ip -n switch link set hub up
            for host in client gateway origin; do
              name=eth0; [ $host != gateway ] || name=lan
              ip link add tmp type veth peer name $host netns switch
              [ $host = gateway ] && ip link set tmp name lan || { ip link set tmp netns $host; ip -n $host link set tmp name eth0; }
              ip -n switch link set $host master hub up
            done
            ip address add 10.71.1.1/24 dev lan; ip address add fd71:1::1/64 dev lan nodad; ip link set lan up
            sysctl -q -w net.ipv4.conf.lan.send_redirects=1
            ip route add 10.71.2.0/24 via 10.71.1.9; ip route add fd71:2::/64 via fd71:1::9""")
        sh("client", """ip link set eth0 up; ip address add 10.71.1.2/24 dev eth0; ip address add fd71:1::2/64 dev eth0 nodad
            ip route add default via 10.71.1.1; ip route add default via fd71:1::1""")
        sh("origin", """ip link set eth0 up; ip address add 10.71.1.9/24 dev eth0; ip address add fd71:1::9/64 dev eth0 nodad
            for last in 2 3; do ip address add 10.71.2.$last/32 dev lo; ip address add fd71:2::$last/128 dev lo nodad; done""")

    def test_clients_are_not_told_of_the_shorter_way(self):
        for name in ("all", "lan"):
            self.assertEqual(lab.must_run("gateway", "sysctl", "-n", f"net.ipv4.conf.{name}.send_redirects").strip(), "0")


def bridge_the_lan(netfilter):
    """The client's link becomes a port of a bridge, as containers' are."""
    sh("gateway", f"""
        ip link add br0 type bridge; ip address flush dev lan; ip link set lan master br0
        ip address add 10.71.1.1/24 dev br0; ip address add fd71:1::1/64 dev br0 nodad; ip link set br0 up
        sysctl -q -w net.bridge.bridge-nf-call-iptables={netfilter} net.bridge.bridge-nf-call-ip6tables={netfilter}""")


def has_bridge_netfilter():
    return os.path.exists("/proc/sys/net/bridge/bridge-nf-call-iptables")


@unittest.skipUnless(has_bridge_netfilter() or not lab.inside(), "this kernel has no br_netfilter loaded")
class Bridge(Place):
    """With br_netfilter at work, as beside Docker, which breaks TPROXY: hybrid is not touched by it."""
    place = "bridge"
    listeners = [{"address": "[::]:80", "name": "web"}]
    interception = {"mode": "hybrid", "client_interfaces": ["br0"], "origin_interfaces": ["wan"]}

    @classmethod
    def prepare(cls):
        bridge_the_lan(1)


@unittest.skipUnless(has_bridge_netfilter() or not lab.inside(), "this kernel has no br_netfilter loaded")
class ContainerHost(Place):
    """Containers are behind a bridge and leave by masquerading; FORWARD drops what nobody allowed; br_netfilter is at work."""
    place = "containers"
    listeners = [{"address": "[::]:8080", "name": "all", "transparent": "no"}]
    interception = {"mode": "redirect", "client_interfaces": ["br0"]}
    upstream = {"source": "proxy"}
    seen = "wan"

    @classmethod
    def prepare(cls):
        bridge_the_lan(1)
        lab.must_run("gateway", "nft", "-f", "-", input=b"""
            table inet docker_like {
              chain forward { type filter hook forward priority filter; policy drop; iifname br0 accept; ct state established,related accept; }
              chain postrouting { type nat hook postrouting priority srcnat; oifname wan masquerade; }
            }""")


class BesideAVpn(Place):
    """Rules and kernel settings as Tailscale (masked marks, src_valid_mark) and wg-quick (what is not marked goes to the tunnel) have
    them; theirs come behind ours."""
    place = "vpn"
    interception = {"mode": "tproxy", "client_interfaces": ["lan"], "origin_interfaces": ["wan"]}

    @classmethod
    def prepare(cls):
        sh("gateway", """sysctl -q -w net.ipv4.conf.all.src_valid_mark=1
            for family in -4 -6; do
              ip $family rule add pref 5210 fwmark 0x80000/0xff0000 lookup main
              ip $family rule add pref 5230 fwmark 0x80000/0xff0000 lookup default
              ip $family rule add pref 5270 lookup 52
              ip $family rule add pref 32764 lookup main suppress_prefixlength 0
            done""")


class TheMachineItself(Place):
    place = "itself"
    interception = {"mode": "tproxy", "local": "tproxy"}
    upstream = {"mark": 0x200000}
    seen = "wan"
    asks_from = "gateway"
    doctor = ()


NETWORKD = "/lib/systemd/systemd-networkd"


@unittest.skipUnless(not lab.inside() or (os.access(NETWORKD, os.X_OK) and other_users()),
                     "systemd-networkd is not here, or cannot become its user")
class SystemdNetworkd(Place):
    """The real one, started while interception is on: it has the clients' interface, and a rule of its own."""
    place = "networkd"
    interception = {"mode": "tproxy", "client_interfaces": ["lan"], "origin_interfaces": ["wan"]}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        network = pathlib.Path("/run/systemd/network")
        for directory in (network, *(pathlib.Path("/run/systemd/netif", name) for name in ("links", "leases", "lldp"))):
            directory.mkdir(parents=True)
        sh("gateway", "chown -R systemd-network /run/systemd/netif")
        (network / "lan.network").write_text("[Match]\nName=lan\n[Network]\nLinkLocalAddressing=no\nKeepConfiguration=static\n"
                                             "[RoutingPolicyRule]\nFrom=203.0.113.0/24\nTable=77\n")
        (network.parent / "networkd.conf.d").mkdir()
        (network.parent / "networkd.conf.d/foreign.conf").write_text(re.search(r"^```ini\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1])
        # Where /sys cannot be written to it asks nobody for names of interfaces, as in containers.
        script = f"mount --bind /sys /sys; mount -o remount,bind,ro /sys; exec {NETWORKD}"
        with lab.on("gateway"):
            networkd = subprocess.Popen(["unshare", "-m", "sh", "-ec", script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.addClassCleanup(cls.end, networkd)
        lab.wait_for(lambda: "from 203.0.113.0/24 lookup 77" in lab.must_run("gateway", "ip", "rule"), "networkd to be at work", seconds=20)

    @staticmethod
    def end(networkd):
        networkd.terminate()
        networkd.wait(10)
        sh("gateway", "ip rule del from 203.0.113.0/24 lookup 77")


def main():
    if lab.inside():
        unittest.main(verbosity=2)
    codes = []
    names = sys.argv[2:] or [it.__name__ for it in Place.__subclasses__()]
    for name in names:
        command = [lab.binary(), "lab", "run", "--mode", "none", "--on", "gateway", "--", sys.executable, sys.argv[0], name]
        codes.append(subprocess.run(command).returncode)
    sys.exit(max((code for code in codes if code != lab.SKIPPED), default=lab.SKIPPED))


if __name__ == "__main__":
    main()
