# The running service, asked and told over its control socket, and its processes.
# SPDX-License-Identifier: MIT
import json
import os
import pathlib
import signal
import subprocess
import threading

import lab


class Service:
    def __init__(self, gateway):
        self.socket = gateway.settings["control"]["socket"]

    def tell(self, verb):
        """`hyalite VERB`: exit status, what it said."""
        done = subprocess.run([lab.binary(), verb, "--socket", self.socket], capture_output=True, text=True, timeout=30)
        return done.returncode, done.stdout + done.stderr

    def status(self):
        done = subprocess.run([lab.binary(), "status", "--json", "--socket", self.socket], capture_output=True, text=True,
                              timeout=30)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def generation(self):
        """The one that serves."""
        return lab.wait_for(lambda: next((it for it in self.status()["generations"] if it["state"] == "serving"), None),
                            "a generation that serves")

    def admin(self):
        """The pid of the admin process, once it is the only one."""
        def only_one():
            status = self.status()
            master = status["master_pid"]
            children = pathlib.Path(f"/proc/{master}/task/{master}/children").read_text().split()
            others = {int(pid) for pid in children} - {it["pid"] for it in status["generations"]}
            return others.pop() if len(others) == 1 else None
        return lab.wait_for(only_one, "a single admin process")

    def workers(self):
        return [it["pid"] for it in self.generation()["workers"]]


def assert_refused_everywhere(case, gateway, settings, pattern):
    """Settings that cannot be loaded: `check`, a start and a reload all say why, and what serves goes on."""
    service, good = Service(gateway), gateway.settings
    before = service.generation()["number"]
    elsewhere = {"control": {"socket": gateway.directory + "/other.sock"}, "admin": {"address": "none"}}
    try:
        gateway.write({**settings, **elsewhere})
        for verb in ("check", "run"):
            done = subprocess.run([lab.binary(), verb, "--config", gateway.file], capture_output=True, text=True, timeout=30)
            case.assertNotEqual(done.returncode, 0, verb)
            case.assertRegex(done.stdout + done.stderr, pattern, verb)
        gateway.write(settings)
        code, said = service.tell("reload")
        case.assertEqual(code, 1, said)
        case.assertRegex(said, pattern)
    finally:
        gateway.write(good)
    case.assertEqual(service.generation()["number"], before)


def kill(pid):
    os.kill(pid, signal.SIGKILL)


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Load:
    """Clients that ask one after the other, each on a connection of its own, until told to stop: none may fail."""

    def __init__(self, path="/address", clients=4):
        self.answers, self.failures = 0, []
        self._path, self._stop, self._lock = path, threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        self.wait_for_more(20)
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(20)

    def _ask(self):
        import raw
        while not self._stop.is_set():
            try:
                with raw.connect() as client:
                    client.send(f"GET {self._path} HTTP/1.1\r\nHost: origin.lab\r\n\r\n".encode())
                    fine = client.read_response().status == 200
            except (AssertionError, OSError) as failure:
                fine = failure
            with self._lock:
                self.answers += 1
                if fine is not True:
                    self.failures.append(fine)

    def wait_for_more(self, answers):
        """Something else may have happened only if this many more were answered."""
        target = self.answers + answers
        lab.wait_for(lambda: self.answers >= target, f"{answers} more answers", seconds=20)
