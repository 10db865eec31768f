#!/usr/bin/python3
"""Plugins of each released interface do today what they did then, to the byte.

    conformance_test.py PROGRAM BUILT.so...            compares
    conformance_test.py PROGRAM BUILT.so... --write    writes NAME.txt of today's builds
    conformance_test.py PROGRAM --keep VERSION         builds them by every compiler that is here, and keeps them in released/VERSION

BUILT.so are today's builds of plain.c and wrapped.cc; those in released/VERSION were built with the SDK of that version, by several compilers: NAME-HOW.so,
whose transcript is NAME.txt beside it.
"""
# SPDX-License-Identifier: MIT
import difflib
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[2]
RELEASED = HERE / "released"
FLAGS = ["-O2", "-fPIC", "-shared", "-fvisibility=hidden", "-Wl,-z,now,-z,relro,-z,defs", f"-Wl,--version-script={TOP}/sdk/cmake/plugin.map",
         "-Wl,--exclude-libs,ALL", "-s", f"-I{TOP}/sdk/include"]
WAYS = {
    "plain-gcc": ["gcc", "-std=c11", "plain.c"],
    "plain-clang": ["clang", "-std=c17", "plain.c"],
    "wrapped-gcc": ["g++", "-std=c++17", "-fno-gnu-unique", "wrapped.cc"],
    "wrapped-clang": ["clang++", "-std=c++20", "wrapped.cc"],
    "wrapped-static": ["g++", "-std=c++20", "-fno-gnu-unique", "-static-libstdc++", "-static-libgcc", "-Wl,--gc-sections", "wrapped.cc"],
}


def transcript(program, plugin):
    # As the loader demands: nobody else may write to it.
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / plugin.name
        shutil.copy(plugin, copy)
        copy.chmod(0o755)
        ran = subprocess.run([program, str(copy)], capture_output=True, text=True, timeout=100)
    if ran.returncode != 0:
        sys.exit(f"{plugin.name}: exit status {ran.returncode}\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    return ran.stdout.replace(folder + "/", "")


def same(program, plugin):
    expected = (HERE if plugin.parent.name not in versions() else plugin.parent) / f"{plugin.stem.split('-')[0]}.txt"
    got = transcript(program, plugin)
    difference = list(difflib.unified_diff(expected.read_text().splitlines(), got.splitlines(), expected.name, plugin.name, lineterm="", n=4))
    print(f"{plugin.parent.name}/{plugin.name}: {'differs' if difference else 'the same'} ({got.count(chr(10))} lines)")
    print("\n".join(difference))
    return not difference


def versions():
    return {path.name for path in RELEASED.glob("*")}


def keep(program, version):
    folder = RELEASED / version
    folder.mkdir(parents=True)
    for name, command in WAYS.items():
        subprocess.run([*command[:-1], *FLAGS, str(HERE / command[-1]), "-o", str(folder / f"{name}.so")], check=True)
    for name in ("plain", "wrapped"):
        (folder / f"{name}.txt").write_text(transcript(program, folder / f"{name}-gcc.so"))


if __name__ == "__main__":
    program, *rest = sys.argv[1:]
    if rest[:1] == ["--keep"]:
        keep(program, rest[1])
    built = [pathlib.Path(name) for name in rest if name.endswith(".so")]
    if "--write" in rest:
        for plugin in built:
            (HERE / f"{plugin.stem}.txt").write_text(transcript(program, plugin))
    if not all([same(program, plugin) for plugin in built + sorted(RELEASED.glob("*/*.so"))]):
        sys.exit(1)
