# `hyalite intercept` on the lab's gateway.
# SPDX-License-Identifier: MIT
import json
import os
import pathlib
import re
import stat

import lab

_RUNTIME = pathlib.Path("/run/hyalite-intercept")


def settings(mode, source="client", **more):
    """The sections by which connections are brought here in that mode, for Gateway(); `more` is laid over interception."""
    interception = {"mode": mode, "client_interfaces": ["lan"], "origin_interfaces": ["wan"], "ports": list(lab.PORTS), **more}
    return {"interception": interception, "upstream": {"source": source, "mark": 0x200000}}


class Intercept:
    """The command, with a settings file."""

    def __init__(self, file):
        self.file = str(file)

    def run(self, verb, *options, host="gateway", **more):
        which = [] if verb in ("off", "watch") else ["--config", self.file]
        return lab.run(host, lab.binary(), "intercept", verb, *which, *options, **more)

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
    said.append(lab.must_run("gateway", "sysctl", "-a", "--pattern",
                             "forward|rp_filter|mark|nonlocal|localnet|redirects|mtu_probing|accept_local"))
    said += sorted(it.name for it in _RUNTIME.glob("*.json*"))
    # The kernel gives links addresses of their own, when it comes to it.
    return "\n".join(line for line in "\n".join(said).splitlines() if "fe80:" not in line and "ff00:" not in line)


class Killer:
    """An `ip` and an `nft` that kill who called them, the n-th time that something is changed."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory, "killer")
        self.directory.mkdir(exist_ok=True)
        for name in ("ip", "nft"):
            real = lab.must_run("gateway", "sh", "-c", f"PATH=$PATH:/usr/sbin:/sbin command -v {name}").strip()
            file = self.directory / name
            file.write_text(f"""#!/bin/sh
case " $* " in *" show "* | *" list "* | *" -c "*) exec {real} "$@" ;; esac
left=$(cat {self.directory}/left)
echo $((left - 1)) > {self.directory}/left
[ "$left" != 0 ] || {{ kill -9 $PPID; exit 1; }}
exec {real} "$@"
""")
            file.chmod(file.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)

    def environment(self, changes):
        """After so many changes."""
        (self.directory / "left").write_text(f"{changes}\n")
        return {**os.environ, "PATH": f"{self.directory}:{os.environ['PATH']}"}
