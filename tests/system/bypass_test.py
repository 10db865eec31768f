#!/usr/bin/python3
# What the operator's bypass list names is left alone by everyone, and counted.
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from blocked_test import client_hello
from gateway import GatewayTest
from origin import Recorder, answers, ok

ALL = {"name": "all", "use": "blocker", "settings": {"destinations": ["0.0.0.0/0", "::/0"]}}
# No proxy that inspects would let it pass.
AMBIGUOUS = b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"


class BypassTest(GatewayTest):
    plugins = (ALL,)
    bypass = {}

    @classmethod
    def setUpClass(cls):
        cls.settings = {"bypass": cls.bypass_of_lab()}
        super().setUpClass()

    @classmethod
    def set_up_origin(cls):
        cls.recorder = Recorder(80, answers(ok()))
        cls.addClassCleanup(cls.recorder.close)
        cls.tls = Recorder(443)
        cls.addClassCleanup(cls.tls.close)

    def bypassed(self):
        return self.gateway.count("hyalite_uninspected_total", reason="bypass")

    def assert_left_alone(self, request, family=4):
        before = self.bypassed()
        with raw.connect(family=family) as client:
            client.send(request)
            self.assertEqual(client.read_response().status, 200)
        self.gateway.wait_for_count(before + 1, "hyalite_uninspected_total", reason="bypass")


class OfDestinations(BypassTest):
    @classmethod
    def bypass_of_lab(cls):
        return {"destinations": [lab.address("origin", 4)]}

    def test_whatever_is_sent_there_arrives_and_no_plugin_knows_of_it(self):
        self.assert_left_alone(AMBIGUOUS)
        # The other family is not listed.
        with raw.connect(family=6) as client:
            client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            self.assertEqual(client.read_response().status, 403)
        self.assertTrue(all(it["destination"] != lab.address("origin", 4) for it in self.gateway.records()))


class OfClients(BypassTest):
    @classmethod
    def bypass_of_lab(cls):
        return {"clients": [lab.address("client", 6)]}

    def test_whatever_they_send_arrives(self):
        self.assert_left_alone(AMBIGUOUS, family=6)


class OfNames(BypassTest):
    plugins = ({"name": "all", "use": "blocker", "settings": {"hosts": ["lab"]}},)

    @classmethod
    def bypass_of_lab(cls):
        return {"names": ["Bank.lab"]}

    def test_a_first_request_for_such_a_host_is_passed_on_and_recorded(self):
        self.assert_left_alone(b"GET / HTTP/1.1\r\nHost: www.bank.lab:80\r\n\r\n")
        record = self.gateway.wait_for_record(lambda it: it["kind"] == "tunnel")
        self.assertEqual(record["uninspected"], "bypass")

    def test_tls_with_such_a_server_name_is_passed_on(self):
        before = self.bypassed()
        hello = client_hello("www.bank.lab")
        with raw.connect(port=443) as client:
            client.send(hello)
            self.assertEqual(self.tls.next().read(len(hello)), hello)
        self.gateway.wait_for_count(before + 1, "hyalite_uninspected_total", reason="bypass")

    def test_others_are_inspected(self):
        with raw.connect() as client:
            client.send(b"GET / HTTP/1.1\r\nHost: bank.lab.other.lab\r\n\r\n")
            self.assertEqual(client.read_response().status, 403)


if __name__ == "__main__":
    lab.main()
