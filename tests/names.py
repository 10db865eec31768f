#!/usr/bin/python3
# No two rooms give one name to two things: names.py ROOT. Where they do, the linker takes one of them for both and says nothing, and what
# was made as the one is freed as the other (the one-definition rule, [basic.def.odr]). Compilers see one file at a time.
# Looks at types and inline functions that are not in an anonymous namespace; namespaces stand at the margin and end with "}  // namespace".
# SPDX-License-Identifier: MIT
import collections
import pathlib
import re
import sys

NAMESPACE = re.compile(r"^(?:inline )?namespace(?: ([\w:]+))? \{$")
TYPE = re.compile(r"^(?:template <.*> *)?(?:struct|class|enum class|enum|union) (?:\[\[\w+\]\] |alignas\([\w:]+\) )?(\w+)(?: final)?(?: *:(?!:)[^;]*)?(?: \{.*|)$")
INLINE = re.compile(r"^(?:template <.*> *)?(?:\[\[\w+\]\] )?inline (?!constexpr |const |namespace )[^=;]*?([\w~]+\(.*)$")


def definitions(text):
    """(name with its namespaces, line) of what other files could mean by the same name."""
    inside = []
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if opened := NAMESPACE.match(line):
            inside.append(opened[1] or "")
        elif line.startswith("}") and "// namespace" in line and inside:
            inside.pop()
        elif "" in inside:
            continue
        elif found := TYPE.match(line):
            yield "::".join([*inside, found[1]]), number
        elif found := INLINE.match(line):
            head = found[1]
            while ")" not in head and number < len(lines):  # the parameters go on
                head += " " + lines[number].strip()
                number += 1
            yield "::".join([*inside, re.sub(r"\s+", " ", head[:head.index(")") + 1])]), number


def main():
    root = pathlib.Path(sys.argv[1])
    places = collections.defaultdict(list)
    for room in ("core", "tests"):
        for file in sorted((root / room).rglob("*")):
            if file.suffix in (".h", ".cc"):
                for name, line in definitions(file.read_text()):
                    places[name].append(f"{file.relative_to(root)}:{line}")
    twice = {name: where for name, where in places.items() if len(where) > 1}
    for name, where in sorted(twice.items()):
        print(f"FAILED: {name} is {len(where)} things: {', '.join(where)}")
    if len(places) < 500:
        print(f"FAILED: only {len(places)} names were found; are namespaces written otherwise now?")
        return 1
    print(f"{len(places)} names, {len(twice)} of them more than once")
    return 1 if twice else 0


if __name__ == "__main__":
    sys.exit(main())
