#!/usr/bin/python3
# Reload and upgrade lose nothing; what cannot be loaded changes nothing.
# SPDX-License-Identifier: MIT
import concurrent.futures
import contextlib
import copy
import os
import pathlib
import resource
import shutil
import signal
import socket
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from origin import WebServer
from service import Load, Service, kill

GET = b"GET /address HTTP/1.1\r\nHost: origin.lab\r\n\r\n"
SIZE = 30_000_000


def loads_slowly(settings, directory):
    """The same, with what takes a while to load."""
    names = f"{directory}/names.txt"
    with open(names, "w") as file:
        file.writelines(f"host-{number}.example\n" for number in range(1_000_000))
    slow = copy.deepcopy(settings)
    slow["plugins"].append({"name": "ads", "use": "blocker", "settings": {"lists": [names]}})
    return slow


def loading(service):
    """The pid of a generation that loads, if there is one."""
    return next((it["pid"] for it in service.status()["generations"] if it["state"] == "loading"), None)


class WithLarge(GatewayTest):
    """An origin with something that takes a while."""

    @classmethod
    def set_up_origin(cls):
        cls.web = WebServer(cls.directory)
        cls.web.put("large", os.urandom(1 << 16) * (SIZE >> 16))
        cls.addClassCleanup(cls.web.close)


class Reload(WithLarge):
    def setUp(self):
        self.service = Service(self.gateway)
        self.service.generation()

    def test_no_request_fails_while_generations_change(self):
        before = self.service.generation()["number"]
        answered = self.gateway.count("hyalite_exchanges_total")
        with Load() as load:
            for _ in range(3):
                self.assertEqual(self.service.tell("reload")[0], 0)
                load.wait_for_more(20)
        self.assertEqual(load.failures, [])
        self.assertEqual(self.service.generation()["number"], before + 3)
        # What ended generations counted stays counted.
        self.gateway.wait_for_count(answered + load.answers, "hyalite_exchanges_total")

    def test_no_request_fails_while_the_program_is_replaced_and_the_master_stays_the_same(self):
        master = self.service.status()["master_pid"]
        with Load() as load:
            code, said = self.service.tell("upgrade")
            self.assertEqual(code, 0, said)
            load.wait_for_more(20)
        self.assertEqual(load.failures, [])
        self.assertEqual(self.service.status()["master_pid"], master)
        self.assertEqual(self.gateway._process.pid, master)

    def test_a_download_that_is_under_way_goes_on(self):
        with raw.connect() as client:
            client.send(b"GET /large HTTP/1.1\r\nHost: origin.lab\r\n\r\n")
            client.read(1000)
            self.assertEqual(self.service.tell("reload")[0], 0)
            self.assertGreater(len(client.read(SIZE >> 16 << 16)), (SIZE >> 16 << 16) - 2000)

    def test_an_idle_connection_learns_at_its_next_response_that_it_ends(self):
        with raw.connect() as client:
            client.send(GET)
            self.assertEqual(client.read_response().status, 200)
            self.assertEqual(self.service.tell("reload")[0], 0)

            # The command is answered when the new generation serves; the old one's worker may hear a little later that it ends.
            def is_told():
                client.send(GET)
                return client.read_response().header("Connection") == "close"
            lab.wait_for(is_told, "the response that says so")
            self.assertEqual(client.read_to_end(), b"")

    def test_what_cannot_be_loaded_is_told_with_its_place_and_changes_nothing(self):
        good = copy.deepcopy(self.gateway.settings)
        before = self.service.generation()["number"]
        for change, what in [({"listners": 1}, "listners"),
                             ({"plugins": [{"name": "x", "use": "no-such-plugin"}]}, "no-such-plugin"),
                             ({"plugins": [{"name": "x", "use": "blocker", "settings": {"hots": ["a"]}}]}, "hots"),
                             ({"tls": {"rules": [{"name": "x", "action": "pass", "domain_files": ["nowhere.txt"]}]}}, "nowhere.txt")]:
            self.gateway.write({**good, **change})
            code, said = self.service.tell("reload")
            self.assertEqual(code, 1)
            self.assertIn(what, said)
            self.assertRegex(said, r"hyalite\.yaml:\d+:\d+: ")
            self.assertEqual(self.service.generation()["number"], before)
            answer = lab.curl("-o", "/dev/null", "-w", "%{http_code}", lab.url("/address"))
            self.assertEqual(answer.stdout, b"200", answer.stderr)
        self.gateway.write(good)
        self.assertEqual(self.service.tell("reload")[0], 0)

    def test_what_needs_a_capability_that_is_not_there_is_told_with_its_place(self):
        good = copy.deepcopy(self.gateway.settings)
        self.addCleanup(self.gateway.write, good)
        self.gateway.write({**good, "upstream": {"mark": 0x200000, "source": "client", "fall_back_to_own_address": False}})
        said = lab.run("gateway", "setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw", lab.binary(), "check", "--config",
                       self.gateway.file)
        self.assertEqual(said.returncode, 1, said)
        for setting in (r"upstream\.mark", r"upstream\.source: client"):
            self.assertRegex(said.stderr.decode(), r"hyalite\.yaml:\d+:\d+: " + setting + " needs CAP_NET_RAW")

    def test_the_admin_pages_move_to_another_address_of_their_port(self):
        good = copy.deepcopy(self.gateway.settings)
        self.addCleanup(self.gateway.write, good)

        def answer_at(address):
            try:
                with socket.create_connection((address, 9180), 5) as client:
                    client.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    return client.recv(5) == b"HTTP/"
            except OSError:  # nobody listens, or whoever did is leaving
                return False
        for admin, elsewhere in (({"address": "0.0.0.0:9180", "allow_remote": True}, True), ({"address": "127.0.0.1:9180"}, False)):
            self.gateway.write({**good, "admin": admin})
            code, said = self.service.tell("reload")
            self.assertEqual(code, 0, said)
            lab.wait_for(lambda: answer_at("127.0.0.1") and answer_at("127.0.0.2") == elsewhere, f"pages at {admin}")

    def test_log_files_are_opened_again(self):
        moved = f"{self.directory}/moved.ndjson"
        lab.curl(lab.url("/address"))
        lab.wait_for(lambda: os.path.exists(self.gateway.record_file), "records")
        os.rename(self.gateway.record_file, moved)
        self.assertEqual(self.service.tell("reopen"), (0, "files are being opened again; what cannot be opened is logged\n"))
        lab.wait_for(lambda: os.path.exists(self.gateway.record_file), "the new file")

        def arrives():  # each worker reopens in its own time
            lab.curl(lab.url("/address?after"))
            return any(it.get("target") == "/address?after" for it in self.gateway.records())
        lab.wait_for(arrives, "a record in the new file")


