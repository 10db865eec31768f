#!/usr/bin/python3
"""Each check of the plugin interface is seen to fail: today's headers are taken as a release, and something is done to them that a later version might not
do; and what it may do passes."""
# SPDX-License-Identifier: MIT
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "sdk/abi"))
sys.dont_write_bytecode = True
import abi  # noqa: E402
import growth  # noqa: E402
import surface  # noqa: E402

RELEASED = surface.surface()


class Change(unittest.TestCase):
    """The headers, with one place changed."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.headers = pathlib.Path(folder.name) / "include"
        shutil.copytree(surface.HEADERS, self.headers)
        # What the changed headers are held against is the lock, not their own asserts.
        (self.headers / "hyalite/layout.h").write_text("")

    def change(self, header, before, after):
        path = self.headers / "hyalite" / header
        text, count = re.subn(before, after, path.read_text(), count=1, flags=re.S)
        self.assertEqual(count, 1, f"{before} is not in {header}")
        path.write_text(text)

    def said(self):
        return "\n".join(growth.complaints(RELEASED, surface.surface(self.headers)))

    def abidiff(self):
        with tempfile.TemporaryDirectory() as folder:
            kept = abi.abi_of(growth.settled(RELEASED), surface.HEADERS, None, folder).rename(pathlib.Path(folder) / "then.abi")
            return abi.differs(kept, RELEASED, surface.surface(self.headers), self.headers, None)


class WhatMayNotBe(Change):
    def test_a_member_in_the_middle(self):
        self.change("body.h", r"(typedef struct hyalite_host_body \{.*?)(  /\* \[hook)", r"\1  void (*more)(void);\n\2")
        self.assertIn("member hyalite_host_body.pass is another one", self.said())
        self.assertIn("hyalite_host_body", self.abidiff())

    def test_another_type(self):
        self.change("body.h", r"\(\*pass\)\(hyalite_window\* window, uint64_t n\)", "(*pass)(hyalite_window* window, int64_t n)")
        self.assertIn("member hyalite_host_body.pass is another one", self.said())
        self.assertIn("int64_t", self.abidiff())

    def test_another_type_behind_a_name(self):
        self.change("abi.h", r"typedef uint32_t hyalite_verdict;", "typedef uint64_t hyalite_verdict;")
        self.assertIn("type hyalite_verdict is another one", self.said())
        self.assertIn("hyalite_verdict", self.abidiff())

    def test_two_enumerators_swapped(self):
        self.change("abi.h", r"HYALITE_PAUSE =\s*1(.*?)HYALITE_FINAL =\s*2", r"HYALITE_PAUSE = 2\1HYALITE_FINAL = 1")
        self.assertIn("enumerator HYALITE_PAUSE is another one: 2", self.said())
        self.assertIn("HYALITE_PAUSE", self.abidiff())

    def test_an_enumerator_in_the_middle(self):
        self.change("http.h", r"  HYALITE_HEADER_ACCEPT,\n", "  HYALITE_HEADER_A_IM,\n  HYALITE_HEADER_ACCEPT,\n")
        self.assertIn("enumerator HYALITE_HEADER_ACCEPT is another one", self.said())
        self.assertIn("HYALITE_HEADER_ACCEPT", self.abidiff())

    def test_an_alignment(self):
        old, new = (growth_of("struct", "hyalite_x", f"24 bytes aligned to {n}, is fixed") for n in (4, 8))
        self.assertIn("struct hyalite_x is another one: 24 bytes aligned to 8", "\n".join(growth.complaints([old], [new])))

    def test_the_authors_compiler_finds_another_layout_by_itself(self):
        # layout.h, as it is beside the unchanged headers.
        self.change("body.h", r"(  uint32_t keep_max;)", r"  uint32_t more;\n\1")
        shutil.copy(surface.HEADERS / "hyalite/layout.h", self.headers / "hyalite/layout.h")
        said = subprocess.run(["cc", "-fsyntax-only", f"-I{self.headers}", "-x", "c", "-"], input="#include <hyalite/plugin.h>\n", capture_output=True, text=True)
        self.assertNotEqual(0, said.returncode)
        self.assertIn("built with flags under which", said.stderr)

    def test_a_function_gone(self):
        self.change("http.h", r"  /\* (?:(?!\*/).)*\*/\s*hyalite_status \(\*drop_info\)[^;]*;\n", "")
        self.assertIn("member hyalite_host_http.drop_info is gone", self.said())
        self.assertIn("drop_info", self.abidiff())

    def test_an_id_with_another_text(self):
        self.change("http.h", r'"hyalite.http/(\d+)"', r'"hyalite.http/9"')
        self.assertIn("macro HYALITE_HTTP_ID is another one", self.said())

    def test_a_constant_with_another_value(self):
        self.change("plugin.h", r"HYALITE_NOTE_TYPE 1", "HYALITE_NOTE_TYPE 2")
        self.assertIn("macro HYALITE_NOTE_TYPE is another one", self.said())

    def test_tags_that_allow_less(self):
        self.change("body.h", r"\[hook: request_body, response_body, data\]( Forwards)", r"[hook: request_body, response_body]\1")
        self.assertIn("tags hyalite_host_body.pass is another one", self.said())

    def test_growth_of_what_does_not_say_its_size(self):
        self.change("abi.h", r"(uint8_t bytes\[16\];[^\n]*\n)", r"\1  uint32_t scope;\n")
        self.assertIn("struct hyalite_address is another one: 28 bytes", self.said())

    def test_growth_into_a_hole(self):
        old = [growth_of("struct", "hyalite_x", "16 bytes aligned to 8, may grow"), growth_of("member", "hyalite_x.size", "at 0, 4 bytes, uint32_t"),
               growth_of("member", "hyalite_x.at", "at 8, 4 bytes, uint32_t")]
        new = [*old, growth_of("member", "hyalite_x.more", "at 12, 4 bytes, uint32_t")]
        self.assertIn("lies where hyalite_x reached before", "\n".join(growth.complaints(old, new)))

    def test_holes(self):
        self.change("http.h", r"  uint32_t reserved;\n(  hyalite_bytes reason;)", r"\1")
        self.assertEqual(["http.h: a hole before hyalite_response_line.reason: name it `reserved`"], list(growth.untidy(surface.surface(self.headers))))

    def test_a_promise_about_a_draft(self):
        self.change("async.h", r"  const void\* subject;", "  const struct hyalite_ws_message* subject;")
        self.assertEqual(["async.h: hyalite_resumption.subject is settled, and speaks of hyalite_ws_message, which is a draft's"],
                         list(growth.untidy(surface.surface(self.headers))))

    def test_a_draft_that_changes_under_its_id(self):
        old = [growth_of("macro", "HYALITE_HOST_X_ID", 'is "hyalite.host.x/draft1"'), growth_of("enumerator", "HYALITE_X", "1, of hyalite_x")]
        changed = growth_of("enumerator", "HYALITE_X", "2, of hyalite_x")
        self.assertIn("a draft that changed needs another id", "\n".join(growth.complaints(old, [old[0], changed])))
        renamed = growth_of("macro", "HYALITE_HOST_X_ID", 'is "hyalite.host.x/draft2"')
        self.assertEqual([], list(growth.complaints(old, [renamed, changed])))


class WhatMayBe(Change):
    def test_nothing_changed(self):
        self.assertEqual("", self.said())
        self.assertEqual("", self.abidiff())

    def test_a_draft_that_becomes_another_under_another_id(self):
        self.change("ws.h", r'"hyalite.host.ws/draft1"', '"hyalite.host.ws/draft2"')
        self.change("ws.h", r'"hyalite.ws/draft1"', '"hyalite.ws/draft2"')
        self.change("ws.h", r"\(\*ws_message\)", "(*ws_frame)")
        self.change("ws.h", r"  HYALITE_WS_PING = 9,\n", "")
        # What was allowed in its hook names another one now.
        self.change("flow.h", r", ws_message\] \[copies\] \[deferred\] Ends", ", ws_frame] [copies] [deferred] Ends")
        self.assertEqual("", self.said())
        self.assertEqual("", self.abidiff())

    def test_growth_at_the_end_and_more_hooks(self):
        self.change("body.h", r"\n\} hyalite_host_body;", "\n  /* [hook: data] More. */\n  hyalite_status (*more)(hyalite_window* window);\n} hyalite_host_body;")
        self.change("body.h", r"\[hook: request_body, response_body, data\]( Forwards)", r"[hook: request_body, response_body, data, ws_message]\1")
        self.change("abi.h", r"(HYALITE_E_STOPPED = -13)", r"\1,\n  HYALITE_E_MORE = -14")
        self.assertEqual("", self.said())
        new = surface.surface(self.headers)
        self.assertEqual(["HYALITE_E_MORE", "hyalite_host_body.more"], growth.additions(RELEASED, new))

    def test_a_later_minor_taken_as_the_older_one_is_the_older_one(self):
        self.change("body.h", r"\n\} hyalite_host_body;", "\n#if HYALITE_ABI_MINOR >= 77\n  hyalite_status (*more)(hyalite_window* window);\n#endif\n} hyalite_host_body;")
        self.change("abi.h", r"#define HYALITE_ABI_NEWEST_MINOR \d+", "#define HYALITE_ABI_NEWEST_MINOR 77")
        self.assertIn("hyalite_host_body.more", growth.additions(RELEASED, surface.surface(self.headers)))
        self.assertEqual([], growth.additions(RELEASED, surface.surface(self.headers, 76)))
        with tempfile.TemporaryDirectory() as folder:
            then = abi.abi_of(growth.settled(RELEASED), surface.HEADERS, None, folder).rename(pathlib.Path(folder) / "then.abi")
            self.assertEqual("", abi.differs(then, RELEASED, surface.surface(self.headers, 76), self.headers, 76))
            self.assertIn("more", abi.differs(then, RELEASED, surface.surface(self.headers), self.headers, None))


class TheLog(unittest.TestCase):
    old = [surface.Entry("type", "hyalite_old", "int32_t", "abi.h")]
    new = [*old, surface.Entry("struct", "hyalite_new", "8 bytes, may grow", "abi.h"), surface.Entry("member", "hyalite_new.size", "at 0, 4 bytes, uint32_t", "abi.h"),
           surface.Entry("enumerator", "HYALITE_NEW", "1, of hyalite_status_values", "abi.h")]

    def test_tells_of_everything_new(self):
        entries = abi.logged("# Log\n\n## 1.1, 2027\n\n`hyalite_new`, and `HYALITE_NEW`.\n\n## 1.0\n\nAll.\n")
        self.assertEqual([], list(abi.unlogged(self.old, self.new, entries["1.1"])))
        self.assertEqual(["LOG.md does not tell of HYALITE_NEW"], list(abi.unlogged(self.old, self.new, {"hyalite_new"})))
        self.assertEqual(["LOG.md tells of hyalite_other, which is not new there"],
                         list(abi.unlogged(self.old, self.new, {"hyalite_new", "HYALITE_NEW", "hyalite_other"})))


def growth_of(kind, key, fact):
    return surface.Entry(kind, key, fact, "x.h")


if __name__ == "__main__":
    unittest.main()
