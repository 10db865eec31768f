#!/usr/bin/python3
# HTTP/2 without TLS, whose requests nobody would inspect, is refused unless it is allowed; in every mode.
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from origin import Recorder

MODES = ("tproxy", "routing", "hybrid", "redirect")


# The client's preface (RFC 9113, section 3.4) and an empty SETTINGS frame.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)


class OneRecorder(GatewayTest):
    @classmethod
    def set_up_origin(cls):
        cls.recorder = Recorder(80)
        cls.addClassCleanup(cls.recorder.close)


@lab.both_families
class RefusedByDefault(OneRecorder):
    def test_the_client_is_cut_off_and_the_origin_hears_nothing(self, family):
        before = self.gateway.count("hyalite_flows_closed_total", reason="protocol_refused")
        with raw.connect(family=family) as client:
            client.send(PREFACE)
            self.assertEqual(client.read_to_end(), b"")
        self.gateway.wait_for_count(before + 1, "hyalite_flows_closed_total", reason="protocol_refused")
        self.assertTrue(self.recorder.nothing_came())


@lab.both_families
class AllowedWhereItIsSet(OneRecorder):
    listener = {"protocols": {"http2": "pass"}}

    def test_it_passes_untouched(self, family):
        with raw.connect(family=family) as client:
            client.send(PREFACE)
            upstream = self.recorder.next()
            self.assertEqual(upstream.read(len(PREFACE)), PREFACE)
            upstream.send(PREFACE[-9:])
            self.assertEqual(client.read(9), PREFACE[-9:])
            upstream.close()


if __name__ == "__main__":
    lab.main()
