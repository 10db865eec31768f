#!/usr/bin/python3
"""The SDK's headers by themselves: each alone, in C and C++ of several years, by gcc and clang, pedantically, on other machines (their layouts only), and
with flags of the kinds that authors choose; and that flags under which the border would lie otherwise do not compile."""
# SPDX-License-Identifier: MIT
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = TOP / "sdk/include"
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Wpadded", "-Wundef", "-Wstrict-prototypes", "-Werror"]
PLUGIN = '#include <hyalite/plugin.h>\nHYALITE_NOTE("org.example.a", "1", "MIT");\nint a(const hyalite_host* h) { return HYALITE_HAS(h, log); }\n'
# What is in templates is only looked at where a class uses it.
WRAPPER = """#include <hyalite/plugin.hpp>
struct A : hyalite::Plugin<A> {
  static constexpr hyalite::Info info{"org.example.a", "1", "A", "MIT"};
  struct FlowState { int n = 0; };
  void configure(const hyalite::Settings& settings) { if (settings["a"]) settings["a"].mistake("no"); }
  void on_client_hello(hyalite::Flow&, const hyalite::ClientHello&, FlowState&) {}
  hyalite::Verdict on_request_head(hyalite::Request& request) { return request.pause(std::chrono::seconds(1)); }
  void on_resume(hyalite::Exchange&, const hyalite::Resumption&) { fetch({"a", "/"}, [](const hyalite::FetchResult&) {}); }
  void on_ws_message(hyalite::Flow&, hyalite_direction, hyalite::WebSocketMessage&) {}
};
HYALITE_PLUGIN(A)
"""


def plugins_with(members, name="Plugin", final=""):
    """A class for each, whose descriptor is asked for."""
    text, names = "#include <hyalite/plugin.hpp>\n", [f"{name}{number}" for number in range(len(members))]
    for it, more in zip(names, members):
        text += (f"namespace {{ struct {it}{final} : hyalite::Plugin<{it}> {{\n"
                 f"  static constexpr hyalite::Info info{{\"org.example.a\", \"1\", \"A\", \"MIT\"}};\n  {more.replace('NAME', it)}\n}}; }}\n")
    return text + f"const hyalite_descriptor* all_of_{name}[] = {{{', '.join(f'hyalite::descriptor_of<{it}>()' for it in names)}}};\n"


COMPILERS = [pair for pair in (("gcc", "g++"), ("clang", "clang++")) if shutil.which(pair[1])]


def compile(compiler, text, suffix, *flags):
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / f"a{suffix}"
        source.write_text(text)
        return subprocess.run([compiler, "-fsyntax-only", f"-I{INCLUDE}", *flags, str(source)], capture_output=True, text=True).stderr