class Quiet(GatewayTest):
    def test_the_masters_lines_follow_log_level(self):
        service, good = Service(self.gateway), copy.deepcopy(self.gateway.settings)

        def said():
            return [line for line in self.gateway._lines if " master.reopen" in line]
        for level in ("error", "debug"):
            self.gateway.write({**good, "log": {"level": level}})
            self.assertEqual(service.tell("reload")[0], 0)
            self.assertEqual(service.tell("reopen")[0], 0)
        # The first one would have been said before.
        lab.wait_for(said, "the line of the second")
        self.assertEqual(len(said()), 1)


class BesideAnother(GatewayTest):
    @classmethod
    def set_up_origin(cls):
        cls.addClassCleanup(WebServer(cls.directory).close)

    def test_a_reload_learns_what_became_of_it_from_an_admin_process_that_was_replaced_meanwhile(self):
        service = Service(self.gateway)
        before = service.generation()["number"]
        self.addCleanup(self.gateway.write, self.gateway.settings)
        self.gateway.write(loads_slowly(self.gateway.settings, self.directory))
        with concurrent.futures.ThreadPoolExecutor() as pool:
            first = pool.submit(service.tell, "reload")
            generation = lab.wait_for(lambda: loading(service), "a generation that loads")
            os.kill(generation, signal.SIGSTOP)
            try:
                second = pool.submit(service.tell, "reload")
                # Who asked later has an answer: the second reload has arrived, too.
                for _ in range(3):
                    self.assertEqual(service.tell("status")[0], 0)
            finally:
                os.kill(generation, signal.SIGCONT)
            for told in (first, second):
                code, said = told.result()
                self.assertEqual(code, 0, said)
        self.assertEqual(service.generation()["number"], before + 2)

    def test_an_admin_process_that_dies_during_a_reload_that_fails_is_replaced(self):
        service = Service(self.gateway)
        admin = service.admin()
        self.addCleanup(self.gateway.write, self.gateway.settings)
        self.gateway.write(loads_slowly(self.gateway.settings, self.directory))
        with concurrent.futures.ThreadPoolExecutor() as pool:
            told = pool.submit(service.tell, "reload")
            generation = lab.wait_for(lambda: loading(service), "a generation that loads")
            os.kill(generation, signal.SIGSTOP)
            kill(admin)
            self.gateway.wait_for_line(r"admin\.died")
            kill(generation)
            self.gateway.wait_for_line(r"change\.failed cause=reload")
            self.assertNotEqual(told.result()[0], 0)
        lab.wait_for(lambda: service.tell("status")[0] == 0, "the admin process to be back")


