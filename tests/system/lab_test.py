#!/usr/bin/python3
# `hyalite lab`: a private network of three hosts that lives as long as its command.
# SPDX-License-Identifier: MIT
import os
import pathlib
import signal
import subprocess
import sys
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab

MODES = ("outside",)


def in_lab(*command, options=(), **more):
    words = [lab.binary(), "lab", "run", *options, "--", *command]
    return subprocess.run(words, capture_output=True, text=True, timeout=20, **more)


class Lab(unittest.TestCase):
    def test_returns_what_its_command_returned(self):
        self.assertEqual(in_lab("sh", "-c", "exit 7").returncode, 7)
        self.assertEqual(in_lab("sh", "-c", "kill -9 $$").returncode, 128 + 9)
        self.assertEqual(in_lab("/no/such/command").returncode, 127)

    def test_has_three_hosts_that_reach_each_other_over_both_families(self):
        talk = in_lab("sh", "-ec", f"""
            for host in client origin; do
                {lab.binary()} lab exec $host -- ping -4 -c1 -W2 gateway.lab >/dev/null
                {lab.binary()} lab exec $host -- ping -6 -c1 -W2 gateway.lab >/dev/null
            done
            {lab.binary()} lab exec client -- ping -4 -c1 -W2 origin.lab >/dev/null
            {lab.binary()} lab exec client -- ping -6 -c1 -W2 other.lab >/dev/null
            echo all""") if self.has_ping() else in_lab("echo", "all")
        self.assertEqual((talk.stdout, talk.returncode), ("all\n", 0), talk.stderr)

    def has_ping(self):
        return subprocess.run(["sh", "-c", "command -v ping"], capture_output=True).returncode == 0

    def test_tells_its_command_where_it_is(self):
        said = in_lab("sh", "-c", 'echo "$HYALITE_LAB $HYALITE_LAB_HOST $HYALITE_LAB_ORIGIN_6 $HYALITE_LAB_PORTS $PORT $LAN"',
                      options=["--mode", "hybrid", "--port", "80", "--port", "8000", "--proxy-port", "3129"])
        self.assertEqual(said.stdout, "hybrid gateway fd71:2::2 80 8000 3129 lan\n", said.stderr)

    def test_leaves_nothing_behind(self):
        before = self.of_this_machine()
        # The output ends once the last process that held it has: the one that was left running is gone too.
        started = in_lab("sh", "-c", "sleep 1000 & echo $HYALITE_LAB")
        self.assertEqual(started.stdout, "tproxy\n", started.stderr)
        self.assertEqual(self.of_this_machine(), before)

    def of_this_machine(self):
        seen = [pathlib.Path(it).read_text() for it in ("/etc/hosts", "/proc/self/mounts")]
        return seen + [subprocess.run(["ip", *what], capture_output=True, text=True,
                                      env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}).stdout
                       for what in (["-o", "link"], ["rule"], ["-6", "rule"], ["netns"])]

    def test_ends_when_its_caller_is_killed(self):
        caller = subprocess.Popen([lab.binary(), "lab", "run", "--", "sh", "-c", "echo up; exec sleep 1000"], stdout=subprocess.PIPE)
        self.assertEqual(caller.stdout.readline(), b"up\n")
        caller.send_signal(signal.SIGKILL)
        caller.wait()
        # The pipe ends once the last process that held it has.
        self.assertEqual(caller.stdout.read(), b"")
        caller.stdout.close()

    def test_runs_inside_of_itself(self):
        inner = in_lab(lab.binary(), "lab", "run", "--mode", "redirect", "--", "sh", "-c", "echo $HYALITE_LAB")
        self.assertEqual(inner.stdout, "redirect\n", inner.stderr)

    def test_says_which_setting_forbids_it(self):
        # Root of a user namespace forbids further ones in it, and gives up the powers of root.
        forbid = "echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set -all --inh-caps -all"
        done = subprocess.run(["unshare", "-Ur", "sh", "-c", f"{forbid} {lab.binary()} lab run -- true"], capture_output=True,
                              text=True)
        self.assertEqual(done.returncode, lab.SKIPPED, done.stderr)
        self.assertIn("user.max_user_namespaces", done.stderr)

    def test_finds_the_programs_that_an_ordinary_user_s_path_leaves_out(self):
        done = in_lab("true", env={"PATH": "/usr/bin:/bin"})
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_exec_outside_of_a_lab_says_so(self):
        environment = {key: value for key, value in os.environ.items() if key != "HYALITE_LAB"}
        done = subprocess.run([lab.binary(), "lab", "exec", "client", "--", "true"], capture_output=True, text=True, env=environment)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("not in a lab", done.stderr)


if __name__ == "__main__":
    lab.main_outside()
