#!/usr/bin/python3
# What the blocker refuses gets a page, or a reset where there can be none, and never reaches the origin.
# SPDX-License-Identifier: MIT
import copy
import gzip
import os
import ssl
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest, make_directory
from origin import Recorder, answers, ok
from service import assert_refused_everywhere

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
    # On a busy machine a ClientHello may come late; whoever is silent for longer is taken for one that waits for the server.
    settings = {"timeouts": {"sniff_silence": "5s"}}

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


class WithLists(GatewayTest):
    """Lists, a template and a mode that only records."""

    @classmethod
    def setUpClass(cls):
        cls.place = make_directory(cls)
        with gzip.open(f"{cls.place}/list.gz", "wt") as file:
            file.write("! a list\n||gz.lab^\n0.0.0.0 alone.lab\n@@||good.gz.lab^\n")
        cls.write("page.html", "<h1>{{host}}</h1><i>{{reference}} {{list}}</i>\n")
        cls.plugins = ({"name": "ads", "use": "blocker", "settings": {
            "lists": [f"{cls.place}/list.gz"], "page": f"{cls.place}/page.html", "content_types": ["video/*"]}},
            {"name": "trial", "use": "blocker", "settings": {"hosts": ["trial.lab"], "dry_run": True}})
        super().setUpClass()

    @classmethod
    def write(cls, name, text):
        with open(f"{cls.place}/{name}", "w") as file:
            file.write(text)
        return f"{cls.place}/{name}"

    @classmethod
    def set_up_origin(cls):
        cls.recorder = Recorder(80, answers(ok(b"film", "Content-Type: video/mp4")))
        cls.addClassCleanup(cls.recorder.close)

    def ask(self, host, path="/"):
        answer = lab.curl("-w", "\n%{http_code}", "-H", f"Host: {host}", lab.url(path))
        return answer.stdout.decode().rsplit("\n", 1)

    def test_the_operators_page_names_the_record(self):
        page, status = self.ask("<b>.gz.lab".replace("<b>", "www"), "/named")
        self.assertEqual(status, "403")
        self.assertRegex(page, r"<h1>www\.gz\.lab</h1><i>\d+-1 .*list\.gz:2</i>")
        record = self.gateway.wait_for_record(lambda it: it.get("target") == "/named")
        self.assertIn(f"<i>{record['flow']}-{record['exchange']} ", page)
        self.assertEqual(record["decision"], f"gz.lab ({self.place}/list.gz:2)")

    def test_a_name_of_a_hosts_file_stands_alone_and_what_is_allowed_wins(self):
        self.assertEqual(self.ask("alone.lab")[1], "403")
        # By its type, and not by its name: what is allowed passes whatever it is.
        self.assertIn("list", self.ask("alone.lab")[0])
        self.assertIn("content_types", self.ask("www.alone.lab")[0])
        self.assertEqual(self.ask("good.gz.lab")[1], "200")

    def test_a_dry_run_only_records(self):
        self.ask("trial.lab", "/trial")
        record = self.gateway.wait_for_record(lambda it: it.get("target") == "/trial")
        self.assertEqual(record["decided_by"], "ads")  # the response's type
        self.assertEqual([it["name"] for it in record["findings"] if it["source"] == "trial"], ["would_block"])

    def test_what_cannot_be_loaded_is_told_with_file_and_line_and_changes_nothing(self):
        for change, pattern in [({"lists": [self.write("bad.txt", "fine.lab\nnot a name\n")]}, r"bad\.txt:2: .*more than one word"),
                                ({"page": self.write("bad.html", "<p>\n{{hots}}\n")}, r"bad\.html:2: .*is not known"),
                                ({"page": "/nowhere/page.html"}, r"hyalite\.yaml:\d+:\d+: .*/nowhere/page\.html: No such file"),
                                ({"url_patterns": ["("]}, r"hyalite\.yaml:\d+:\d+: .*is not a regular expression")]:
            bad = copy.deepcopy(self.gateway.settings)
            bad["plugins"][1]["settings"].update(change)
            assert_refused_everywhere(self, self.gateway, bad, pattern)
        self.assertEqual(self.ask("www.gz.lab")[1], "403")


if __name__ == "__main__":
    lab.main()
