#!/usr/bin/python3
"""docs/messages.md explains every event id that the code logs and every reason that flows end with, and nothing else."""
# SPDX-License-Identifier: MIT
import pathlib
import re
import sys

top = pathlib.Path(__file__).resolve().parents[2]
page = (top / "docs/messages.md").read_text()

logged = set()
call = re.compile(r'(?:complain|tell)\("([a-z_.]+)"|\.(?:error|warning|info|debug)\(\s*"([a-z_]+(?:\.[a-z_]+)*)"|\.write\(\s*[^,;]*?,\s*"([a-z_]+(?:\.[a-z_]+)+)"')
for source in sorted([*(top / "core").rglob("*.cc"), *(top / "core").rglob("*.h")]):
    for match in call.finditer(source.read_text()):
        logged.add(match[1] or match[2] or match[3])

table = page[page.index("| event |"):page.index("## Why connections ended")]
explained = set()
for row in re.findall(r"^\| (`.*?) \|", table, re.M):
    explained.update(re.findall(r"`([a-z_.]+)`", row))

reasons = set()
for part in re.findall(r"kCloseNames = \{(.*?)\};|kUninspectedNames = \{(.*?)\};", (top / "core/flow/reason.cc").read_text(), re.S):
    reasons.update(re.findall(r'"([a-z_0-9]+)"', "".join(part)))
for part in re.findall(r"kNotKeptNames = \{(.*?)\};|kIdleNames = \{(.*?)\};", (top / "core/flow/keeping.cc").read_text(), re.S):
    reasons.update(re.findall(r'"([a-z_0-9]+)"', "".join(part)))
told = set(re.findall(r"`([a-z_0-9]+)`", page[page.index("## Why connections ended"):]))

wrong = [f"logged, but not explained: {event}" for event in sorted(logged - explained)]
wrong += [f"explained, but never logged: {event}" for event in sorted(explained - logged)]
wrong += [f"a reason, but not explained: {reason}" for reason in sorted(reasons - told)]
print("\n".join(wrong) or f"{len(logged)} events and {len(reasons)} reasons are explained")
sys.exit(1 if wrong else 0)
