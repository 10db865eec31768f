"""What the SDK's headers promise, read from them: types with sizes and offsets, constants, ids, tags. The words are C's; the values are the compiler's.

A surface is a list of entries, each with a key that names it and the fact that may not change:

    struct hyalite_bytes              its size and alignment, and whether it may grow
    member hyalite_bytes.data         offset, size, type
    enumerator HYALITE_PAUSE          its enum and value
    type hyalite_status               what it stands for
    macro HYALITE_NOTE_TYPE           its text
    function hyalite_header_at        its type (static inline)
    tags hyalite_host_http.intern     when it may be called, how long its result lives
"""
# SPDX-License-Identifier: MIT
import dataclasses
import importlib.util
import pathlib
import re
import subprocess
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
HEADERS = TOP / "sdk/include"
# The SDK's tools for tests grow with it and are no part of the border; networks are computed in the plugin alone.
NOT_THE_BORDER = {"testing.h", "network.h", "layout.h"}
# Arrays of these are walked by a stride, so they may grow though they hold no size.
BY_STRIDE = {"hyalite_header"}

spec = importlib.util.spec_from_file_location("call_rules", TOP / "core/plugin/call_rules.py")
call_rules = importlib.util.module_from_spec(spec)
spec.loader.exec_module(call_rules)


@dataclasses.dataclass
class Entry:
    kind: str
    key: str
    fact: str
    header: str

    def __str__(self):
        return f"{self.kind} {self.key} | {self.fact}"


def border(headers):
    return sorted(path for path in (headers / "hyalite").glob("*.h") if path.name not in NOT_THE_BORDER)


def compiler(headers, minor, *more):
    chosen = [] if minor is None else [f"-DHYALITE_ABI_MINOR={minor}"]
    return ["cc", "-std=c11", f"-I{headers}", *chosen, *more]


def preprocessed(headers, minor):
    """The text of each header of the border, without comments and macros."""
    out = subprocess.run(compiler(headers, minor, "-E", str(headers / "hyalite/plugin.h")), check=True, capture_output=True, text=True).stdout
    texts, current = {}, None
    for line in out.splitlines():
        marker = re.match(r'# \d+ "([^"]+)"', line)
        if marker:
            path = pathlib.Path(marker[1])
            current = path.name if path.parent == headers / "hyalite" and path.name not in NOT_THE_BORDER else None
        elif current:
            texts.setdefault(current, []).append(line)
    return {name: "\n".join(lines) for name, lines in texts.items()}


def squeezed(text):
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r" ?([*(),]) ?", r"\1", text).replace("*", "* ").replace("* *", "**").replace("* )", "*)").replace("* ,", "*,").replace(",", ", ").strip()


def without_name(parameter):
    """A parameter's name may change."""
    parameter = squeezed(parameter)
    return re.sub(r"(?<=[* ])[a-z_]\w*$", "", parameter).strip() if parameter != "void" else parameter


def split(text, separator):
    parts, depth, part = [], 0, ""
    for c in text:
        depth += (c in "([{") - (c in ")]}")
        if c == separator and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += c
    return [*parts, part]


def signature(result, parameters):
    return f"{squeezed(result)} ({', '.join(without_name(p) for p in split(parameters, ','))})"


def members(body):
    """(name, type) of each."""
    for declaration in filter(str.strip, split(body, ";")):
        pointer = re.fullmatch(r"\s*(.*?)\(\s*\*\s*(\w+)\s*\)\s*\((.*)\)\s*", declaration, re.S)
        if pointer:
            yield pointer[2], f"function {signature(pointer[1], pointer[3])}"
            continue
        first, *others = declaration.split(",")
        base, name, array = re.fullmatch(r"\s*(.*?)(\w+)\s*(\[\w+\])?\s*", first, re.S).groups()
        yield name, squeezed(base) + (array or "")
        for other in others:
            name, array = re.fullmatch(r"\s*(\w+)\s*(\[\w+\])?\s*", other).groups()
            yield name, squeezed(base) + (array or "")


def declarations(header, text):
    """Entries that still lack what only a compiler knows."""
    for match in re.finditer(r"(?:typedef )?struct (\w+) \{(.*?)\n?\}(?: \w+)?;", text, re.S):
        listed = list(members(match[2]))
        grows = ("size", "uint32_t") in listed or match[1] in BY_STRIDE
        yield Entry("struct", match[1], "may grow" if grows else "is fixed", header)
        for name, kind in listed:
            yield Entry("member", f"{match[1]}.{name}", kind, header)
    for match in re.finditer(r"enum (\w+) \{(.*?)\};", text, re.S):
        for enumerator in filter(str.strip, match[2].split(",")):
            yield Entry("enumerator", enumerator.split("=")[0].strip(), f"of {match[1]}", header)
    for match in re.finditer(r"typedef ([\w* ]+?)\(\s*\*\s*(\w+)\s*\)\s*\(([^;]*)\);", text):
        yield Entry("type", match[2], f"function {signature(match[1], match[3])}", header)
    for match in re.finditer(r"typedef (struct )?(\w+) (\w+);", text):
        yield Entry("type", match[3], squeezed(f"{match[1] or ''}{match[2]}"), header)
    for match in re.finditer(r"static inline ([\w* ]+?)(\w+)\(([^{;]*)\)\s*\{", text):
        yield Entry("function", match[2], signature(match[1], match[3]), header)


