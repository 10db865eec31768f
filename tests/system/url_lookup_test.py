#!/usr/bin/python3
# A plugin that asks a real service about each URL: requests wait for it, and for it only.
# SPDX-License-Identifier: MIT
import http.server
import os
import sys
import threading
import urllib.parse

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from origin import Recorder, answers, ok

PORT = 8099


class Service:
    """Says "block" to what has "bad" in it; keeps silent about what has "slow" in it until it is let go."""

    def __init__(self):
        self.asked, self.go_on = [], threading.Event()
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                url = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)["url"][0]
                service.asked.append(url)
                if "slow" in url:
                    service.go_on.wait(10)
                if "broken" in url:
                    self.send_error(500)
                    return
                body = b"block" if "bad" in url else b"allow"
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
        self._server.handle_error = lambda *_: None  # who asked may be gone when the answer comes
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()


@lab.both_families
class UrlLookup(GatewayTest):
    plugins = ({"name": "lookup", "use": "url_lookup", "on_failure": "closed", "settings": {"service": "urls", "within_ms": 5000}},
               {"name": "quick", "use": "url_lookup", "on_failure": "open", "settings": {"service": "nobody", "within_ms": 200}})
    settings = {"services": [{"name": "urls", "address": f"127.0.0.1:{PORT}"},
                             {"name": "nobody", "address": "127.0.0.1:9", "connect": "100ms"}]}

    @classmethod
    def set_up_origin(cls):
        cls.recorder = Recorder(80, answers(ok()))
        cls.addClassCleanup(cls.recorder.close)
        cls.service = Service()
        cls.addClassCleanup(cls.service.close)

    def setUp(self):
        self.recorder.forget()
        self.service.go_on.clear()

    def test_what_the_service_allows_passes(self, family):
        answer = lab.curl(lab.url("/good?a=b c&d".replace(" ", "+"), family=family))
        self.assertEqual(answer.stdout, b"hello\n", answer.stderr)
        self.assertIn("/good?a=b+c&d", self.service.asked[-1])
        # The second plugin's service is not there; it fails open.
        self.gateway.wait_for_count(1, "hyalite_plugin_left_out_total", instance="quick")

    def test_what_it_blocks_never_reaches_the_origin(self, family):
        answer = lab.curl("-w", "%{http_code}", lab.url(f"/bad-{family}", family=family))
        self.assertEqual(answer.stdout, b"This address is blocked.\n403")
        self.assertTrue(self.recorder.nothing_came())
        record = self.gateway.wait_for_record(lambda it: it.get("target") == f"/bad-{family}")
        self.assertEqual(record["decided_by"], "lookup")
        self.assertEqual(record["notes"], {"url-lookup.opinion": "block"})

    def test_without_an_opinion_it_fails_closed(self, family):
        answer = lab.curl("-o", "/dev/null", "-w", "%{http_code}", lab.url("/broken", family=family))
        self.assertEqual(answer.stdout, b"503")
        self.assertTrue(self.recorder.nothing_came())

    def test_others_go_on_while_one_waits(self, family):
        with raw.connect(family=family) as waiting:
            waiting.send(b"GET /slow HTTP/1.1\r\nHost: origin.lab\r\n\r\n")
            lab.wait_for(lambda: any("/slow" in url for url in self.service.asked), "the question")
            self.assertEqual(lab.curl(lab.url("/good", family=family)).stdout, b"hello\n")
            self.service.go_on.set()
            self.assertEqual(waiting.read_response().status, 200)
        self.service.asked.clear()

    def test_a_client_that_leaves_takes_its_question_along(self, family):
        before = self.gateway.count("hyalite_plugin_late_pauses_total", instance="lookup")
        with raw.connect(family=family) as waiting:
            waiting.send(b"GET /slow HTTP/1.1\r\nHost: origin.lab\r\n\r\n")
            lab.wait_for(lambda: any("/slow" in url for url in self.service.asked), "the question")
            waiting.reset()
        self.service.asked.clear()
        self.gateway.wait_for_record(lambda it: it.get("target") == "/slow" and it.get("end") == "client_gone")
        self.assertEqual(self.gateway.count("hyalite_plugin_late_pauses_total", instance="lookup"), before)
        self.assertEqual(lab.curl(lab.url("/good", family=family)).stdout, b"hello\n")


if __name__ == "__main__":
    lab.main()
