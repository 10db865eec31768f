#!/usr/bin/python3
# What a process that sees strangers' bytes may ask of the kernel, when somebody else has it in his hands.
# SPDX-License-Identifier: MIT
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import Gateway, GatewayTest, make_directory
from origin import Recorder, ok
from service import Service

BAD = pathlib.Path(lab.binary()).parents[1] / "bad_plugins" / "misbehaves.so"


def answer_all(connection):
    try:
        while True:
            connection.read_until(b"\r\n\r\n")
            connection.send(ok())
    except AssertionError:
        connection.close()


def seccomp(pid):
    """0: none, 2: a filter."""
    return next(line.split()[1] for line in open(f"/proc/{pid}/status") if line.startswith("Seccomp:"))


class WithABadPlugin(GatewayTest):
    """Its CA is there so that a signer is, too."""

    @classmethod
    def setUpClass(cls):
        cls.plugin_dir = os.path.join(make_directory(cls), "plugins")
        os.mkdir(cls.plugin_dir, 0o755)
        cls.plugins = ({"name": "bad", "use": shutil.copy(BAD, cls.plugin_dir), "on_failure": "closed"},)
        super().setUpClass()
        cls.gateway.expects_denials = True

    @classmethod
    def set_up_origin(cls):
        origin = Recorder(80, script=answer_all)
        cls.addClassCleanup(origin.close)
        subprocess.run([lab.binary(), "ca", "init", "--directory", f"{cls.directory}/ca", "--name", "Lab CA"], check=True,
                       capture_output=True)

    def ask(self, path):
        with raw.connect() as client:
            client.send(b"GET " + path + b" HTTP/1.1\r\nHost: origin.lab\r\n\r\n")
            return client.read_response()


class Enforced(WithABadPlugin):
    settings = {"tls": {"ca": {"certificate": "ca/ca.pem", "key": "ca/ca.key"}}}

    def test_a_plugin_that_tries_gets_errors_and_goes_on_and_is_named(self):
        for _ in range(2):
            response = self.ask(b"/intrude")
            self.assertEqual(response.header("X-Errors"), "1 1 1 1 1 1")  # EPERM
            self.assertEqual(response.status, 200)
        for call in (r"execve", r"socket\(AF_PACKET\)", r"socket\(SOCK_RAW\)", r"socket\(AF_NETLINK\)", "kill", "ptrace"):
            self.gateway.wait_for_line(rf"seccomp\.denied .*call=\"?{call}\"? times=1 plugin=bad hook=request_head")
        for kind, times in (("exec", 2), ("raw_socket", 4), ("netlink", 2), ("signal", 2), ("trace", 2)):
            self.gateway.wait_for_count(times, "hyalite_denied_calls_total", kind=kind)

    def test_who_sees_strangers_bytes_has_a_filter(self):
        service = Service(self.gateway)
        master, generation = self.gateway._process.pid, service.generation()["pid"]
        filtered = {pid: seccomp(pid) for pid in self.gateway.processes()}
        for worker in service.workers():
            self.assertEqual(filtered.pop(worker), "2")
        # The admin process and the one that signs; master, generation and the signer's keeper talk to nobody outside.
        self.assertEqual((filtered.pop(master), filtered.pop(generation)), ("0", "0"))
        self.assertEqual(sorted(filtered.values()), ["0", "2", "2"])


class Logged(WithABadPlugin):
    settings = {"seccomp": {"mode": "log"}}

    def test_they_are_told_and_pass(self):
        self.assertEqual(self.ask(b"/netlink").header("X-Errors"), "0")
        self.gateway.wait_for_line(r"seccomp\.denied .*call=\"?socket\(AF_NETLINK\)")


class Settings(GatewayTest):
    def test_a_name_that_is_none_is_a_mistake_with_its_place(self):
        gateway = Gateway(self.directory, seccomp={"allow": ["perf_event_open", "perf_event_opne"]})
        done = subprocess.run([lab.binary(), "check", "--config", gateway.file], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r'hyalite.yaml:\d+:\d+: there is no system call "perf_event_opne"')

    def test_settings_that_everybody_may_write_are_not_read(self):
        self.addCleanup(os.chmod, self.gateway.file, 0o644)
        os.chmod(self.gateway.file, 0o666)
        status, said = Service(self.gateway).tell("reload")
        self.assertEqual(status, 1)
        self.assertIn("chmod o-w", said)


if __name__ == "__main__":
    lab.main()
