#!/usr/bin/python3
# `hyalite plugin check` finds each flaw, says where and how to mend it, and finds nothing in good plugins.
# SPDX-License-Identifier: MIT
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BINARY, BAD, GOOD, TEST = (sys.argv.pop(1) for _ in range(4))


def run(plugin, *options, flaw=None, settings=None):
    environment = dict(os.environ)
    if flaw is not None:
        environment["HYALITE_FLAW"] = flaw
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        arguments = [BINARY, "plugin", "check", plugin, *options]
        if settings is not None:
            file.write(settings)
            file.flush()
            arguments += ["--settings", file.name]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=280, env=environment)
    return done


def report(plugin, *options, **more):
    done = run(plugin, "--json", *options, **more)
    if not done.stdout:
        raise AssertionError(done.stderr)
    return done.returncode, json.loads(done.stdout)


class Found(unittest.TestCase):
    def assert_found(self, said, check, what, where=""):
        status, found = said
        self.assertEqual(found["version"], 1)
        self.assertEqual(status, 1, found)
        findings = [f for c in found["checks"] if c["id"] == check for f in c["findings"]]
        self.assertTrue(any(re.search(what, f["what"]) and where in f["where"] for f in findings), (check, what, where, found))
        return next(f for f in findings if re.search(what, f["what"]))