def macros(headers, minor):
    out = subprocess.run(compiler(headers, minor, "-E", "-dM", str(headers / "hyalite/plugin.h")), check=True, capture_output=True, text=True).stdout
    homes = {}
    for path in border(headers):
        for name in re.findall(r"^# *define (HYALITE_\w+)", path.read_text(), re.M):
            homes.setdefault(name, path.name)
    for match in sorted(re.finditer(r"^#define (HYALITE_\w+)(\([^)]*\))?(?: (.*))?$", out, re.M), key=lambda m: m[1]):
        name, parameters, text = match.groups()
        if name not in homes or name.endswith("_H_") or name in ("HYALITE_ABI_MAJOR", "HYALITE_ABI_MINOR", "HYALITE_ABI_NEWEST_MINOR", "HYALITE_MIN_HOST_MINOR"):
            continue
        # What a macro with parameters writes may be said better one day; that it is there, and what it takes, may not change.
        yield Entry("macro", name, f"takes {squeezed(parameters[1:-1])}" if parameters else f"is {text or 'empty'}", homes[name])


def tags(headers):
    for path in border(headers):
        for match in re.finditer(r"typedef struct (hyalite_host_\w+|hyalite_\w+_hooks|hyalite_descriptor) \{(.*?)\n\} \1;|struct (hyalite_host) \{(.*?)\n\};",
                                 path.read_text(), re.S):
            table, body = match[1] or match[3], match[2] or match[4]
            said = ""
            for name, _, comment in functions(body):
                # One comment may stand before several functions, when it says so.
                said = comment or said
                yield Entry("tags", f"{table}.{name}", " ".join(re.findall(r"\[[^\]]*\]", said)), path.name)


def functions(body):
    for match in re.finditer(r"\n  [a-z_0-9 *]*[ *]\(\*([a-z_0-9]+)\)\(([^;]*)\);", body):
        comment = re.search(r"/\*((?:(?!\*/).)*)\*/\s*$", body[:match.start()], re.S)
        written = re.match(r"\s*((?:\[[^\]]*\]\s*)+)", re.sub(r"\s*\n\s*\*?\s*", " ", comment[1])) if comment else None
        yield match[1], match[2], written[1] if written else None


def asked(headers, minor, questions):
    """What the compiler says each expression is."""
    lines = "".join(f'  printf("%lld\\n", (long long)({question}));\n' for question in questions)
    # layout.h is made from the answers: the one of before must not have a say.
    program = f"#define HYALITE_LAYOUT_H_\n#include <hyalite/plugin.h>\n#include <stdio.h>\nint main(void) {{\n{lines}  return 0;\n}}\n"
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "ask.c"
        source.write_text(program)
        subprocess.run(compiler(headers, minor, str(source), "-o", f"{folder}/ask"), check=True)
        return subprocess.run([f"{folder}/ask"], check=True, capture_output=True, text=True).stdout.split()


def surface(headers=HEADERS, minor=None):
    headers = pathlib.Path(headers)
    entries = [entry for header, text in preprocessed(headers, minor).items() for entry in declarations(header, text)]
    questions, owners = [], []
    for entry in entries:
        if entry.kind == "struct":
            wanted = [f"sizeof(struct {entry.key})", f"_Alignof(struct {entry.key})"]
        elif entry.kind == "member":
            owner, name = entry.key.split(".")
            wanted = [f"offsetof(struct {owner}, {name})", f"sizeof(((struct {owner}*)0)->{name})"]
        elif entry.kind == "enumerator":
            wanted = [entry.key]
        else:
            continue
        owners.append((entry, len(wanted)))
        questions += wanted
    answers = iter(asked(headers, minor, questions))
    for entry, count in owners:
        values = [next(answers) for _ in range(count)]
        entry.fact = {"struct": "{0} bytes aligned to {1}, ", "member": "at {0}, {1} bytes, ", "enumerator": "{0}, "}[entry.kind].format(*values) + entry.fact
    there = {entry.key for entry in entries}
    return entries + list(macros(headers, minor)) + [entry for entry in tags(headers) if entry.key in there]
