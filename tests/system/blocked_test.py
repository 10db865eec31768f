#!/usr/bin/python3
# What the blocker refuses gets a page, or a reset where there can be none, and never reaches the origin.
# SPDX-License-Identifier: MIT
import os
import ssl
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from origin import Recorder, answers, ok

BLOCKER = {"name": "ads", "use": "blocker", "settings": {"hosts": ["ads.lab"]}}


def client_hello(name):
    out = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), out, server_hostname=name)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return out.read()


@lab.both_families
class Blocked(GatewayTest):
    plugins = (BLOCKER,)

    @classmethod
    def set_up_origin(cls):
        cls.recorder = Recorder(80, answers(ok()))
        cls.addClassCleanup(cls.recorder.close)
        cls.tls = Recorder(443)
        cls.addClassCleanup(cls.tls.close)

    def setUp(self):
        self.recorder.forget()

    def test_a_page_says_so(self, family):
        answer = lab.curl(f"-{family}", "-w", "%{http_code} %{content_type}", "http://ads.lab/banner")
        self.assertRegex(answer.stdout.decode(), r"(?s)<html.*403 text/html", answer.stderr)
        self.assertTrue(self.recorder.nothing_came())

    def test_subdomains_in_any_case_are_blocked_too(self, family):
        answer = lab.curl("-o", "/dev/null", "-w", "%{http_code}", "-H", "Host: Cdn.ADS.lab.", lab.url(family=family))
        self.assertEqual(answer.stdout, b"403")
        self.assertTrue(self.recorder.nothing_came())

    def test_an_upload_is_refused_before_a_byte_of_it_reached_the_origin(self, family):
        with raw.connect(family=family) as client:
            client.send(b"POST / HTTP/1.1\r\nHost: ads.lab\r\nContent-Length: 5\r\n\r\nhello")
            self.assertEqual(client.read_response().status, 403)
        self.assertTrue(self.recorder.nothing_came())

    def test_tls_with_such_a_server_name_is_reset(self, family):
        hello = client_hello("www.ads.lab")
        with raw.connect(family=family, port=443) as client:
            client.send(hello)
            self.assertEqual(client.read_to_end(), b"")
        self.assertTrue(self.tls.nothing_came())

    def test_names_that_only_look_like_it_pass(self, family):
        for name in ("notads.lab", "ads.lab.example", "origin.lab"):
            answer = lab.curl("-H", f"Host: {name}", lab.url(family=family))
            self.assertEqual(answer.stdout, b"hello\n", name)
            self.recorder.next()

    def test_the_record_says_who_blocked_it(self, family):
        lab.curl("-H", "Host: ads.lab", lab.url(f"/recorded-{family}", family=family))
        record = self.gateway.wait_for_record(lambda it: it.get("target") == f"/recorded-{family}")
        self.assertEqual((record["status"], record["end"], record["decided_by"]), (403, "blocked", "ads"))
        self.assertEqual(record["to_upstream"], 0)


if __name__ == "__main__":
    lab.main()
