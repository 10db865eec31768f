#!/usr/bin/python3
"""The interface between Hyalite and its plugins, held to its promise.

    sdk/abi/abi.py check       current.lock is what the headers say; nothing that was released is broken; the log tells all
    sdk/abi/abi.py write       writes current.lock, and sdk/include/hyalite/layout.h
    sdk/abi/abi.py released    keeps today's version (abi.h) for ever: released/MAJOR.MINOR.{lock,abi}
"""
# SPDX-License-Identifier: MIT
import pathlib
import re
import subprocess
import sys
import tempfile

import growth
import surface
from surface import Entry, HEADERS

HERE = pathlib.Path(__file__).resolve().parent
LOCK = HERE / "current.lock"
RELEASED = HERE / "released"
LOG = HERE / "LOG.md"
LAYOUT = HEADERS / "hyalite/layout.h"


def version(headers=HEADERS):
    text = (headers / "hyalite/abi.h").read_text()
    return tuple(int(re.search(rf"define HYALITE_ABI_{part} (\d+)", text)[1]) for part in ("MAJOR", "NEWEST_MINOR"))


# ---- locks: a surface as text ----

def to_text(entries):
    lines = []
    for header in sorted({entry.header for entry in entries}):
        lines += [f"== {header}", *(str(entry) for entry in entries if entry.header == header)]
    return "\n".join(lines) + "\n"


def from_text(text):
    entries, header = [], None
    for line in text.splitlines():
        if line.startswith("== "):
            header = line[3:]
        else:
            kind, key, fact = re.fullmatch(r"(\w+) (\S+) \| (.*)", line).groups()
            entries.append(Entry(kind, key, fact, header))
    return entries


# ---- what a plugin's own compiler is asked ----

def layout(entries):
    """A header that does not compile where a struct would not lie as it has to (packed, 32 bit, another enum size)."""
    lines = ["/* Made by sdk/abi/abi.py: how everything that crosses the border lies. Where a compiler or its flags would have it otherwise, this does not",
             " * compile. SPDX-License-Identifier: MIT */", "/* clang-format off */", "#ifndef HYALITE_LAYOUT_H_", "#define HYALITE_LAYOUT_H_", "",
             "#include <stddef.h>", "",
             "#ifdef __cplusplus", "#define HYALITE_LIES(what) static_assert(what, \"built with flags under which Hyalite's plugins cannot be built\")",
             "#define HYALITE_ALIGNED(what) alignof(what)", "#else",
             "#define HYALITE_LIES(what) _Static_assert(what, \"built with flags under which Hyalite's plugins cannot be built\")",
             "#define HYALITE_ALIGNED(what) _Alignof(what)", "#endif", ""]
    first = growth.by_key(growth.settled(first_release() or entries))
    always, newest = [], []
    for entry in entries:
        into = always if (entry.kind, entry.key) in first else newest
        if entry.kind == "struct":
            (newest if "may grow" in entry.fact else into).append(f"HYALITE_LIES(sizeof(struct {entry.key}) == {growth.size(entry)});")
            into.append(f"HYALITE_LIES(HYALITE_ALIGNED(struct {entry.key}) == {growth.alignment(entry)});")
        elif entry.kind == "member":
            owner, name = entry.key.split(".")
            into.append(f"HYALITE_LIES(offsetof(struct {owner}, {name}) == {growth.offset(entry)});")
    least = sorted(f"#define HYALITE_LEAST_{entry.key} {growth.size(entry)}" for entry in first.values() if entry.kind == "struct" and entry.key.startswith("hyalite_host_"))
    return "\n".join([*lines, *always, "", "/* As these headers have it, and not as an older minor had it. */", "#if HYALITE_ABI_MINOR == HYALITE_ABI_NEWEST_MINOR",
                      *newest, "#endif", "", "/* How long each table of the host is at least, wherever there is one: as it was when it was promised. */", *least,
                      "", "#undef HYALITE_LIES", "#undef HYALITE_ALIGNED", "#endif", ""])


# ---- the second pair of eyes: libabigail ----

def anchor(entries):
    """A library whose variables name every type that is promised: what nothing names, abidiff does not see."""
    lines = ["#include <hyalite/plugin.h>"]
    for entry in entries:
        if entry.kind == "struct":
            lines.append(f"struct {entry.key}* anchor_{entry.key};")
        elif entry.kind == "type":
            lines.append(f"{entry.key}* anchor_{entry.key};")
    for enum in sorted({entry.fact.split(" of ")[1] for entry in entries if entry.kind == "enumerator"}):
        lines.append(f"enum {enum}* anchor_{enum};")
    return "\n".join(lines) + "\n"


def abi_of(entries, headers, minor, folder):
    """The path of what abidw says of these headers, taken as that minor."""
    source, library, out = (pathlib.Path(folder) / f"anchor{suffix}" for suffix in (".c", ".so", ".abi"))
    source.write_text(anchor(entries))
    subprocess.run(surface.compiler(headers, minor, "-g", "-O0", "-shared", "-fPIC", "-fno-eliminate-unused-debug-types", f"-fdebug-prefix-map={folder}=.", str(source),
                                    "-o", str(library)), check=True)
    # No paths: the same types are the same text, wherever they were read.
    subprocess.run(["abidw", "--no-corpus-path", "--no-comp-dir-path", "--no-show-locs", "--type-id-style", "hash", str(library), "--out-file", str(out)], check=True)
    return out