class Headers(unittest.TestCase):
    def passes(self, *what):
        self.assertEqual("", compile(*what), what)

    def test_c_of_all_years(self):
        for c, _ in COMPILERS:
            for year in ("c11", "c17", "c2x"):
                with self.subTest(compiler=c, year=year):
                    self.passes(c, PLUGIN, ".c", f"-std={year}", *STRICT)

    def test_cpp_of_all_years(self):
        strict = [flag for flag in STRICT if flag != "-Wstrict-prototypes"]
        for _, cxx in COMPILERS:
            for year in ("c++17", "c++20", "c++2b"):
                with self.subTest(compiler=cxx, year=year):
                    self.passes(cxx, PLUGIN, ".cc", f"-std={year}", *strict)

    def test_the_wrapper(self):
        for compiler, year, *flags in (("g++", "c++17", "-fno-exceptions", "-fno-rtti"), ("g++", "c++2b", "-fshort-enums"), ("clang++", "c++20")):
            if shutil.which(compiler):
                with self.subTest(compiler=compiler, year=year):
                    self.passes(compiler, WRAPPER, ".cc", f"-std={year}", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Wsign-conversion", "-Werror", "-fvisibility=hidden", *flags)

    def test_hooks_that_would_never_be_called_do_not_compile(self):
        head, none, never = "void on_request_head(hyalite::Request&) {}", "no hook was found", "on_request_head would never be called"
        wrong = {"": [none],
                 "void on_request_haed(hyalite::Request&) {}": [none],
                 f"private: {head}": [none, never],
                 f"void tick() {{}} protected: {head}": [never],
                 f"void tick() {{}} {head} void on_request_head(int) {{}}": [never],
                 "void tick() {} template <class R> void on_request_head(R&) {}": [never],
                 "void tick() {} void configure(const hyalite::Settings&) {} void configure(int) {}": ["configure would never be called"]}
        for _, cxx in COMPILERS:
            said = compile(cxx, plugins_with(wrong), ".cc", "-std=c++17", "-fvisibility=hidden")
            complaints = re.findall(r"error: .*(no hook was found|\b\w+ would never be called)", said)
            self.assertEqual(sorted(sum(wrong.values(), [])), sorted(complaints), said)

    def test_all_other_hooks_compile(self):
        right = ("void start(const hyalite_worker&) {}",
                 "void configure(const hyalite::Settings&) {}",
                 "void tick() {} private: void start(int) {} void stop(int) {} void stop(char) {} void on_request(int) {}",
                 "virtual ~NAME() = default; virtual void on_data(hyalite::Flow&, hyalite_direction, hyalite::Body&) {}")
        for _, cxx in COMPILERS:
            self.passes(cxx, plugins_with(right) + plugins_with(right, "Final", " final").split("\n", 1)[1], ".cc", "-std=c++17", "-Wall", "-Wextra", "-Wpedantic",
                        "-Wshadow", "-Wnon-virtual-dtor", "-Werror", "-fvisibility=hidden")

    def test_each_alone_and_twice(self):
        for header in sorted((INCLUDE / "hyalite").glob("*.h")):
            if header.name in ("layout.h", "testing.h"):
                continue
            with self.subTest(header=header.name):
                self.passes("gcc", f"#include <hyalite/{header.name}>\n" * 2 + "int a;\n", ".c", "-std=c11", *STRICT)

    def test_the_same_layout_on_other_machines(self):
        if not shutil.which("clang"):
            self.skipTest("no clang")
        for machine in ("x86_64", "aarch64", "riscv64", "powerpc64le"):
            with self.subTest(machine=machine):
                self.passes("clang", "#include <hyalite/plugin.h>\nint a;\n", ".c", f"--target={machine}-linux-gnu", "-ffreestanding", "-nostdlibinc", "-std=c11")

    def test_flags_that_change_layouts(self):
        # No enum, and no char that may be negative, crosses.
        self.passes("gcc", "#include <hyalite/plugin.h>\nint a;\n", ".c", "-fshort-enums", "-funsigned-char", "-fsigned-char", "-flto", "-O3")
        for flag in ("-m32", "-mx32", "-fpack-struct", "-fpack-struct=1", "-fpack-struct=4"):
            with self.subTest(flag=flag):
                self.assertIn("cannot be built", compile("gcc", "#include <hyalite/plugin.h>\nint a;\n", ".c", flag, "-ffreestanding"))

    def test_an_older_minor_is_said_in_the_note(self):
        wanted = '#include <hyalite/plugin.h>\nHYALITE_NOTE("a", "1", "MIT");\n' + "".join(
            f"_Static_assert(HYALITE_{name} == {value}, \"\");\n" for name, value in (("ABI_MINOR", 0), ("MIN_HOST_MINOR", 0)))
        self.passes("gcc", wanted, ".c", "-std=c11", "-DHYALITE_ABI_MINOR=0")

    def test_minors_that_make_no_sense_do_not_compile(self):
        plain = "#include <hyalite/plugin.h>\nint a;\n"
        self.assertIn("take newer ones", compile("gcc", plain, ".c", "-DHYALITE_ABI_MINOR=99"))
        self.assertIn("more than HYALITE_ABI_MINOR", compile("gcc", plain, ".c", "-DHYALITE_MIN_HOST_MINOR=98"))

    def test_nothing_is_defined_for_the_linker(self):
        with tempfile.TemporaryDirectory() as folder:
            source, thing = pathlib.Path(folder) / "a.cc", pathlib.Path(folder) / "a.o"
            source.write_text("#include <hyalite/plugin.h>\n#include <hyalite/network.h>\nint mine;\n")
            subprocess.run(["g++", "-std=c++17", "-c", f"-I{INCLUDE}", str(source), "-o", str(thing)], check=True)
            names = subprocess.run(["nm", "--defined-only", "--extern-only", str(thing)], check=True, capture_output=True, text=True).stdout
            self.assertEqual(["mine"], [line.split()[2] for line in names.splitlines()])


if __name__ == "__main__":
    unittest.main()
