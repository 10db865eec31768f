"""Reads the corpus (tests/corpus/README.md has the format)."""
# SPDX-License-Identifier: MIT
import dataclasses
import pathlib
import re

VERDICTS = ("pass", "tunnel", "refused", "cut", "broken", "answered", "not-http", "late")
SIMPLE = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "s": b" ", "\\": b"\\"}


@dataclasses.dataclass
class Case:
    section: str
    name: str = ""
    where: str = ""
    tested: str = "request"
    verdict: str = "pass"
    details: str = ""
    ends: bool = False
    early: bool = False
    stricter: str = ""
    family: list = dataclasses.field(default_factory=list)
    edits: list = dataclasses.field(default_factory=list)
    lines: dict = dataclasses.field(default_factory=dict)  # by their first character

    def text(self, kind, index=0):
        """The bytes of the lines of that kind; with a family, of its first byte."""
        byte = self.family[0] if self.family else 0
        blocks = self.lines.get(kind, [])
        return b"".join(line_bytes(line, byte) for line in blocks[index]) if index < len(blocks) else b""

    @property
    def complete(self):
        """How many whole messages pass."""
        after = re.search(r"after (\d+)$", self.details)
        if after:
            return int(after.group(1))
        if self.verdict in ("pass", "tunnel"):
            return int(self.details) if self.details.strip() else 1
        return 0


def closing_brace(text, at):
    depth = 0
    for i in range(at, len(text)):
        depth += {"{": 1, "}": -1}.get(text[i], 0)
        if depth == 0:
            return i
    raise ValueError("a brace is not closed: " + text)


def unescape(text, byte):
    out, i = bytearray(), 0
    while i < len(text):
        c = text[i]
        if c != "\\":
            out += c.encode("latin-1")
            i += 1
            continue
        c = text[i + 1]
        i += 2
        if c in SIMPLE:
            out += SIMPLE[c]
        elif c == "@":
            out.append(byte)
        elif c == "x":
            out.append(int(text[i:i + 2], 16))
            i += 2
        elif c == "*":
            brace = text.index("{", i)
            end = closing_brace(text, brace)
            out += unescape(text[brace + 1:end], byte) * int(text[i:brace])
            i = end + 1
        else:
            raise ValueError("no such escape: \\" + c)
    return bytes(out)


def line_bytes(line, byte):
    slashes = len(line) - len(line.rstrip("\\"))
    if slashes % 2 == 1:
        return unescape(line[:-1], byte)
    return unescape(line, byte) + b"\r\n"


def read(directory):
    cases = []
    for path in sorted(pathlib.Path(directory).glob("*.cases")):
        cases += read_file(path)
    return cases


def read_file(path):
    cases, defaults, now = [], None, None
    for number, line in enumerate(path.read_text(encoding="latin-1").split("\n"), 1):
        if not line or line[0] == "#":
            continue
        if line[0] in "|>":
            now.lines.setdefault(line[0], [[]])[0].append(line[2:])
        elif line[0] in "?!":
            now.lines[line[0]][-1].append(line[2:])
        elif line[0] == "~":
            now.edits.append(line[2:])
        else:
            word, _, rest = line.partition(" ")
            if word == "section":
                defaults, now = Case(section=rest), None
            elif word == "case":
                now = dataclasses.replace(defaults, name=rest, where=f"{path.name}:{number}", family=list(defaults.family),
                                          edits=[], lines={})
                cases.append(now)
            else:
                detail(now or defaults, word, rest)
    return cases


def detail(case, word, rest):
    if word in ("request", "response"):
        case.tested = word
    elif word in ("ends", "early"):
        setattr(case, word, True)
    elif word == "stricter":
        case.stricter = rest
    elif word == "asked":
        case.lines.setdefault("?", []).append([])
    elif word == "answer":
        case.lines.setdefault("!", []).append([])
    elif word == "each":
        for piece in rest.split():
            first, _, last = piece.partition("-")
            case.family += range(int(first, 16), int(last or first, 16) + 1)
    elif word in VERDICTS:
        case.verdict, case.details = word, rest
