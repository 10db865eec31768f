#!/usr/bin/python3
"""Which function of the host may be called where: the tags in the SDK's headers, as a table for the validation layer.

    core/plugin/call_rules.py --write    writes core/plugin/call_rules.inc
    core/plugin/call_rules.py            says whether it is what the headers say
"""
# SPDX-License-Identifier: MIT
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
HEADERS = TOP / "sdk/include/hyalite"
TABLE = TOP / "core/plugin/call_rules.inc"

WHEN = {"any": "any", "create": "create", "start": "start", "worker": "worker", "hook": "hook"}


def host_tables(text):
    """(type, id, body) of each table of functions that the host offers by an id."""
    for match in re.finditer(r"typedef struct (hyalite_host_\w+) \{(.*?)\n\} \1;", text, re.S):
        ids = re.findall(r"#define (HYALITE_HOST_\w+_ID) ", text[:match.start()])
        yield match[1], ids[-1], match[2]


def functions(body):
    """(name, parameters, comment) of each; the comment stands right before."""
    for match in re.finditer(r"\n  [a-z_0-9 *]*[ *]\(\*([a-z_0-9]+)\)\(([^;]*)\);", body):
        comment = re.search(r"/\*((?:(?!\*/).)*)\*/\s*$", body[:match.start()], re.S)
        assert comment, f"{match[1]} has no comment right before it"
        yield match[1], match[2], re.sub(r"\s*\n\s*\*?\s*", " ", comment[1])


def rule(table, name, parameters, comment):
    tags = re.match(r"\s*((?:\[[^\]]*\]\s*)+)", comment)
    assert tags, f"{table}.{name} has no tags"
    tags = re.findall(r"\[([a-z]+)(?:: ([^\]]*))?\]", tags[1])
    when = [(WHEN[tag], detail) for tag, detail in tags if tag in WHEN]
    assert len(when) == 1, f"{table}.{name}: when may it be called? {tags}"
    (when, detail), = when
    hooks = " | ".join(f"bit(Hook::{hook})" for hook in re.findall("[a-z_]+", detail or "")) or "0"
    traits = []
    if "may be NULL" in comment:
        traits.append("kNullAllowed")
    if name.startswith("check_"):
        traits.append("kAnswersAboutIt")
    if re.search(r"\bgeneration\b", parameters):
        traits.append("kTakesGeneration")
    return f"RULE({table}, {name}, When::{when}, {hooks}, {' | '.join(traits) or '0'})"


def generated():
    lines = ["// Made by call_rules.py from the tags in sdk/include/hyalite; a test holds it equal.",
             "// SPDX-License-Identifier: MIT", "// clang-format off"]
    for header in sorted(HEADERS.glob("*.h")):
        for table, name, body in host_tables(header.read_text()):
            lines += ["", f"TABLE({table}, {name})"]
            lines += [rule(table, *function) for function in functions(body)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    now = generated()
    if sys.argv[1:] == ["--write"]:
        TABLE.write_text(now)
    elif not TABLE.exists() or TABLE.read_text() != now:
        sys.exit(f"{TABLE.relative_to(TOP)} is not what the headers say: core/plugin/call_rules.py --write")
    print(f"{now.count('RULE(')} functions in {now.count('TABLE(')} tables")
