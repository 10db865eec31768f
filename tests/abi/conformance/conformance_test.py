#!/usr/bin/python3
"""Plugins of each released interface do today what they did then, to the byte.

    conformance_test.py PROGRAM BUILT.so...            compares
    conformance_test.py PROGRAM BUILT.so... --write    writes NAME.txt of today's builds, for plugins that no release has
    conformance_test.py PROGRAM --keep VERSION         builds them by every compiler that is here, and keeps them in released/VERSION

BUILT.so are today's builds of plain.c and wrapped.cc. Those in released/VERSION were built with the SDK of that version, by several compilers: NAME-HOW.so.xz, packed;
their transcript is NAME.txt beside them, and that of today's builds, too: what was released is not written anew. They are x86-64: on other machines they are left
out, loudly.
"""
# SPDX-License-Identifier: MIT
import difflib
import lzma
import pathlib
import platform
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
    # The flags that authors mix; nothing of it crosses the border.
    "wrapped-mixed": ["g++", "-std=c++23", "-O0", "-fno-gnu-unique", "-fno-rtti", "-fshort-enums", "-funsigned-char", "-D_GLIBCXX_USE_CXX11_ABI=0",
                      "-D_GLIBCXX_DEBUG", "wrapped.cc"],
}


def bytes_of(plugin):
    return lzma.decompress(plugin.read_bytes()) if plugin.suffix == ".xz" else plugin.read_bytes()


def transcript(program, plugin):
    # As the loader demands: nobody else may write to it.
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / plugin.name.removesuffix(".xz")
        copy.write_bytes(bytes_of(plugin))
        copy.chmod(0o755)
        exported = subprocess.run(["nm", "-D", "--defined-only", str(copy)], check=True, capture_output=True, text=True).stdout.split()[2::3]
        if exported != ["hyalite_plugin_entry"]:
            sys.exit(f"{plugin.name} exports {exported}")
        ran = subprocess.run([program, str(copy)], capture_output=True, text=True, timeout=100)
    if ran.returncode != 0:
        sys.exit(f"{plugin.name}: exit status {ran.returncode}\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    return ran.stdout.replace(folder + "/", "")


def same(program, plugin):
    text = f"{plugin.name.split('.')[0].split('-')[0]}.txt"
    expected = next(path for path in (plugin.parent / text, HERE / text, *RELEASED.glob(f"*/{text}")) if path.exists())
    got = transcript(program, plugin)
    difference = list(difflib.unified_diff(expected.read_text().splitlines(), got.splitlines(), expected.name, plugin.name, lineterm="", n=4))
    print(f"{plugin.parent.name}/{plugin.name}: {'differs' if difference else 'the same'} ({got.count(chr(10))} lines)")
    print("\n".join(difference))
    return not difference


def keep(program, version):
    folder = RELEASED / version
    folder.mkdir(parents=True)
    for name, command in WAYS.items():
        built = folder / f"{name}.so"
        # What a way says comes last, and counts.
        subprocess.run([command[0], *FLAGS, *command[1:-1], str(HERE / command[-1]), "-o", str(built)], check=True)
        (folder / f"{name}.so.xz").write_bytes(lzma.compress(built.read_bytes(), preset=9 | lzma.PRESET_EXTREME))
        print(f"{name}: {built.stat().st_size} bytes, kept as {(folder / f'{name}.so.xz').stat().st_size}")
        built.unlink()
    for name in ("plain", "wrapped"):
        (folder / f"{name}.txt").write_text(transcript(program, folder / f"{name}-gcc.so.xz"))


def kept():
    all_kept = sorted(RELEASED.glob("*/*.so.xz"))
    if platform.machine() != "x86_64":
        print(f"SKIPPED: {len(all_kept)} kept plugins are x86-64, this is {platform.machine()}")
        return []
    return all_kept


if __name__ == "__main__":
    program, *rest = sys.argv[1:]
    if rest[:1] == ["--keep"]:
        keep(program, rest[1])
    built = [pathlib.Path(name) for name in rest if name.endswith(".so")]
    if "--write" in rest:
        for plugin in built:
            (HERE / f"{plugin.stem}.txt").write_text(transcript(program, plugin))
    if not all([same(program, plugin) for plugin in built + kept()]):
        sys.exit(1)
