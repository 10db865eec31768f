#!/usr/bin/python3
# Behind the gateway packets must be small: uploads through the proxy find that out, in every mode, from the client's address.
# SPDX-License-Identifier: MIT
import os
import subprocess
import sys
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
from intercept import MARK, InterceptionTest

MODES = ("outside",)
_LAB_MODES = ("tproxy", "routing", "hybrid", "redirect", "anyip")


@lab.both_families
class Uploads(InterceptionTest):
    settings = {"upstream": {**MARK, "source": "client"}, "interception": {"origin_interfaces": ["wan"]}}

    def test_a_large_upload_arrives_whole(self, family):
        body = os.urandom(300_000)
        name = f"{self.directory}/upload"
        with open(name, "wb") as file:
            file.write(body)
        # Routing brings no ICMP here: the kernel's own probing finds out, after some time-outs.
        answer = lab.curl("--max-time", "60", "-o", "/dev/null", "-w", "%{http_code}", "--data-binary", f"@{name}", "-H", "Expect:",
                          lab.url("/upload", family=family), timeout=70)
        self.assertEqual(answer.stdout.decode()[:1], "2", answer.stderr)
        self.assertIn(body, self.web.uploads())


def main():
    if lab.inside():
        unittest.main(verbosity=2)
    codes = []
    for mode in sys.argv[2:] or _LAB_MODES:
        command = [lab.binary(), "lab", "run", "--mode", mode, "--on", "gateway", "--fault", "mtu-1280"]
        for port in lab.PORTS:
            command += ["--port", str(port)]
        codes.append(subprocess.run([*command, "--", sys.executable, sys.argv[0]]).returncode)
    sys.exit(max((code for code in codes if code != lab.SKIPPED), default=lab.SKIPPED))


if __name__ == "__main__":
    main()
