#!/usr/bin/python3
# `hyalite lab run --plugin`: an author's plugin between a real client and a real origin, reloaded when its file changes.
# SPDX-License-Identifier: MIT
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab

MODES = ("outside",)
PLUGINS = pathlib.Path(lab.binary()).resolve().parents[1] / "plugins"
SETTINGS = "{ response: [ { set: X-Seen, to: by-the-plugin } ] }"


class LabPlugin(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="hyalite-lab-plugin-")
        self.addCleanup(directory.cleanup)
        self.plugin = pathlib.Path(directory.name) / "mine.so"
        shutil.copy(PLUGINS / "header-rewriter.so", self.plugin)

    def run_with_it(self, script):
        said = subprocess.run([lab.binary(), "lab", "run", "--plugin", self.plugin, "--plugin-settings", SETTINGS, "--", "sh", "-ec", script],
                              capture_output=True, text=True, timeout=60)
        if said.returncode == lab.SKIPPED:
            self.skipTest(said.stderr)
        self.assertEqual(said.returncode, 0, said.stderr)
        return said

    def test_stands_between_a_client_and_an_origin(self):
        said = self.run_with_it("curl -sSi --noproxy '*' http://origin.lab/")
        self.assertIn("X-Seen: by-the-plugin", said.stdout)
        self.assertIn("seen ", said.stdout)

    # What is broken is refused in one line that says what and where, and the one before goes on; what is mended is taken.
    def test_is_reloaded_when_its_file_changes(self):
        log = self.plugin.parent / "log"
        script = f"""
            exec 2>{log}
            until_said() {{ i=0; until [ "$(grep -c "$1" {log}.proxy)" -ge "$2" ]; do i=$((i + 1)); [ $i -lt 600 ] || exit 9; sleep 0.05; done; }}
            until_said change.begins 1
            echo no plugin > {self.plugin}
            until_said change.failed 1
            curl -sSi --noproxy '*' http://origin.lab/ | grep X-Seen
            cp {PLUGINS}/header-rewriter.so {self.plugin}.new && mv {self.plugin}.new {self.plugin}
            until_said change.begins 3
            until_said accepting 2
            curl -sSi --noproxy '*' http://origin.lab/ | grep X-Seen"""
        with open(f"{log}.proxy", "w") as output:
            said = subprocess.run([lab.binary(), "lab", "run", "--plugin", self.plugin, "--plugin-settings", SETTINGS, "--", "sh", "-ec", script],
                                  stdout=subprocess.PIPE, stderr=output, text=True, timeout=100)
        told = pathlib.Path(f"{log}.proxy").read_text()
        if said.returncode == lab.SKIPPED:
            self.skipTest(told)
        self.assertEqual((said.returncode, said.stdout.count("X-Seen: by-the-plugin")), (0, 2), told)
        self.assertRegex(told, r"plugin\.so.*ELF")


if __name__ == "__main__":
    lab.main_outside()
