#!/usr/bin/python3
# What `cmake --install` puts where, and that it works from there: new plugin projects and the examples build against the installed
# SDK and pass their tests, man pages are sound, completion completes, the unit is one. Usage: install_test.py BUILD_DIRECTORY
# SPDX-License-Identifier: MIT
import os
import pathlib
import pty
import re
import select
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
TREE = pathlib.Path(__file__).resolve().parents[2]


def run(*command, **more):
    return subprocess.run([str(word) for word in command], check=True, text=True, stdout=subprocess.PIPE, **more).stdout


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory(prefix="hyalite-install-")
        cls.addClassCleanup(temporary.cleanup)
        cls.work = pathlib.Path(temporary.name)
        cls.work.chmod(0o755)  # the service's user reads there, too
        cls.prefix = cls.work / "prefix"
        # What lies outside of the prefix (/etc) goes below DESTDIR.
        cls.root = cls.work / "root"
        run("cmake", "--install", BUILD, "--prefix", cls.prefix, env={**os.environ, "DESTDIR": str(cls.root)})
        cls.root.joinpath(cls.prefix.relative_to("/")).rename(cls.prefix)
        cls.hyalite = cls.prefix / "bin/hyalite"

    def check(self, settings):
        user = ("--user", "nobody") if os.geteuid() == 0 else ()
        run(self.hyalite, "check", "--config", settings, *user)

    def found(self, pattern):
        files = [*self.prefix.rglob(pattern), *self.root.rglob(pattern)]
        self.assertEqual(len(files), 1, f"{pattern}: {files}")
        return files[0]

    def test_everything_has_its_place(self):
        for pattern in ("bin/hyalite", "hyalite/plugins/http-logger.so", "hyalite/plugins/blocker.so",
                        "hyalite/plugins/header-rewriter.so", "include/hyalite/plugin.h", "include/hyalite/plugin.hpp",
                        "cmake/hyalite/hyaliteConfig.cmake", "pkgconfig/hyalite.pc", "pkgconfig/hyalite-testing.pc", "share/hyalite/default.yaml",
                        "share/hyalite/hyalite.schema.json", "etc/hyalite/hyalite.yaml", "logrotate.d/hyalite",
                        "systemd/system/hyalite.service", "sysusers.d/hyalite.conf", "man1/hyalite.1", "man5/hyalite.yaml.5",
                        "completions/hyalite"):
            self.found(pattern)
        strangers = [file for file in self.prefix.rglob("*") if re.search(r"\.cc$|_test\b|CMakeFiles", file.name) and "examples" not in file.parts]
        self.assertEqual(strangers, [])

    def test_links_of_the_pages_lead_somewhere(self):
        pages = self.found("doc/hyalite/README.md").parent
        broken, count = [], 0
        for page in pages.rglob("*.md"):
            for link in re.findall(r"\]\((?!\w+:|#)([^)\s#]+)", re.sub(r"(?ms)^```.*?^```|`[^`\n]*`", "", page.read_text())):
                target = os.path.relpath((page.parent / link).absolute(), pages)
                # What is for whoever works on the sources stays with them.
                if not re.match(r"(core|tests)/|sdk/(include|templates|rust|cmake|abi/(?!LOG))|CONTRIBUTING|LICENSE", os.path.normpath(target)):
                    count += 1
                    if not (page.parent / link).exists():
                        broken.append(f"{page.relative_to(pages)}: {link}")
        self.assertEqual(broken, [])
        self.assertGreater(count, 40)

    def test_its_version_names_its_libraries(self):
        name, built, runs = run(self.hyalite, "--version").splitlines()
        self.assertRegex(name, r"^hyalite \d+\.\d+\.\d+$")
        for library in ("libevent", "llhttp", "yaml-cpp", "nlohmann-json", "CLI11", "OpenSSL", "zlib", "brotli", "zstd"):
            self.assertRegex(built, rf"\b{library} \d+\.\d+")
        self.assertIn(" ".join(run("openssl", "version").split()[:2]), runs)

    def test_it_finds_its_plugins_wherever_it_was_put(self):
        found = dict(re.findall(r"(?m)^(\S+) +\S+ +(/.*)$", run(self.hyalite, "plugin", "list")))
        self.assertEqual(sorted(found), ["blocker", "header-rewriter", "http-logger"])
        for name, path in found.items():
            self.assertEqual(pathlib.Path(path), self.found(f"hyalite/plugins/{name}.so"))

    def test_the_settings_it_begins_with_are_sound(self):
        settings = self.found("etc/hyalite/hyalite.yaml")
        self.assertIn("$schema=", settings.read_text())
        self.assertNotIn("$schema=hyalite.schema.json", settings.read_text())
        self.check(settings)

    def test_the_unit_names_the_program(self):
        unit = self.found("systemd/system/hyalite.service").read_text()
        self.assertRegex(unit, r"(?m)^ExecStart=/.*/bin/hyalite run ")
        self.assertRegex(unit, r"(?m)^Type=notify$")
        self.assertRegex(unit, r"(?m)^KillMode=mixed$")

    def test_units_name_the_settings_where_they_are(self):
        units = "".join(self.found(f"systemd/system/{it}.service").read_text() for it in ("hyalite", "hyalite-intercept", "hyalite-intercept-watch"))
        named = set(re.findall(r"--config /(\S+)", units))
        self.assertEqual({self.root / it for it in named}, {self.found("etc/hyalite/hyalite.yaml")})

    def test_what_cannot_be_switched_on_yet_is_tried_again(self):
        unit = self.found("systemd/system/hyalite-intercept.service").read_text()
        for line in ("StartLimitIntervalSec=0", "Restart=on-failure", "RestartSec=10s"):
            self.assertRegex(unit, rf"(?m)^{line}$")

    def test_the_unit_may_do_little(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("no systemd-analyze here")
        said = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=25",
                               str(self.found("systemd/system/hyalite.service"))], text=True, capture_output=True)
        self.assertEqual(said.returncode, 0, said.stdout + said.stderr)
        print(said.stdout.strip().splitlines()[-1])

    def test_man_pages_are_sound(self):
        mandoc = shutil.which("mandoc")
        self.assertIsNotNone(mandoc, "mandoc is missing")
        for page in ("man1/hyalite.1", "man5/hyalite.yaml.5"):
            self.assertEqual(run(mandoc, "-T", "lint", "-W", "warning", self.found(page)), "")
        text = re.sub(".\b", "", run(mandoc, "-T", "utf8", self.found("man1/hyalite.1")))
        for command in re.findall(r"(?m)^  (\w+) ", run(self.hyalite, "--help").split("Subcommands:")[-1]):
            self.assertRegex(text, rf"(?m)^ +{command}( |$)", f"{command} is not in hyalite(1)")

    def test_bash_completes_commands_options_and_values(self):
        script = self.found("completions/hyalite")

        def completed(*words):
            return run("bash", "-c", 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _hyalite; '
                       'printf "%s\n" "${COMPREPLY[@]}"', "-", script, self.hyalite, *words).split()
        self.assertIn("reload", completed("re"))
        self.assertNotIn("status", completed("re"))
        self.assertIn("--release", completed("reload", "--"))
        self.assertEqual(completed("lab", "run", "--mode", "tp"), ["tproxy"])
        self.assertEqual(completed("lab", "run", "--", "ls", ""), [])
        self.assertEqual(completed("run", "--config", ""), [])

    # What the shell shows when this is typed into it: it stands in a terminal of its own.
    def typed(self, shell, setup, keys, expected):
        terminal, end = pty.openpty()
        self.addCleanup(os.close, terminal)
        child = subprocess.Popen(shell, stdin=end, stdout=end, stderr=end, start_new_session=True,
                                 env={**os.environ, "PATH": f"{self.prefix}/bin:{os.environ['PATH']}", "TERM": "xterm", "HOME": "/nonexistent"})
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        os.close(end)

        def seen_until(what):
            seen = ""
            while what not in seen:
                ready, _, _ = select.select([terminal], [], [], 60)
                self.assertTrue(ready, f"{shell[0]} shows {seen!r}, and no {what!r}")
                seen += os.read(terminal, 4096).decode(errors="replace")
            return seen
        os.write(terminal, f"{setup}; echo rea''dy\n".encode())
        seen_until("ready")
        os.write(terminal, keys.encode())
        seen_until(expected)

    def test_a_real_bash_completes(self):
        setup = f"source {self.found('completions/hyalite')}"
        bash = ["bash", "--norc", "--noprofile", "-i"]
        self.typed(bash, setup, "hyalite relo\t", "hyalite reload ")
        self.typed(bash, setup, "hyalite lab run --mode tp\t", "tproxy ")

    def test_a_real_zsh_completes(self):
        if not shutil.which("zsh"):
            self.skipTest("SKIPPED: there is no zsh here (package zsh)")
        setup = f"fpath=({self.found('site-functions/_hyalite').parent} $fpath); autoload -Uz compinit; compinit -u -D"
        self.typed(["zsh", "-f", "-i"], setup, "hyalite relo\t", "hyalite reload")
        self.typed(["zsh", "-f", "-i"], setup, "hyalite re\t\t", "Open files again")

    def test_a_real_fish_completes(self):
        if not shutil.which("fish"):
            self.skipTest("SKIPPED: there is no fish here (package fish)")

        def completed(line):
            said = run("fish", "--no-config", "-c", f"source {self.found('vendor_completions.d/hyalite.fish')}; complete -C {shlex.quote(line)}",
                       env={**os.environ, "PATH": f"{self.prefix}/bin:{os.environ['PATH']}"}, cwd=self.prefix)
            return [it.split("\t")[0] for it in said.splitlines()]
        self.assertEqual(completed("hyalite re"), ["reload", "reopen"])
        self.assertEqual(completed("hyalite lab run --mode t"), ["tproxy"])
        self.assertIn("bin/", completed("hyalite run --config "))  # where the program has nothing to say, files

    # ---- what authors of plugins get: outside of the tree, against what was installed

    def author(self, *command, at, **more):
        env = {**os.environ, "PATH": f"{self.prefix}/bin:{os.environ['PATH']}", "CMAKE_PREFIX_PATH": str(self.prefix), "CMAKE_GENERATOR": "Ninja",
               "PKG_CONFIG_PATH": str(self.found("pkgconfig/hyalite.pc").parent), "CMAKE_BUILD_PARALLEL_LEVEL": "2"}
        said = subprocess.run([str(word) for word in command], cwd=at, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)
        self.assertEqual(said.returncode, 0, f"{command}:\n{said.stdout}")
        return said.stdout

    def new_project(self, name, language):
        self.author("hyalite", "plugin", "new", name, "--lang", language, at=self.work)
        return self.work / name

    def build_and_test(self, sources):
        self.author("cmake", "-S", sources, "-B", sources / "build", "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror", at=sources)
        self.author("cmake", "--build", sources / "build", at=sources)
        self.author("ctest", "--test-dir", sources / "build", "--output-on-failure", "--no-tests=error", at=sources)

    def plugin_loads(self, file):
        self.assertIn("version", run(self.hyalite, "plugin", "info", file))
        settings = self.work / "with-plugin.yaml"
        settings.write_text("listeners: [{address: '127.0.0.1:0', transparent: no}]\n"
                            f"upstream: {{source: proxy}}\nplugins: [{{name: made, use: {file}}}]\n")
        self.check(settings)

    # From nothing to a plugin that was changed, word for word: a file's text follows the sentence that names it.
    def test_the_tutorial_can_be_followed(self):
        page = (TREE / "sdk/TUTORIAL.md").read_text()
        steps = re.findall(r"(?ms)(?:This\s+becomes\s+`([^`]+)`:\n\n)?^```(sh|cpp)\n(.*?)^```$", page)
        self.assertEqual([kind for _, kind, _ in steps], ["sh", "cpp", "cpp", "sh", "sh"])
        project = self.work / "tea-pot"
        for name, kind, text in steps:
            if kind == "cpp":
                (project / name).write_text(text)
            else:
                self.author("sh", "-ec", text, at=project if project.exists() else self.work)
        self.plugin_loads(project / "build/plugins/tea-pot.so")
        self.is_what_it_says(TREE / "sdk/TUTORIAL.md", project / "build/plugins")
        self.is_what_it_says(project / "README.md", project / "build/plugins")

    def is_what_it_says(self, page, plugins):
        said = subprocess.run([TREE / "tests/docs/blocks_test.py", BUILD, "--plugins", plugins, page], text=True, capture_output=True)
        self.assertEqual(said.returncode, 0, said.stderr)

    def test_the_sdk_has_the_version_of_the_plugin_interface(self):
        header = (TREE / "sdk/include/hyalite/abi.h").read_text()
        major, minor = (int(re.search(rf"#define HYALITE_ABI_{it} (\d+)", header)[1]) for it in ("MAJOR", "NEWEST_MINOR"))
        self.assertEqual(self.author("pkg-config", "--modversion", "hyalite", at=self.work).strip(), f"{major}.{minor}")
        sources = self.work / "asks"
        sources.mkdir()
        for asked, there in ((f"{major}.0", True), (f"{major}.{minor}", True), (f"{major}.{minor + 1}", False), (f"{major + 1}.0", False), ("0.1", False)):
            (sources / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.25)\nproject(asks LANGUAGES CXX)\n"
                                                    f'find_package(hyalite {asked} QUIET)\nmessage("found: ${{hyalite_FOUND}}")\n')
            self.assertIn(f"found: {int(there)}", self.author("cmake", "-S", sources, "-B", sources / f"build-{asked}", at=sources), asked)

    def test_a_new_project_in_c_passes_its_test_by_pkg_config(self):
        project = self.new_project("my-marker-c", "c")
        self.assertIn("all is well", self.author("make", "test", at=project))
        self.plugin_loads(project / "my-marker-c.so")
        self.is_what_it_says(project / "README.md", project)

    def needs_cargo(self):
        if not shutil.which("cargo"):
            self.skipTest("SKIPPED: there is no cargo here (package cargo)")

    def build_and_test_rust(self, project):
        # A umask of 002 is common, and lets the group write to what is built.
        self.author("cargo", "build", "--offline", "--quiet", at=project, umask=0o002)
        self.author("cargo", "test", "--offline", "--quiet", at=project, umask=0o002)

    def test_a_new_project_in_rust_passes_its_test(self):
        self.needs_cargo()
        project = self.new_project("my-marker-rs", "rust")
        self.build_and_test_rust(project)
        self.plugin_loads(project / "target/debug/libmy_marker_rs.so")
        self.is_what_it_says(project / "README.md", project / "target/debug")

    def test_the_interface_in_rust_is_laid_out_as_in_c(self):
        self.needs_cargo()
        bindings = self.found("rust/hyalite.rs")
        names = re.findall(r"(?m)^pub struct (\w+) \{\n    pub", bindings.read_text())
        self.assertGreater(len(names), 40)
        c, rust = self.work / "layout.c", self.work / "layout.rs"
        c.write_text("#include <hyalite/plugin.h>\n#include <stdio.h>\nint main(void) {\n" +
                     "".join(f'printf("{it} %zu %zu\\n", sizeof({it}), _Alignof({it}));\n' for it in names) + "return 0; }\n")
        rust.write_text(f'#[allow(dead_code, non_camel_case_types, unused_macros)] mod hyalite {{ include!("{bindings}"); }}\nuse std::mem::*;\nfn main() {{\n' +
                        "".join(f'println!("{it} {{}} {{}}", size_of::<hyalite::{it}>(), align_of::<hyalite::{it}>());\n' for it in names) + "}\n")
        run("cc", f"-I{self.prefix}/include", "-o", self.work / "layout-c", c)
        run("rustc", "-o", self.work / "layout-rust", rust)
        self.assertEqual(run(self.work / "layout-rust"), run(self.work / "layout-c"))

    def test_a_new_project_touches_nothing_that_is_there(self):
        (self.work / "taken").mkdir()
        for name, why in (("taken", "is there already"), ("Bad Name", "is no name"), ("test", "means something else")):
            said = subprocess.run([self.hyalite, "plugin", "new", name], cwd=self.work, text=True, capture_output=True)
            self.assertEqual((said.returncode, said.stderr.count("\n")), (1, 1), said)
            self.assertIn(why, said.stderr)
        self.assertEqual(list((self.work / "taken").iterdir()), [])

    def test_a_new_project_may_lie_wherever_its_author_likes(self):
        for place, told in (("some where", "'some where'"), ("it's", r"'it'\''s'")):
            said = run(self.hyalite, "plugin", "new", "my-marker-c", "--lang", "c", "--dir", place, cwd=self.work)
            self.assertEqual(said.splitlines()[-1].split(" && ")[0], f"Now: cd {told}")
        self.assertIn("all is well", self.author("make", "test", at=self.work / "some where"))

    def is_clean(self, plugin, settings, *more):
        file = self.work / "checked.yaml"
        file.write_text(settings)
        said = subprocess.run([self.hyalite, "plugin", "check", plugin, "--settings", file, *more], text=True, capture_output=True)
        self.assertEqual(said.returncode, 0, f"{plugin}:\n{said.stdout}{said.stderr}")

    def test_the_examples_pass_their_tests_and_are_clean(self):
        examples = self.work / "examples"
        shutil.copytree(TREE / "examples", examples, ignore=shutil.ignore_patterns("client_budget"))
        self.build_and_test(examples)
        settings = {"hello_plugin": "{}", "hello_plugin_c": "{}", "header_rewriter": "{}", "url_lookup": "{ remember_s: 60 }", "line_lookup": "{}",
                    "search_replace": "{ search: a, replace: banana }", "upload_scanner": "{ signatures: [ EVIL ], at_once_bytes: 4 }",
                    "line_guard": "{ ports: [ 21, 80 ], commands: [ DELE ] }", "message_log": f"{{ file: {self.work}/messages }}"}
        built = sorted((examples / "build/plugins").glob("*.so"))
        self.assertEqual([it.stem for it in built], sorted(settings))
        # The checker's service says "ok", which is no opinion: then it fails, as it should.
        fails = {"line_lookup": [f"--skip={it}" for it in ("flow", "host.newer")]}
        for plugin in built:
            self.is_clean(plugin, settings[plugin.stem], *fails.get(plugin.stem, []))
            self.is_what_it_says(examples / plugin.stem / "README.md", examples / "build/plugins")

    def test_the_example_in_rust_passes_its_tests_and_is_clean(self):
        self.needs_cargo()
        project = self.work / "client_budget"
        shutil.copytree(TREE / "examples/client_budget", project, ignore=shutil.ignore_patterns("target"))
        self.build_and_test_rust(project)
        # When memory runs out, Rust ends the program.
        self.is_clean(project / "target/debug/libclient_budget.so", "{ requests_per_minute: 1000000 }", "--skip", "host.memory")
        self.is_what_it_says(project / "README.md", project / "target/debug")


if __name__ == "__main__":
    unittest.main(verbosity=2)
