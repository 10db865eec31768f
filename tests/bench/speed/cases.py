# What is measured: each case is some load, and what it cost. Runs on the lab's gateway; the load runs on the client.
# SPDX-License-Identifier: MIT
import os
import pathlib
import re
import resource
import subprocess
import tempfile

import lab_host

ORIGIN, SINK = "10.71.2.2", "10.71.2.3"  # nginx; a server that takes uploads
LOAD_CPU = "1"


TLS_NAME = "bench.lab"  # the origin's, in its certificate


class Case:
    """`tls`: only for peers that look into it; the others have the rest."""

    def __init__(self, what, cost, measure, tls=False):
        self.what, self.cost, self.measure, self.tls = what, cost, measure, tls


def _client(*command, timeout=120):
    return subprocess.run([*lab_host.on("client"), "taskset", "-c", LOAD_CPU, *command], text=True, capture_output=True,
                          timeout=timeout, check=True).stdout


def _wrk(seconds, path, connections, *more):
    said = _client("wrk", "-t1", f"-c{connections}", f"-d{max(round(seconds), 1)}s", "--timeout", "10s", "-H", "X-Debug: 1", *more,
                   f"http://{ORIGIN}{path}")
    requests = int(re.search(r"(\d+) requests in", said).group(1))
    amount = re.search(r"requests in [\d.]+\w+, ([\d.]+)(\w+) read", said)
    size = float(amount.group(1)) * {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30}[amount.group(2)]
    wrong = int((re.search(r"Non-2xx or 3xx responses: (\d+)", said) or [0, 0])[1])
    if wrong > requests / 100 or size == 0:
        raise RuntimeError("answers were wrong: " + said)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    if errors and sum(map(int, errors.groups())) > max(requests / 100, connections):
        raise RuntimeError("connections failed: " + errors.group(0))
    return requests, size, float(re.search(r"Requests/sec:\s*([\d.]+)", said).group(1))


