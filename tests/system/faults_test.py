#!/usr/bin/python3
# What fails around the service: disks, descriptors, clocks, names, and what is under way while it changes itself. What the
# death of each process does is in worker_dies, service_parts_die, signer and containment; tests/faults/run.py has them all.
# SPDX-License-Identifier: MIT
import contextlib
import http.server
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from origin import Recorder, ok
from pki import Pki
from service import Service

GET = b"GET / HTTP/1.1\r\nHost: origin.lab\r\n\r\n"
WEBSOCKET = (b"GET /chat HTTP/1.1\r\nHost: origin.lab\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
AGREE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
FAKETIME = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


def serve(connection):
    """Until its client has no more to ask."""
    while True:
        try:
            connection.read_until(b"\r\n\r\n")
        except (AssertionError, OSError):
            return connection.close()
        connection.send(ok())


class WithServer(GatewayTest):
    @classmethod
    def set_up_origin(cls):
        origin = Recorder(80, script=serve)
        cls.addClassCleanup(origin.close)

    def served(self, client=None, target=b"/"):
        """On a connection that is there, or a new one."""
        with client or raw.connect() as it:
            it.send(GET.replace(b"/ ", target + b" ", 1))
            return it.read_response().status

    def ask(self, client):
        client.send(GET)
        return client.read_response().status

    def recorded_once_reopened(self, target):
        """The writer reopens in its own time: what is asked before that is recorded in the old file."""
        def arrives():
            self.assertEqual(self.served(target=target.encode()), 200)
            return any(it.get("target") == target for it in self.gateway.records())
        lab.wait_for(arrives, f"a record of {target} in the new file")


class LogFiles(WithServer):
    settings = {"workers": {"count": 1, "user": "nobody"}}

    def recorded(self, target):
        self.assertEqual(self.served(target=target.encode()), 200)
        return self.gateway.wait_for_record(lambda it: it.get("target") == target)

    def test_a_file_that_is_removed_is_made_again_by_reopen(self):
        self.recorded("/before")
        os.remove(self.gateway.record_file)
        self.assertEqual(self.served(), 200)
        self.assertEqual(Service(self.gateway).tell("reopen")[0], 0)
        lab.wait_for(lambda: os.path.exists(self.gateway.record_file), "the file")
        self.recorded("/after")

    def test_where_none_can_be_made_the_old_one_is_written_on(self):
        self.recorded("/old")
        moved = f"{self.directory}/moved"
        os.rename(self.gateway.record_file, moved)
        # A directory in its place: nobody can open that for writing, not even root.
        os.mkdir(self.gateway.record_file)
        self.assertEqual(Service(self.gateway).tell("reopen")[0], 0)
        self.gateway.wait_for_line(r"records cannot be written|cannot be opened")
        self.assertEqual(self.served(target=b"/meanwhile"), 200)
        os.rmdir(self.gateway.record_file)
        self.assertEqual(Service(self.gateway).tell("reopen")[0], 0)
        self.recorded_once_reopened("/again")
        text = pathlib.Path(moved).read_text() + pathlib.Path(self.gateway.record_file).read_text()
        self.assertIn('"/meanwhile"', text)


class ReadOnlyDisk(WithServer):
    """The disk with the records cannot be written from some moment on, as after an error that made the kernel stop."""
    settings = {"workers": {"count": 1, "user": "nobody"}}

    def test_traffic_goes_on_and_records_wait(self):
        place = os.path.dirname(self.gateway.record_file)
        self.assertEqual(self.served(target=b"/first"), 200)
        self.gateway.wait_for_record(lambda it: it.get("target") == "/first")
        kept = f"{place}/kept.ndjson"
        os.rename(self.gateway.record_file, kept)
        pathlib.Path(self.gateway.record_file).touch()
        os.chmod(self.gateway.record_file, 0o666)
        read_only = ["mount", "--bind", self.gateway.record_file, self.gateway.record_file]
        subprocess.run(read_only, check=True)
        self.addCleanup(subprocess.run, ["umount", self.gateway.record_file], stderr=subprocess.DEVNULL)
        subprocess.run(["mount", "-o", "remount,bind,ro", self.gateway.record_file], check=True)
        self.assertEqual(Service(self.gateway).tell("reopen")[0], 0)
        self.gateway.wait_for_line("Read-only file system")
        self.assertEqual(self.served(target=b"/second"), 200)
        subprocess.run(["umount", self.gateway.record_file], check=True)
        self.assertEqual(Service(self.gateway).tell("reopen")[0], 0)
        self.recorded_once_reopened("/third")
        everything = pathlib.Path(kept).read_text() + pathlib.Path(self.gateway.record_file).read_text()
        self.assertIn('"/second"', everything)


class FewDescriptors(WithServer):
    settings = {"workers": {"count": 1, "user": "nobody"}}
    launcher = ("prlimit", "--nofile=90:90")

    def test_it_is_said_that_they_are_too_few_for_as_many_connections_as_are_allowed(self):
        self.gateway.wait_for_line(r"warning limits\.descriptors has=90 needs=100512 ")

    def test_beyond_them_connections_are_shed_and_counted_and_all_others_go_on(self):
        kept = raw.connect()
        self.assertEqual(self.ask(kept), 200)
        crowd = [raw.connect() for _ in range(120)]
        try:
            self.gateway.wait_for_line(r"worker\.exhausted .*Too many open files")
            self.gateway.wait_for_count(1, "hyalite_accept_exhausted_total")
            self.assertEqual(self.ask(kept), 200)
        finally:
            for one in crowd:
                one.reset()
        lab.wait_for(lambda: self.gateway.count("hyalite_flows") <= 1, "the crowd to be gone")
        self.assertEqual(self.served(), 200)
        self.assertEqual(self.ask(kept), 200)
        kept.close()


class WithAClock(WithServer):
    """The wall clock, as an operator or a time server sets it; waits are measured by the other one."""
    settings = {"workers": {"count": 1, "user": "nobody"}, "timeouts": {"keepalive_idle": "1h"}}

    @classmethod
    def setUpClass(cls):
        if FAKETIME is None:
            return
        fake = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": "", "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        # As root and as an ordinary user at once, each in process ids of its own: the place must be one of a kind. Workers look at it, too.
        directory = tempfile.mkdtemp(prefix="hyalite-clock-")
        cls.addClassCleanup(shutil.rmtree, directory)
        os.chmod(directory, 0o755)
        cls.clock = f"{directory}/clock"
        fake["FAKETIME_TIMESTAMP_FILE"] = cls.clock
        cls.jump("+0")
        os.environ.update(fake)
        try:
            super().setUpClass()
        finally:
            for name in fake:
                os.environ.pop(name)

    @classmethod
    def jump(cls, by):
        with open(cls.clock + ".new", "w") as file:
            file.write(by + "\n")
        os.chmod(cls.clock + ".new", 0o644)
        os.rename(cls.clock + ".new", cls.clock)


class ClocksJump(WithAClock):
    def test_no_connection_ends_and_records_have_times_that_can_be(self):
        if FAKETIME is None:
            self.skipTest("libfaketime is not installed")
        client = raw.connect()
        for number, jump in enumerate(("+0", "+400d", "-400d", "+0")):
            self.jump(jump)
            client.send(GET.replace(b"/ ", f"/{number} ".encode(), 1))
            self.assertEqual(client.read_response().status, 200)
            record = self.gateway.wait_for_record(lambda it: it.get("target") == f"/{number}")
            for value in (record["duration_ms"], *record.get("phases_ms", {}).values()):
                self.assertTrue(0 <= value < 60_000, record)
        # It did jump: a later record is years older.
        times = [it["time"] for it in self.gateway.records() if it.get("target") in ("/1", "/2")]
        self.assertGreater(times[0][:4], times[1][:4])
        client.close()


class ClocksJumpInTls(WithAClock):
    """The signer looks at the clock, too, which by this library's means takes an open file: so it is not confined here."""
    @classmethod
    def set_up_origin(cls):
        pki = Pki(f"{cls.directory}/pki")
        pki.leaf("good", ["good.lab"])  # good for 30 days
        os.chmod(f"{cls.directory}/pki", 0o755)
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(pki.file("good.pem"), pki.file("good.key"))
        subprocess.run([lab.binary(), "ca", "init", "--directory", f"{cls.directory}/ca", "--name", "Lab CA"], check=True,
                       capture_output=True)
        cls.settings = {**cls.settings, "seccomp": {"mode": "off"},
                        "tls": {"ca": {"certificate": "ca/ca.pem", "key": "ca/ca.key"}, "upstream": {"trust": "pki/root.pem"},
                                "rules": [{"name": "in", "action": "intercept", "domains": ["good.lab"]}]}}

        def serve_in_tls(connection):
            try:
                connection.socket = server.wrap_socket(connection.socket, server_side=True)
            except OSError:
                return connection.close()
            serve(connection)
        origin = Recorder(443, script=serve_in_tls)
        cls.addClassCleanup(origin.close)

    def connect(self, verifying=True):
        context = ssl.create_default_context(cafile=f"{self.directory}/ca/ca.pem")
        if not verifying:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        client = raw.connect(port=443)
        client.socket = context.wrap_socket(client.socket, server_hostname="good.lab")
        return client

    def test_what_is_agreed_stays_and_nothing_of_a_wrong_time_is_left(self):
        if FAKETIME is None:
            self.skipTest("libfaketime is not installed")
        kept = self.connect()
        self.assertEqual(self.ask(kept), 200)
        # By a clock that is wrong, the server's certificate may be, too: that is not passed over.
        for jump, status in (("+2d", 200), ("+400d", 502), ("-400d", 502)):
            self.jump(jump)
            self.assertEqual(self.ask(kept), 200)
            self.assertEqual(self.served(self.connect(verifying=False)), status, jump)
        self.jump("+0")
        self.assertEqual(self.served(self.connect()), 200)
        self.assertEqual(self.ask(kept), 200)
        kept.close()


class NamesAreDown(WithServer):
    """A plugin's service has a name, and nobody tells its address."""
    plugins = ({"name": "lookup", "use": "url_lookup", "on_failure": "open", "settings": {"service": "urls", "within_ms": 200}},)
    settings = {"services": [{"name": "urls", "address": "service.nowhere.invalid:80", "connect": "100ms"}]}

    def test_the_plugin_fails_as_the_operator_chose(self):
        self.assertEqual(self.served(), 200)
        self.gateway.wait_for_count(1, "hyalite_plugin_left_out_total", instance="lookup")


class NameServer:
    """Says that every name is 127.0.0.1."""

    def __init__(self, address):
        self.asked, self._socket = 0, socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                query, client = self._socket.recvfrom(512)
                self.asked += 1
                end = query.index(b"\0", 12) + 5
                is_a = query[end - 4:end - 2] == b"\0\1"
                answer = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\x7f\0\0\1" if is_a else b""
                self._socket.sendto(query[:2] + b"\x81\x80\0\1\0" + bytes([is_a]) + b"\0\0\0\0" + query[12:end] + answer, client)

    def close(self):
        with contextlib.suppress(OSError):  # it has no peer, but whoever waits is woken
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class NamesAreToldElsewhere(WithServer):
    """The network has other name servers than when the service started."""
    plugins = ({"name": "lookup", "use": "url_lookup", "on_failure": "closed", "settings": {"service": "urls", "within_ms": 2000}},)
    settings = {"workers": {"count": 1}, "services": [{"name": "urls", "address": "urls.test:8098"}]}

    @classmethod
    def set_up_origin(cls):
        super().set_up_origin()
        if not os.path.exists("/etc/resolv.conf"):
            raise unittest.SkipTest("this machine has no /etc/resolv.conf")
        cls.told = pathlib.Path(cls.directory, "resolv.conf")
        cls.told.write_text("nameserver 127.0.0.1\n")
        cls.told.chmod(0o644)
        subprocess.run(["mount", "--bind", cls.told, "/etc/resolv.conf"], check=True)
        cls.addClassCleanup(lambda: subprocess.run(["umount", "/etc/resolv.conf"], check=True))

        class Handler(http.server.BaseHTTPRequestHandler):  # of HTTP/1.0: a connection, and a name, for each question
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"allow")

            def log_message(self, *_):
                pass
        service = http.server.ThreadingHTTPServer(("127.0.0.1", 8098), Handler)
        threading.Thread(target=service.serve_forever, daemon=True).start()
        cls.addClassCleanup(service.server_close)
        cls.addClassCleanup(service.shutdown)

    def test_they_are_asked_from_then_on(self):
        before = NameServer("127.0.0.1")
        self.assertEqual(self.served(), 200)
        self.assertGreater(before.asked, 0)
        before.close()
        after = NameServer("127.0.0.2")
        self.told.write_text("# another network's\nnameserver 127.0.0.2\n")
        self.assertEqual(self.served(), 200)
        self.assertGreater(after.asked, 0)
        after.close()


