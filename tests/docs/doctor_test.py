#!/usr/bin/python3
"""docs/doctor.md lists every row of core/doctor/finding.cc, and tests/system/doctor_test.py makes each that can be made. With
--write, the page's table is written anew."""
# SPDX-License-Identifier: MIT
import pathlib
import re
import sys

top = pathlib.Path(__file__).resolve().parents[2]
page_file = top / "docs/doctor.md"
page = page_file.read_text()
source = (top / "core/doctor/finding.cc").read_text()
tests = (top / "tests/system/doctor_test.py").read_text()


def rows():
    """(id, question, why, hidden) of each; neighbouring literals are one."""
    table = source[source.index("kRows[] = {"):source.index("};", source.index("kRows[] = {"))]
    table = re.sub(r"^\s*//.*$", "", table, flags=re.M)
    literal = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'
    for found in re.finditer(rf"\{{{literal},\s*{literal},\s*{literal}(?:,\s*{literal})?\}}", table):
        yield [re.sub(r'"\s*"', "", it.strip())[1:-1].replace('\\"', '"') if it else "" for it in found.groups()]


def table():
    lines = ["| finding | question | when the answer is no |", "|---|---|---|"]
    for name, question, why, hidden in rows():
        lines.append(f"| `{name}` | {question} | {why}{f'. *Not looked for: {hidden}*' if hidden else ''} |")
    return "\n".join(lines) + "\n"


begin, end = page.index("| finding |"), page.index("\n\n", page.index("| finding |")) + 1
if sys.argv[1:] == ["--write"]:
    page_file.write_text(page[:begin] + table() + page[end:])
    sys.exit()

wrong = [] if page[begin:end] == table() else ["the table of docs/doctor.md is not that of core/doctor/finding.cc: tests/docs/doctor_test.py --write"]
all_rows = {name: hidden for name, _, _, hidden in rows()}
made = set(re.findall(r'^@fault\("([a-z_0-9]+)"', tests, re.M))
wrong += [f"a fault that is no row: {name}" for name in sorted(made - set(all_rows))]
wrong += [f"a row that no test makes: {name}" for name, hidden in all_rows.items() if name not in made and not hidden]
wrong += [f"said to be hidden, but a test makes it: {name}" for name, hidden in all_rows.items() if name in made and hidden]
hidden = [f"{name} (because {why})" for name, why in all_rows.items() if why]
print("\n".join(wrong) or f"{len(made)} of {len(all_rows)} rows are made on purpose and must be named; not: {'; '.join(hidden)}")
sys.exit(1 if wrong else 0)
