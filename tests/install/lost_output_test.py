#!/usr/bin/python3
"""A command whose words do not get to where they were sent has failed: a full disk is told, a pipe that nobody reads is not.

    lost_output_test.py HYALITE
"""
# SPDX-License-Identifier: MIT
import os
import subprocess
import sys
import unittest

PROGRAM = sys.argv.pop(1)


def told_into(descriptor):
    """As a child of Python, which ignores SIGPIPE."""
    done = subprocess.run([PROGRAM, "--help"], stdout=descriptor, stderr=subprocess.PIPE, text=True, restore_signals=False, timeout=30)
    return done.returncode, done.stderr


class LostOutput(unittest.TestCase):
    def test_a_full_disk_is_told(self):
        with open("/dev/full", "w") as full:
            code, said = told_into(full)
        self.assertEqual(code, 1)
        self.assertRegex(said, "^hyalite: not all could be written to standard output.*\n$")

    def test_a_pipe_that_nobody_reads_fails_quietly(self):
        reading, writing = os.pipe()
        os.close(reading)
        try:
            code, said = told_into(writing)
        finally:
            os.close(writing)
        self.assertEqual((code, said), (1, ""))


if __name__ == "__main__":
    unittest.main()
