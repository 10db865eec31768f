#!/usr/bin/python3
# The CA's key is in the signer's processes alone; what happens when these die; a CA that is none is refused.
# SPDX-License-Identifier: MIT
import os
import pathlib
import re
import subprocess
import sys
import unittest
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
import lab
from gateway import Gateway, make_directory
from service import Service, kill

MODES = ("tproxy",)


def hyalite(*arguments):
    done = subprocess.run([lab.binary(), *arguments], capture_output=True, timeout=30)
    return done.returncode, done.stdout, done.stderr.decode()


def parts(gateway):
    """The processes of a gateway, by what they were started as."""
    found = {}
    for pid in gateway.processes():
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        found.setdefault(words[2] if words[1:2] == ["--part"] else "master", []).append(pid)
    return found


def parent(pid):
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def user_of(pid):
    return int(re.search(r"(?m)^Uid:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1))


def holds(pid, secret):
    """Is it anywhere in the memory that this process can write to?"""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            first, last, access = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
            if access[:2] != "rw" or line.rstrip().endswith(("[vvar]", "[vsyscall]")):
                continue
            try:
                memory.seek(int(first, 16))
                if secret in memory.read(int(last, 16) - int(first, 16)):
                    return True
            except OSError:
                pass
    return False


class Signer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = make_directory(cls)
        status, _, said = hyalite("ca", "init", "--directory", f"{cls.directory}/ca", "--name", "Lab CA")
        assert status == 0, said
        cls.ca = {"certificate": "ca/ca.pem", "key": "ca/ca.key", "install_page": "127.0.0.1:8088"}

    def start(self):
        gateway = Gateway(self.directory, tls={"ca": self.ca}).start()
        self.addCleanup(gateway.stop)
        return gateway

    def private_scalar(self):
        text = subprocess.run(["openssl", "pkey", "-in", f"{self.directory}/ca/ca.key", "-noout", "-text"],
                              capture_output=True, text=True, check=True).stdout
        digits = re.search(r"priv:\s*([0-9a-f:\s]+)pub:", text).group(1)
        return bytes.fromhex(re.sub(r"[:\s]", "", digits))

    def test_no_other_process_has_the_key(self):
        gateway = self.start()
        running = parts(gateway)
        self.assertEqual(len(running["signer"]), 2)
        # A big number of OpenSSL's: the lowest digits first.
        secret = self.private_scalar()[::-1]
        try:
            having = [name for name, pids in running.items() for pid in pids if holds(pid, secret)]
        except PermissionError:
            self.skipTest("only root may look into processes that cannot be traced")
        self.assertEqual(set(having), {"signer"})

    def test_a_worker_may_not_open_the_key_where_the_master_has_another_user(self):
        gateway = self.start()
        owner = os.stat(f"{self.directory}/ca/ca.key").st_uid
        users = {name: {user_of(pid) for pid in pids} for name, pids in parts(gateway).items()}
        if users["master"] == users["generation"]:
            self.skipTest("workers.user cannot be changed to here: a worker may read what the master's user may")
        self.assertEqual(users["master"], {owner})
        for name in ("generation", "admin", "signer"):  # workers are forked by the generation
            self.assertNotIn(owner, users[name], name)

    def test_a_master_that_is_root_needs_the_capabilities_that_the_docs_name(self):
        capabilities = "-all,+net_raw,+setuid,+setgid,+kill"
        gateway = Gateway(self.directory, tls={"ca": self.ca})
        gateway.start(launcher=("setpriv", f"--bounding-set={capabilities}", "--inh-caps=-all"))
        self.addCleanup(gateway.stop)
        running = parts(gateway)
        self.assertEqual(len(running["signer"]), 2)
        kill(next(pid for pid in running["generation"] if parent(pid) in running["generation"]))  # a worker is replaced, too
        gateway.wait_for_line("worker.died")
        lab.wait_for(lambda: len(parts(gateway)["generation"]) == len(running["generation"]), "its successor")

    def test_whoever_dies_of_a_request_is_replaced(self):
        gateway = self.start()
        keeper, signing = sorted(parts(gateway)["signer"], key=lambda pid: parent(pid) in parts(gateway)["signer"])
        kill(signing)
        gateway.wait_for_line("signer.replaced")
        gateway.wait_for_count(1, "hyalite_signer_deaths_total")
        lab.wait_for(lambda: len(parts(gateway)["signer"]) == 2, "the next one that signs")
        self.assertIn(keeper, parts(gateway)["signer"])

    def test_when_its_keeper_dies_a_fresh_generation_takes_over(self):
        gateway = self.start()
        service = Service(gateway)
        before = service.generation()["number"]
        keeper = next(pid for pid in parts(gateway)["signer"] if parent(pid) in parts(gateway)["generation"])
        kill(keeper)
        lab.wait_for(lambda: service.generation()["number"] > before, "a new generation")

    def test_it_goes_with_the_service(self):
        gateway = Gateway(self.directory, tls={"ca": self.ca}).start()
        gateway.stop()  # which finds any process that is left

    def test_a_reload_with_a_key_that_others_may_read_changes_nothing(self):
        gateway = self.start()
        key = f"{self.directory}/ca/ca.key"
        os.chmod(key, 0o640)
        self.addCleanup(os.chmod, key, 0o600)
        status, said = Service(gateway).tell("reload")
        self.assertEqual(status, 1)
        self.assertRegex(said, r"hyalite.yaml:\d+:\d+: .*chmod 600")
        self.assertEqual(Service(gateway).generation()["number"], 1)
        self.assertEqual(len(parts(gateway)["signer"]), 2)

    def test_check_says_what_is_wrong_with_a_ca(self):
        gateway = Gateway(self.directory, tls={"ca": self.ca})
        self.assertEqual(hyalite("check", "--config", gateway.file)[0], 0)
        with open(f"{self.directory}/not-a-ca.pem", "w") as file:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                            "/CN=server", "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", "/dev/null"],
                           stdout=file, stderr=subprocess.DEVNULL, check=True)
        gateway = Gateway(self.directory, tls={"ca": {**self.ca, "certificate": "not-a-ca.pem"}})
        status, _, said = hyalite("check", "--config", gateway.file)
        self.assertEqual(status, 1)
        self.assertIn("is not a CA's", said)

    def test_clients_find_the_certificate(self):
        self.start()
        for path, kind in (("/", "text/html; charset=utf-8"), ("/ca.pem", "application/x-pem-file"),
                           ("/ca.cer", "application/x-x509-ca-cert"), ("/ca.mobileconfig", "application/x-apple-aspen-config")):
            with urllib.request.urlopen(f"http://127.0.0.1:8088{path}", timeout=5) as page:
                self.assertEqual(page.headers["Content-Type"], kind)
                body = page.read()
            if path == "/ca.cer":
                self.assertEqual(body, hyalite("ca", "export", "--certificate", f"{self.directory}/ca/ca.pem", "--format", "der")[1])
            if path == "/":
                self.assertIn(b"CN=Lab CA", body)
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen("http://127.0.0.1:8088/status", timeout=5)
        self.assertEqual(refused.exception.code, 404)

    def test_the_end_of_the_ca_is_announced(self):
        hyalite("ca", "init", "--directory", f"{self.directory}/short", "--days", "9")
        gateway = Gateway(self.directory, tls={"ca": {"certificate": "short/ca.pem", "key": "short/ca.key"}}).start()
        self.addCleanup(gateway.stop)
        gateway.wait_for_line("ca.expires")
        self.assertTrue(Service(gateway).status()["ca"]["ends_soon"])
        self.assertIn("WHICH IS SOON", Service(gateway).tell("status")[1])
        self.assertGreater(gateway.count("hyalite_ca_not_after_seconds"), 1.7e9)


if __name__ == "__main__":
    lab.main()
