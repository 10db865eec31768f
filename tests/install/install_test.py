#!/usr/bin/python3
# What `cmake --install` puts where, and that it works from there: plugins are built against the installed SDK by CMake and by
# pkg-config, man pages are sound, completion completes, the unit is one. Usage: install_test.py BUILD_DIRECTORY
# SPDX-License-Identifier: MIT
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
HELLO = pathlib.Path(__file__).resolve().parents[2] / "examples/hello_plugin/hello_plugin.cc"


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
                        "cmake/hyalite/hyaliteConfig.cmake", "pkgconfig/hyalite.pc", "share/hyalite/default.yaml",
                        "share/hyalite/hyalite.schema.json", "etc/hyalite/hyalite.yaml", "logrotate.d/hyalite",
                        "systemd/system/hyalite.service", "sysusers.d/hyalite.conf", "man1/hyalite.1", "man5/hyalite.yaml.5",
                        "completions/hyalite"):
            self.found(pattern)
        strangers = [file for file in self.prefix.rglob("*") if re.search(r"\.cc$|_test|CMakeFiles", file.name)]
        self.assertEqual(strangers, [])

    def test_its_version_names_its_libraries(self):
        name, built, runs = run(self.hyalite, "--version").splitlines()
        self.assertRegex(name, r"^hyalite \d+\.\d+\.\d+$")
        for library in ("libevent", "llhttp", "yaml-cpp", "nlohmann-json", "CLI11", "OpenSSL", "zlib", "brotli", "zstd"):
            self.assertRegex(built, rf"\b{library} \d+\.\d+")
        self.assertIn(" ".join(run("openssl", "version").split()[:2]), runs)

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

    def plugin_loads(self, file):
        self.assertIn("hello", run(self.hyalite, "plugin", "info", file))
        settings = self.work / "with-plugin.yaml"
        settings.write_text("listeners: [{address: '127.0.0.1:0', transparent: no}]\n"
                            f"upstream: {{source: proxy}}\nplugins: [{{name: hello, use: {file}}}]\n")
        self.check(settings)

    def test_cmake_builds_a_plugin_against_it(self):
        project = self.work / "by-cmake"
        project.mkdir()
        shutil.copy(HELLO, project)
        (project / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.16)\nproject(hello LANGUAGES CXX)\nset(CMAKE_CXX_STANDARD 17)\n"
            "find_package(hyalite 0.1 REQUIRED)\nhyalite_add_plugin(hello hello_plugin.cc)\n")
        run("cmake", "-S", project, "-B", project / "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={self.prefix}")
        run("cmake", "--build", project / "build")
        self.plugin_loads(next(project.rglob("hello.so")))

    def test_pkg_config_builds_a_plugin_against_it(self):
        project = self.work / "by-pkg-config"
        project.mkdir()
        # The file says where it was meant to be installed.
        env = {**os.environ, "PKG_CONFIG_PATH": str(self.found("pkgconfig/hyalite.pc").parent)}

        def flags(what):
            return run("pkg-config", what, f"--define-variable=prefix={self.prefix}", "hyalite", env=env).split()
        plugin = project / "hello.so"
        run("c++", "-std=c++17", *flags("--cflags"), "-o", plugin, HELLO, *flags("--libs"))
        plugin.chmod(0o755)
        self.plugin_loads(plugin)


if __name__ == "__main__":
    unittest.main(verbosity=2)
