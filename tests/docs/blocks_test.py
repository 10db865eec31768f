#!/usr/bin/python3
# Every code block of the pages is what it says: settings pass `hyalite check`, C++ compiles, shells can read what is for them, commands,
# options, tests and files that are named are there. Usage: blocks_test.py BUILD [--plugins DIRECTORY]... [PAGE...]
# SPDX-License-Identifier: MIT
#
# A block begins with ``` and its language; what stands behind that says how it is to be read. What is no code is ```text and says what it is.
import argparse
import configparser
import functools
import io
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
TEXTS = {"diagram", "format", "output"}
LISTENER = 'listeners: [ { address: "[::]:8080" } ]\n'
# What a page builds in a block of its own, or so.
ALIKE = {"hello.so": "hello_plugin.so"}


class Wrong(Exception):
    pass


def run(*command, **more):
    return subprocess.run([str(it) for it in command], text=True, capture_output=True, **more)


class Block:
    def __init__(self, page, line, info, text):
        self.page, self.line, self.text = page, line, text
        self.language, *self.words = info.split() or [""]
        self.place = f"{page}:{line}"


def blocks(page):
    lines = page.read_text().split("\n")
    name = os.path.relpath(page, TOP) if page.is_relative_to(TOP) else str(page)
    at = 0
    while at < len(lines):
        fence = re.match(r"( *)```(.*)", lines[at])
        if fence:
            end = next((i for i in range(at + 1, len(lines)) if lines[i].strip() == "```"), len(lines))
            yield Block(name, at + 2, fence[2], "".join(line.removeprefix(fence[1]) + "\n" for line in lines[at + 1:end]))
            at = end
        elif lines[at].startswith("    ") and at > 0 and not lines[at - 1].strip() and not re.match(r"\s+[-*|] ", lines[at]):
            yield Block(name, at + 1, "indented", lines[at])
        at += 1


