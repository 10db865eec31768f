#!/usr/bin/python3
# A browser that trusts the CA, and one that does not. Chromium is optional: without it this says so and is skipped.
# SPDX-License-Identifier: MIT
import os
import shutil
import subprocess
import sys
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
from gateway import GatewayTest
from tls_origin import make_certificates, start_nginx

MODES = ("tproxy",)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CERTUTIL = shutil.which("certutil")


@unittest.skipUnless(CHROMIUM and CERTUTIL, "chromium or certutil (libnss3-tools) is not installed: no browser was tried")
class Browser(GatewayTest):
    @classmethod
    def set_up_origin(cls):
        cls.pki = make_certificates(f"{cls.directory}/pki")
        start_nginx(cls, f"{cls.directory}/pki")
        subprocess.run([lab.binary(), "ca", "init", "--directory", f"{cls.directory}/ca", "--name", "Lab CA"], check=True,
                       capture_output=True)
        cls.settings = {"tls": {"action": "intercept", "ca": {"certificate": "ca/ca.pem", "key": "ca/ca.key"},
                                "upstream": {"trust": "pki/root.pem"}}}

    def home(self, trusts):
        home = f"{self.directory}/{'trusting' if trusts else 'doubting'}"
        store = f"{home}/.pki/nssdb"
        os.makedirs(store)
        subprocess.run([CERTUTIL, "-d", f"sql:{store}", "-N", "--empty-password"], check=True, capture_output=True)
        if trusts:
            subprocess.run([CERTUTIL, "-d", f"sql:{store}", "-A", "-t", "C,,", "-n", "lab", "-i", f"{self.directory}/ca/ca.pem"],
                           check=True, capture_output=True)
        return home

    def visit(self, home, name):
        return lab.run("client", "env", f"HOME={home}", CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
                       "--no-first-run", "--disable-background-networking", f"--user-data-dir={home}/profile",
                       f"--host-resolver-rules=MAP * {lab.address('origin', 4)}", "--timeout=30000", "--dump-dom",
                       f"https://{name}/", timeout=90).stdout.decode()

    def test_one_that_trusts_the_ca_shows_the_page(self):
        self.assertIn("good HTTP/1.1", self.visit(self.home(True), "good.lab"))
        record = self.gateway.wait_for_record(lambda it: it["kind"] == "exchange" and it.get("server_name") == "good.lab")
        self.assertEqual((record["scheme"], record["status"]), ("https", 200))

    def test_one_that_does_not_warns_and_is_counted(self):
        before = self.gateway.count("hyalite_tls_handshakes_total", result="client_failed")
        self.assertNotIn("good HTTP/1.1", self.visit(self.home(False), "good.lab"))
        self.gateway.wait_for_count(before + 1, "hyalite_tls_handshakes_total", result="client_failed")


if __name__ == "__main__":
    lab.main()
