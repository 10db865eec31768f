#!/usr/bin/python3
"""The proxy offers plugins tables, and no symbol: what it exported, a plugin's own OpenSSL or libevent would be bound to. Its
getnameinfo is there for libevent, and is that of the C library to all who ask for more than numbers (core/event/numeric_names.h).

    exports_test.py HYALITE PLUGIN.so...
"""
# SPDX-License-Identifier: MIT
import re
import subprocess
import sys


def exported(path):
    """Demangled. Copies of the C++ library's own templates are left out: they are the same wherever they come from."""
    lines = subprocess.run(["nm", "-D", "-C", "--defined-only", path], check=True, capture_output=True, text=True).stdout.splitlines()
    names = [(kind, name) for kind, name in (line.split(" ", 2)[1:] for line in lines)]
    of_the_library = re.compile(r"(?:(?:typeinfo|typeinfo name|vtable|guard variable) for )?(?:[\w:<>*& ,]+ )?(?:std|__gnu_cxx|__cxxabiv1)::|operator (?:new|delete)")
    return [name for kind, name in names if not (kind in "WVuw" and of_the_library.match(name)) and not name.startswith(("_IO_stdin_used", "__bss_start", "_edata", "_end"))]


if __name__ == "__main__":
    program, *plugins = sys.argv[1:]
    wrong = [f"{program} exports {name}" for name in exported(program) if name != "getnameinfo"]
    wrong += [] if "getnameinfo" in exported(program) else [f"{program} does not export getnameinfo: libevent would ask the kernel"]
    wrong += [f"{plugin} exports {exported(plugin)}" for plugin in plugins if exported(plugin) != ["hyalite_plugin_entry"]]
    print("\n".join(wrong) or f"nothing is exported by the proxy, and the entry alone by {len(plugins)} plugins")
    sys.exit(1 if wrong else 0)