class Checks:
    def __init__(self, build, plugins):
        self.build, self.plugins = build, plugins
        self.hyalite = build / "bin/hyalite"
        self.cpp = []
        self.presets = json.loads((TOP / "CMakePresets.json").read_text())

    @functools.cached_property
    def tests(self):
        return [it["name"] for it in json.loads(run("ctest", "--test-dir", self.build, "--show-only=json-v1").stdout)["tests"]]

    def check(self, block):
        kind = getattr(self, f"check_{block.language}", None)
        if kind is None:
            raise Wrong("an indented block: begin it with ``` and its language" if block.language == "indented" else
                        f"nobody checks {block.language or 'a block without a language'}")
        kind(block)

    def check_text(self, block):
        if not set(block.words) & TEXTS:
            raise Wrong(f"text that is no code says what it is: {', '.join(sorted(TEXTS))}")

    def check_json(self, block):
        json.loads(block.text)

    def check_ini(self, block):
        configparser.ConfigParser(strict=False).read_file(io.StringIO(block.text))

    def check_logrotate(self, block):
        if block.text not in (TOP / "config/packaging/logrotate").read_text():
            raise Wrong("it is not what config/packaging/logrotate says")

    # ---- settings

    def check_yaml(self, block):
        text = block.text if re.search(r"(?m)^listeners:", block.text) else LISTENER + block.text
        text = re.sub(r"(?<=use: )[^\s,]+\.so", lambda it: str(self.plugin(it[0])), text)
        with tempfile.TemporaryDirectory(prefix="hyalite-docs-") as directory:
            os.chmod(directory, 0o755)
            for path in set(re.findall(r"(?:/etc/hyalite|\blists)/[\w./-]+\.\w+", text)):
                there = pathlib.Path(directory, "etc", path.lstrip("/"))
                there.parent.mkdir(parents=True, exist_ok=True)
                there.write_text("names.example\n")
                text = text.replace(path, str(there))
            logs = pathlib.Path(directory, "log")
            logs.mkdir()
            logs.chmod(0o777)
            text = re.sub("/(var/log|run)/hyalite", str(logs), text)
            if re.search(r"(?m)^tls:", text) and not re.search(r"(?m)^  ca:", text):
                text = re.sub(r"(?m)^tls:\n", f"tls:\n  ca: {{ certificate: {directory}/ca.pem, key: {directory}/ca.key }}\n", text)
                run(self.hyalite, "ca", "init", "--directory", directory)
            file = pathlib.Path(directory, "hyalite.yaml")
            file.write_text(text)
            user = ("--user", "nobody") if os.geteuid() == 0 else ()
            said = run(self.hyalite, "check", "--config", file, *user)
        if said.returncode != 0:
            raise Wrong(f"`hyalite check` says:\n{(said.stdout + said.stderr).replace(str(file), 'the block')}")

    def plugin(self, use):
        name = pathlib.Path(use).name
        name = ALIKE.get(name, name)
        for directory in self.plugins:
            if (directory / name).exists():
                return directory / name
        raise Wrong(f"no {name} was built in {', '.join(map(str, self.plugins))}")

    # ---- C++: all of it at once, each block in a namespace of its own

    def check_cpp(self, block):
        self.cpp.append(block)

    def compile(self):
        includes, parts = set(), []
        for number, block in enumerate(self.cpp):
            lines = block.text.split("\n")
            includes.update(line for line in lines if line.startswith("#include"))
            body = "\n".join("" if line.startswith("#include") else line for line in lines)
            parts += [f"#define hyalite_plugin_entry entry_of_{number}", f"namespace block_{number} {{", f'#line {block.line} "{block.page}"', body,
                      "}", "#undef hyalite_plugin_entry"]
        source = "\n".join([*sorted(includes), '#define HELLO_SO "hello.so"', '#define HYALITE_PLUGIN_FILE "tea-pot.so"', *parts])
        said = run(os.environ.get("CXX", "c++"), "-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-attributes", f"-I{TOP}/sdk/include", "-x", "c++", "-",
                   input=source, cwd=TOP)
        return said.stderr

    # ---- commands

    def check_sh(self, block):
        said = run("bash", "-n", input=block.text)
        if said.returncode != 0:
            raise Wrong(said.stderr)
        for words in commands(block.text):
            self.check_command(words)

    def check_command(self, words):
        while words and (words[0] in ("sudo", "gdb", "--args") or re.match(r"\w+=", words[0])):
            words = words[1:]
        if not words:
            return
        program = words[0]
        if program in ("hyalite", "./build/release/bin/hyalite"):
            self.check_hyalite(words[1:])
        elif program == "cmake":
            self.check_cmake(words[1:])
        elif program == "ctest":
            if "-R" in words and "--preset" in words and not any(re.search(words[words.index("-R") + 1], it) for it in self.tests):
                raise Wrong(f"no test fits {shlex.join(words)}")
        elif program.startswith("build/"):
            built = self.build / "bin" / pathlib.Path(program).name
            filters = [it.split("=", 1)[1] for it in words if it.startswith("--gtest_filter=")]
            for pattern in filters[0].split(":") if filters else ():
                if not run(built, "--gtest_list_tests", f"--gtest_filter={pattern}").stdout.strip():
                    raise Wrong(f"{program} has no test {pattern}")
        for word in words:
            if re.match(r"(\./)?(core|config|demo|docs|examples|plugins|sdk|test|tests)(/|$)", word) and not (TOP / word).exists():
                raise Wrong(f"there is no {word}")

    def check_cmake(self, words):
        for option, following in zip(words, words[1:]):
            if option == "--preset" and not any(it["name"] == following for kind in ("configurePresets", "workflowPresets") for it in self.presets[kind]):
                raise Wrong(f"there is no preset {following}")
        if "--preset" in words and "--target" in words:
            for target in words[words.index("--target") + 1:]:
                if not (self.build / "bin" / target).exists():
                    raise Wrong(f"there is no target {target}")

    def check_hyalite(self, words):
        if "--" in words:
            words = words[:words.index("--")]
        path = []
        while words and not words[0].startswith("-") and words[0] in self.completions(*path, ""):
            path.append(words.pop(0))
        if not path and words and not words[0].startswith("-"):
            raise Wrong(f"there is no `hyalite {words[0]}`")
        for word in words:
            if word.startswith("--") and word.split("=")[0] not in self.completions(*path, "--") + ["--help", "--version"]:
                raise Wrong(f"`hyalite {shlex.join(path)}` has no option {word}")

    def completions(self, *words):
        return [line.split("\t")[0] for line in run(self.hyalite, "complete", "--", *words).stdout.splitlines()]


def commands(text):
    """Each simple command of it as its words."""
    for line in text.replace("\\\n", " ").split("\n"):
        reader = shlex.shlex(line, posix=True, punctuation_chars=True)
        reader.whitespace_split = True
        words = []
        for token in [*reader, ";"]:
            if set(token) <= set("|&;()<>"):
                yield words
                words = []
            else:
                words.append(token)


def pages():
    found = [*TOP.glob("*.md"), *(it for room in ("config", "docs", "examples", "plugins", "sdk", "tests") for it in (TOP / room).rglob("*.md"))]
    # Those of examples and templates, and the tutorial, need what is built of them: tests/install does that.
    return sorted(it for it in found if not re.match(r"examples/\w+/|sdk/templates/|sdk/TUTORIAL", str(it.relative_to(TOP))))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("build", type=pathlib.Path)
    arguments.add_argument("--plugins", type=pathlib.Path, action="append", default=[])
    arguments.add_argument("pages", type=pathlib.Path, nargs="*")
    given = arguments.parse_intermixed_args()
    build = given.build.resolve()
    checks = Checks(build, [*(it.resolve() for it in given.plugins), build / "plugins"])
    wrong, count = [], 0
    for page in [it.resolve() for it in given.pages] or pages():
        for block in blocks(page):
            count += 1
            try:
                checks.check(block)
            except (Wrong, ValueError, configparser.Error) as why:
                wrong.append(f"{block.place}: {why}")
    if checks.cpp:
        wrong += filter(None, [checks.compile()])
    print(f"{count} blocks")
    if wrong or not count:
        sys.exit("\n".join(wrong) or "no block was found")


if __name__ == "__main__":
    main()
