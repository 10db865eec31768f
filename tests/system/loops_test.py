#!/usr/bin/python3
# A connection of the proxy that comes back to it is stopped at once, in every mode.
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from origin import Recorder

MODES = ("tproxy", "routing", "hybrid", "redirect")


# What an operator gets wrong: the gateway's own traffic is captured too, and the proxy's is not left out.
CAPTURE_OWN = {
    "tproxy": """
        add table inet mistake
        add chain inet mistake output { type route hook output priority mangle; }
        add rule inet mistake output oifname "wan" tcp dport 80 meta mark set meta mark or 0x200000
        add chain inet mistake prerouting { type filter hook prerouting priority mangle; }
        add rule inet mistake prerouting iifname "lo" tcp dport 80 tproxy to :8080 accept""",
    "redirect": """
        add table inet mistake
        add chain inet mistake output { type nat hook output priority -100; }
        add rule inet mistake output tcp dport 80 redirect to :8080""",
}


def capture_own():
    if lab.mode() in CAPTURE_OWN:
        lab.must_run("gateway", "nft", "-f", "-", input=CAPTURE_OWN[lab.mode()].encode())
    for family, own in ((4, lab.address("wan", 4)), (6, lab.address("wan", 6))):
        lab.must_run("gateway", "ip", f"-{family}", "route", "add", "local", "default", "dev", "lo", "src", own, "table", "200")
        which = ["fwmark", "0x200000/0x200000"] if lab.mode() == "tproxy" else ["iif", "lo", "ipproto", "tcp", "dport", "80"]
        if lab.mode() != "redirect":
            lab.must_run("gateway", "ip", f"-{family}", "rule", "add", "pref", "90", *which, "lookup", "200")


@lab.both_families
class Loops(GatewayTest):
    # Local packets with a client's address as their source would not get far enough to loop.
    settings = {"upstream": {"source": "proxy"}}

    @classmethod
    def set_up_origin(cls):
        cls.recorder = Recorder(80)
        cls.addClassCleanup(cls.recorder.close)
        capture_own()

    def test_the_loop_is_cut_before_it_turns(self, family):
        before = self.gateway.count("hyalite_not_served_total", reason="loop_of_ours")
        flows = self.gateway.count("hyalite_flows_total")
        with raw.connect(family=family) as client:
            client.send(b"GET / HTTP/1.1\r\nHost: origin.lab\r\n\r\n")
            client.read_to_end()
        self.gateway.wait_for_count(before + 1, "hyalite_not_served_total", reason="loop_of_ours")
        self.assertEqual(self.gateway.count("hyalite_flows_total"), flows + 1)
        self.assertTrue(self.recorder.nothing_came())


if __name__ == "__main__":
    lab.main()