def _segments():
    """Which the gateway's TCP took and sent, so far."""
    names, values = [line.split()[1:] for line in pathlib.Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Tcp:")]
    counted = dict(zip(names, map(int, values)))
    return counted["InSegs"] + counted["OutSegs"]


def _by_requests(path, connections, *more):
    def measure(peer, seconds):
        _wrk(1 + connections / 1_000, path, connections, *more)  # warm
        before, waits, segments = peer.cpu_seconds(), peer.waits(), _segments()
        requests, _, rate = _wrk(seconds, path, connections, *more)
        spent = peer.cpu_seconds() - before
        if requests == 0:
            raise RuntimeError("no request was answered in time")
        return {"us CPU/request": spent / requests * 1e6, "requests/s": rate, "busy": spent * rate / requests,
                "waits/request": (peer.waits() - waits) / requests, "segments/request": (_segments() - segments) / requests}
    return measure


MIXED = {300: 30, 2_000: 30, 10_000: 20, 30_000: 14, 120_000: 5, 1_000_000: 1}  # bytes, and of a hundred requests how many
MIXED_LUA = """
local paths = {{{paths}}}
local at = 0
request = function()
  at = (at * 7919 + 104729) % 1000003
  return wrk.format("GET", paths[at % #paths + 1])
end
"""


def _mixed(peer, seconds):
    """Sizes as pages have them, always in the same order."""
    paths = ",".join(f'"/mixed-{size}"' for size, share in MIXED.items() for _ in range(share))
    with tempfile.NamedTemporaryFile("w", suffix=".lua", dir="/dev/shm") as script:
        script.write(MIXED_LUA.format(paths=paths))
        script.flush()
        return _by_requests("/", 50, "-s", script.name)(peer, seconds)


def _download(peer, seconds):
    before = peer.cpu_seconds()
    _, size, _ = _wrk(seconds, "/100m", 4)
    spent = peer.cpu_seconds() - before
    return {"s CPU/GB": spent / size * 1e9, "MB/s": size / seconds / 1e6}


def _upload(peer, seconds):
    size = 100 * 2**20
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as body:
        body.truncate(size)
        before = peer.cpu_seconds()
        times = 0
        took = 0.0
        while took < seconds:
            said = _client("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{time_total}", "-H", "Expect:", "-T", body.name,
                           f"http://{SINK}/up").split()
            if said[0] != "200":
                raise RuntimeError(f"the upload was answered with {said[0]}")
            took += float(said[1])
            times += 1
        spent = peer.cpu_seconds() - before
    return {"s CPU/GB": spent / (times * size) * 1e9, "MB/s": times * size / took / 1e6}


def _latency(peer, seconds):
    """At a fixed moderate rate; percentiles from h2load's log of every request."""
    log = pathlib.Path(f"/dev/shm/hyalite-latency-{os.getpid()}")
    log.unlink(missing_ok=True)
    try:
        _client("h2load", "--h1", "-c20", "-t1", "--rps=50", f"-D{max(int(seconds), 1)}", f"--log-file={log}",
                f"http://{ORIGIN}/1k")
        times = sorted(int(line.split("\t")[2]) for line in log.read_text().splitlines())
    finally:
        log.unlink(missing_ok=True)
    return {"p50 us": times[len(times) // 2], "p99 us": times[len(times) * 99 // 100]}


def _h2load(path, connections, *much):
    """HTTP/1.1 over TLS, with the origin's name. h2load does not look at certificates; turn.py did, once."""
    said = _client("h2load", "--h1", f"--connect-to={ORIGIN}:443", f"-c{connections}", "-t1", *much, "-H", "X-Debug: 1",
                   f"https://{TLS_NAME}{path}", timeout=300)
    if int(re.search(r"(\d+) failed", said).group(1)) > connections:
        raise RuntimeError("answers were wrong: " + said[-400:])
    return int(re.search(r"traffic: [\d.]+\w+ \((\d+)\)", said).group(1))


def _tls_by_requests(path, connections):
    """So many requests, not so much time: on a slow machine the handshakes would count for more."""
    def measure(peer, seconds):
        requests = round(10_000 * seconds)  # each connection's handshake is among them
        _h2load(path, connections, f"-n{connections * 10}")  # warm
        before = peer.cpu_seconds()
        _h2load(path, connections, f"-n{requests}")
        return {"us CPU/request": (peer.cpu_seconds() - before) / requests * 1e6}
    return measure


def _tls_download(peer, seconds):
    before = peer.cpu_seconds()
    size = _h2load("/100m", 4, f"-D{max(round(seconds), 1)}")
    return {"s CPU/GB": (peer.cpu_seconds() - before) / size * 1e9}


HANDSHAKES = """
import socket, ssl, sys, time
address, name, ca, seconds, resume = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]), sys.argv[5] == "resumed"
context = ssl.create_default_context(cafile=ca)
request = f"GET /1k HTTP/1.1\\r\\nHost: {name}\\r\\nConnection: close\\r\\n\\r\\n".encode()
session, done, resumed = None, 0, 0
end = time.monotonic() + seconds
while time.monotonic() < end:
    with socket.create_connection((address, 443), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname=name, session=session) as tls:
            tls.sendall(request)
            got = b""
            while got.count(b"x") < 1024:
                more = tls.recv(65536)
                if not more: raise SystemExit("an answer was cut short")
                got += more
            resumed += tls.session_reused
            if resume: session = tls.session
    done += 1
print(done, resumed)
"""


def _handshakes(kind):
    """One connection after the other, each with one request: all of them in full, or all but the first resumed."""
    def measure(peer, seconds):
        def visit(length):
            return map(int, _client("python3", "-c", HANDSHAKES, ORIGIN, TLS_NAME, str(peer.ca), str(length), kind).split())
        visit(0.5)  # warm
        before = peer.cpu_seconds()
        done, resumed = visit(seconds)
        return {"us CPU/connection": (peer.cpu_seconds() - before) / done * 1e6, "resumed %": 100 * resumed / done}
    return measure


IDLE = """
import resource, socket, sys
count = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
held = []
for i in range(count):
    s = socket.create_connection((sys.argv[2], 80), timeout=10)
    s.sendall(b"GET /1k HTTP/1.1\\r\\nHost: " + sys.argv[2].encode() + b"\\r\\n\\r\\n")
    got = b""
    while got.count(b"x") < 1024:
        more = s.recv(65536)
        if not more: raise SystemExit("closed")
        got += more
    held.append(s)
print("held", flush=True)
sys.stdin.read()
"""


def _idle(peer, _seconds):
    """Memory of flows that wait for their next request: 10,000, or as many as the limit of descriptors allows."""
    count = min(10_000, (resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 1_000) // 2)
    warm = _wrk(1, "/1k", 10)
    assert warm
    before, kernel_before = peer.memory_bytes(), _kernel_bytes()
    holder = subprocess.Popen([*lab_host.on("client"), "python3", "-c", IDLE, str(count), ORIGIN], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        if holder.stdout.readline().strip() != "held":
            raise RuntimeError("could not hold the connections: " + holder.stderr.read()[-200:])
        return {"flows": count, "user bytes/flow": (peer.memory_bytes() - before) / count,
                "kernel bytes/flow, all hosts": (_kernel_bytes() - kernel_before) / count}
    finally:
        holder.stdin.close()
        holder.wait()


def _kernel_bytes():
    memory = dict(re.findall(r"(\w+):\s+(\d+) kB", pathlib.Path("/proc/meminfo").read_text()))
    return int(memory["Slab"]) * 1024


def _with_fields(count):
    return _by_requests("/1k", 50, *(word for it in range(count) for word in ("-H", f"X-Field-{it}: some value of usual length")))


CASES = {
    "keepalive-1k": Case("50 connections, 1 KB", "us CPU/request", _by_requests("/1k", 50)),
    "connection-a-request": Case("a connection for each request, 1 KB", "us CPU/request",
                                 _by_requests("/1k", 30, "-H", "Connection: close")),
    "64k": Case("50 connections, 64 KB", "us CPU/request", _by_requests("/64k", 50)),
    "mixed": Case("50 connections, 300 bytes to 1 MB", "us CPU/request", _mixed),
    "chunked": Case("20 connections, 256 KB in chunks", "us CPU/request", _by_requests("/chunked", 20)),
    "100m-down": Case("100 MB downloads", "s CPU/GB", _download),
    "100m-up": Case("100 MB uploads", "s CPU/GB", _upload),
    "latency": Case("1,000 requests/s", "p99 us", _latency),
    "idle": Case("flows that wait", "user bytes/flow", _idle),
    "tls-keepalive": Case("TLS looked into, 20 connections, 1 KB", "us CPU/request", _tls_by_requests("/1k", 20), tls=True),
    "tls-full": Case("TLS looked into, a full handshake for each request", "us CPU/connection", _handshakes("full"), tls=True),
    "tls-resumed": Case("TLS looked into, a resumed handshake for each request", "us CPU/connection", _handshakes("resumed"), tls=True),
    "tls-100m": Case("TLS looked into, 100 MB downloads", "s CPU/GB", _tls_download, tls=True),
}


def find_case(name):
    """By its name; "flows@N": N connections at once, "fields@N": requests with N further fields."""
    what, _, number = name.partition("@")
    if what == "flows" and number:
        return Case(f"{number} connections, 1 KB", "us CPU/request", _by_requests("/1k", int(number)))
    if what == "fields" and number:
        return Case(f"50 connections, 1 KB, {number} further fields", "us CPU/request", _with_fields(int(number)))
    return CASES[name]
