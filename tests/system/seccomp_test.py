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

    def test_it_does_not_get_back_what_other_workers_share_with_the_generation(self):
        tried = self.ask(b"/stretch").header("X-Errors").split()
        self.assertGreaterEqual(len(tried), 5)  # its counters, call, last calls, pulse, and what all share
        self.assertEqual(set(tried), {"1"})  # EPERM
        self.gateway.wait_for_line(r"seccomp\.denied .*call=mremap times=1 plugin=bad hook=request_head")

    def test_who_sees_strangers_bytes_has_a_filter(self):
        service = Service(self.gateway)
        master, generation = self.gateway._process.pid, service.generation()["pid"]
        filtered = {pid: seccomp(pid) for pid in self.gateway.processes()}
        for worker in service.workers():
            self.assertEqual(filtered.pop(worker), "2")
        # The master executes the next program, whose needs it cannot know.
        self.assertEqual((filtered.pop(master), filtered.pop(generation)), ("0", "2"))
        # The admin process, the one that signs, and its keeper.
        self.assertEqual(sorted(filtered.values()), ["2", "2", "2"])


class WhileLoaded(WithABadPlugin):
    launcher = ("env", "INTRUDE_WHILE_LOADED=1")

    def test_a_plugin_is_refused_the_same_before_it_serves_anybody(self):
        tried = self.ask(b"/").header("X-Errors").split()
        self.assertEqual(tried[:4], ["1"] * 4)  # of its signal to the master, the users decide
        self.gateway.wait_for_line(r"seccomp\.denied part=\"?generation 1\"? .*call=execve times=1 plugin=bad hook=create")
        self.gateway.wait_for_line(r"seccomp\.denied part=\"?generation 1\"? .*call=\"?socket\(AF_PACKET\)")
        self.gateway.wait_for_count(1, "hyalite_denied_calls_total", kind="exec")
        # Its workers have a watcher of their own.
        self.assertEqual(self.ask(b"/intrude").header("X-Errors"), "1 1 1 1 1 1")
        self.gateway.wait_for_line(r"seccomp\.denied worker=.*call=execve times=1 plugin=bad hook=request_head")
        # What was counted outlives the program that counted it.
        before = self.gateway.count("hyalite_denied_calls_total", kind="exec")
        self.assertEqual(Service(self.gateway).tell("upgrade")[0], 0)
        self.gateway.wait_for_line(r"seccomp\.denied part=\"?generation 2\"? ")
        self.gateway.wait_for_count(before + 1, "hyalite_denied_calls_total", kind="exec")


class InEveryProcess(WithABadPlugin):
    """Somebody has them in his hands: a library that they were started with."""
    launcher = ("env", f"LD_PRELOAD={BAD.with_name('intruder.so')}")
    settings = {"tls": {"ca": {"certificate": "ca/ca.pem", "key": "ca/ca.key"}}}

    def test_the_admin_process_and_who_signs_are_refused_and_it_is_said_and_counted(self):
        for part in ("admin", "signer"):
            self.gateway.wait_for_line(rf"intruder: hyalite-{part} mkdirat 1$")
            self.gateway.wait_for_line(rf"seccomp\.denied part={part} .*call=mkdirat times=1 ")
        self.gateway.wait_for_count(2, "hyalite_denied_calls_total", kind="other")
        self.assertEqual(self.ask(b"/").status, 200)

    def test_the_generation_and_the_signers_keeper_are_refused_without_a_word(self):
        for call in ("execve", "netlink", "packet"):
            self.gateway.wait_for_line(rf"intruder: hyalite-gen {call} 38$")  # ENOSYS
        self.gateway.wait_for_line("intruder: hyalite-signer mkdirat 38$")


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
