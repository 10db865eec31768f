#!/usr/bin/python3
# Instructions and allocations of an exchange (exchange_bench.cc), held against what they were: instructions.txt has a line for each
# toolchain, since each makes others. Usage: count.py PROGRAM PLUGINS TOOLCHAIN
# SPDX-License-Identifier: MIT
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

COUNT = 200
WARM = 20  # the program's own
DEARER = 1.10
SKIPPED = 77
BASELINE = pathlib.Path(__file__).resolve().with_name("instructions.txt")


def baseline(toolchain):
    lines = [line.split() for line in BASELINE.read_text().splitlines() if line and not line.startswith("#")]
    return {name: int(count) for name, count in lines}.get(toolchain)


def measure(program, plugins):
    """Instructions and allocations of one exchange."""
    with tempfile.TemporaryDirectory() as directory:
        said = subprocess.run(["valgrind", "--tool=callgrind", "--collect-atstart=no", "--toggle-collect=*measured_exchanges*",
                               f"--callgrind-out-file={directory}/out", program, plugins, f"{directory}/log", str(COUNT)],
                              text=True, capture_output=True)
    collected = re.search(r"Collected : (\d+)", said.stderr)
    allocations = re.search(r"allocations (\d+)", said.stdout)
    if said.returncode != 0 or not collected or not allocations:
        raise SystemExit(f"it could not be counted: {said.stdout}{said.stderr[-600:]}")
    return int(collected.group(1)) // (COUNT + WARM), int(allocations.group(1))


def main():
    program, plugins, toolchain = sys.argv[1:]
    if not shutil.which("valgrind"):
        print("SKIPPED: instructions are not counted: there is no valgrind")
        return SKIPPED
    now, allocations = measure(program, plugins)
    print(f"{toolchain}: {now} instructions and {allocations / COUNT:g} allocations an exchange")
    if allocations > 0:
        print(f"FAILED: {COUNT} exchanges in the steady state made {allocations} allocations; there must be none")
        return 1
    before = baseline(toolchain)
    if before is None:
        print(f"SKIPPED: nothing is known of this toolchain; add to {BASELINE.name}:\n{toolchain} {now}")
        return SKIPPED
    print(f"before: {before}; {now / before - 1:+.1%}")
    if now > before * DEARER:
        print(f"FAILED: an exchange became dearer by more than {DEARER - 1:.0%}; valgrind --tool=callgrind says where. If it is worth it, "
              f"say why in the commit, with this line in {BASELINE.name}:\n{toolchain} {now}")
        return 1
    if now < before / DEARER:
        print(f"Cheaper: let {BASELINE.name} say so:\n{toolchain} {now}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
