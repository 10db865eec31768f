#!/usr/bin/python3
# Inside a Debian that systemd boots (boot.sh), as root: the packages' units as an operator meets them. Started, asked, reloaded,
# upgraded under a connection, killed, stopped, removed; traffic brought by hyalite-intercept and watched over. The packages are
# those in build/package. No package is fetched: this machine has no network but its own.
# SPDX-License-Identifier: MIT
import contextlib
import ctypes
import glob
import json
import os
import pathlib
import pwd
import re
import signal
import socket
import socketserver
import subprocess
import threading
import time

SETTINGS = """
listeners:
  - address: "[::]:8080"
interception:
  mode: tproxy
  client_interfaces: [lan]
  origin_interfaces: [wan]
  ports: [80]
plugins:
  - name: audit
    use: http-logger
    settings: { file: /var/log/hyalite/http.ndjson }
timeouts:
  stop: 3s
"""
BEGAN = int(time.time())
CLIENT, ORIGIN = "10.1.0.2", "10.2.0.2"


def run(*command, status=0):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == status, f"{' '.join(command)}: status {done.returncode}, wanted {status}\n{done.stdout}{journal()}"
    return done.stdout.strip()


def journal(*more):
    command = ["journalctl", f"--since=@{BEGAN}", "--no-pager", "--output=cat", "--unit=hyalite*", *more]
    return subprocess.run(command, capture_output=True, text=True).stdout


def show(name, unit="hyalite"):
    return run("systemctl", "show", "-P", name, unit)


def eventually(what, holds):
    """Waits for a condition; its value."""
    end = time.monotonic() + 60
    while not (value := holds()):
        assert time.monotonic() < end, f"never: {what}\n{journal()}"
        time.sleep(0.05)
    return value


def step(text):
    print("--", text, flush=True)


@contextlib.contextmanager
def on(host):
    """Sockets made here are in that host's network."""
    enter = ctypes.CDLL(None, use_errno=True).setns  # of this thread alone
    with open("/proc/thread-self/ns/net") as own, open(f"/run/netns/{host}") as there:
        assert enter(there.fileno(), 0) == 0
        try:
            yield
        finally:
            assert enter(own.fileno(), 0) == 0


class Origin(socketserver.StreamRequestHandler):
    """Says who asked. Of /half only half, until it may go on."""
    go_on = threading.Event()

    def handle(self):
        path = self.rfile.readline().split()[1]
        while self.rfile.readline().strip():
            pass
        body = self.client_address[0].encode().ljust(20)
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\nConnection: close\r\n\r\n" + body[:10])
        if path == b"/half":
            self.go_on.wait(120)
        self.wfile.write(body[10:])


class Threads(socketserver.ThreadingTCPServer):
    daemon_threads = True


def network():
    """A client and an origin, each behind an interface of this machine; and an origin that answers."""
    for host, interface, net in (("client", "lan", "10.1.0"), ("origin", "wan", "10.2.0")):
        run("ip", "netns", "add", host)
        run("ip", "link", "add", interface, "type", "veth", "peer", "name", "eth0", "netns", host)
        run("ip", "addr", "add", f"{net}.1/24", "dev", interface)
        run("ip", "link", "set", interface, "up")
        for command in (f"addr add {net}.2/24 dev eth0", "link set eth0 up", "link set lo up", f"route add default via {net}.1"):
            run("ip", "-n", host, *command.split())
    pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    with on("origin"):
        server = Threads(("0.0.0.0", 80), Origin)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def ask(path="/"):
    """A connection of the client's to the origin, on which a request was sent."""
    with on("client"):
        connection = socket.create_connection((ORIGIN, 80), 20)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {ORIGIN}\r\n\r\n".encode())
    return connection


def answer(connection):
    with connection, connection.makefile("rb") as stream:
        whole = stream.read()
    assert whole.endswith(CLIENT.encode().ljust(20)), whole
    return whole


def half(connection):
    """Until the first half of the answer came."""
    whole = b""
    while not whole.endswith(CLIENT.encode()[:10].ljust(10)):
        part = connection.recv(4096)
        assert part, whole
        whole += part


