#!/usr/bin/python3
# A plugin that talks to real services in a protocol of its own, over TCP and over TLS: requests wait for them, and nobody else is told
# anything.
# SPDX-License-Identifier: MIT
import os
import socket
import ssl
import sys
import threading

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
from gateway import GatewayTest
from origin import Recorder, answers, ok
from pki import Pki


class LineService:
    """Answers each line with "allow", or "block" where "bad" is in it; or does as `mode` says. With `pki` over TLS, as `certificate`."""

    def __init__(self, port, pki=None):
        self.mode, self.certificate, self.heard = "answers", "good", []
        self._pki, self._connections, self._over = pki, [], threading.Event()
        self._listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._over.set()
        self._listener.close()
        self.hang_up()

    def hang_up(self):
        for connection in self._connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it is over already
        self._connections.clear()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            with connection:
                if self.mode == "silent":
                    self._over.wait(20)
                    return
                if self._pki is None:
                    return self._talk(connection)
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(self._pki.file(f"{self.certificate}.pem"), self._pki.file(f"{self.certificate}.key"))
                with context.wrap_socket(connection, server_side=True) as secured:
                    self._connections.append(secured)
                    self._talk(secured)
        except (OSError, ssl.SSLError):
            pass  # the other side did not want it, or went

    def _talk(self, connection):
        with connection.makefile("rb") as lines:
            for line in lines:
                self.heard.append(line.decode().strip())
                if self.mode == "half":
                    return connection.sendall(b"all")
                while self.mode == "floods":
                    connection.sendall(b"x" * 65536)
                connection.sendall(b"block\n" if b"bad" in line else b"allow\n")


class Services(GatewayTest):
    plugins = ({"name": "plain", "use": "line_lookup", "on_failure": "closed", "settings": {"service": "lines", "within_ms": 20000}},
               {"name": "secret", "use": "line_lookup", "on_failure": "closed", "settings": {"service": "secured", "within_ms": 20000}})

    @classmethod
    def set_up_origin(cls):
        cls.recorder = Recorder(80, answers(ok()))
        cls.addClassCleanup(cls.recorder.close)
        pki = Pki(f"{cls.directory}/pki")
        pki.leaf("good", ["lines.example"])
        pki.leaf("wrong", ["other.example"])
        pki.leaf("expired", ["lines.example"], start="20200101000000Z", end="20210101000000Z")
        pki.self_signed("selfsigned", ["lines.example"])
        os.chmod(pki.directory, 0o755)  # the service's user reads the root there
        cls.lines, cls.secured = LineService(7001), LineService(7002, pki)
        for service in (cls.lines, cls.secured):
            cls.addClassCleanup(service.close)
        tls = {"enabled": True, "server_name": "lines.example", "trust": pki.file("root.pem")}
        cls.settings = {"workers": {"count": 1},
                        "services": [{"name": "lines", "protocol": "tcp", "address": "127.0.0.1:7001"},
                                     {"name": "secured", "protocol": "tcp", "address": "127.0.0.1:7002", "tls": tls, "connect": "500ms"}]}

    def setUp(self):
        """Each test begins without connections."""
        for name, service in (("lines", self.lines), ("secured", self.secured)):
            service.mode, service.certificate = "answers", "good"
            service.hang_up()
            lab.wait_for(lambda name=name: self.opened(name) == self.gateway.count("hyalite_service_connections_total", service=name),
                         "the connections to be over")
            service.heard.clear()
        self.recorder.forget()

    def opened(self, name):
        return self.gateway.count("hyalite_service_connects_total", service=name)

    def ask(self, name="good"):
        return lab.curl("-o", "/dev/null", "-w", "%{http_code}", lab.url(f"/{name}")).stdout.decode()

    def test_both_are_asked_over_connections_that_are_kept(self):
        before = self.opened("lines") + self.opened("secured")
        for _ in range(3):
            self.assertEqual(self.ask(), "200")
        self.assertEqual(len(self.lines.heard), 3)
        self.assertEqual(self.lines.heard, self.secured.heard)
        self.assertEqual(self.opened("lines") + self.opened("secured"), before + 2)

    def test_what_a_service_blocks_never_reaches_the_origin(self):
        answer = lab.curl("-H", "Host: bad.example", "-w", "%{http_code}", lab.url("/"))
        self.assertEqual(answer.stdout, b"This host is blocked.\n403")
        self.assertTrue(self.recorder.nothing_came())

    def test_whoever_is_not_the_service_is_told_nothing(self):
        for certificate in ("wrong", "expired", "selfsigned"):
            self.secured.certificate = certificate
            before = self.gateway.count("hyalite_service_connects_total", service="secured", result="untrusted")
            self.assertEqual(self.ask(), "503", certificate)
            self.assertEqual(self.gateway.count("hyalite_service_connects_total", service="secured", result="untrusted"), before + 1)
        self.assertEqual(self.secured.heard, [])
        self.assertTrue(self.recorder.nothing_came())
        self.gateway.wait_for_line(r"service\.failed service=secured why=")
        self.secured.certificate = "good"
        self.assertEqual(self.ask(), "200")

    def test_a_silent_service_is_not_waited_for(self):
        self.secured.mode = "silent"
        self.assertEqual(self.ask(), "503")
        self.assertGreaterEqual(self.gateway.count("hyalite_service_connects_total", service="secured", result="late"), 1)
        self.secured.mode = "answers"
        self.assertEqual(self.ask(), "200")

    def test_half_an_answer_is_none(self):
        for service in (self.lines, self.secured):
            service.mode = "half"
            self.assertEqual(self.ask(), "503")
            service.mode = "answers"
            self.assertEqual(self.ask(), "200")

    def test_a_flood_is_cut_off(self):
        for name, service in (("lines", self.lines), ("secured", self.secured)):
            service.mode = "floods"
            before = self.gateway.count("hyalite_service_received_bytes_total", service=name)
            self.assertEqual(self.ask(), "503")
            # No more than the plugin and the host hold.
            taken = self.gateway.count("hyalite_service_received_bytes_total", service=name) - before
            self.assertLessEqual(taken, 2 * 256 * 1024)
            service.mode = "answers"
            self.assertEqual(self.ask(), "200")


if __name__ == "__main__":
    lab.main()
