#!/usr/bin/python3
# Interception's exceptions: names that clients taught (which a reload and an upgrade keep), names that the CA may not sign, key logs.
# SPDX-License-Identifier: MIT
import os
import pathlib
import subprocess
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
from gateway import GatewayTest
from service import Service
from tls_origin import make_certificates, start_nginx

MODES = ("tproxy",)


class Exceptions(GatewayTest):
    @classmethod
    def set_up_origin(cls):
        cls.pki = make_certificates(f"{cls.directory}/pki")
        start_nginx(cls, f"{cls.directory}/pki")
        subprocess.run([lab.binary(), "ca", "init", "--directory", f"{cls.directory}/ca", "--permit", "good.lab"], check=True,
                       capture_output=True)
        cls.own, cls.theirs = f"{cls.directory}/ca/ca.pem", cls.pki.file("root.pem")
        cls.settings = {"tls": {
            "action": "intercept",
            "ca": {"certificate": "ca/ca.pem", "key": "ca/ca.key"},
            "upstream": {"trust": "pki/root.pem"},
            "key_log": "keys.log",
            "rules": [{"name": "debug", "action": "intercept", "key_log": True, "names": ["www.good.lab"]}],
            "learn": {"enabled": True, "clients": 1}}}

    def trusted(self, name, ca, **environment):
        """Does a client that trusts this CA alone get the page?"""
        command = ["curl", "-sS", "-m", "10", "--resolve", f"{name}:443:{lab.address('origin', 4)}", "--cacert", ca]
        done = lab.run("client", "env", *(f"{key}={value}" for key, value in environment.items()), *command, f"https://{name}/")
        self.assertIn(done.returncode, (0, 60), done.stderr)
        return done.returncode == 0

    def test_a_learned_name_survives_reload_and_upgrade_until_it_is_forgotten(self):
        service = Service(self.gateway)
        self.assertTrue(self.trusted("good.lab", self.own))  # a client that takes our certificates ...
        self.assertFalse(self.trusted("good.lab", self.theirs))  # ... but not for this
        self.gateway.wait_for_line(r"tls\.learned.*good\.lab")
        self.assertTrue(self.trusted("good.lab", self.theirs))
        for verb in ("reload", "upgrade"):
            before = service.generation()["number"]
            code, said = service.tell(verb)
            self.assertEqual(code, 0, said)
            lab.wait_for(lambda: service.generation()["number"] > before, f"the generation after {verb}")
            self.assertTrue(self.trusted("good.lab", self.theirs), verb)
        self.assertIn("good.lab", service.tell("status")[1])
        done = subprocess.run([lab.binary(), "tls", "forget", "good.lab", "--socket", service.socket], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(self.trusted("good.lab", self.own))

    def test_a_name_that_the_ca_may_not_sign_passes_and_is_counted(self):
        before = self.gateway.count("hyalite_tls_forbidden_names_total")
        self.assertTrue(self.trusted("chain.lab", self.theirs))
        self.assertFalse(self.trusted("chain.lab", self.own))
        self.gateway.wait_for_count(before + 2, "hyalite_tls_forbidden_names_total")

    def test_keys_are_logged_for_the_rule_that_asks_and_loudly(self):
        self.gateway.wait_for_line(r"warning tls\.key_log")
        theirs = f"{self.directory}/client-keys"
        self.assertTrue(self.trusted("www.good.lab", self.own, SSLKEYLOGFILE=theirs))
        ours = pathlib.Path(f"{self.directory}/keys.log")
        self.assertEqual(ours.stat().st_mode & 0o777, 0o600)
        logged = set(ours.read_text().splitlines())
        said = {line for line in pathlib.Path(theirs).read_text().splitlines() if not line.startswith("#")}
        self.assertGreaterEqual(len(said), 4)
        self.assertLessEqual(said, logged)
        self.gateway.wait_for_line(r"keys_logged")


if __name__ == "__main__":
    lab.main()
