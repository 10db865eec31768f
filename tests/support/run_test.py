#!/usr/bin/python3
# Runs a test in the lab as ctest wants it: `run_test.py [--user] BUILD FILE ARGUMENT...`. With --user as an ordinary user, who
# may not be able to read where the tree was built: then from a copy.
# SPDX-License-Identifier: MIT
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_NOBODY = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--"]


def main():
    as_user = sys.argv[1] == "--user" and os.geteuid() == 0
    build, file, *arguments = (it for it in sys.argv[1:] if it != "--user")
    tree, binaries = _ROOT, pathlib.Path(build)
    with tempfile.TemporaryDirectory(prefix="hyalite-tree-") as copy:
        if os.geteuid() == 0 and not _readable_by_nobody(file, binaries / "bin/hyalite"):
            tree, binaries = _copy(pathlib.Path(copy), binaries)
        environment = {**os.environ, "HYALITE_BIN": str(binaries / "bin/hyalite"), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [*_interpreter(file), str(tree / pathlib.Path(file).relative_to(_ROOT)), *arguments]
        return subprocess.run((_NOBODY if as_user else []) + command, env=environment, cwd=tree).returncode


def _interpreter(file):
    return [sys.executable] if file.endswith(".py") else []


def _readable_by_nobody(*files):
    """The service's user must be able to run the program, even where root starts it."""
    return subprocess.run([*_NOBODY, "cat", *map(str, files)], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def _copy(copy, binaries):
    os.chmod(copy, 0o755)
    for name in ("tests/system", "tests/support", "tests/soak", "config", "docs", "examples/demo", "plugins"):
        shutil.copytree(_ROOT / name, copy / name)
    shutil.copy(_ROOT / "demo", copy)
    for name in ("bin", "plugins", "bad_plugins"):
        if (binaries / name).exists():
            shutil.copytree(binaries / name, copy / "build" / name)
    subprocess.run(["chmod", "-R", "go+rX,go-w", str(copy)], check=True)
    return copy, copy / "build"


if __name__ == "__main__":
    sys.exit(main())
