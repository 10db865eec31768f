#!/usr/bin/python3
"""Plugins that know more than this host: the test makes headers that are one minor ahead, builds plugins with them, and runs these in the real engine.
What the host lacks degrades to "unsupported", in C and in C++; a plugin that needs it is refused by name; taken as today's minor, the headers build today's plugin.

    ahead_test.py CONFORMANCE    the program that runs a plugin (conformance.cc)
"""
# SPDX-License-Identifier: MIT
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "sdk/abi"), str(TOP / "tests/abi/conformance")]
sys.dont_write_bytecode = True
import abi  # noqa: E402
import conformance_test  # noqa: E402
import growth  # noqa: E402
import surface  # noqa: E402

NOW = abi.version()[1]
NEXT = NOW + 1
GUARDED = "\n#if HYALITE_ABI_MINOR >= {0}\n{1}\n#endif\n"

# As docs/hacking.md says how to add something: a function, a hook, a member, a flag, a header's name, and the wrapper's word for the function.
ADDITIONS = [
    ("abi.h", rf"#define HYALITE_ABI_NEWEST_MINOR {NOW} ", f"#define HYALITE_ABI_NEWEST_MINOR {NEXT} "),
    ("http.h", r"\n\} hyalite_host_http;", GUARDED.format(NEXT, "  /* [hook] Later. */\n  hyalite_status (*later)(hyalite_exchange* exchange);") + "} hyalite_host_http;"),
    ("http.h", r"\n\} hyalite_http_hooks;", GUARDED.format(NEXT, "  /* [worker] Later. */\n  hyalite_verdict (*later_hook)(void* instance);") + "} hyalite_http_hooks;"),
    ("body.h", r"\n\} hyalite_body_options;", GUARDED.format(NEXT, "  uint64_t later;") + "} hyalite_body_options;"),
    ("body.h", r"(  HYALITE_BODY_DECODED = 4) ", rf"  HYALITE_BODY_LATER = 1 << 8,\n\1 "),
    ("cpp/http.hpp", r"    Flow flow\(\) const \{", "#if HYALITE_ABI_MINOR >= %d\n    hyalite_status later() {\n"
     "      return host_->http.has(&hyalite_host_http::later) ? host_->http->later(exchange_) : HYALITE_E_UNSUPPORTED;\n    }\n#endif\n    Flow flow() const {" % NEXT),
]

IN_C = r"""
#include <hyalite/plugin.h>
#include <stdio.h>
#include <string.h>
HYALITE_NOTE("ahead-c", "1", "MIT");
static const hyalite_host* host;
static const hyalite_host_http* http;
static hyalite_verdict request_head(void* instance, hyalite_exchange* exchange, void* state, const hyalite_headers* headers) {
  char line[100];
  hyalite_body_options options = {0};
  hyalite_status later = HYALITE_E_UNSUPPORTED, member, flag;
  (void)instance, (void)state, (void)headers;
  options.size = sizeof options, options.mode = HYALITE_BODY_TAP;
#if HYALITE_ABI_MINOR > NOW
  if (HYALITE_HAS(http, later)) later = http->later(exchange);
  options.later = 7;
#endif
  member = http->body_interest(exchange, HYALITE_REQUEST, &options);
  memset((char*)&options + 32, 0, sizeof options - 32);
  options.flags = 1 << 8;
  flag = http->body_interest(exchange, HYALITE_REQUEST, &options);
  snprintf(line, sizeof line, "did: minor %u later %d member %d flag %d", host->abi_minor, later, member, flag);
  host->log(host, HYALITE_LOG_INFO, (hyalite_bytes){line, strlen(line)}, NULL, 0);
  return HYALITE_CONTINUE;
}
static hyalite_verdict request_body(void* instance, hyalite_exchange* exchange, void* state, hyalite_window* window, const hyalite_window_view* view) {
  (void)instance, (void)exchange, (void)state, (void)window, (void)view;
  return HYALITE_CONTINUE;
}
static const void* get_interface(const char* id) {
  static const hyalite_http_hooks hooks = {.size = sizeof hooks, .request_head = request_head, .request_body = request_body};
  return strcmp(id, HYALITE_HTTP_ID) == 0 ? &hooks : NULL;
}
static hyalite_status create(const hyalite_host* given, void** instance) {
  static int any;
  host = given, *instance = &any;
  http = host->get_interface(host, HYALITE_HOST_HTTP_ID);
  return http != NULL ? HYALITE_OK : HYALITE_E_UNSUPPORTED;
}
static void destroy(void* instance) { (void)instance; }
HYALITE_EXPORT const hyalite_descriptor* hyalite_plugin_entry(void);
const hyalite_descriptor* hyalite_plugin_entry(void) {
  static const hyalite_descriptor it = {.magic = HYALITE_DESCRIPTOR_MAGIC, .abi_major = HYALITE_ABI_MAJOR, .abi_minor = HYALITE_ABI_MINOR, .size = sizeof it,
    .id = "ahead-c", .version = "1", .summary = "Ahead", .license = "MIT", .settings_schema = "{}", .get_interface = get_interface, .create = create, .destroy = destroy};
  return &it;
}
"""

