#!/usr/bin/python3
# `hyalite check` refuses each bad plugin with the place, the reason and what to do.
# SPDX-License-Identifier: MIT
import os
import pwd
import subprocess
import sys
import tempfile
import unittest

BINARY, PLUGINS = sys.argv.pop(1), sys.argv.pop(1)


def check(use, settings="{}"):
    user = pwd.getpwuid(os.getuid()).pw_name
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(f"""listeners: [ {{ address: "127.0.0.1:0" }} ]
workers: {{ user: {user} }}
plugin_dirs: [ {PLUGINS} ]
plugins:
  - name: bad
    use: {use}
    settings: {settings}
""")
        file.flush()
        done = subprocess.run([BINARY, "check", "--config", file.name], capture_output=True, text=True, timeout=30)
        return done.returncode, (done.stdout + done.stderr).replace(file.name, "FILE")


class BadPlugins(unittest.TestCase):
    def refused(self, use, *parts, settings="{}"):
        status, said = check(use, settings)
        self.assertEqual(status, 1, said)
        for part in parts:
            self.assertIn(part, said)

    def test_a_file_without_the_note(self):
        self.refused("missing_note", "FILE:", "missing_note.so has no note .note.hyalite")

    def test_a_file_without_the_entry(self):
        self.refused("no_entry", "does not export hyalite_plugin_entry")

    def test_an_entry_without_a_descriptor(self):
        self.refused("no_descriptor", "gives no descriptor")

    def test_another_version_of_the_interface(self):
        self.refused("old_abi", "built for version 0.0 of the plugin interface", "rebuild it")

    def test_too_many_exports(self):
        self.refused("exports_too_much", "SSL_read", "hyalite_add_plugin")

    def test_a_missing_function(self):
        self.refused("unresolved", "undefined symbol: nobody_has_this")

    def test_a_thread_started_too_early(self):
        self.refused("starts_thread_in_create", "started a thread while it was created")

    def test_an_exception_in_create(self):
        self.refused("throws", "thrown on purpose", "could not be created", settings="{ in: create }")

    def test_mistakes_that_the_plugin_tells(self):
        self.refused("create_fails", "FILE:7:", "is not how it is done", "is wrong, too",
                     settings="{ how: mistakes, list: [ 1 ] }")

    def test_a_plugin_that_is_not_there(self):
        self.refused("thros", 'there is no plugin "thros"', 'did you mean "throws"?')


if __name__ == "__main__":
    unittest.main()