class Files(Found):
    """The file, without running it."""

    def assert_file(self, plugin, check, what, *more):
        found = self.assert_found(report(os.path.join(BAD, plugin + ".so"), *more), check, what)
        self.assertEqual(found["where"], "")

    def test_what_others_may_write(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "open.so")
            shutil.copy(os.path.join(GOOD, "hello_plugin.so"), path)
            os.chmod(path, 0o666)
            self.assert_found(report(path), "file.place", "may be written by others: chmod go-w")
            os.chmod(path, 0o644)
            os.chmod(directory, 0o777)
            self.assert_found(report(path), "file.place", "lies in a directory that others may write to")

    def test_what_is_no_plugin(self):
        with tempfile.TemporaryDirectory() as directory:
            whole = open(os.path.join(GOOD, "hello_plugin.so"), "rb").read()
            for name, content in {"text": b"nothing", "empty": b"", "head": whole[:64], "half": whole[: len(whole) // 2]}.items():
                path = os.path.join(directory, name + ".so")
                with open(path, "wb") as file:
                    file.write(content)
                os.chmod(path, 0o644)
                status, found = report(path)
                self.assertEqual(status, 1, name)
                self.assertNotEqual(found["failed"], 0)
                self.assertEqual([c["result"] for c in found["checks"] if c["id"] == "load"], ["skipped"])

    def test_damaged_files_are_refused_and_never_loaded(self):
        whole = bytearray(open(os.path.join(GOOD, "hello_plugin_c.so"), "rb").read())
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "damaged.so")
            for at in list(range(0, 64, 3)) + list(range(64, 64 + 9 * 56, 37)):  # the head, and the table of segments
                damaged = bytearray(whole)
                damaged[at : at + 4] = b"\xff\xff\xff\x7f"
                with open(path, "wb") as file:
                    file.write(damaged)
                os.chmod(path, 0o644)
                done = run(path, "--only", "file")
                self.assertIn(done.returncode, (0, 1), (at, done))
                self.assertIn("passed", done.stdout)

    def test_no_note(self):
        self.assert_file("missing_note", "file.note", r"has no note \.note\.hyalite")

    def test_another_version(self):
        self.assert_file("old_abi", "file.note", "built for version 0.0 of the plugin interface.*rebuild it")

    def test_exports(self):
        self.assert_file("exports_too_much", "file.exports", "exports SSL_read, which may clash")
        self.assert_file("no_entry", "file.exports", "does not export hyalite_plugin_entry")

    def test_undefined_symbols(self):
        self.assert_found(report(os.path.join(BAD, "unresolved.so")), "load", "undefined symbol: nobody_has_this")

    def test_no_descriptor(self):
        self.assert_found(report(os.path.join(BAD, "no_descriptor.so")), "load", "gives no descriptor")

    def test_imports(self):
        for name in ("fork", "setenv", "umask", "setlocale", "signal", "chdir"):
            self.assert_file("flawed", "file.imports", r"calls %s\(\)" % name, "--only", "file.imports", *self.others(name))

    @staticmethod
    def others(name):
        names = {"fork", "setenv", "umask", "setlocale", "signal", "chdir", "_exit"} - {name}
        return [word for one in names for word in ("--allow", one)]

    def test_everything_else(self):
        self.assert_file("loose", "file.note", "other characters than")
        self.assert_file("loose", "file.libraries", "needs libcrypto.so")
        self.assert_file("loose", "file.libraries", r"looks for its libraries in /tmp/lib")
        for what in ("stays writable", "executable stack", "relocations", "written and executed", "static thread-local"):
            self.assert_file("loose", "file.hardening", what)


class Flaws(Found):
    """What a plugin does when it runs."""

    def assert_flaw(self, flaw, check, what, where="", *options, settings=None):
        said = report(os.path.join(BAD, "flawed.so"), "--only", check, *options, flaw=flaw, settings=settings)
        found = self.assert_found(said, check, what, where)
        self.assertTrue(found["mend"] or check == "create", found)
        return found

    def test_without_a_flaw(self):
        status, found = report(os.path.join(BAD, "flawed.so"), "--skip", "file.imports", flaw="none", settings="list: [ a, b ]")
        self.assertEqual((status, found["failed"]), (0, 0), found)

    def test_loading(self):
        for what, said in {"thread": "a thread was started", "descriptor": "a descriptor stays open", "locale": "the locale was changed",
                           "umask": "the umask was changed", "environment": r"the environment was changed \(FLAWED=yes\)",
                           "directory": "the working directory was changed", "signal": "the handling of SIGUSR1 was changed"}.items():
            self.assert_flaw(what + " at load", "load", said + ".* by loading it")
        self.assert_flaw("crash at load", "load", "dies outside of any hook of SIGABRT", "loading")
        self.assert_flaw("exit at load", "load", r"ends the process outside of any hook \(exit status 3\)")
        self.assert_flaw("two licenses", "load", "another license")

    def test_tables(self):
        self.assert_flaw("any id", "load.tables", 'has a table for the unknown id "hyalite.http/2"')
        self.assert_flaw("table of an odd size", "load.tables", "says that it has 8192 bytes")

    def test_creating(self):
        self.assert_flaw("refuses to be created", "create", "could not be created")
        self.assert_flaw("does not start", "create", "could not start")
        self.assert_flaw("thread in create", "create", "started a thread while it was created")
        self.assert_flaw("descriptor in create", "create", "a descriptor stays open .* by creating an instance")
        self.assert_flaw("process in create", "create", "leaves processes behind")
        self.assert_flaw("crash on settings", "create.settings", "dies in create of SIGABRT", "settings {", settings="list: [ a, b ]")
        self.assert_flaw("leak in create", "create.instances", "created and destroyed leaves .* bytes behind")
        self.assert_flaw("shared by instances", "create.instances", "once another one was at work")

    def test_other_hosts(self):
        self.assert_flaw("reads past tables", "host.older", "in request_head", "hyalite.host.http/1 ends before")
        self.assert_flaw("needs every table", "host.older", "dies|ends the process", "a host without")
        self.assert_flaw("ignores stride", "host.newer", "in request_head", "longer")
        self.assert_flaw("knows all protocols", "host.newer", "dies in protocol")
        self.assert_flaw("ignores statuses", "host.failing", "respond fails, request_head answers what is not allowed: HYALITE_FINAL without a decision")
        self.assert_flaw("needs memory", "host.memory", "in request_head", "allocation 1 inside of hooks fails")

    def test_ordinary_flows(self):
        for flaw, said in {"crash": "dies in request_head of SIGABRT", "exit": r"ends the process in request_head \(exit status 0\)",
                           "fails": "request_head fails", "unknown verdict": "the unknown verdict 77",
                           "final without decision": "HYALITE_FINAL without a decision", "exception": "an exception leaves request_head",
                           "prints": 'prints to stdout or stderr: "a line of its own', "wrong hook": "calls the host wrongly in request_head: hyalite_host_http.drop_info: not in this hook",
                           "pauses for ever": "deadline"}.items():
            self.assert_flaw(flaw, "flow.ordinary", said, "" if flaw == "prints" else "a GET")

    def test_flows_in_other_ways(self):
        self.assert_flaw("misses what is cut", "flow.pieces", "arrives in other pieces is treated in another way", "byte by byte")
        self.assert_flaw("mixes flows up", "flow.interleaved", "when other flows pass meanwhile")
        self.assert_flaw("trusts the end", "flow.cut", "in exchange_end")
        self.assert_flaw("trusts lengths", "flow.odd", "dies in request_head of SIGABRT", "a long target")
        self.assert_flaw("trusts services", "flow.services", "dies in fetched of SIGABRT", "every service fails")

    def test_tls(self):
        self.assert_flaw("trusts handshakes", "flow.ordinary", "dies in tls_done of SIGABRT", "TLS with")
        self.assert_flaw("accepts on trust", "host.failing", "accept_certificate fails, upstream_tls answers what is not allowed: HYALITE_FINAL", "TLS")

    def test_websockets(self):
        self.assert_flaw("trusts messages", "flow.ordinary", "dies in ws_message of SIGABRT", "messages of a WebSocket")
        self.assert_flaw("closes on trust", "host.failing", "close fails, ws_message answers what is not allowed: HYALITE_FINAL", "a WebSocket")
        self.assert_flaw("mixes messages up", "flow.interleaved", "a WebSocket.* when other flows pass meanwhile")

    def test_answers_in_a_stream(self):
        self.assert_flaw("streams on trust", "host.failing", "respond_stream fails, request_head answers what is not allowed: HYALITE_FINAL")
        self.assert_flaw("streams to whoever left", "flow.cut", "dies in channel of SIGABRT", "while it waits")

    def test_time(self):
        self.assert_flaw("hang", "flow.ordinary", "waits in request_head for more than 1 s", "a GET", "--call-limit", "1")
        self.assert_flaw("endless loop", "flow.ordinary", "computes in request_head for more than 1 s", "a GET", "--call-limit", "1")
        self.assert_flaw("grows", "time.growth", "4 times as much of it takes")
        watched = report(os.path.join(GOOD, "hello_plugin.so"), "--only", "time.blocking")[1]["checks"][0]
        if watched["result"] == "skipped":
            self.skipTest(watched["why"])
        self.assert_flaw("sleeps", "time.blocking", "calls (clock_)?nanosleep in request_head", "a GET")
        self.assert_flaw("opens a file", "time.blocking", "calls open(at)? in request_head")

    def test_leaks(self):
        self.assert_flaw("leaks", "leaks", "every flow leaves .* bytes behind")
        self.assert_flaw("leaves descriptors", "leaks", "a descriptor stays open .* by flows that passed")
        # The border: whoever leaves one and then, some hundred flows later, another one leaks; whoever opens one in all does not.
        self.assert_flaw("leaves a descriptor now and then", "leaks", "a descriptor stays open .* by flows that passed")
        status, found = report(os.path.join(BAD, "flawed.so"), "--only", "leaks", flaw="opens its log late")
        self.assertEqual((status, found["failed"]), (0, 0), found)
        self.assert_flaw("thread after stop", "leaks", "its thread goes on after stop")


class Reports(Found):
    def test_a_finding_is_reproduced_alone(self):
        plugin = os.path.join(BAD, "flawed.so")
        found = self.assert_found(report(plugin, "--only", "flow.odd", "--seed", "7", flaw="trusts lengths"), "flow.odd", "dies in request_head")
        self.assertRegex(found["reproduce"], r"^flow\.odd/7/\d+$")
        again = run(plugin, "--reproduce", found["reproduce"], flaw="trusts lengths")
        self.assertEqual(again.returncode, 1, again)
        self.assertIn("again: --reproduce " + found["reproduce"], again.stdout)
        self.assertEqual(run(plugin, "--reproduce", found["reproduce"], flaw="none").returncode, 0)

    def test_people_get_a_line_for_each_check(self):
        done = run(os.path.join(GOOD, "hello_plugin_c.so"), "--only", "file", "--skip", "file.note")
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual([line.split()[:2] for line in done.stdout.splitlines()[:-1]],
                         [["passed", "file." + name] for name in ("place", "exports", "imports", "libraries", "hardening")])
        self.assertEqual(done.stdout.splitlines()[-1], "5 passed, 0 failed")

    def test_wrong_words_are_refused(self):
        done = run(os.path.join(GOOD, "hello_plugin.so"), "--only", "flow.peaces")
        self.assertEqual(done.returncode, 2)
        self.assertIn('did you mean "flow.pieces"?', done.stderr)
        self.assertEqual(run(os.path.join(GOOD, "hello_plugin.so"), "--reproduce", "nonsense").returncode, 2)

    def test_settings_that_are_wrong(self):
        done = run(os.path.join(GOOD, "hello_plugin.so"), "--only", "create", settings="greetin: x")
        self.assertEqual(done.returncode, 1)
        self.assertIn("greetin", done.stdout)


class Good(unittest.TestCase):
    def clean(self, name, settings=None):
        done = run(os.path.join(GOOD, name + ".so"), settings=settings)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_examples(self):
        for name in ("hello_plugin", "hello_plugin_c", "url_lookup"):
            self.clean(name)

    def test_an_example_without_the_drafts_that_it_needs(self):
        done = run(os.path.join(GOOD, "line_lookup.so"), "--only", "host.older")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_how_the_host_frames_is_no_difference(self):
        for how in ("peek", "degrade", "skip", "reject"):
            done = run(os.path.join(TEST, "holds.so"), "--only", "flow.pieces", settings=f"how: {how}\n")
            self.assertEqual(done.returncode, 0, how + done.stdout + done.stderr)

    def test_blocker(self):
        self.clean("blocker", "hosts: [ ads.example ]\nurls: [ h.example/ads/ ]\ncontent_types: [ \"video/*\" ]\n")

    def test_header_rewriter(self):
        self.clean("header-rewriter", "request: [ { remove: X-Debug }, { rename: X-Old, to: X-New }, { replace: Referer, pattern: \"[?].*\", with: \"\" } ]\n"
                   "response: [ { remove: Server, when: { status: [ 2xx ] } } ]\n")

    def test_http_logger(self):
        with tempfile.TemporaryDirectory() as directory:
            self.clean("http-logger", "file: " + os.path.join(directory, "log") + "\n")


if __name__ == "__main__":
    unittest.main()
