#!/usr/bin/python3
"""What the compiler and the linker can do against a hijack, read from the programs and plugins of a build:
`hardened_test.py BUILD`. A build without optimization has no fortified calls and no checked returns: then the preset `release`
is configured beside it, all its commands are read, and a probe is compiled and linked by those of the program."""
# SPDX-License-Identifier: MIT
import json
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
X86 = subprocess.run(["uname", "-m"], capture_output=True, text=True, check=True).stdout.strip() == "x86_64"
COMPILED = ["-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=3", "-fstack-protector-strong", "-fstack-clash-protection",
            *(["-fcf-protection=full"] if X86 else [])]
LINKED = ["-Wl,-z,relro,-z,now"]


def read(file, *options):
    return subprocess.run(["readelf", "-W", *options, file], capture_output=True, text=True, check=True).stdout


def missing(file, program, as_released, returns=5):
    """`returns`: so many checked ones at least."""
    header, segments, dynamic = read(file, "-h"), read(file, "-l"), read(file, "-d")
    symbols = read(file, "--dyn-syms")
    if not re.search(r"Type: +DYN", header) or (program and "PIE" not in dynamic):
        yield "position independence"
    if "TEXTREL" in dynamic:
        yield "code that stays as it is in the file"
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
    if X86 and file.read_bytes().count(b"\xf3\x0f\x1e\xfa") < returns:
        yield "-fcf-protection"


def lacking(command, flags):
    words = shlex.split(command)
    yield from (flag for flag in flags if flag not in words)
    if "-O2" not in words and "-O3" not in words:
        yield "optimization"
    if any(word.startswith("-fsanitize") for word in words):
        yield "freedom from sanitizers"


class Release:
    """The preset, configured and not built."""

    def __init__(self, directory):
        self.directory = directory
        subprocess.run(["cmake", "--preset", "release", "-B", directory, "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON"], cwd=ROOT, check=True,
                       stdout=subprocess.DEVNULL)
        self.compiled = [it for it in json.loads((directory / "compile_commands.json").read_text())
                         if not pathlib.Path(it["file"]).is_relative_to(ROOT / "tests")]
        self.plugins = re.findall(r"^(plugins/\S+\.so):", self.ninja("-t", "targets", "all"), re.M)

    def ninja(self, *words):
        return subprocess.run(["ninja", "-C", str(self.directory), *words], capture_output=True, text=True, check=True).stdout

    def link(self, target):
        """The command that makes it, which is the last."""
        return self.ninja("-t", "commands", "-s", target).strip().splitlines()[-1]

    def wrong(self):
        for unit in self.compiled:
            for flag in lacking(unit["command"], COMPILED):
                yield f"{unit['file']}: compiled without {flag}"
        for target in ("bin/hyalite", *self.plugins):
            words = shlex.split(self.link(target))
            for flag in [*LINKED, "-pie" if target.startswith("bin/") else "-shared"]:
                if flag not in words:
                    yield f"{target}: linked without {flag}"
        for what in missing(self.probe(), True, True, returns=1):
            yield f"probe: no {what}"

    def probe(self):
        """A program of one small file, by the commands by which ours is made."""
        file = self.directory / "hardened_probe"
        compiling = shlex.split(next(it["command"] for it in self.compiled if it["file"].endswith("core/cli/main.cc")))
        compiling[compiling.index("-o") + 1] = f"{file}.o"
        compiling[compiling.index("-c") + 1] = str(ROOT / "tests/install/hardened_probe.cc")
        subprocess.run(compiling, cwd=self.directory, check=True)
        linking = shlex.split(self.link("bin/hyalite").split("&&")[1])
        flags = [it for it in linking[1:] if it.startswith("-") and it != "-o" and not it.startswith("-l")]
        subprocess.run([linking[0], *flags, f"{file}.o", "-o", file], check=True)
        return file


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    cache = (build / "CMakeCache.txt").read_text()
    if re.search(r"^HYALITE_SANITIZE:STRING=.+$", cache, re.M):
        print("SKIPPED: a sanitizer's build")
        return 77
    optimized = "CMAKE_BUILD_TYPE:STRING=Debug" not in cache
    files = {build / "bin/hyalite": True, **{file: False for file in (build / "plugins").glob("*.so")}}
    wrong = [f"{file.name}: no {what}" for file, program in files.items() for what in missing(file, program, optimized)]
    said = f"{len(files)} programs and plugins are hardened"
    if not optimized:
        release = Release(build / "as_released")
        wrong += release.wrong()
        said += f"; a release would compile {len(release.compiled)} files and link {1 + len(release.plugins)} so that they are, too"
    print("\n".join(wrong) or said)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
