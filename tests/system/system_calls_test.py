#!/usr/bin/python3
# What a request costs in system calls, exactly: each that is added is seen here. Counted by strace on the worker's own thread, with
# logger, rewriter and blocker at work; what comes late (the log's thread, ticks) is not a request's.
# SPDX-License-Identifier: MIT
import os
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
import sys
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import Gateway, make_directory
from origin import Recorder
from tls_origin import make_certificates, start_nginx

REQUEST = b"GET /a HTTP/1.1\r\nHost: origin.lab\r\nX-Debug: 1\r\n%b\r\n"
RESPONSE = b"HTTP/1.1 200 OK\r\nServer: s\r\nContent-Length: 1024\r\n%b\r\n" + 1024 * b"x"
CLOSE = b"Connection: close\r\n"
LONG = 20 << 20
TIMES = 50
# In lock-step there is one wait for each side; under load one serves many. How often a socket is asked in vain depends on who was
# faster.
PASSED_OVER = {"epoll_wait", "epoll_pwait", "restart_syscall"}

PLUGINS = [
    {"name": "rewriter", "use": "header-rewriter", "settings": {
        "request": [{"remove": "X-Debug"}, {"set": "X-Checked", "to": "yes"}], "response": [{"remove": "Server"}]}},
    {"name": "ads", "use": "blocker", "settings": {"hosts": ["ads.lab"]}}]