def differs(released, then, entries, headers, minor):
    """What abidiff says, when it is not silent, of what was promised then."""
    there = growth.by_key(entries)
    entries = [entry for entry in growth.settled(then) if (entry.kind, entry.key) in there]
    with tempfile.TemporaryDirectory() as folder:
        now = abi_of(entries, headers, minor, folder)
        said = subprocess.run(["abidiff", "--no-show-locs", str(released), str(now)], capture_output=True, text=True)
        return said.stdout + said.stderr if said.returncode else ""


# ---- the log ----

def logged(text):
    """{version: names} of its entries."""
    parts = re.split(r"^## (\d+\.\d+)\b.*$", text, flags=re.M)
    return {version: set(re.findall(r"`([\w.]+)`", entry)) for version, entry in zip(parts[1::2], parts[2::2])}


def unlogged(old, new, entry):
    """Each new name, or the struct or enum that it belongs to when that is new, too, stands in its version's entry; and nothing else does."""
    added = growth.additions(old, new)
    enums = {item.key: item.fact.split(" of ")[1] for item in new if item.kind == "enumerator"}
    old_enums = {item.fact.split(" of ")[1] for item in old if item.kind == "enumerator"}
    covers = lambda name: {name} | ({name.split(".")[0]} & set(added)) | ({enums[name]} - old_enums if name in enums else set())
    for name in added:
        if not covers(name) & entry:
            yield f"LOG.md does not tell of {name}"
    for name in sorted(entry - set().union(*(covers(name) for name in added)) if added else entry):
        yield f"LOG.md tells of {name}, which is not new there"


# ---- the whole ----

def releases():
    """[(major, minor)], oldest first."""
    return sorted(tuple(map(int, path.stem.split("."))) for path in RELEASED.glob("*.lock"))


def path_of(release, suffix):
    return RELEASED / f"{release[0]}.{release[1]}.{suffix}"


def first_release():
    """What the promise began with; nothing before."""
    promised = [release for release in releases() if release[0] > 0]
    return from_text(path_of(promised[0], "lock").read_text()) if promised else []


def mistakes(headers=HEADERS):
    now = surface.surface(headers)
    if LOCK.read_text() != to_text(now):
        yield "current.lock is not what the headers say: look at what changed, then sdk/abi/abi.py write"
    if LAYOUT.read_text() != layout(now):
        yield "layout.h is not what the headers say: sdk/abi/abi.py write"
    yield from growth.untidy(now)
    # Version 0 promises nothing; what it released is kept for the record alone.
    promised = [release for release in releases() if release[0] > 0]
    entries = logged(LOG.read_text())
    before = None
    for release in promised:
        name = f"{release[0]}.{release[1]}"
        old = from_text(path_of(release, "lock").read_text())
        yield from (f"against {name}: {said}" for said in growth.complaints(old, now))
        as_then = surface.surface(headers, release[1])
        yield from (f"taken as {name}: {said}" for said in growth.complaints(old, as_then))
        # Drafts may come in between: they need not be as they were.
        drafts = growth.drafts(old) | growth.drafts(as_then)
        promised_then = [entry for entry in as_then if entry.header not in drafts]
        yield from (f"taken as {name}: {extra} is there, and was not then" for extra in growth.additions(old, promised_then))
        said = differs(path_of(release, "abi"), old, as_then, headers, release[1])
        if said:
            yield f"taken as {name}, abidiff says:\n{said}"
        if before:
            yield from (f"{name}: {said}" for said in unlogged(before, old, entries.get(name, set())))
        before = old
    if before and version(headers) not in promised:
        name = "{}.{}".format(*version(headers))
        yield from (f"{name}: {said}" for said in unlogged(before, now, entries.get(name, set())))


def write():
    now = surface.surface()
    LOCK.write_text(to_text(now))
    LAYOUT.write_text(layout(now))
    return f"{LOCK.name}: {len(now)} facts"


def keep():
    release = version()
    if path_of(release, "lock").exists():
        sys.exit(f"{release[0]}.{release[1]} was released already: raise HYALITE_ABI_NEWEST_MINOR in abi.h")
    found = list(mistakes())
    if found:
        sys.exit("\n".join(found))
    RELEASED.mkdir(exist_ok=True)
    now = surface.surface()
    path_of(release, "lock").write_text(to_text(now))
    with tempfile.TemporaryDirectory() as folder:
        path_of(release, "abi").write_text(abi_of(growth.settled(now), HEADERS, None, folder).read_text())
    return f"{release[0]}.{release[1]} is released"


if __name__ == "__main__":
    if sys.argv[1:] == ["check"]:
        found = list(mistakes())
        if found:
            sys.exit("\n".join(found))
        print(f"{len(from_text(LOCK.read_text()))} facts; released: {', '.join('%d.%d' % release for release in releases()) or 'none yet'}")
    elif sys.argv[1:] == ["write"]:
        print(write())
    elif sys.argv[1:] == ["released"]:
        print(keep())
    else:
        sys.exit(__doc__)
