#!/usr/bin/python3
# What the service manager is told: when the service accepts, reloads and stops; and what the service's processes may do.
# SPDX-License-Identifier: MIT
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
import lab
from gateway import Gateway, make_directory
from intercept import other_users

MODES = ("tproxy",)


class Notify(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = make_directory(cls)

    def listen(self, name):
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        manager.bind("\0" + name[1:] if name.startswith("@") else name)
        manager.settimeout(8)
        self.addCleanup(manager.close)
        os.environ["NOTIFY_SOCKET"] = name
        self.addCleanup(os.environ.pop, "NOTIFY_SOCKET", None)
        return manager

    def start(self):
        gateway = Gateway(self.directory).start()
        self.addCleanup(gateway.stop)
        return gateway, gateway._process.pid

    def heard(self, manager, wanted):
        """The next message that has that assignment, as a mapping."""
        while True:
            message = dict(line.split("=", 1) for line in manager.recv(4096).decode().splitlines())
            if wanted in message:
                return message

    def test_ready_reloading_and_stopping_are_told(self):
        for name in (f"@hyalite-test-{os.getpid()}", f"{self.directory}/notify.sock"):
            with self.subTest(name=name):
                manager = self.listen(name)
                gateway = Gateway(self.directory).start()
                pid = gateway._process.pid
                ready = self.heard(manager, "READY")
                self.assertEqual(ready["MAINPID"], str(pid))
                self.assertRegex(ready["STATUS"], r"^generation 1 serves with 2 workers on ")

                os.kill(pid, signal.SIGHUP)
                reloading = self.heard(manager, "RELOADING")
                self.assertRegex(reloading["MONOTONIC_USEC"], r"^\d+$")
                self.assertRegex(self.heard(manager, "READY")["STATUS"], r"^generation 2 serves")

                gateway.stop()
                stopping = self.heard(manager, "STOPPING")
                self.assertEqual(stopping["STOPPING"], "1")
                # timeouts.stop is a second; then those are killed who are left.
                self.assertEqual(int(stopping["EXTEND_TIMEOUT_USEC"]), 11_000_000)

    def test_a_reload_that_fails_ends_with_ready_too(self):
        manager = self.listen(f"@hyalite-test-failing-{os.getpid()}")
        gateway, pid = self.start()
        self.heard(manager, "READY")
        gateway.write({**gateway.settings, "limitz": {}})
        os.kill(pid, signal.SIGHUP)
        self.heard(manager, "RELOADING")
        self.assertRegex(self.heard(manager, "READY")["STATUS"], r"^generation 1 serves .*the last change failed")
        gateway.wait_for_line(r'change\.failed .*hyalite\.yaml:\d+:\d+: unknown setting')


class Privileges(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = make_directory(cls)
        cls.gateway = Gateway(cls.directory).start()
        cls.addClassCleanup(cls.gateway.stop)

    def of_parts(self):
        """What /proc says of every process but the master: {pid: {name: value}}."""
        return {pid: dict(re.findall(r"^(\w+):\s*(.*)$", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M))
                for pid in self.gateway.processes() if pid != self.gateway._process.pid}

    def test_nobody_but_the_master_has_more_than_the_raw_capability(self):
        parts = self.of_parts()
        self.assertEqual(len(parts), 4, "a generation, two workers, an admin process")
        net_raw = 1 << 13
        sets = sorted(int(part["CapPrm"], 16) for part in parts.values())
        self.assertEqual(sets, [0, net_raw, net_raw, net_raw])
        for part in parts.values():
            self.assertEqual(part["CapEff"], part["CapPrm"])
            self.assertEqual(int(part["CapInh"], 16) | int(part["CapAmb"], 16), 0)
            self.assertEqual(part["NoNewPrivs"], "1")

    def test_each_says_what_it_is(self):
        names = sorted(part["Name"] for part in self.of_parts().values())
        self.assertEqual(names, ["hyalite-admin", "hyalite-gen", "hyalite-worker", "hyalite-worker"])

    def test_they_are_the_service_s_user_where_there_is_one(self):
        alone = pathlib.Path("/proc/self/uid_map").read_text().split()[2] == "1"
        for part in self.of_parts().values():
            uids = set(part["Uid"].split())
            self.assertEqual(uids, {"0"} if alone else {"65534"})

    def test_what_they_inspect_never_reaches_a_disk(self):
        for pid in self.of_parts():
            limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
            self.assertRegex(limits, r"Max core file size +0 +0 ")

    @unittest.skipUnless(other_users(), "there is one user here")
    def test_who_may_not_ask_them_is_told_who_may(self):
        """/run is the lab's own."""
        os.mkdir("/run/hyalite", 0o750)
        self.addCleanup(os.rmdir, "/run/hyalite")
        for directory, status in (({}, 2), ({"XDG_RUNTIME_DIR": self.directory}, 3)):
            said = subprocess.run(["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", lab.binary(), "status"],
                                  env={"PATH": os.environ["PATH"], **directory}, capture_output=True, text=True)
            self.assertEqual(said.returncode, status, said)
            self.assertTrue(said.stderr.endswith("; this machine's service is asked by root: sudo hyalite ...\n"), said)


if __name__ == "__main__":
    lab.main()
