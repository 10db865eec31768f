#!/usr/bin/python3
"""The reference of the plugin interface, from the tagged comments of the SDK's headers.

    sdk/reference.py --write    writes docs/plugin-reference.md
    sdk/reference.py            says whether it is what the headers say
"""
# SPDX-License-Identifier: MIT
import importlib.util
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[1]
PAGE = TOP / "docs/plugin-reference.md"
spec = importlib.util.spec_from_file_location("call_rules", TOP / "core/plugin/call_rules.py")
call_rules = importlib.util.module_from_spec(spec)
spec.loader.exec_module(call_rules)

HEAD = """# Reference of the plugin interface

Made by `sdk/reference.py` from the comments of [sdk/include/hyalite](../sdk/include/hyalite); a test holds it equal. The tags say when a function may be
called, and how long its result lives: [abi.h](../sdk/include/hyalite/abi.h) explains them. What may end with what, and in which order: the
[phase chart](../sdk/README.md#the-phase-chart).
"""


def tables(text):
    """(type, id, body) of each table of functions or hooks, in the order of the header."""
    for match in re.finditer(r"typedef struct (hyalite_host_\w+|hyalite_\w+_hooks) \{(.*?)\n\} \1;", text, re.S):
        ids = re.findall(r'#define HYALITE_\w*ID "([^"]+)"', text[:match.start()])
        yield match[1], ids[-1] if ids else "", match[2]


def entry(name, parameters, comment):
    tags, said = re.match(r"\s*((?:\[[^\]]*\]\s*)+)(.*)", comment, re.S).groups()
    tags = " ".join(f"`{tag}`" for tag in re.findall(r"\[[^\]]*\]", tags))
    parameters = re.sub(r"\s+", " ", parameters)
    return f"**`{name}`**`({parameters})` {tags}  \n{re.sub(r'[ ]+', ' ', said).strip()}\n"


def page():
    parts = [HEAD]
    for header in sorted(call_rules.HEADERS.glob("*.h")):
        for table, name, body in tables(header.read_text()):
            parts.append(f"## {table}\n\n`\"{name}\"`, in [{header.name}](../sdk/include/hyalite/{header.name})\n")
            parts += [entry(*function) for function in call_rules.functions(body)]
    return "\n".join(parts)


if __name__ == "__main__":
    now = page()
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(now)
    elif not PAGE.exists() or PAGE.read_text() != now:
        sys.exit(f"{PAGE.relative_to(TOP)} is not what the headers say: sdk/reference.py --write")
    print(f"{now.count(chr(10) + '**`')} functions")
