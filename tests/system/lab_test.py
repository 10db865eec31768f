#!/usr/bin/python3
# `hyalite lab`: a private network of three hosts that lives as long as its command.
# SPDX-License-Identifier: MIT
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
from intercept import other_users

MODES = ("outside",)


def in_lab(*command, options=(), **more):
    words = [lab.binary(), "lab", "run", *options, "--", *command]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, **more)


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
        said = in_lab("sh", "-c", 'echo "$HYALITE_LAB $HYALITE_LAB_HOST $HYALITE_LAB_ORIGIN_6 $HYALITE_LAB_PORTS $HYALITE_LAB_PROXY_PORT"',
                      options=["--mode", "hybrid", "--port", "80", "--port", "8000", "--proxy-port", "3129"])
        self.assertEqual(said.stdout, "hybrid client fd71:2::2 80 8000 3129\n", said.stderr)

    def test_its_settings_are_those_by_which_it_intercepts(self):
        for mode in ("tproxy", "routing", "hybrid", "redirect", "anyip"):
            show = [lab.binary(), "lab", "exec", "gateway", "--", lab.binary(), "intercept", "show", "--config"]
            said = in_lab("sh", "-c", 'exec "$@" "$HYALITE_LAB_SETTINGS"', "sh", *show, options=["--mode", mode])
            self.assertTrue(said.stdout.startswith("interception is on, as planned\n"), (mode, said))

    def test_leaves_nothing_behind(self):
        before = self.of_this_machine()
        # The output ends once the last process that held it has: the one that was left running is gone too.
        started = in_lab("sh", "-c", "sleep 1000 & echo $HYALITE_LAB")
        self.assertEqual(started.stdout, "tproxy\n", started.stderr)
        self.assertEqual(self.of_this_machine(), before)

    def of_this_machine(self):
        mounts = [line for line in pathlib.Path("/proc/self/mounts").read_text().splitlines()
                  if line.split()[1] in ("/proc", "/etc/hosts") or line.split()[1].startswith("/run")]
        return [pathlib.Path("/etc/hosts").read_text(), mounts] + [subprocess.run(["ip", *what], capture_output=True, text=True,
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

    def test_its_command_runs_on_the_host_that_was_asked_for(self):
        for host, address in (("client", "10.71.1.2"), ("gateway", "10.71.2.1"), ("origin", "10.71.2.3")):
            said = in_lab("sh", "-c", "echo $HYALITE_LAB_HOST; ip -4 -brief address", options=["--on", host])
            self.assertTrue(said.stdout.startswith(host + "\n"), said)
            self.assertIn(f" {address}/", said.stdout)

    def test_is_entered_from_elsewhere(self):
        with subprocess.Popen([lab.binary(), "lab", "run", "--", "sh", "-c", "echo up; exec cat"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as running:
            self.assertEqual(running.stdout.readline(), b"up\n")
            number = str(self.lab_below(running.pid))
            said = subprocess.run([lab.binary(), "lab", "exec", "--lab", number, "origin", "--", "sh", "-c",
                                   "echo $HYALITE_LAB $HYALITE_LAB_HOST; ip -4 -brief address; exit 5"], capture_output=True, text=True)
            self.assertEqual(said.returncode, 5, said.stderr)
            self.assertTrue(said.stdout.startswith("tproxy origin\n"), said)
            self.assertIn("10.71.2.3/", said.stdout)
            shell = subprocess.run([lab.binary(), "lab", "shell", "--lab", number, "gateway"], input="echo $HYALITE_LAB_HOST\n",
                                   capture_output=True, text=True, env={**os.environ, "SHELL": "/bin/sh"})
            self.assertEqual((shell.stdout, shell.returncode), ("gateway\n", 0), shell.stderr)
            running.stdin.close()
        self.assertEqual(running.returncode, 0)

    # As process 1, which sees no other lab: $1 is a directory, the rest begins a command as another user.
    ANOTHERS = """
        there=$1; shift
        mkfifo $there/end
        "$@" $HYALITE lab run -- sh -c 'echo up; cat' <$there/end | {
            exec 3>$there/end
            read up || exit 77
            for it in /proc/[0-9]*; do [ "$(cat $it/comm 2>/dev/null)" != hyalite-lab ] || number=${it#/proc/}; done
            echo $number
            "$@" $HYALITE lab exec client -- echo entered
            $HYALITE lab exec client -- echo entered
            $HYALITE lab exec --lab $number client -- echo entered
        }"""

    @unittest.skipUnless(os.geteuid() == 0 and other_users(), "root alone can be another user")
    def test_is_entered_by_whose_it_is_and_not_by_root(self):
        environment = {**os.environ, "HYALITE": lab.binary()}
        environment.pop("HYALITE_LAB", None)
        with tempfile.TemporaryDirectory() as directory:
            done = subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", self.ANOTHERS, "sh", directory, "setpriv", "--reuid",
                                   "nobody", "--regid", "nogroup", "--clear-groups", "--"], capture_output=True, text=True, env=environment, timeout=60)
        if done.returncode == lab.SKIPPED:
            self.skipTest(f"an ordinary user can have no lab here: {done.stderr}")
        number, *entered = done.stdout.split()
        self.assertEqual(entered, ["entered"], done)
        self.assertRegex(done.stderr, r"^hyalite lab: no lab is running.*\n" + f"hyalite lab: lab {number} is another user's\n$")

    def lab_below(self, process):
        return int(pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split()[0])

    def test_runs_a_proxy_and_a_web_server_if_asked(self):
        with tempfile.TemporaryDirectory() as directory:
            os.chmod(directory, 0o755)
            settings = pathlib.Path(directory) / "hyalite.yaml"
            settings.write_text('{listeners: [{address: "[::]:8080"}], workers: {user: nobody, count: 1}, admin: {address: none}, '
                                f'control: {{socket: {directory}/control.sock}}}}')
            ask = "curl -q -sS --max-time 10 -4 http://origin.lab/ && curl -q -sS --max-time 10 -6 http://origin.lab/"
            through = in_lab("sh", "-c", ask, options=["--web", "--config", str(settings)])
            # What comes from the proxy has passed no router.
            self.assertRegex(through.stdout, r"(?s)seen 10\.71\.1\.2:.*hops 64\n.*seen \[fd71:1::2\]:.*hops 64\n", through.stderr)
            # With settings of the lab's own, here for named destinations.
            named = in_lab("sh", "-c", ask, options=["--web", "--proxy", "--mode", "anyip"])
            self.assertRegex(named.stdout, r"(?s)seen 10\.71\.1\.2:.*hops 64\n.*seen \[fd71:1::2\]:.*hops 64\n", named.stderr)
            direct = in_lab("sh", "-c", ask, options=["--web", "--mode", "none"])
            self.assertRegex(direct.stdout, r"(?s)seen 10\.71\.1\.2:.*hops 63\n.*seen \[fd71:1::2\]:.*hops 63\n", direct.stderr)
            settings.write_text("{listeners: nonsense}")
            self.assertEqual(in_lab("true", options=["--config", str(settings)]).returncode, 1)

    def test_can_be_in_trouble(self):
        ask = ["curl", "-q", "-sS", "http://origin.lab/"]
        self.assertEqual(in_lab(*ask, options=["--web", "--mode", "none"]).returncode, 0)
        self.assertEqual(in_lab(*ask, "--connect-timeout", "1", options=["--web", "--mode", "none", "--fault", "origin-unreachable"]).returncode, 28)
        rules = "for f in -4 -6; do ip $f rule | grep -c 'iif wan'; done; cat /proc/sys/net/ipv4/conf/lan/rp_filter"
        on_gateway = ["--on", "gateway", "--mode", "hybrid"]
        self.assertEqual(in_lab("sh", "-c", rules, options=on_gateway).stdout, "1\n1\n0\n")
        self.assertEqual(in_lab("sh", "-c", rules, options=[*on_gateway, "--fault", "no-return-rule", "--fault",
                                                           "strict-rp-filter"]).stdout, "0\n0\n1\n")
        # There is nothing to drop: said, not passed over.
        self.assertEqual(in_lab("true", options=["--mode", "redirect", "--fault", "no-return-rule"]).returncode, 1)

    def test_has_a_narrow_way_behind_the_gateway(self):
        # The sender learns of it only by ICMP: the origin itself offers an MSS for 1500. A head of several packets: the server
        # cannot answer before they have all come through, so the first of them was too large, and its sender was told.
        send = """long=$(head -c 8000 /dev/zero | tr '\\0' a)
                  for address in 10.71.2.2 '[fd71:2::2]'; do
                  curl -q -sS --max-time 15 -H "X-Long: $long" http://$address/ >/dev/null || exit 1; done
                  ip route get 10.71.2.2; ip route get fd71:2::2"""
        said = in_lab("sh", "-c", send, options=["--web", "--mode", "none", "--fault", "mtu-1280"])
        self.assertEqual((said.returncode, said.stdout.count("mtu 1280")), (0, 2), said)
        said = in_lab("sh", "-c", send, options=["--web", "--mode", "none"])
        self.assertEqual((said.returncode, said.stdout.count("mtu 1280")), (0, 0), said)

    def test_loses_and_delays_packets_or_says_that_the_kernel_cannot(self):
        said = in_lab("sh", "-c", "PATH=$PATH:/usr/sbin:/sbin; tc qdisc show dev wan",
                      options=["--on", "gateway", "--delay", "20", "--loss", "1.5"])
        if said.returncode == lab.SKIPPED:
            self.assertIn("SKIPPED: loss and delay need netem", said.stderr)
            self.skipTest("this kernel has no netem")
        self.assertRegex(said.stdout, r"netem .*delay 20ms.*loss 1\.5%")

    def test_exec_outside_of_a_lab_says_so(self):
        environment = {key: value for key, value in os.environ.items() if key != "HYALITE_LAB"}
        # Tests beside this one have labs running: among processes of its own it sees none of them.
        alone = ["unshare", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]), "--pid", "--fork", "--mount-proc"]
        done = subprocess.run([*alone, lab.binary(), "lab", "exec", "client", "--", "true"], capture_output=True, text=True,
                              env=environment)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no lab is running", done.stderr)


if __name__ == "__main__":
    lab.main_outside()
