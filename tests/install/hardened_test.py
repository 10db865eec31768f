#!/usr/bin/python3
"""What the compiler and the linker can do against a hijack, read from the programs and plugins of a build:
`hardened_test.py BUILD`. A build without optimization has no fortified calls and no checked returns: then a probe that is
compiled as releases are shows that the compiler was told."""
# SPDX-License-Identifier: MIT
import pathlib
import re
import subprocess
import sys

build = pathlib.Path(sys.argv[1])
cache = (build / "CMakeCache.txt").read_text()
optimized = "CMAKE_BUILD_TYPE:STRING=Debug" not in cache
sanitized = re.search(r"^HYALITE_SANITIZE:STRING=.+$", cache, re.M)
x86 = subprocess.run(["uname", "-m"], capture_output=True, text=True, check=True).stdout.strip() == "x86_64"


def read(file, *options):
    return subprocess.run(["readelf", "-W", *options, file], capture_output=True, text=True, check=True).stdout


def missing(file, program, as_released, probe=False):
    header, segments, dynamic = read(file, "-h"), read(file, "-l"), read(file, "-d")
    symbols = read(file, "--dyn-syms")
    if not re.search(r"Type: +DYN", header) or (program and "PIE" not in dynamic):
        yield "position independence"
    if "GNU_RELRO" not in segments or "NOW" not in dynamic:
        yield "full RELRO"
    if not re.search(r"GNU_STACK .* RW +0x", segments):
        yield "a stack that is not executable"
    if re.search(r"LOAD .* RWE ", segments):
        yield "memory that is writable or executable, not both"
    if program and "__stack_chk_fail" not in symbols:
        yield "-fstack-protector-strong"
    if "RPATH" in dynamic or "RUNPATH" in dynamic:
        yield "libraries from the system's places only"
    if not as_released:
        return
    if program and not re.search(r"__(read|memcpy|snprintf|fprintf|recv)\w*_chk", symbols):
        yield "_FORTIFY_SOURCE"
    # endbr64. Debian's own start files are not marked for it, so that no mark of the whole can be asked for.
    if x86 and not probe and file.read_bytes().count(b"\xf3\x0f\x1e\xfa") < 5:
        yield "-fcf-protection"


if sanitized:
    print("SKIPPED: a sanitizer's build")
    sys.exit(77)
files = {build / "bin/hyalite": True, **{file: False for file in (build / "plugins").glob("*.so")}}
wrong = [f"{file.name}: no {what}" for file, program in files.items() for what in missing(file, program, optimized)]
probe = build / "bin/hardened_probe"
if probe.exists():
    told = read(probe, "-p", ".GCC.command.line")
    flags = ["-fstack-protector-strong", "-fstack-clash-protection", *(["-fcf-protection=full"] if x86 else [])]
    wrong += [f"probe: no {what}" for what in missing(probe, True, True, probe=True)]
    wrong += [f"probe: no {flag}" for flag in flags if flag not in told]
print("\n".join(wrong) or f"{len(files)} programs and plugins are hardened")
sys.exit(1 if wrong else 0)