def records():
    file = pathlib.Path("/var/log/hyalite/http.ndjson")
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def members():
    """The processes of the service's control group."""
    group = "/sys/fs/cgroup" + show("ControlGroup")
    return [int(line) for line in pathlib.Path(group, "cgroup.procs").read_text().split()]


def workers():
    status = json.loads(run("hyalite", "status", "--json"))
    return [one["pid"] for generation in status["generations"] if generation["state"] == "serving" for one in generation["workers"]]


def rules():
    return [run("nft", "list", "ruleset"), run("ip", "rule"), run("ip", "route", "show", "table", "all", "proto", "72")]


def kill_master():
    restarts, master = int(show("NRestarts")), show("MainPID")
    os.kill(int(master), signal.SIGKILL)
    eventually("systemd starts it again", lambda: int(show("NRestarts")) == restarts + 1 and show("SubState") == "running")
    assert show("MainPID") != master


main, = glob.glob("build/package/hyalite_*.deb")
dev, = glob.glob("build/package/hyalite-dev_*.deb")
subprocess.run(["dpkg", "--purge", "hyalite", "hyalite-dev"], capture_output=True)  # of a try that failed
network()
untouched = rules()

step("installed: it runs, is enabled, and has told that it is ready")
run("apt-get", "install", "-y", "-qq", "--no-install-recommends", f"./{main}", f"./{dev}")
assert show("ActiveState") == "active" and show("UnitFileState") == "enabled", run("systemctl", "status", "hyalite", status=3)
assert show("Type") == "notify" and show("StatusText").startswith("generation 1 serves with"), show("StatusText")
print(run("systemctl", "status", "--no-pager", "--lines=3", "hyalite"))
print(run("hyalite", "status"))

step("every process is the service's user; its directories are the user's")
user = pwd.getpwnam("hyalite").pw_uid
for pid in members():
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    assert re.search(r"^Uid:(\s+%d){4}$" % user, status, re.M) and re.search(r"^NoNewPrivs:\s+1$", status, re.M), status
    assert re.search(r"^CapBnd:\s+0000000000002000$", status, re.M), status  # CAP_NET_RAW alone
for directory in ("/run/hyalite", "/var/log/hyalite", "/var/lib/hyalite"):
    found = os.stat(directory)
    assert (found.st_uid, found.st_mode & 0o7777) == (user, 0o750), (directory, found)
assert run("systemd-analyze", "verify", *glob.glob("/usr/lib/systemd/system/hyalite*")) == ""
print(run("systemd-analyze", "security", "--no-pager", "hyalite").splitlines()[-1])

step("settings with a mistake: the reload fails and says why; the old generation goes on")
settings = pathlib.Path("/etc/hyalite/hyalite.yaml")
settings.write_text(SETTINGS.replace("http-logger", "http-loger"))
run("systemctl", "reload", "hyalite", status=1)
assert show("ActiveState") == "active" and show("StatusText").startswith("generation 1 serves"), show("StatusText")
assert "http-loger" in journal()
settings.write_text(SETTINGS)
run("systemctl", "reload", "hyalite")
assert " serves with" in show("StatusText") and not show("StatusText").startswith("generation 1 "), show("StatusText")

step("hyalite-intercept brings traffic; hyalite-intercept-watch puts back what others take away")
run("systemctl", "enable", "--now", "hyalite-intercept", "hyalite-intercept-watch")
run("hyalite", "intercept", "show")
answer(ask())
record, = eventually("a record", records)
assert CLIENT in str(record["client"]), record
eventually("it watches", lambda: "intercept.watching" in journal())
run("nft", "delete", "table", "inet", "hyalite")
eventually("the rules are back", lambda: subprocess.run(["hyalite", "intercept", "show"], capture_output=True).returncode == 0)
answer(ask())
run("systemctl", "reload", "hyalite-intercept")

