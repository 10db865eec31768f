#!/usr/bin/python3
# The phase chart of sdk/README.md against headers and engine: the hooks and their order, who is asked in reverse, which decisions
# are allowed where, which hooks may pause.
# SPDX-License-Identifier: MIT
import importlib.util
import pathlib
import re
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("call_rules", TOP / "core/plugin/call_rules.py")
call_rules = importlib.util.module_from_spec(spec)
spec.loader.exec_module(call_rules)

DECISIONS = {"respond": "respond", "reset": "reset", "redirect_upstream": "redirect", "pass_through": "pass_through", "block": "block",
             "intercept": "intercept", "accept_certificate": "accept_certificate", "close": "close"}


def chart():
    rows = re.findall(r"(?m)^\| `(\w+)` \|(.*)\|$", (TOP / "sdk/README.md").read_text())
    return {hook: [cell.strip() for cell in cells.split("|")] for hook, cells in rows if cells.count("|") == 4}


def allowed():
    """hook -> decisions, by the tags of the functions that make them."""
    found = {}
    for header in sorted(call_rules.HEADERS.glob("*.h")):
        for _, _, body in call_rules.host_tables(header.read_text()):
            for name, _, comment in call_rules.functions(body):
                hooks = re.match(r"\s*\[hook: ([^\]]*)\]", comment)
                for hook in re.findall(r"\w+", hooks[1]) if hooks and name in DECISIONS else ():
                    found.setdefault(hook, set()).add(DECISIONS[name])
    return found


class PhaseChart(unittest.TestCase):
    def setUp(self):
        self.engine = (TOP / "core/plugin/hook.h").read_text()
        self.hooks = re.findall(r"(?m)^  (\w+),$", self.engine.split("// The life of an instance")[0])

    def test_has_every_hook(self):
        self.assertEqual(sorted(chart()), sorted(self.hooks))

    def test_says_who_is_asked_in_reverse(self):
        self.assertIn("hook >= Hook::response_info && hook != Hook::tunnel_open && hook != Hook::data &&\n           hook != Hook::ws_message", (TOP / "core/plugin/chain.h").read_text())
        first = self.hooks.index("response_info")
        for hook, cells in chart().items():
            if hook not in ("data", "ws_message"):
                in_reverse = self.hooks.index(hook) >= first and hook != "tunnel_open"
                self.assertEqual(cells[1], "←" if in_reverse else "→", hook)

    def test_says_which_decisions_are_allowed(self):
        by_tags = allowed()
        for hook, cells in chart().items():
            said = {word for word in re.findall(r"\w+", cells[3]) if word in DECISIONS.values()}
            self.assertEqual(said, by_tags.get(hook, set()), hook)

    def test_says_which_hooks_may_pause(self):
        switch = re.search(r"bool may_pause\(Hook hook\) \{(.*?)return true;", (TOP / "core/plugin/question.h").read_text(), re.S)[1]
        may = set(re.findall(r"Hook::(\w+)", switch))
        page = (TOP / "sdk/README.md").read_text().replace("\n", " ")
        but = re.search(r"In a hook that may pause \(all but (.*?) and the two ends\)", page)[1]
        self.assertEqual(set(self.hooks) - may, set(re.findall(r"`(\w+)`", but)) | {"exchange_end", "flow_close"})


if __name__ == "__main__":
    unittest.main()
