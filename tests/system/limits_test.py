#!/usr/bin/python3
# At each limit clients get the documented answer, a counter moves, and all others are served on.
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from origin import Recorder, ok

GET = b"GET / HTTP/1.1\r\nHost: origin.lab\r\n"


class OneRecorder(GatewayTest):
    @classmethod
    def set_up_origin(cls):
        cls.recorder = Recorder(80)
        cls.addClassCleanup(cls.recorder.close)

    def closed(self, reason):
        return self.gateway.count("hyalite_flows_closed_total", reason=reason)


class LimitsOfSize(OneRecorder):
    settings = {
        "workers": {"count": 1, "user": "nobody"},
        "limits": {"head_bytes": "4KiB", "target_bytes": "1KiB", "fields": 20, "trailer_bytes": "1KiB", "interim_responses": 3,
                   "chunk_line_bytes": "100B", "flows_per_client": 4},
    }

    def setUp(self):
        self.recorder.forget()

    def refused(self, request, reason):
        """The status that the request is refused with, while the origin hears nothing."""
        before = self.gateway.count("hyalite_refused_requests_total", reason=reason)
        with raw.connect() as client:
            client.send(request)
            status = client.read_response().status
        self.gateway.wait_for_count(before + 1, "hyalite_refused_requests_total", reason=reason)
        while not self.recorder.nothing_came():
            self.assertEqual(self.recorder.next().read_to_end(), b"")
        return status

    def test_the_head_s_size(self):
        self.assertEqual(self.refused(GET + b"X: " + b"a" * 5000 + b"\r\n\r\n", "head_too_large"), 431)

    def test_the_number_of_fields(self):
        self.assertEqual(self.refused(GET + b"X: a\r\n" * 25 + b"\r\n", "too_many_fields"), 431)

    def test_the_target_s_size(self):
        self.assertEqual(self.refused(b"GET /" + b"a" * 2000 + GET[5:] + b"\r\n", "target_too_long"), 414)

    def test_interim_responses(self):
        with raw.connect() as client:
            client.send(GET + b"\r\n")
            upstream = self.recorder.next()
            upstream.read_until(b"\r\n\r\n")
            upstream.send(b"HTTP/1.1 102 More\r\n\r\n" * 5)
            for _ in range(3):
                self.assertEqual(client.read_response().status, 102)
            self.assertEqual(client.read_response().status, 502)
            upstream.close()

    def test_connections_of_one_client(self):
        before = self.closed("limit_client_flows")
        held = []
        for _ in range(4):
            held.append(raw.connect())
            held[-1].send(b"POST / HTTP/1.1\r\nHost: origin.lab\r\nContent-Length: 1\r\n\r\n")
            self.recorder.next().read_until(b"\r\n\r\n")
        with raw.connect() as one_more:
            self.assertEqual(one_more.read_to_end(), b"")
            self.assertEqual(one_more.ended, "reset")
        self.gateway.wait_for_count(before + 1, "hyalite_flows_closed_total", reason="limit_client_flows")
        for connection in held:
            connection.reset()
        lab.wait_for(lambda: self.gateway.count("hyalite_flows") == 0, "the connections to be gone")
        with raw.connect() as again:
            again.send(GET + b"\r\n")
            self.recorder.next().read_until(b"\r\n\r\n")


class LimitOfAllConnections(OneRecorder):
    settings = {"workers": {"count": 1, "user": "nobody"}, "limits": {"flows": 3, "flows_per_client": 0}}

    def test_beyond_it_clients_are_cut_off_at_once(self):
        held = []
        for _ in range(3):
            held.append(raw.connect())
            held[-1].send(GET + b"\r\n")
            self.recorder.next().read_until(b"\r\n\r\n")
        with raw.connect() as one_more:
            self.assertEqual(one_more.read_to_end(), b"")
            self.assertEqual(one_more.ended, "reset")
        self.gateway.wait_for_count(1, "hyalite_flows_closed_total", reason="limit_flows")
        for connection in held:
            connection.reset()

    def test_so_few_find_their_descriptors(self):
        self.assertNotIn("limits.descriptors", "\n".join(self.gateway._lines))


class LimitsOfTime(OneRecorder):
    settings = {"timeouts": {"head": "300ms", "keepalive_idle": "1s", "sniff": "300ms", "stop": "1s"}}

    def test_the_time_for_a_head(self):
        before = self.closed("head_timed_out")
        with raw.connect() as client:
            client.send(GET)
            self.assertEqual(client.read_response().status, 408)
        self.gateway.wait_for_count(before + 1, "hyalite_flows_closed_total", reason="head_timed_out")

    def test_the_time_in_which_the_protocol_must_show(self):
        before = self.closed("undecided")
        with raw.connect() as client:
            client.send(b"G")
            self.assertEqual(client.read_to_end(), b"")
        self.gateway.wait_for_count(before + 1, "hyalite_flows_closed_total", reason="undecided")

    def test_the_time_between_requests(self):
        before = self.closed("idle_timed_out")
        with raw.connect() as client:
            client.send(GET + b"\r\n")
            upstream = self.recorder.next()
            upstream.read_until(b"\r\n\r\n")
            upstream.send(ok())
            self.assertEqual(client.read_response().status, 200)
            self.assertEqual(client.read_to_end(), b"")
        self.gateway.wait_for_count(before + 1, "hyalite_flows_closed_total", reason="idle_timed_out")


if __name__ == "__main__":
    lab.main()
