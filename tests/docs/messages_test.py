#!/usr/bin/python3
"""docs/messages.md explains every event id that the code logs, with its levels, and every reason that flows end with, and nothing else.
Counters that docs/operating.md names are there."""
# SPDX-License-Identifier: MIT
import pathlib
import re
import sys

top = pathlib.Path(__file__).resolve().parents[2]
page = (top / "docs/messages.md").read_text()

logged = {}  # event: its levels
call = re.compile(r'(?:complain|tell)\("([a-z_.]+)"|\.(?:error|warning|info|debug)\(\s*"([a-z_]+(?:\.[a-z_]+)*)"|\.write\(\s*[^,;]*?,\s*"([a-z_]+(?:\.[a-z_]+)+)"')
for source in sorted([*(top / "core").rglob("*.cc"), *(top / "core").rglob("*.h")]):
    text = source.read_text()
    for match in call.finditer(text):
        levels = set(re.findall(r"LogLevel::(\w+)", text[match.start():text.index(";", match.start())]))
        if match[2]:
            levels = {re.match(r"\.(\w+)", match[0])[1]}
        # complain() warns unless it is told otherwise; who hands a level on may say any.
        logged.setdefault(match[1] or match[2] or match[3], set()).update(levels or {"warning" if match[1] else "any"})

table = page[page.index("| event |"):page.index("## Why connections ended")]
explained = {}
for row, levels in re.findall(r"^\| (`.*?) \| (.*?) \|", table, re.M):
    explained.update({event: set(levels.split(", ")) for event in re.findall(r"`([a-z_.]+)`", row)})

reasons = set()
for part in re.findall(r"kCloseNames = \{(.*?)\};|kUninspectedNames = \{(.*?)\};", (top / "core/flow/reason.cc").read_text(), re.S):
    reasons.update(re.findall(r'"([a-z_0-9]+)"', "".join(part)))
for part in re.findall(r"kNotKeptNames = \{(.*?)\};|kIdleNames = \{(.*?)\};", (top / "core/flow/keeping.cc").read_text(), re.S):
    reasons.update(re.findall(r'"([a-z_0-9]+)"', "".join(part)))
told = set(re.findall(r"`([a-z_0-9]+)`", page[page.index("## Why connections ended"):]))

counted = set()
for source in [*(top / "core").rglob("*.cc"), *(top / "core").rglob("*.h"), *(top / "plugins").rglob("*.cc")]:
    text = source.read_text()
    counted.update(re.findall(r'"(hyalite_\w+)"', text))
    counted.update(f"hyalite_plugin_{it}" for it in re.findall(r'define\(\w+, "(\w+)"', text))
named = set(re.findall(r"`(hyalite_\w+_(?:total|seconds))\b", (top / "docs/operating.md").read_text()))

wrong = [f"docs/operating.md names {it}, which nobody counts" for it in sorted(named - counted)]
wrong += [f"logged, but not explained: {event}" for event in sorted(logged.keys() - explained.keys())]
wrong += [f"explained, but never logged: {event}" for event in sorted(explained.keys() - logged.keys())]
wrong += [f"{event} is logged as {', '.join(sorted(levels))}, explained as {', '.join(sorted(explained[event]))}"
          for event, levels in sorted(logged.items()) if event in explained and levels != explained[event]]
wrong += [f"a reason, but not explained: {reason}" for reason in sorted(reasons - told)]
print("\n".join(wrong) or f"{len(logged)} events and {len(reasons)} reasons are explained")
sys.exit(1 if wrong else 0)
