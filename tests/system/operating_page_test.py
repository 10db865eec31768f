#!/usr/bin/python3
# docs/operating.md tells the truth: its rules are those of config/recipes, and do what it says when they are run from it.
# SPDX-License-Identifier: MIT
import os
import pathlib
import re
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
from gateway import GatewayTest
from origin import WebServer

MODES = ("tproxy", "routing", "hybrid", "redirect")
ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/operating.md").read_text()


def block(name):
    """The text between ```sh recipe=NAME and ```."""
    return re.search(rf"^```sh recipe={name}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1]


@lab.both_families
class OperatingPage(GatewayTest):
    @classmethod
    def set_up_origin(cls):
        cls.web = WebServer(cls.directory)
        cls.addClassCleanup(cls.web.close)
        lab.must_run("gateway", "sh", os.environ["HYALITE_LAB_RECIPE"], "off")
        lab.must_run("gateway", "sh", "-c", block(lab.mode()), "page", "on")

    def test_its_rules_are_the_recipe(self):
        self.assertEqual(block(lab.mode()), (ROOT / f"config/recipes/{lab.mode()}.sh").read_text())

    def test_its_rules_bring_requests_to_the_proxy(self, family):
        before = self.gateway.count("hyalite_exchanges_total")
        answer = lab.curl(lab.url("/address", family=family))
        seen = "client" if lab.keeps_client_address() else "wan"
        self.assertEqual(answer.stdout.decode(), lab.address(seen, family) + "\n", answer.stderr)
        self.gateway.wait_for_count(before + 1, "hyalite_exchanges_total")


if __name__ == "__main__":
    lab.main()
