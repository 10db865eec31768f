#!/usr/bin/python3
"""docs/security.md quotes no figure that the corpus, the mutants and the fuzz targets do not have: figures_test.py TEST_CORPUS."""
# SPDX-License-Identifier: MIT
import pathlib
import re
import subprocess
import sys

top = pathlib.Path(__file__).resolve().parents[2]
page = (top / "docs/security.md").read_text()
told = subprocess.run([sys.argv[1], "--gtest_filter=-*"], capture_output=True, text=True, check=True).stdout
sys.path.insert(0, str(top / "tests/corpus"))
import mutants  # noqa: E402
sys.path.insert(0, str(top / "tests/faults"))
import run as faults  # noqa: E402


def quoted(pattern):
    found = re.search(pattern, page)
    if not found:
        sys.exit(f"docs/security.md says nothing like: {pattern}")
    return [int(number.replace(",", "")) for number in found.groups()]


def counted(what):
    return [int(number) for number in re.search(rf"^  {what} +(\d+) written +(\d+) variants$", told, re.M).groups()]


def targets():
    line = re.search(r"^set\(targets (.*)\)$", (top / "tests/fuzz/CMakeLists.txt").read_text(), re.M)
    return line[1].split()


wrong = []
for what, quotes, counts in (
        ("cases", quoted(r"at least ([\d,]+) written, ([\d,]+) variants"), counted("cases")),
        ("valid but unusual cases", quoted(r"valid but unusual[^|]*\| at least (\d+)"), counted("valid but unusual, to be passed")),
        ("faults", quoted(r"deliberate faults[^|]*\| at least (\d+)"), [len(mutants.MUTANTS)])):
    wrong += [f"{what}: {quote} are quoted, there are {count}" for quote, count in zip(quotes, counts) if count < quote]
most = quoted(r"although the RFC[^|]*\| at most (\d+)")[0]
if counted("where we are stricter than the RFC")[0] > most:
    wrong.append(f"more than {most} cases are stricter than the RFC")
if quoted(r"fuzz targets[^|]*\| (\d+)")[0] != len(targets()):
    wrong.append(f"there are {len(targets())} fuzz targets")
wrong += [f"the fuzz target {name} is not in the table" for name in targets() if f"| `{name}` |" not in page]
for what, quote, count in (
        ("kinds of rudeness", quoted(r"acts (\d+) kinds of rudeness")[0], len(re.findall(r'^    "\w+": \[\(', (top / "tests/soak/run.py").read_text(), re.M))),
        ("faults", quoted(r"(\d+) faults are made")[0], len(faults.FAULTS))):
    if quote != count:
        wrong.append(f"{what}: {quote} are quoted, there are {count}")
print("\n".join(wrong) or "the figures are right")
sys.exit(1 if wrong else 0)