IN_CPP = r"""
#include <hyalite/plugin.hpp>
struct Ahead : hyalite::Plugin<Ahead> {
  static constexpr hyalite::Info info{"ahead-cpp", "1", "Ahead", "MIT"};
  static constexpr const char* settings_schema = "{}";
  void on_request_head(hyalite::Request& request) {
    log(HYALITE_LOG_INFO, "did: later " + std::to_string(request.later()) + (host().http.has(&hyalite_host_http::respond) ? " respond is there" : ""));
  }
};
HYALITE_PLUGIN(Ahead)
"""

# A host that has no draft, to a plugin that has hooks of one: its headers ask for drafts that nobody offers.
WITH_A_DRAFT = IN_CPP.replace("void on_request_head", "void on_client_hello(hyalite::Flow&, const hyalite::ClientHello&) {}\n  void on_request_head")
WITHOUT_HOOKS = IN_CPP.replace("request.later()", "(fetch({\"s\", \"/\"}, [](const hyalite::FetchResult&) {}) == 0 ? HYALITE_E_UNSUPPORTED : HYALITE_OK)")


class Ahead(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.headers = pathlib.Path(cls.folder.name) / "include"
        shutil.copytree(surface.HEADERS, cls.headers)
        for header, before, after in ADDITIONS:
            path = cls.headers / "hyalite" / header
            text, count = re.subn(before, after, path.read_text(), count=1)
            assert count == 1, f"{before} is not in {header}"
            path.write_text(text)
        (cls.headers / "hyalite/layout.h").write_text(abi.layout(surface.surface(cls.headers)))

    def built(self, source, suffix, *flags):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder.name))
        (folder / f"a{suffix}").write_text(source)
        compiler = ["gcc", "-std=c11"] if suffix == ".c" else ["g++", "-std=c++17", "-fno-gnu-unique"]
        subprocess.run([*compiler, f"-I{self.headers}", *conformance_test.FLAGS, "-O1", f"-DNOW={NOW}", *flags, str(folder / f"a{suffix}"), "-o", str(folder / "a.so")], check=True)
        return folder / "a.so"

    def ran(self, plugin):
        """Its lines in the first conversation, or why it was refused."""
        out = subprocess.run([PROGRAM, str(plugin)], capture_output=True, text=True, timeout=100).stdout
        first = out.split("\n== ")[0]
        return [line.strip() for line in first.splitlines() if line.startswith("  ") and re.search(r"minor|later|refused", line)]

    def test_growth_is_lawful(self):
        then = abi.first_release() if NOW == 0 and abi.first_release() else surface.surface()
        self.assertEqual([], list(growth.complaints(then, surface.surface(self.headers))))

    def test_c_asks_before_it_uses(self):
        plugin = self.built(IN_C, ".c", f"-DHYALITE_MIN_HOST_MINOR={NOW}")
        self.assertEqual([f"minor {NOW} later -5 member -5 flag -5"], self.ran(plugin))

    def test_cpp_says_unsupported(self):
        plugin = self.built(IN_CPP, ".cc", f"-DHYALITE_MIN_HOST_MINOR={NOW}")
        self.assertEqual(["later -5 respond is there"], self.ran(plugin))

    def test_one_that_needs_it_is_refused_by_name(self):
        said = " ".join(self.ran(self.built(IN_C, ".c")))
        self.assertRegex(said, rf"a\.so is built for version 1\.{NEXT} of the plugin interface, this is 1\.{NOW}: it needs 1\.{NEXT} at least")

    def test_taken_as_todays_minor_it_is_todays(self):
        plugin = self.built(IN_C, ".c", f"-DHYALITE_ABI_MINOR={NOW}")
        self.assertEqual([f"minor {NOW} later -5 member 0 flag -5"], self.ran(plugin))
        # In C++, too: the wrapper has no word for what came later then.
        self.assertEqual(["later -5 respond is there"], self.ran(self.built(WITHOUT_HOOKS, ".cc", f"-DHYALITE_ABI_MINOR={NOW}")))

    def test_drafts_that_the_host_does_not_have(self):
        for header in ("tls.h", "fetch.h"):
            path = self.headers / "hyalite" / header
            path.write_text(path.read_text().replace("/draft1", "/draft9"))
        said = " ".join(self.ran(self.built(WITH_A_DRAFT, ".cc", f"-DHYALITE_MIN_HOST_MINOR={NOW}")))
        self.assertIn("refused", said)
        self.assertIn("hyalite.tls/draft9", said)
        self.assertEqual(["later -5 respond is there"], self.ran(self.built(WITHOUT_HOOKS, ".cc", f"-DHYALITE_MIN_HOST_MINOR={NOW}")))


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