class Changing(GatewayTest):
    """Reload and upgrade while connections of every kind are in the middle of something."""
    HALF = bytes(range(256)) * 2_000

    @classmethod
    def set_up_origin(cls):
        pki = Pki(f"{cls.directory}/pki")
        pki.leaf("good", ["good.lab"])
        os.chmod(f"{cls.directory}/pki", 0o755)
        cls.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        cls.server.load_cert_chain(pki.file("good.pem"), pki.file("good.key"))
        subprocess.run([lab.binary(), "ca", "init", "--directory", f"{cls.directory}/ca", "--name", "Lab CA"], check=True,
                       capture_output=True)
        cls.settings = {"tls": {"ca": {"certificate": "ca/ca.pem", "key": "ca/ca.key"}, "upstream": {"trust": "pki/root.pem"},
                                "rules": [{"name": "in", "action": "intercept", "domains": ["good.lab"]}]}}
        cls.trusted = f"{cls.directory}/ca/ca.pem"
        cls.plain = Recorder(80)
        cls.addClassCleanup(cls.plain.close)
        cls.tls = Recorder(443, script=cls.answer_half_by_tls)
        cls.addClassCleanup(cls.tls.close)

    @classmethod
    def answer_half_by_tls(cls, connection):
        connection.socket = cls.server.wrap_socket(connection.socket, server_side=True)
        connection.read_until(b"\r\n\r\n")
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (2 * len(cls.HALF)) + cls.HALF)
        connection.half_sent = True

    def tls_client(self):
        client = raw.connect(port=443)
        context = ssl.create_default_context(cafile=self.trusted)
        client.socket = context.wrap_socket(client.socket, server_hostname="good.lab")
        return client

    def change_in_the_middle(self, verb):
        # One after the other: a client that is silent for a moment has an upstream connection, too.
        with contextlib.ExitStack() as open_ones:
            download = open_ones.enter_context(raw.connect())
            download.send(GET)
            upstream = self.plain.next()
            upstream.read_until(b"\r\n\r\n")
            upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (2 * len(self.HALF)) + self.HALF)
            download.read_until(b"\r\n\r\n")
            self.assertEqual(download.read(len(self.HALF)), self.HALF)

            websocket = open_ones.enter_context(raw.connect())
            websocket.send(WEBSOCKET)
            speaker = self.plain.next()
            speaker.read_until(b"\r\n\r\n")
            speaker.send(AGREE)
            self.assertEqual(websocket.read(len(AGREE)), AGREE)

            tls = open_ones.enter_context(self.tls_client())
            tls.send(GET.replace(b"origin", b"good"))
            tls_upstream = self.tls.next()
            tls.read_until(b"\r\n\r\n")
            self.assertEqual(tls.read(len(self.HALF)), self.HALF)

            service = Service(self.gateway)
            before = service.generation()["number"]
            code, said = service.tell(verb)
            self.assertEqual(code, 0, said)
            self.assertGreater(service.generation()["number"], before)

            upstream.send(self.HALF)
            self.assertEqual(download.read(len(self.HALF)), self.HALF)
            websocket.send(b"\x81\x02hi")
            self.assertEqual(speaker.read(4), b"\x81\x02hi")
            speaker.send(b"\x81\x02ho")
            self.assertEqual(websocket.read(4), b"\x81\x02ho")
            tls_upstream.send(self.HALF)
            self.assertEqual(tls.read(len(self.HALF)), self.HALF)
            for one in (upstream, speaker, tls_upstream):
                one.close()

    def test_a_reload_breaks_no_download_websocket_or_tls(self):
        self.change_in_the_middle("reload")

    def test_an_upgrade_breaks_no_download_websocket_or_tls(self):
        self.change_in_the_middle("upgrade")


if __name__ == "__main__":
    lab.main()