class Traced:
    """One thread, while it lasts; what is in `file` afterwards is the options' matter."""

    def __init__(self, thread, file, *options):
        self.file, self.thread = file, pathlib.Path(f"/proc/{thread}/stat")
        self.process = subprocess.Popen(["strace", *options, "-o", self.file, "-p", str(thread)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        said = self.process.stderr.readline()
        if "attached" not in said:
            self.process.wait(5)
            raise unittest.SkipTest(f"strace may not trace here: {said.strip()}")

    def stop(self):
        # What a client has got may be of a call that strace has not seen the end of.
        lab.wait_for(lambda: self.thread.read_text().rpartition(")")[2].split()[0] == "S", "the thread to wait for something")
        self.process.send_signal(signal.SIGINT)
        self.process.wait(10)
        self.process.stderr.close()
        return self.file.read_text()


class Counting(Traced):
    """The number of calls by name, without those that failed with `later`, which are `in_vain`."""

    def __init__(self, thread, file):
        super().__init__(thread, file, "-c")

    def stop(self):
        calls, self.in_vain = {}, 0
        for line in super().stop().splitlines():
            # % time, seconds, usecs/call, calls, perhaps errors, name
            found = re.fullmatch(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+(\d+))?\s+(\w+)", line)
            if found and found.group(3) not in PASSED_OVER | {"total"}:
                in_vain = int(found.group(2) or 0) if found.group(3) in ("recvfrom", "accept4") else 0
                calls[found.group(3)] = int(found.group(1)) - in_vain
                self.in_vain += in_vain
        return calls


@unittest.skipUnless(shutil.which("strace"), "there is no strace")
class Counted(unittest.TestCase):
    settings = {}

    def setUp(self):
        self.directory = make_directory(self)
        self.trace = pathlib.Path(self.directory) / "strace"
        self.start_origin()
        self.gateway = Gateway(self.directory, PLUGINS, workers={"count": 1}, **self.settings)
        # As it is used: the log is written in batches, and plugins' calls are not checked.
        for plugin in self.gateway.settings["plugins"]:
            plugin["validate"] = False
        self.gateway.settings["plugins"][0]["settings"] = {"file": self.gateway.record_file, "flush_ms": 60_000}
        self.gateway.write(self.gateway.settings)
        self.gateway.start()
        self.addCleanup(self.gateway.stop)

    def start_origin(self):
        self.origin = Recorder(80, self.serve)
        self.addCleanup(self.origin.close)

    @staticmethod
    def serve(connection):
        while b"\r\n\r\n" in connection.read_until(b"\r\n\r\n"):
            close = CLOSE in connection.received
            if b"/long" in connection.received:
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LONG + LONG * b"x")
                continue
            connection.send(RESPONSE % (CLOSE if close else b""))
            if close:
                return connection.close()

    def worker(self):
        names = {pid: pathlib.Path(f"/proc/{pid}/comm").read_text().strip() for pid in self.gateway.processes()}
        return next(pid for pid, name in names.items() if name == "hyalite-worker")

    def exchange(self, client, more=b""):
        client.send(REQUEST % more)
        self.assertEqual(client.read_response().body, 1024 * b"x")

    def nobody_is_left(self):
        lab.wait_for(lambda: self.gateway.count("hyalite_flows") == 0, "all connections to end")

    def expect(self, calls, **each):
        """So many of each for a request, and nothing else but what is once: the log's thread is woken, a tick."""
        wanted = {name: count * TIMES for name, count in each.items()}
        once = {name: count - wanted.get(name, 0) for name, count in calls.items() if count != wanted.get(name, 0)}
        self.assertEqual({name: calls.get(name, 0) for name in wanted}, wanted, calls)
        self.assertLessEqual(sum(count for name, count in once.items() if name not in wanted), 3, calls)

    def one_connection_after_the_other(self):
        """Each with one request; what they cost."""
        with raw.connect() as client:
            self.exchange(client, CLOSE)
        self.nobody_is_left()
        strace = Counting(self.worker(), self.trace)
        for _ in range(TIMES):
            with raw.connect() as client:
                self.exchange(client, CLOSE)
                self.assertEqual(client.read_to_end(), b"")
        self.nobody_is_left()
        return strace.stop()


class SystemCalls(Counted):
    def test_a_request_on_a_kept_connection_is_two_reads_and_two_writes(self):
        with raw.connect() as client:
            self.exchange(client)
            strace = Counting(self.worker(), self.trace)
            for _ in range(TIMES):
                self.exchange(client)
            self.expect(strace.stop(), recvfrom=2, sendto=2)

    def test_a_connection_with_one_request(self):
        calls = self.one_connection_after_the_other()
        # The client: taken, its destination, watched, its request, its response, not watched, closed (it said that this was its last).
        # The origin: made, no delay, no quick acknowledgement, transparent, its port not yet, as the client, connected, its own port,
        # watched, the request, the response, closed, not watched.
        self.expect(calls, accept4=1, getsockname=2, epoll_ctl=4, recvfrom=2, sendto=2, close=2, socket=1,
                    setsockopt=4, bind=1, connect=1)

    def test_the_client_that_waits_is_served_before_upstream_is_left(self):
        traced = Traced(self.worker(), self.trace, "-e", "trace=accept4,socket,close")
        with raw.connect() as client:
            self.exchange(client, CLOSE)
            self.assertEqual(client.read_to_end(), b"")
        self.nobody_is_left()
        said = traced.stop()
        client, upstream = (re.search(call + r"\(.*\) = (\d+)", said).group(1) for call in ("accept4", "socket"))
        self.assertEqual(re.findall(r"close\((\d+)\)", said), [client, upstream], said)

    def test_a_long_body_that_nobody_looks_at_is_not_read(self):
        with raw.connect() as client:
            self.exchange(client)
            strace = Counting(self.worker(), self.trace)
            client.send(b"GET /long HTTP/1.1\r\nHost: origin.lab\r\n\r\n")
            self.assertEqual(len(client.read_response().body), LONG)
            calls = strace.stop()
        self.assertGreater(calls.get("splice", 0), 0, calls)
        # The request, and the head with what came together with it.
        self.assertLessEqual(calls["recvfrom"], 3, calls)


class SystemCallsWithReuse(Counted):
    settings = {"upstream": {"reuse": {"enabled": True}}}

    def test_a_connection_with_one_request_that_finds_another_to_the_origin(self):
        calls = self.one_connection_after_the_other()
        # The client's as above; of the origin's the request and the response. (And one read in vain: nothing came while it waited.)
        self.expect(calls, accept4=1, getsockname=1, epoll_ctl=2, recvfrom=2, sendto=2, close=1)


class SystemCallsOfTls(Counted):
    settings = {"tls": {"action": "intercept", "ca": {"certificate": "ca/ca.pem", "key": "ca/ca.key"},
                        "upstream": {"trust": "pki/root.pem"}}}

    def start_origin(self):
        make_certificates(f"{self.directory}/pki")
        start_nginx(self, f"{self.directory}/pki")
        subprocess.run([lab.binary(), "ca", "init", "--directory", f"{self.directory}/ca", "--name", "Lab CA"], check=True,
                       capture_output=True)

    def exchange(self, client):
        client.send(b"GET / HTTP/1.1\r\nHost: good.lab\r\nX-Debug: 1\r\n\r\n")
        self.assertIn(b"good HTTP/1.1", client.read_response().body)

    def test_a_request_on_a_kept_connection_is_two_reads_and_two_writes_too(self):
        trust = ssl.create_default_context(cafile=f"{self.directory}/ca/ca.pem")
        with raw.connect(port=443) as client:
            client.socket = trust.wrap_socket(client.socket, server_hostname="good.lab")
            self.exchange(client)
            strace = Counting(self.worker(), self.trace)
            for _ in range(TIMES):
                self.exchange(client)
            calls = strace.stop()
        # Keys for the next servers are made beforehand: OpenSSL's random numbers ask at each draw whether the process is still the same.
        calls.pop("getpid", None)
        self.expect(calls, recvfrom=2, sendto=2)
        # Nothing is asked once more only to hear that there was no more.
        self.assertLess(strace.in_vain, TIMES / 2)


if __name__ == "__main__":
    lab.main()
