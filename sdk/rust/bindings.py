#!/usr/bin/python3
"""The plugin interface in Rust, from the SDK's headers.

    sdk/rust/bindings.py --write    writes sdk/rust/hyalite.rs and hyalite_testing.rs
    sdk/rust/bindings.py            says whether they are what the headers say
"""
# SPDX-License-Identifier: MIT
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
HEADERS = HERE.parent / "include/hyalite"
# In an order in which each name was said before it is used, for readers.
ORDER = ("abi", "body", "flow", "tls", "http", "ws", "notes", "async", "fetch", "channel", "host", "plugin")
NUMBERS = {"uint8_t": "u8", "uint16_t": "u16", "uint32_t": "u32", "uint64_t": "u64", "int32_t": "i32", "int64_t": "i64", "size_t": "usize",
           "int": "std::os::raw::c_int", "double": "f64", "char": "c_char", "void": "c_void"}
RESERVED = {"self", "type", "in", "match", "move", "ref", "use", "where", "fn", "mod", "box"}
HEAD = """// Made by sdk/rust/bindings.py from the headers of the SDK; a test holds it equal. Everything is called as there, and
// explained there.
// SPDX-License-Identifier: MIT
"""


def plain(text):
    """Without comments, and of the preprocessor only constants."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    text = re.sub(r"\\\n", " ", text)
    constants = re.findall(r'(?m)^#define (HYALITE_\w+) +("[^"]*"|-?\w+)[ \t]*$', text)
    text = re.sub(r"(?m)^#.*$|^extern \"C\" \{$|^HYALITE_NOTE.*$", "", text)
    text = re.sub(r"static inline.*?\n\}", "", text, flags=re.S)
    return re.sub(r"\s+", " ", text), constants


def named(name):
    return name + "_" if name in RESERVED else name


def declared(text):
    """(name, type) of each declarator in "const hyalite_field *headers, *trailers"; a function's has its type in it."""
    function = re.fullmatch(r"(.*?)\(\*(\w+)\)\((.*)\)", text.strip())
    if function:
        return [(named(function[2]), function_type(function[1], function[3]))]
    constant, base, rest = re.fullmatch(r"(const )?(?:struct |enum )?(\w+)\b(.*)", text.strip()).groups()
    found = []
    for declarator in rest.split(","):
        stars, name, size = re.fullmatch(r"\s*([*\s]*)(\w*)(?:\[(\w+)\])?\s*", declarator).groups()
        kind = NUMBERS.get(base, base)
        for depth in range(stars.count("*")):
            kind = ("*const " if constant and depth == 0 else "*mut ") + kind
        found.append((named(name), f"[{kind}; {size}]" if size else kind))
    return found


def parameters(text):
    if text.strip() == "void":
        return ""
    return ", ".join(f"{name or '_'}: {kind}" for part in text.split(",") for name, kind in declared(part))


def returned(text):
    kind = declared(text)[0][1]
    return "" if kind == "c_void" else f" -> {kind}"


def function_type(result, arguments):
    return f'Option<unsafe extern "C" fn({parameters(arguments)}){returned(result)}>'


def enumerated(name, body):
    kind = name[:-len("_values")] if name.endswith("_values") else {"hyalite_header_id": "u16"}.get(name, "u32")
    value = -1
    for item in filter(None, (part.strip() for part in body.split(","))):
        word, _, number = item.partition("=")
        value = int(number, 0) if number else value + 1
        yield f"pub const {word.strip()}: {kind} = {value};"


BEGINNINGS = {"size": "std::mem::size_of::<Self>() as u32", "magic": "HYALITE_DESCRIPTOR_MAGIC", "abi_major": "HYALITE_ABI_MAJOR as u16",
              "abi_minor": "HYALITE_ABI_MINOR as u16"}


def beginning(member, kind):
    return BEGINNINGS.get(member) or ("None" if kind.startswith("Option") else "std::ptr::null()" if kind.startswith("*") else "0")


def structure(name, body):
    members = [it for part in body.split(";") if part.strip() for it in declared(part)]
    yield "#[repr(C)]\n#[derive(Clone, Copy)]\npub struct " + name + " {\n" + "\n".join(f"    pub {it}: {kind}," for it, kind in members) + "\n}"
    # What a plugin fills in, and hands out: a value to begin with (`..hyalite_http_hooks::EMPTY`).
    if name.endswith("_hooks") or name == "hyalite_descriptor":
        yield f"impl {name} {{\n    pub const EMPTY: Self = Self {{"
        yield "\n".join(f"        {it}: {beginning(it, kind)}," for it, kind in members) + "\n    };\n}"
        yield f"// Nothing in it is ever written to.\nunsafe impl Sync for {name} {{}}"


def bindings(text):
    text, constants = plain(text)
    for name, value in constants:
        if value.startswith('"'):
            yield f'pub const {name}: &[u8] = b{value[:-1]}\\0";'
        else:
            yield f"pub const {name}: u32 = {'u32::MAX' if value == 'UINT32_MAX' else value.rstrip('u')};"
    whole = re.compile(
        r"typedef struct (?P<opaque>\w+) (?P=opaque);|(?:typedef )?struct (?P<struct>\w+) \{(?P<members>[^}]*)\}(?: \w+)?;|enum (?P<enum>\w+) \{(?P<values>[^}]*)\};"
        r"|typedef (?P<result>[\w *]+?)\(\*(?P<function>\w+)\)\((?P<arguments>[^)]*)\);|typedef (?P<base>\w+) (?P<alias>\w+);"
        r"|HYALITE_TESTING (?P<gives>[\w *]+?)(?P<call>\w+)\((?P<takes>[^)]*)\);")
    for match in whole.finditer(text):
        if match["struct"]:
            yield from structure(match["struct"], match["members"])
        elif match["opaque"] and f"struct {match['opaque']} {{" not in text and match["opaque"] != "hyalite_host":
            yield f"#[repr(C)]\npub struct {match['opaque']} {{\n    _unknown: [u8; 0],\n}}"
        elif match["enum"]:
            yield "\n".join(enumerated(match["enum"], match["values"]))
        elif match["function"]:
            yield f"pub type {match['function']} = {function_type(match['result'], match['arguments'])};"
        elif match["alias"]:
            yield f"pub type {match['alias']} = {NUMBERS[match['base']]};"
        elif match["call"]:
            yield f'extern "C" {{ pub fn {match["call"]}({parameters(match["takes"])}){returned(match["gives"])}; }}'


def files():
    lines = [HEAD, "pub use std::os::raw::{c_char, c_void};\n"]
    for header in ORDER:
        lines += [f"// ---- {header}.h\n", *bindings((HEADERS / f"{header}.h").read_text())]
    yield HERE / "hyalite.rs", "\n".join(lines) + "\n" + (HERE / "by_hand.rs").read_text()
    testing = "\n".join([HEAD, "// Included beside hyalite.rs, in a test that links with `hyalite-testing`.\n", *bindings((HEADERS / "testing.h").read_text())])
    yield HERE / "hyalite_testing.rs", testing + "\n"


if __name__ == "__main__":
    for path, text in files():
        if sys.argv[1:] == ["--write"]:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            sys.exit(f"sdk/rust/{path.name} is not what the headers say: sdk/rust/bindings.py --write")
        print(f"{path.name}: {text.count(chr(10))} lines")
