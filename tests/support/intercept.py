# `hyalite intercept` on the lab's gateway.
# SPDX-License-Identifier: MIT
import json
import os
import pathlib
import re
import stat

import lab
from gateway import GatewayTest
from origin import WebServer

_SYSCTLS = pathlib.Path("/proc/sys/net")
_CHANGEABLE = ("ipv4/ip_forward", "ipv4/ip_local_port_range", "ipv4/*mark*", "ipv4/ip_nonlocal_bind", "ipv4/tcp_mtu_probing", "ipv6/conf/*/forwarding",
               *(f"ipv4/conf/*/{name}" for name in ("forwarding", "rp_filter", "src_valid_mark", "route_localnet", "send_redirects",
                                                    "accept_redirects", "accept_local")))
_RUNTIME = pathlib.Path("/run/hyalite-intercept")
# Its bits keep the proxy's own connections apart.
MARK = {"mark": 0x200000}


class Intercept:
    """The command, with a settings file."""

    def __init__(self, file):
        self.file = str(file)

    def run(self, verb, *options, host="gateway", by=(), **more):
        which = [] if verb in ("off", "watch") else ["--config", self.file]
        return lab.run(host, *by, lab.binary(), "intercept", verb, *which, *options, **more)

    def must(self, verb, *options):
        done = self.run(verb, *options)
        assert done.returncode == 0, f"{verb}: {done.stderr.decode()}{done.stdout.decode()}"
        return done.stdout.decode()

    def on(self, *options):
        return self.must("on", *options)

    def off(self):
        return self.must("off", "--drain", "0")

    def show(self):
        """Exit status, and what it says."""
        done = self.run("show", "--json")
        return done.returncode, json.loads(done.stdout)


def trace():
    """All that the command could have changed on the gateway."""
    said = [re.sub(r"packets \d+ bytes \d+", "", lab.must_run("gateway", "nft", "list", "ruleset"))]
    for family in ("-4", "-6"):
        said.append(lab.must_run("gateway", "ip", family, "rule"))
        said.append(lab.must_run("gateway", "ip", family, "route", "show", "table", "all"))
    with lab.on("gateway"):
        said += [f"{file}: {file.read_text()}" for name in _CHANGEABLE for file in sorted(_SYSCTLS.glob(name))]
    said += sorted(it.name for it in _RUNTIME.glob("*.json*"))
    # The kernel gives links addresses of their own, when it comes to it.
    return "\n".join(line for line in "\n".join(said).splitlines() if "fe80:" not in line and "ff00:" not in line)


def other_users():
    """Are users but one mapped here, to run programs as?"""
    users = pathlib.Path("/proc/self/uid_map").read_text().split()
    return len(users) > 3 or int(users[2]) > 1


def quiet():
    """Undoes what the lab switched on."""
    lab.must_run("gateway", lab.binary(), "intercept", "off", "--drain", "0")


class InterceptionTest(GatewayTest):
    """A gateway whose settings say what is intercepted: switched on before the first test of a class, and off without a trace
    after the last; and a web server at the origin."""
    @classmethod
    def setUpClass(cls):
        quiet()
        cls.prepare()
        cls.before = trace()
        super().setUpClass()
        cls.intercept = Intercept(cls.gateway.file)
        cls.switch_on()
        cls.addClassCleanup(cls.undo)

    @classmethod
    def prepare(cls):
        """What this place is like."""

    @classmethod
    def switch_on(cls):
        cls.intercept.on()

    @classmethod
    def undo(cls):
        cls.intercept.off()
        assert trace() == cls.before, f"off left a trace:\n{trace()}\nbefore:\n{cls.before}"

    @classmethod
    def set_up_origin(cls):
        cls.web = WebServer(cls.directory)
        cls.addClassCleanup(cls.web.close)

    def ask(self, host, family, name="origin", by=(), how=()):
        """What the origin says whom it saw."""
        answer = lab.run(host, *by, "curl", "-q", "-sS", "--max-time", "15", *how, lab.url("/address", name=name, family=family))
        return answer.stdout.decode().strip() or answer.stderr.decode()

    def through_the_proxy(self, host, family, seen, name="origin", **how):
        before = self.gateway.count("hyalite_exchanges_total")
        self.assertEqual(self.ask(host, family, name, **how), lab.address(seen, family))
        self.gateway.wait_for_count(before + 1, "hyalite_exchanges_total")

    def past_the_proxy(self, host, family, seen, name="origin", **how):
        before = self.gateway.count("hyalite_flows_total")
        self.assertEqual(self.ask(host, family, name, **how), lab.address(seen, family) if seen in _PLACES else seen)
        self.assertEqual(self.gateway.count("hyalite_flows_total"), before)


_PLACES = ("client", "lan", "wan")


class Killer:
    """An `ip` and an `nft` that kill who called them, or else fail, the n-th time that something is changed."""

    def __init__(self, directory, deed="kill -9 $PPID"):
        self.directory = pathlib.Path(directory, "killer")
        self.directory.mkdir(exist_ok=True)
        for name in ("ip", "nft"):
            real = lab.must_run("gateway", "sh", "-c", f"PATH=$PATH:/usr/sbin:/sbin command -v {name}").strip()
            file = self.directory / name
            file.write_text(f"""#!/bin/sh
case " $* " in *" show "* | *" list "* | *" -c "*) exec {real} "$@" ;; esac
left=$(cat {self.directory}/left)
echo $((left - 1)) > {self.directory}/left
[ "$left" != 0 ] || {{ {deed}; exit 1; }}
exec {real} "$@"
""")
            file.chmod(file.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)

    def environment(self, changes):
        """After so many changes."""
        (self.directory / "left").write_text(f"{changes}\n")
        return {**os.environ, "PATH": f"{self.directory}:{os.environ['PATH']}"}
