# The proxy on the lab's gateway: started with the settings of a test, asked, and stopped.
# SPDX-License-Identifier: MIT
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest
import urllib.request

import lab


class Gateway:
    logs = []  # of all gateways of this process: lists of lines
    expects_misuse = False  # of the proxy's functions, by a plugin
    expects_denials = False  # of system calls

    def __init__(self, directory, plugins=(), listener=None, **settings):
        """`settings` are sections of the settings file, laid over those of the lab, which fit its mode; `listener` is laid over
        each listener; `plugins` is the chain. Every chain begins with a logger, whose records records() reads."""
        self.directory = directory
        self.file = f"{directory}/hyalite.yaml"
        self.record_file = f"{directory}/records.ndjson"
        self._lines = []
        self._news = threading.Condition()
        self._process = None
        Gateway.logs.append(self._lines)
        logger = {"name": "audit", "use": "http-logger", "settings": {"file": self.record_file, "flush_ms": 0}}
        # Each call that a plugin makes is checked: see misuses().
        chain = [{"validate": True, **plugin} for plugin in (logger, *plugins)]
        self.write(merged(_defaults(directory, listener or {}), {"plugins": chain, **settings}))

    def write(self, settings):
        """JSON is YAML too."""
        self.settings = settings
        with open(self.file, "w") as file:
            json.dump(settings, file, indent=1)

    def start(self, stdout=None, launcher=()):
        """`launcher`: a command that starts the one behind it."""
        self._process = subprocess.Popen([*launcher, lab.binary(), "run", "--config", self.file], stderr=subprocess.PIPE, stdout=stdout,
                                         stdin=subprocess.DEVNULL, start_new_session=True, text=True)
        self._listener = threading.Thread(target=self._listen_to, args=(self._process.stderr,), daemon=True)
        self._listener.start()
        self.wait_for_line(r"\baccepting\b")
        return self

    def _listen_to(self, stream):
        for line in stream:
            with self._news:
                self._lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._lines.append("(its stderr is closed)")
            self._news.notify_all()

    def wait_for_line(self, pattern, seconds=15):
        """The first line it said that the pattern is found in."""
        def found():
            return next((line for line in self._lines if re.search(pattern, line)), None)
        with self._news:
            self._news.wait_for(lambda: found() or "(its stderr is closed)" in self._lines, seconds)
        assert found(), f"hyalite did not say {pattern!r}; it said:\n" + "\n".join(self._lines)
        return found()

    def stop(self):
        """It must end by itself, in good order, and leave no process behind."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(15)
        self._listener.join(5)
        self._process.stderr.close()
        assert code == 0, f"hyalite ended with {code}"
        misuses = [line for line in self._lines if "plugin.misused" in line]
        assert not misuses or self.expects_misuse, misuses
        denials = [line for line in self._lines if " seccomp." in line]
        assert not denials or self.expects_denials, denials
        assert not self.processes(), "somebody outlived the master"
        self._check_records()

    def _check_records(self):
        """Whatever the test did: its records are what the logger's schema says, and have no member that is not in it."""
        records = {(it["kind"], *it): it for it in self.records()}  # one of each shape
        if not records:
            return
        import jsonschema
        schema = json.loads((pathlib.Path(__file__).resolve().parents[2] / "plugins/http-logger/record.schema.json").read_text())
        schema["additionalProperties"] = False
        validator = jsonschema.Draft7Validator(schema)
        for record in records.values():
            mistakes = [f"{list(it.path)}: {it.message}" for it in validator.iter_errors(record)]
            assert not mistakes, f"{record}: {mistakes}"

    def processes(self):
        """The ids of all processes of this gateway that live."""
        session = self._process.pid
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split() if entry.name.isdigit() else []
            except OSError:
                continue  # it has just ended
            if fields and int(fields[3]) == session and fields[0] != "Z":
                found.append(int(entry.name))
        return found

    def metrics(self):
        """Every number of the metrics page, by name with labels."""
        with urllib.request.urlopen("http://127.0.0.1:9180/metrics", timeout=5) as page:
            lines = page.read().decode().splitlines()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines if line and line[0] != "#"}

    def count(self, name, **labels):
        """The sum of a metric over all its series that have these labels."""
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        return sum(value for series, value in self.metrics().items()
                   if series.split("{")[0] == name and all(label in series for label in wanted))

    def wait_for_count(self, least, name, **labels):
        lab.wait_for(lambda: self.count(name, **labels) >= least, f"{name} {labels} to reach {least}")

    def records(self):
        try:
            text = pathlib.Path(self.record_file).read_text()
        except FileNotFoundError:
            return []
        found = []
        for line in text.splitlines(keepends=True):
            try:
                found += [json.loads(line)] if line.endswith("\n") else []
            except ValueError:
                # Whoever dies while he writes leaves half a record, and the next one follows it.
                assert any("worker.died" in it for it in self._lines), f"no record: {line!r}"
        return found

    def wait_for_record(self, fits, what="a fitting record"):
        try:
            return lab.wait_for(lambda: next((it for it in self.records() if fits(it)), None), what)
        except AssertionError as failure:
            raise AssertionError(f"{failure}; records: {self.records()}") from None


def _defaults(directory, listener):
    """Over those by which the lab itself brings connections here."""
    fitting = json.loads(pathlib.Path(os.environ["HYALITE_LAB_SETTINGS"]).read_text())
    return merged(fitting, {
        "listeners": [merged(it, listener) for it in fitting["listeners"]],
        "plugin_dirs": [os.environ.get("HYALITE_PLUGINS") or str(pathlib.Path(lab.binary()).parents[1] / "plugins")],
        "workers": {"count": 2, "user": "nobody"},
        "control": {"socket": f"{directory}/control.sock"},
        "timeouts": {"connect": "3s", "stop": "1s"},
        "log": {"level": "debug"},
    })


def merged(below, above):
    """Mappings are laid over each other, everything else is replaced."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return {**below, **{key: merged(below.get(key), value) for key, value in above.items()}}


class GatewayTest(unittest.TestCase):
    """One gateway for all tests of a class; `plugins`, `listener` and `settings` are its own, set_up_origin()
    starts its origins."""
    plugins = ()
    listener = {}
    settings = {}
    stdout = None
    launcher = ()

    @classmethod
    def setUpClass(cls):
        cls.directory = make_directory(cls)
        cls.set_up_origin()
        cls.gateway = Gateway(cls.directory, cls.plugins, cls.listener, **cls.settings).start(cls.stdout, cls.launcher)
        cls.addClassCleanup(cls.gateway.stop)

    @classmethod
    def set_up_origin(cls):
        """For tests that share an origin; each is told to addClassCleanup()."""


def make_directory(case):
    """A directory that the service's user may write to, for as long as the test class runs."""
    directory = tempfile.mkdtemp(prefix="hyalite-test-")
    case.addClassCleanup(shutil.rmtree, directory, ignore_errors=True)
    os.chmod(directory, 0o777)
    return directory
