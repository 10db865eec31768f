#!/usr/bin/python3
# Plugins that throw and crash: the culprit is named, its policy decides, and others go on.
# SPDX-License-Identifier: MIT
import os
import pathlib
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from origin import WebServer
from service import Service, alive

GET = b"GET /address HTTP/1.1\r\nHost: origin.lab\r\n\r\n"


def bad(name, policy, **settings):
    path = pathlib.Path(lab.binary()).parents[1] / "bad_plugins" / f"{name}.so"
    return {"name": "bad", "use": str(path), "on_failure": policy, "settings": settings}


class WithOrigin(GatewayTest):
    @classmethod
    def set_up_origin(cls):
        cls.web = WebServer(cls.directory)
        cls.addClassCleanup(cls.web.close)

    def status(self):
        answer = lab.curl("-o", "/dev/null", "-w", "%{http_code}", lab.url("/address"))
        return answer.stdout.decode()


class ThrowsAndFailsOpen(WithOrigin):
    plugins = (bad("throws", "open", **{"in": "request_head"}),)

    def test_the_exchange_goes_on_without_it(self):
        self.assertEqual(self.status(), "200")
        self.gateway.wait_for_count(1, "hyalite_plugin_errors_total", instance="bad")


class ThrowsAndFailsClosed(WithOrigin):
    plugins = (bad("throws", "closed", **{"in": "request_head"}),)

    def test_the_exchange_ends_with_503(self):
        self.assertEqual(self.status(), "503")
        record = self.gateway.wait_for_record(lambda it: it.get("status") == 503)
        self.assertEqual(record["decided_by"], "bad")


class Crashes(WithOrigin):
    plugins = (bad("crashes", "open", **{"in": "request_head"}),)

    def test_it_costs_one_worker_and_is_named(self):
        service = Service(self.gateway)
        before = service.workers()
        with raw.connect() as client:
            client.send(GET)
            client.read_to_end()
            self.assertIsNotNone(client.ended)
        line = self.gateway.wait_for_line(r"worker\.died")
        self.assertIn("bad", line)
        self.assertIn("request_head", line)
        lab.wait_for(lambda: len([pid for pid in service.workers() if pid and alive(pid)]) == 2, "two workers")
        self.assertEqual(len(set(before) & set(service.workers())), 1)


if __name__ == "__main__":
    lab.main()
