#!/usr/bin/python3
# What the package's postinst does to a running service, with stand-ins for the programs that it calls: upgraded in place; left alone
# when the new program refuses; restarted only when nobody answers. Under a real systemd: systemd_live.py.
# SPDX-License-Identifier: MIT
import pathlib
import subprocess
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "config/packaging/postinst"
# Each writes down how it was called. In STATUS_name is what it answers.
STAND_IN = """#!/bin/sh
name=${0##*/}
echo "$name $*" >>"$CALLS"
[ "$name" = hyalite ] && [ "$DIES" ] && : >"$CALLS.dead"
[ -e "$CALLS.dead" ] && ACTIVE=
[ "$name" = systemctl ] && [ "${ACTIVE#*" $3 "}" = "$ACTIVE" ] && [ "$2" = is-active ] && exit 3
eval "exit \\${STATUS_$(echo "$name" | tr - _):-0}"
"""
PROGRAMS = ("getent", "adduser", "chown", "deb-systemd-helper", "deb-systemd-invoke", "systemctl", "hyalite")


class Postinst(unittest.TestCase):
    def configured(self, *arguments, active="hyalite.service", systemd=True, dies="", **statuses):
        """(what it called of hyalite and deb-systemd-invoke, what it said)"""
        with tempfile.TemporaryDirectory(prefix="hyalite-postinst-") as directory:
            top = pathlib.Path(directory)
            for name in PROGRAMS:
                (top / "bin").mkdir(exist_ok=True)
                (top / "bin" / name).write_text(STAND_IN)
                (top / "bin" / name).chmod(0o755)
            for place in ("var/log", "var/lib", "run/systemd/system" if systemd else "run"):
                (top / place).mkdir(parents=True, exist_ok=True)
            text = SCRIPT.read_text()
            for place in ("/run/systemd/system", "/var/log/hyalite", "/var/lib/hyalite"):
                text = text.replace(place, f"{top}{place}")
            said = subprocess.run(["sh", "-c", text, "postinst", "configure", *arguments], text=True, capture_output=True, timeout=60,
                                  env={"PATH": f"{top}/bin:/usr/bin:/bin", "CALLS": f"{top}/calls", "ACTIVE": f" {active} ", "DIES": dies,
                                       **{f"STATUS_{name}": str(status) for name, status in statuses.items()}})
            self.assertEqual(said.returncode, 0, said.stdout + said.stderr)
            calls = (top / "calls").read_text().splitlines()
            return [it for it in calls if it.split()[0] in ("hyalite", "deb-systemd-invoke")], said.stderr

    def test_a_first_installation_starts_the_service(self):
        self.assertEqual(self.configured(active="")[0], ["deb-systemd-invoke start hyalite.service"])

    def test_a_running_service_is_upgraded_in_place(self):
        self.assertEqual(self.configured("0.1.0"), (["hyalite upgrade"], ""))

    def test_one_whose_settings_the_new_program_refuses_goes_on_and_apt_says_what_to_do(self):
        for status in (1, 2, 126, 127):
            with self.subTest(status):
                calls, said = self.configured("0.1.0", hyalite=status)
                self.assertEqual(calls, ["hyalite upgrade"])
                self.assertIn("the old one goes on", said)
                self.assertIn("hyalite upgrade", said)

    def test_one_that_nobody_answers_for_is_restarted(self):
        self.assertEqual(self.configured("0.1.0", hyalite=3)[0], ["hyalite upgrade", "deb-systemd-invoke restart hyalite.service"])

    def test_one_that_ended_while_it_handed_over_is_started_again(self):
        self.assertEqual(self.configured("0.1.0", hyalite=1, dies="yes"), (["hyalite upgrade", "deb-systemd-invoke restart hyalite.service"], ""))

    def test_the_watch_is_the_new_program_in_any_case(self):
        for status in (0, 1):
            self.assertEqual(self.configured("0.1.0", active="hyalite.service hyalite-intercept-watch.service", hyalite=status)[0],
                             ["hyalite upgrade", "deb-systemd-invoke restart hyalite-intercept-watch.service"])

    def test_without_systemd_nothing_is_started(self):
        self.assertEqual(self.configured("0.1.0", systemd=False)[0], [])


if __name__ == "__main__":
    unittest.main()
