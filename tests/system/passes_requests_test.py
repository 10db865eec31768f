#!/usr/bin/python3
# Requests pass the gateway to where they were going, from the address they came from, in every mode.
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
from gateway import GatewayTest
from origin import WebServer

MODES = ("tproxy", "routing", "hybrid", "redirect")


@lab.both_families
class PassesRequests(GatewayTest):
    @classmethod
    def set_up_origin(cls):
        cls.web = WebServer(cls.directory)
        cls.addClassCleanup(cls.web.close)

    def test_the_origin_sees_the_client_s_own_address_where_the_mode_can_keep_it(self, family):
        answer = lab.curl(lab.url("/address", family=family))
        seen = "client" if lab.keeps_client_address() else "wan"
        self.assertEqual(answer.stdout.decode(), lab.address(seen, family) + "\n", answer.stderr)

    def test_the_second_address_is_reached_by_its_name(self, family):
        answer = lab.curl(f"-{family}", "-w", "%{remote_ip}", "http://other.lab/address")
        self.assertTrue(answer.stdout.decode().endswith(lab.address("other", family)), answer)

    def test_a_record_says_who_asked_whom_for_what(self, family):
        path = f"/headers?record={family}"
        lab.curl(f"-{family}", f"http://origin.lab{path}")
        record = self.gateway.wait_for_record(lambda it: it.get("target") == path)
        said = [record[name] for name in ("client", "destination", "destination_port", "method", "host", "status", "end")]
        self.assertEqual(said, [lab.address("client", family), lab.address("origin", family), 80, "GET", "origin.lab", 200,
                                "complete"])

    def test_the_way_of_arrival_is_counted(self, family):
        arrival = {"redirect": "redirect"}.get(lab.mode(), "transparent")
        before = self.gateway.count("hyalite_arrivals_total", mode=arrival)
        lab.curl(lab.url("/address", family=family))
        self.gateway.wait_for_count(before + 1, "hyalite_arrivals_total", mode=arrival)


if __name__ == "__main__":
    lab.main()
