#!/usr/bin/python3
# TLS is looked into, with real clients and a real server: what is good passes, what is bad ends as the policy says.
# SPDX-License-Identifier: MIT
import concurrent.futures
import hashlib
import os
import pathlib
import socket
import ssl
import subprocess
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
from gateway import GatewayTest
from tls_origin import make_certificates, start_nginx

MODES = ("tproxy", "redirect")
NAMES = 1_000  # of blocked servers: each page has a certificate of its own


class TlsIntercepted(GatewayTest):
    @classmethod
    def set_up_origin(cls):
        cls.pki = make_certificates(f"{cls.directory}/pki")
        start_nginx(cls, f"{cls.directory}/pki")
        subprocess.run([lab.binary(), "ca", "init", "--directory", f"{cls.directory}/ca", "--name", "Lab CA"], check=True,
                       capture_output=True)
        cls.ca = f"{cls.directory}/ca/ca.pem"
        cls.settings = {"tls": {
            "action": "intercept",
            "ca": {"certificate": "ca/ca.pem", "key": "ca/ca.key"},
            "upstream": {"trust": "pki/root.pem"},
            "rules": [
                {"name": "left-alone", "action": "pass", "domains": ["passed.lab"]},
                {"name": "games", "action": "block", "block_with": "page", "domains": ["blocked.lab"]},
            ]}}

    def curl(self, name, *arguments, ca=None, port=443):
        address = lab.address("origin", 4)
        return lab.curl("--resolve", f"{name}:{port}:{address}", "--cacert", ca or self.ca, *arguments, f"https://{name}:{port}/")

    def page_of(self, name, **options):
        done = self.curl(name, "-w", "\n%{http_code}", **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        body, status = done.stdout.decode().rsplit("\n", 1)
        return int(status), body

    def s_client(self, *arguments, say=b""):
        address = lab.address("origin", 4)
        return lab.run("client", "openssl", "s_client", "-connect", f"{address}:443", "-servername", "good.lab", "-CAfile", self.ca,
                       "-verify_return_error", *arguments, input=say)

    # ---- what passes

    def test_a_good_server_is_seen_through_the_proxys_certificate(self):
        status, body = self.page_of("good.lab")
        self.assertEqual(status, 200)
        expected = lab.address("client", 4) if lab.keeps_client_address() else lab.address("wan", 4)
        self.assertEqual(body, f"good HTTP/1.1 TLSv1.3 {expected}")
        shown = self.s_client().stdout.decode()
        self.assertRegex(shown, r"issuer=.*Lab CA")
        self.assertEqual(self.page_of("www.good.lab")[0], 200)  # the other name of the certificate is mirrored, too

    def test_the_exchange_is_in_the_records_with_both_sides(self):
        self.page_of("chain.lab")
        record = self.gateway.wait_for_record(lambda it: it["kind"] == "exchange" and it.get("server_name") == "chain.lab")
        self.assertEqual((record["scheme"], record["host"], record["status"]), ("https", "chain.lab", 200))
        self.assertEqual((record["tls"]["version"], record["upstream_tls"]["version"]), ("TLSv1.3", "TLSv1.3"))
        self.assertTrue(record["upstream_tls"]["verified"])
        self.assertRegex(record["ja4"], r"^t13d")
        pem = pathlib.Path(self.pki.file("chain.pem")).read_text()
        der = ssl.PEM_cert_to_DER_cert(pem[:pem.index("-----END CERTIFICATE-----")] + "-----END CERTIFICATE-----\n")
        self.assertEqual(record["upstream_tls"]["certificate_sha256"], hashlib.sha256(der).hexdigest())

    def test_a_name_that_a_rule_passes_keeps_its_own_certificate(self):
        self.assertEqual(self.curl("passed.lab").returncode, 60)
        self.assertEqual(self.page_of("passed.lab", ca=self.pki.file("root.pem"))[0], 200)

    def test_a_client_of_http2_alone_passes(self):
        done = self.s_client("-alpn", "h2", "-CAfile", self.pki.file("root.pem"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.gateway.wait_for_count(1, "hyalite_tls_only_http2_total")

    # ---- what does not

    def test_each_defect_ends_with_a_page_that_says_which(self):
        for name, says in (("wrong", "is for other.example"), ("expired", "has expired"), ("selfsigned", "signed by itself"),
                           ("incomplete", "may lack an intermediate certificate")):
            with self.subTest(name):
                status, body = self.page_of(f"{name}.lab")
                self.assertEqual(status, 502)
                self.assertIn(says, body)
                self.assertNotIn(f"{name} HTTP", body)

    def test_a_blocked_name_gets_a_page(self):
        status, body = self.page_of("www.blocked.lab")
        self.assertEqual(status, 403)
        self.assertIn("games", body)

    def test_a_client_that_does_not_trust_the_ca_gets_nothing(self):
        before = self.gateway.count("hyalite_tls_handshakes_total", result="client_failed")
        self.assertEqual(self.curl("good.lab", ca=self.pki.file("root.pem")).returncode, 60)
        self.gateway.wait_for_count(before + 1, "hyalite_tls_handshakes_total", result="client_failed")

    def test_a_server_that_speaks_plain_http_is_said_so(self):
        status, body = self.page_of("good.lab", port=80)
        self.assertEqual(status, 502)
        self.assertIn("does not speak TLS", body)

    # ---- versions, groups, sessions

    def test_every_version_and_group_that_the_client_has(self):
        for version in ("-tls1_2", "-tls1_3"):
            for group in self.groups():
                with self.subTest(version=version, group=group):
                    if version == "-tls1_2" and group == "X25519MLKEM768":
                        continue  # TLS 1.3 alone has it
                    # A certificate on P-256 needs that group with TLS 1.2 (RFC 8422, section 5.1).
                    needs_more = version == "-tls1_2" and group != "P-256"
                    done = self.s_client(version, "-groups", f"{group}:P-256" if needs_more else group)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertIn(b"Verification: OK", done.stdout)

    @staticmethod
    def groups():
        groups = ["X25519", "P-256", "P-384", "P-521", "X448"]
        listed = subprocess.run(["openssl", "list", "-kem-algorithms"], capture_output=True, text=True).stdout
        return groups + (["X25519MLKEM768"] if "X25519MLKEM768" in listed else [])

    def test_an_old_version_is_refused(self):
        done = self.s_client("-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"protocol version", done.stderr)

    def test_sessions_are_resumed(self):
        session = f"{self.directory}/session.pem"
        for version in ("-tls1_2", "-tls1_3"):
            request = b"GET / HTTP/1.1\r\nHost: good.lab\r\nConnection: close\r\n\r\n"
            first = self.s_client(version, "-ign_eof", "-sess_out", session, say=request)
            self.assertIn(b"New, TLSv1", first.stdout)
            # Another worker may take it: their ticket keys are the same.
            for _ in range(4):
                again = self.s_client(version, "-ign_eof", "-sess_in", session, say=request)
                self.assertIn(b"Reused, TLSv1", again.stdout, again.stderr)
        self.gateway.wait_for_count(8, "hyalite_tls_handshakes_total", result="client_resumed")
        self.gateway.wait_for_count(1, "hyalite_tls_handshakes_total", result="upstream_resumed")

    # ---- many names

    def test_a_thousand_names_are_minted_under_load(self):
        context = ssl.create_default_context(cafile=self.ca)
        address = lab.address("origin", 4)

        def visit(numbers):
            with lab.on("client"):
                for number in numbers:
                    name = f"n{number}.blocked.lab"
                    with socket.create_connection((address, 443), timeout=20) as plain:
                        with context.wrap_socket(plain, server_hostname=name) as tls:
                            tls.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
                            self.assertTrue(tls.recv(100).startswith(b"HTTP/1.1 403"))
            return len(numbers)
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            done = pool.map(visit, [range(first, NAMES, 20) for first in range(20)])
            self.assertEqual(sum(done), NAMES)


if __name__ == "__main__":
    lab.main()
