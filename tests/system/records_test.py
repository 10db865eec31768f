#!/usr/bin/python3
# The http-logger's records, whatever happens to its disk, its file, its journal and its worker.
# SPDX-License-Identifier: MIT
import contextlib
import copy
import fcntl
import json
import os
import re
import socket
import subprocess
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import Gateway, GatewayTest, make_directory
from origin import Recorder, answers, ok
from service import Service, assert_refused_everywhere, kill

GET = b"GET /a?token=geheim&q=1 HTTP/1.1\r\nHost: origin.lab\r\nCookie: id=geheim\r\n\r\n"


def count(gateway, what, instance="log"):
    return gateway.count(f"hyalite_plugin_http_logger_{what}_total", instance=instance)


def ask(request=GET):
    with raw.connect() as client:
        client.send(request)
        return client.read_response()


def served():
    """Is a new client answered by the origin? (A flow that is reset is not.)"""
    try:
        return ask().status == 200
    except (AssertionError, OSError):
        return False


class RecordsTest(GatewayTest):
    logger = {}

    @classmethod
    def setUpClass(cls):
        cls.place = make_directory(cls)
        cls.plugins = ({"name": "log", "use": "http-logger", "settings": {"flush_ms": 0, **cls.settings_of_logger()}},)
        super().setUpClass()

    @classmethod
    def settings_of_logger(cls):
        return {"file": f"{cls.place}/log", **cls.logger}

    @classmethod
    def set_up_origin(cls):
        recorder = Recorder(80, answers(ok()))
        cls.addClassCleanup(recorder.close)


class ToAFile(RecordsTest):
    logger = {"request_headers": ["Cookie"]}

    def lines(self, name="log"):
        try:
            with open(f"{self.place}/{name}") as file:
                return [json.loads(line) for line in file if line.endswith("\n")]
        except FileNotFoundError:
            return []

    def test_phases_sizes_and_no_secrets(self):
        ask(GET.replace(b"/a", b"/phases"))
        record = lab.wait_for(lambda: next((it for it in self.lines() if "/phases" in it.get("target", "")), None), "the record")
        self.assertEqual(record["target"], "/phases?token=[redacted]&q=1")
        self.assertEqual(record["request_headers"], {"cookie": ["id=[redacted]"]})
        phases = record["phases_ms"]
        self.assertLessEqual(phases["request_head"], phases["request_sent"])
        self.assertLessEqual(phases["request_sent"], phases["response_head"])
        self.assertLessEqual(phases["response_head"], record["duration_ms"])
        self.assertGreater(record["from_client"], 0)
        self.assertEqual(record["from_client"], record["to_upstream"])
        with open(f"{self.place}/log") as file:
            self.assertNotIn("geheim", file.read())

    def test_a_file_that_was_moved_is_opened_again(self):
        ask()
        self.gateway.wait_for_count(1, "hyalite_plugin_http_logger_records_written_total", instance="log")
        os.rename(f"{self.place}/log", f"{self.place}/log.1")
        self.assertEqual(Service(self.gateway).tell("reopen")[0], 0)
        lab.wait_for(lambda: os.path.exists(f"{self.place}/log"), "a new file")

        def arrives():  # each worker reopens in its own time
            ask(GET.replace(b"/a", b"/new"))
            return any("/new" in it.get("target", "") for it in self.lines())
        lab.wait_for(arrives, "a record in the new file")

    def test_an_unwritable_log_is_told_with_its_place_and_a_reload_changes_nothing(self):
        bad = copy.deepcopy(self.gateway.settings)
        bad["plugins"][1]["settings"]["file"] = "/nowhere/log"
        assert_refused_everywhere(self, self.gateway, bad, r"hyalite\.yaml:\d+:\d+: .*cannot be created: /nowhere: No such file or directory")
        self.assertEqual(ask().status, 200)


class ToTheJournal(RecordsTest):
    """A journal of our own."""

    @classmethod
    def settings_of_logger(cls):
        cls.journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        cls.journal.bind(f"{cls.place}/journal")
        os.chmod(f"{cls.place}/journal", 0o777)
        cls.journal.settimeout(10)
        cls.addClassCleanup(cls.journal.close)
        return {"to": "journal", "journal_socket": f"{cls.place}/journal"}

    def test_each_record_is_an_entry(self):
        ask()
        entry = dict(line.split("=", 1) for line in self.journal.recv(100_000).decode().splitlines())
        self.assertEqual((entry["SYSLOG_IDENTIFIER"], entry["HYALITE_INSTANCE"]), ("hyalite", "log"))
        self.assertEqual(json.loads(entry["MESSAGE"])["target"], "/a?token=[redacted]&q=1")


class ToStandardOutput(RecordsTest):
    @classmethod
    def settings_of_logger(cls):
        cls.stdout = open(f"{cls.place}/stdout", "wb")
        cls.addClassCleanup(cls.stdout.close)
        return {"to": "stdout"}

    def test_each_record_is_a_line(self):
        ask()
        with open(f"{self.place}/stdout") as file:
            line = lab.wait_for(lambda: file.readline(), "a line")
        self.assertEqual(json.loads(line)["target"], "/a?token=[redacted]&q=1")


class Combined(RecordsTest):
    logger = {"format": "combined"}

    def test_lines_as_tools_read_them(self):
        ask()
        with open(f"{self.place}/log") as file:
            line = lab.wait_for(lambda: file.readline(), "a line")
        self.assertRegex(line, r'^' + re.escape(lab.address("client", 4)) + r' - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] '
                         r'"GET /a\?token=\[redacted\]&q=1 HTTP/1\.1" 200 \d+ "-" "-"\n$')