class ManyDrain(WithLarge):
    settings = {"limits": {"draining_generations": 30}}

    def test_the_one_that_serves_is_shown_beside_all_that_drain(self):
        service = Service(self.gateway)
        with contextlib.ExitStack() as clients:
            for _ in range(20):
                client = clients.enter_context(raw.connect())
                client.send(b"GET /large HTTP/1.1\r\nHost: origin.lab\r\n\r\n")
                client.read(1000)
                self.assertEqual(service.tell("reload")[0], 0)
            states = [it["state"] for it in service.status()["generations"]]
        self.assertGreater(states.count("draining"), 16)
        self.assertEqual((states.count("serving"), states[-1]), (1, "serving"))


class Crowded(GatewayTest):
    """Strangers hold all the connections to the admin pages that they can get."""
    STRANGERS = 1_500

    def test_a_reload_is_answered_all_the_same(self):
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(2 * self.STRANGERS, before[1]), before[1]))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, before)
        service = Service(self.gateway)
        with socket.socket(socket.AF_UNIX) as control, contextlib.ExitStack() as strangers:
            control.settimeout(20)
            control.connect(service.socket)
            control.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = b""
            while not answer.endswith(b"\r\n\r\nok\n"):
                answer += control.recv(4096)
            for _ in range(self.STRANGERS):
                stranger = strangers.enter_context(socket.socket())
                stranger.setblocking(False)
                stranger.connect_ex(("127.0.0.1", 9180))
            control.sendall(b"POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
            self.assertTrue(control.recv(4096).startswith(b"HTTP/1.1 200 "))
        self.assertFalse([line for line in self.gateway._lines if "admin.died" in line])


class GivenUp(WithLarge):
    """One worker of a new generation serves, the other never does."""
    settings = {"workers": {"count": 2}}

    def test_whom_the_new_workers_serve_is_not_cut_off_when_the_reload_fails(self):
        service = Service(self.gateway)
        before = service.generation()["number"]
        settings = copy.deepcopy(self.gateway.settings)
        bad = pathlib.Path(lab.binary()).parents[1] / "bad_plugins/hangs_in_one_start.so"
        os.mkdir(f"{self.directory}/bad", 0o755)
        settings["plugins"].append({"name": "hangs", "use": shutil.copy(bad, f"{self.directory}/bad"), "validate": False})
        self.gateway.write(settings)
        with concurrent.futures.ThreadPoolExecutor() as pool, contextlib.ExitStack() as clients:
            told, downloads = pool.submit(service.tell, "reload"), []
            while not told.done():
                client = clients.enter_context(raw.connect())
                client.send(b"GET /large HTTP/1.1\r\nHost: origin.lab\r\n\r\n")
                client.read(1000)
                downloads = downloads[-10:] + [client]
            self.assertEqual(told.result()[0], 1, told.result()[1])
            self.assertIn('"hangs": start', told.result()[1])
            self.gateway.wait_for_line(r"worker\.orphaned")
            self.assertEqual(service.generation()["number"], before)
            whole = (SIZE >> 16 << 16) - 2000
            for client in downloads:
                self.assertGreater(len(client.read(whole + 1000)), whole)


class ReplacedProgram(GatewayTest):
    """The program's file is a copy, which is replaced by what cannot take over."""

    @classmethod
    def set_up_origin(cls):
        cls.addClassCleanup(WebServer(cls.directory).close)
        cls.program = f"{cls.directory}/hyalite"
        shutil.copy(lab.binary(), cls.program)
        cls.launcher = ("sh", "-c", f'shift; exec {cls.program} "$@"', "sh")

    def replace_by_one_whose_checker(self, ends):
        """It checks as ours does, and then this is what it does; it serves as ours."""
        ours = lab.binary()
        os.unlink(self.program)
        self.addCleanup(shutil.copy, lab.binary(), self.program)
        self.addCleanup(os.unlink, self.program)
        pathlib.Path(self.program).write_text(f'#!/bin/sh\n[ "$2" = checker ] || exec {ours} "$@"\n{ours} "$@"\n{ends}\n')
        os.chmod(self.program, 0o755)

    def test_that_cannot_take_over_leaves_the_running_one_as_it_is_and_says_what_to_do(self):
        service = Service(self.gateway)
        before = service.generation()["number"]
        for text, why in (("#!/bin/sh\nexit 1\n", "exit status 1"), ("#!/bin/sh\nkill -9 $$\n", "Killed"), ("nothing", "not a program"),
                          (None, "No such file")):
            with self.subTest(why):
                os.unlink(self.program)
                if text is not None:
                    pathlib.Path(self.program).write_text(text)
                    os.chmod(self.program, 0o755)
                code, said = service.tell("upgrade")
                self.assertEqual(code, 1, said)
                self.assertIn(why, said)
                self.assertIn("The running program goes on", said)
                self.assertIn("`hyalite upgrade` again", said)
                answer = lab.curl("-o", "/dev/null", "-w", "%{http_code}", lab.url("/address"))
                self.assertEqual(answer.stdout, b"200", answer.stderr)
                if text is None:
                    shutil.copy(lab.binary(), self.program)
        self.assertEqual(service.generation()["number"], before)
        self.assertEqual(service.tell("upgrade")[0], 0)

    def test_whose_check_does_not_come_to_its_end_goes_by_what_it_said(self):
        service = Service(self.gateway)
        before = service.generation()["number"]
        self.replace_by_one_whose_checker("exec sleep 1000")
        code, said = service.tell("upgrade")
        self.assertEqual(code, 0, said)
        self.assertGreater(service.generation()["number"], before)

    def test_whose_generation_does_not_come_to_serve_shows_the_service_all_the_same(self):
        service, good = Service(self.gateway), copy.deepcopy(self.gateway.settings)
        admin, mistaken = service.admin(), f"{self.directory}/mistaken.yaml"
        self.addCleanup(self.gateway.write, good)
        pathlib.Path(mistaken).write_text("listners: 1\n")
        # Its checker accepts the settings; then there are others.
        self.replace_by_one_whose_checker(f"status=$?; cat {mistaken} > {self.gateway.file}; exit $status")
        code, said = service.tell("upgrade")
        self.assertEqual(code, 1, said)
        self.assertIn("listners", said)
        lab.wait_for(lambda: service.admin() != admin, "an admin process of the new program")

    def test_that_is_being_checked_does_not_keep_a_generation_that_died_from_being_replaced(self):
        service = Service(self.gateway)
        before = service.generation()
        gate = f"{self.directory}/gate"
        os.mkfifo(gate)
        os.unlink(self.program)
        self.addCleanup(shutil.copy, lab.binary(), self.program)
        self.addCleanup(os.unlink, self.program)
        pathlib.Path(self.program).write_text(f"#!/bin/sh\nread line < {gate}\nexit 1\n")
        os.chmod(self.program, 0o755)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            told = pool.submit(service.tell, "upgrade")
            with open(gate, "w"):  # when the new program waits there
                kill(before["pid"])
                self.gateway.wait_for_line(rf"generation\.died generation={before['number']} ")
                lab.wait_for(lambda: service.generation()["number"] > before["number"], "a new generation")
            self.assertEqual(told.result()[0], 1, told.result()[1])
            self.assertIn("died meanwhile", told.result()[1])


class Crashing(GatewayTest):
    """Whenever a worker dies, a fresh generation is asked for."""
    settings = {"containment": {"worker_crashes": {"count": 1}}}

    @classmethod
    def set_up_origin(cls):
        cls.addClassCleanup(WebServer(cls.directory).close)

    def test_a_fresh_generation_comes_also_when_the_reload_that_would_have_brought_it_is_refused(self):
        service = Service(self.gateway)
        good = copy.deepcopy(self.gateway.settings)
        self.addCleanup(self.gateway.write, good)
        self.gateway.write(loads_slowly(good, self.directory))
        worker = service.workers()[0]
        with concurrent.futures.ThreadPoolExecutor() as pool, socket.socket(socket.AF_UNIX) as second:
            first = pool.submit(service.tell, "reload")
            generation = lab.wait_for(lambda: loading(service), "a generation that loads")
            os.kill(generation, signal.SIGSTOP)
            try:
                self.gateway.write({**good, "listners": 1})
                second.settimeout(20)
                second.connect(service.socket)
                second.sendall(b"POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                # Who asked later has an answer: the second reload has arrived, too.
                self.assertEqual(service.tell("reopen")[0], 0)
                kill(worker)
                self.gateway.wait_for_line(r"master\.crashes")
            finally:
                os.kill(generation, signal.SIGCONT)
            self.assertEqual(first.result()[0], 0, first.result()[1])
            self.assertTrue(second.recv(100).startswith(b"HTTP/1.1 409 "))
        self.gateway.wait_for_line(r"change\.begins cause=crashes")

    def test_what_they_ask_for_is_tried_again_when_it_could_not_be_loaded(self):
        service, good = Service(self.gateway), copy.deepcopy(self.gateway.settings)
        self.addCleanup(self.gateway.write, good)
        names = pathlib.Path(self.directory, "few.txt")
        names.write_text("host.example\n")
        self.gateway.write({**good, "plugins": [*good["plugins"], {"name": "ads", "use": "blocker", "settings": {"lists": [str(names)]}}]})
        self.assertEqual(service.tell("reload")[0], 0)
        before = service.generation()["number"]
        moved = names.rename(f"{self.directory}/moved.txt")
        kill(service.workers()[0])
        self.gateway.wait_for_line(r"change\.failed cause=crashes")
        moved.rename(names)
        lab.wait_for(lambda: service.generation()["number"] > before, "a fresh generation")


if __name__ == "__main__":
    lab.main()
