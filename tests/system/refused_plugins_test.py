#!/usr/bin/python3
# A reload with a plugin that is none, or a bad one, is refused in one line that says what, where and how to mend it; the old generation serves on.
# SPDX-License-Identifier: MIT
import copy
import os
import pathlib
import shutil
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
from gateway import GatewayTest
from origin import WebServer
from service import Service

BUILT = pathlib.Path(lab.binary()).resolve().parents[1]
# Plugin, its settings, what is wrong, how to mend it.
BAD = (
    ("missing_note", {}, r"missing_note\.so has no note \.note\.hyalite", r"HYALITE_PLUGIN or HYALITE_NOTE writes it"),
    ("no_entry", {}, r"no_entry\.so does not export hyalite_plugin_entry", r"HYALITE_PLUGIN defines it"),
    ("no_descriptor", {}, r"no_descriptor\.so gives no descriptor", r"HYALITE_PLUGIN makes a sound one"),
    ("old_abi", {}, r"old_abi\.so is built for version 0\.0 of the plugin interface, this is \d+\.\d+", r"rebuild it with the headers of this Hyalite"),
    ("exports_too_much", {}, r"exports_too_much\.so exports 1 name beside hyalite_plugin_entry \(.*SSL_read", r"may clash .* build it with hyalite_add_plugin"),
    ("unresolved", {}, r"unresolved\.so cannot be loaded: .*undefined symbol: nobody_has_this", r"must be linked in"),
    ("bad_schema", {"a": 1}, r"the settings schema of plugin \S*bad_schema\.so cannot be used: .*nowhere", r"its author must mend it"),
    ("starts_thread_in_create", {}, r"started a thread while it was created", r"may be started in start"),
    ("throws", {"in": "create"}, r"could not be created", r"its lines in the log may say why"),
    ("create_fails", {"how": "mistakes"}, r"plugins\[1\]\.settings\.how: is not how it is done", r"hyalite\.yaml:\d+:\d+: plugins"),
    ("create_fails", {"how": "silently"}, r"could not be created \(status -8\)", r"its lines in the log may say why"),
)


class RefusedPlugins(GatewayTest):
    @classmethod
    def set_up_origin(cls):
        cls.web = WebServer(cls.directory)
        cls.web.put("page", b"here\n")
        cls.addClassCleanup(cls.web.close)

    def assert_refused(self, use, settings, *patterns):
        service, good = Service(self.gateway), self.gateway.settings
        before = service.generation()["number"]
        bad = copy.deepcopy(good)
        bad["plugins"].append({"name": "bad", "use": str(use), "settings": settings} if settings else {"name": "bad", "use": str(use)})
        try:
            self.gateway.write(bad)
            code, said = service.tell("reload")
        finally:
            self.gateway.write(good)
        self.assertEqual(code, 1, said)
        lines = [line for line in said.splitlines() if "hyalite.yaml:" in line]
        self.assertEqual(len(lines), 1, said)
        for pattern in (r"hyalite\.yaml:\d+:\d+: ", *patterns):
            self.assertRegex(lines[0], pattern)
        self.assertEqual(service.generation()["number"], before)

    def assert_serves(self):
        answer = lab.curl(lab.url("/page"))
        self.assertEqual(answer.stdout, b"here\n", answer.stderr)

    def test_each_is_told_in_one_line_and_the_old_generation_serves_on(self):
        for name, settings, what, mend in BAD:
            with self.subTest(name, settings=settings):
                self.assert_refused(BUILT / "bad_plugins" / f"{name}.so", settings, what, mend)
        self.assert_serves()

    def test_files_that_are_not_fit_to_be_loaded(self):
        # Not below a directory that everybody may write to, as the gateway's own is.
        place = pathlib.Path(self.directory, "plugins")
        place.mkdir(mode=0o755)
        good = BUILT / "plugins/hello_plugin.so"
        text, open_to_all, half = place / "text.so", place / "open.so", place / "half.so"
        text.write_text("#!/bin/sh\n")
        shutil.copy(good, open_to_all)
        open_to_all.chmod(0o666)
        half.write_bytes(good.read_bytes()[:2000])
        self.assert_refused(text, {}, r"text\.so is not an ELF file", r"name the \.so")
        self.assert_refused(open_to_all, {}, r"open\.so may be written by others", r"chmod go-w \S+open\.so")
        self.assert_refused(half, {}, r"half\.so is damaged", r"build or copy it again")
        self.assert_refused(place / "none.so", {}, r"none\.so: No such file or directory")
        self.assert_refused("hallo_plugin", {}, r"there is no plugin \"hallo_plugin\": looked for hallo_plugin\.so in /", r"did you mean \"hello_plugin\"")
        open_to_all.chmod(0o644)
        place.chmod(0o777)
        self.assert_refused(open_to_all, {}, r"lies in a directory that others may write to", r"chmod go-w \S+plugins")
        self.assert_serves()


if __name__ == "__main__":
    lab.main()