class CrashTest(RecordsTest):
    logger = {"flush_ms": 60_000}

    def test_what_a_crashed_worker_had_not_written_is_a_number(self):
        service = Service(self.gateway)
        for _ in range(20):
            ask()
        lab.wait_for(lambda: count(self.gateway, "records_accepted") >= 20, "20 records")
        self.assertEqual(count(self.gateway, "records_written"), 0)
        accepted = count(self.gateway, "records_accepted")
        before = service.workers()
        for pid in before:
            kill(pid)
        lab.wait_for(lambda: len([it for it in service.workers() if it and it not in before]) == 2, "two other workers")
        lab.wait_for(lambda: count(self.gateway, "records_lost") == accepted, "the loss to be counted")


class FullDisk(RecordsTest):
    """A disk of 128 KiB."""

    @classmethod
    def settings_of_logger(cls):
        disk = f"{cls.place}/disk"
        os.mkdir(disk)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k,mode=777", "tmpfs", disk], check=True)
        cls.addClassCleanup(subprocess.run, ["umount", disk])
        return {"file": f"{disk}/log", "buffer_bytes": 65536, **cls.logger}

    def fill(self):
        with open(f"{self.place}/disk/filler", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass

    def free(self):
        os.truncate(f"{self.place}/disk/filler", 0)

    def setUp(self):
        self.fill()
        self.addCleanup(lambda: lab.wait_for(served, "all is well again"))
        self.addCleanup(self.free)

    def whole_lines(self):
        with open(f"{self.place}/disk/log") as file:
            text = file.read()
        self.assertTrue(text == "" or text.endswith("\n"))
        return len([json.loads(line) for line in text.splitlines()])


class FullDiskDrops(FullDisk):
    def test_traffic_goes_on_and_what_is_dropped_is_counted(self):
        long = GET[:-2] + b"User-Agent: " + b"x" * 4000 + b"\r\n\r\n"

        def one_more():
            self.assertEqual(ask(long).status, 200)
            return count(self.gateway, "records_dropped") > 0
        lab.wait_for(one_more, "records to be dropped", seconds=60)
        self.gateway.wait_for_line(r"records cannot be written.*No space left")
        self.whole_lines()
        self.free()
        lab.wait_for(lambda: count(self.gateway, "records_written") == count(self.gateway, "records_accepted"), "all to be written")
        self.assertEqual(self.whole_lines(), count(self.gateway, "records_written"))
        self.assertEqual(count(self.gateway, "refused"), 0)


class FullDiskStops(FullDisk):
    logger = {"when_stuck": "stop"}

    def test_new_requests_get_503_and_new_flows_are_reset_until_it_is_written_again(self):
        clients = [raw.connect() for _ in range(8)]
        # Each worker finds out by itself: so many new flows in a row reach all of them.
        lab.wait_for(lambda: not any(served() for _ in range(20)), "new flows to be reset")
        for client in clients:
            client.send(GET)
            self.assertEqual(client.read_response().status, 503)
        self.assertGreater(count(self.gateway, "refused"), 0)
        self.free()
        lab.wait_for(served, "traffic to pass again")
        for client in clients:
            client.close()


class SlowDisk(RecordsTest):
    """One whose writing is not over before the test says so: who writes to the file waits for its lock, in the kernel."""

    @classmethod
    def settings_of_logger(cls):
        cls.log = f"{cls.place}/slow.log"
        return {"file": cls.log, "buffer_bytes": 65536, **cls.logger}

    @contextlib.contextmanager
    def standing_still(self):
        with open(self.log, "a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


class SlowDiskDrops(SlowDisk):
    logger = {"when_stuck": "drop"}

    def test_traffic_goes_on_what_has_no_room_is_counted_and_the_rest_is_written(self):
        self.assertEqual(ask().status, 200)
        lab.wait_for(lambda: count(self.gateway, "records_written") > 0, "the file to be open")
        long = GET[:-2] + b"User-Agent: " + b"x" * 4000 + b"\r\n\r\n"

        def one_more():
            self.assertEqual(ask(long).status, 200)
            return count(self.gateway, "records_dropped") > 0
        with self.standing_still():
            lab.wait_for(one_more, "records to be dropped", seconds=60)
            # Not even what must be done at once waits for the disk.
            self.assertEqual(Service(self.gateway).tell("reopen")[0], 0)
            self.assertEqual(ask().status, 200)
        lab.wait_for(lambda: count(self.gateway, "records_written") == count(self.gateway, "records_accepted"), "all to be written")
        with open(self.log) as file:
            self.assertEqual(len([json.loads(line) for line in file]), count(self.gateway, "records_written"))
        self.assertEqual(count(self.gateway, "refused"), 0)


class SlowDiskStops(SlowDisk):
    logger = {"when_stuck": "stop"}

    def test_nothing_passes_that_could_not_be_recorded(self):
        self.assertEqual(ask().status, 200)
        lab.wait_for(lambda: count(self.gateway, "records_written") > 0, "the file to be open")
        with self.standing_still():
            lab.wait_for(lambda: not any(served() for _ in range(20)), "new flows to be reset", seconds=60)
            self.assertEqual(count(self.gateway, "records_dropped"), 0)
        lab.wait_for(served, "traffic to pass again")


class SlowDiskAtTheEnd(SlowDisk):
    logger = {"when_stuck": "drop"}

    def test_a_stop_does_not_wait_for_it_for_ever(self):
        self.assertEqual(ask().status, 200)
        lab.wait_for(lambda: count(self.gateway, "records_written") > 0, "the file to be open")
        with self.standing_still():
            self.assertEqual(ask().status, 200)
            self.gateway.stop()


if __name__ == "__main__":
    lab.main()