step("an interface that comes later than the unit: it is tried again until that is there, and the service waits for neither")
run("systemctl", "stop", "hyalite-intercept", "hyalite")
settings.write_text(SETTINGS.replace("[lan]", "[lan, late]"))
subprocess.run(["systemctl", "start", "hyalite-intercept", "hyalite"], capture_output=True)
assert show("ActiveState", "hyalite-intercept") == "activating" and show("ActiveState") == "active", journal()
assert "there is no interface late" in journal()
run("ip", "link", "add", "late", "type", "veth", "peer", "name", "later")
eventually("interception is on", lambda: subprocess.run(["hyalite", "intercept", "show"], capture_output=True).returncode == 0)
eventually("the unit knows", lambda: show("ActiveState", "hyalite-intercept") == "active")
run("systemctl", "stop", "hyalite-intercept")
run("ip", "link", "del", "late")
settings.write_text(SETTINGS)
run("systemctl", "start", "hyalite-intercept")
run("systemctl", "reload", "hyalite")
answer(ask())

step("the journal has levels")
assert journal("-p", "info").count("\n") > journal("-p", "warning").count("\n") > 0

step("logrotate: the file moves, a new one is written")
if os.path.exists("/usr/sbin/logrotate"):
    run("logrotate", "--force", "/etc/logrotate.d/hyalite")
    answer(ask())
    eventually("a record in the new file", lambda: len(records()) == 1)
    assert os.path.exists("/var/log/hyalite/http.ndjson.1")

step("the package is replaced under a connection: same process, new program, nothing is lost")
master, before = show("MainPID"), os.stat("/usr/bin/hyalite").st_ino
open_one = ask("/half")
half(open_one)
run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "--reinstall", f"./{main}")
assert show("MainPID") == master and show("NRestarts") == "0" and show("ActiveState") == "active"
assert os.readlink(f"/proc/{master}/exe") == "/usr/bin/hyalite" and os.stat("/usr/bin/hyalite").st_ino != before
answer(ask())
Origin.go_on.set()
rest = b""
while part := open_one.recv(4096):
    rest += part
assert rest == b" " * 10 or len(rest) <= 20, rest
open_one.close()

step("kill -9 of a worker: another takes its place; of the master: systemd starts it again, and traffic flows")
worker = workers()[0]
os.kill(worker, signal.SIGKILL)
eventually("a new worker", lambda: worker not in workers() and 0 not in workers())
assert show("NRestarts") == "0"
answer(ask())
kill_master()
answer(ask())

step("stopped with a connection open: within timeouts.stop, which is longer than the unit's limit, in order, with nobody left; "
     "connections are refused, not left hanging")
short = pathlib.Path("/run/systemd/system/hyalite.service.d/short.conf")
short.parent.mkdir(parents=True)
short.write_text("[Service]\nTimeoutStopSec=1s\n")
run("systemctl", "daemon-reload")
Origin.go_on.clear()
open_one = ask("/half")
half(open_one)
run("systemctl", "stop", "hyalite")
short.unlink()
short.parent.rmdir()
run("systemctl", "daemon-reload")
assert show("Result") == "success" and show("MainPID") == "0", show("Result")
stopped = journal().rsplit("master.stopping", 1)[1]
assert "Killing process" not in stopped, stopped
try:
    ask()
    raise AssertionError("a connection passed the stopped proxy")
except ConnectionError:
    pass
run("systemctl", "start", "hyalite")
answer(ask())

step("both stopped: no trace of the rules; connections go their way")
run("systemctl", "stop", "hyalite", "hyalite-intercept")
assert rules() == untouched, rules()
assert show("ActiveState", "hyalite-intercept-watch") == "inactive"
answer(ask())
run("systemctl", "start", "hyalite-intercept", "hyalite")
answer(ask())

step("removed while it serves: ended in order, rules and units gone, settings kept; then purged")
run("apt-get", "remove", "-y", "-qq", "hyalite", "hyalite-dev")
assert not subprocess.run(["pgrep", "-u", str(user)], capture_output=True).stdout
assert rules() == untouched, rules()
answer(ask())
assert settings.exists() and records()
run("dpkg", "--purge", "hyalite")
for path in ("/etc/hyalite", "/var/log/hyalite", "/var/lib/hyalite"):
    assert not os.path.exists(path), path
assert not glob.glob("/etc/systemd/system/*/hyalite*"), glob.glob("/etc/systemd/system/*/hyalite*")
run("systemctl", "daemon-reload")
assert show("LoadState") == "not-found"
assert run("systemctl", "--failed", "--no-legend") == "", run("systemctl", "--failed")
print("systemd: installed, reloaded, upgraded while serving, killed, stopped, removed, purged")
