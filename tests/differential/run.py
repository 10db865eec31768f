#!/usr/bin/python3
"""The corpus against other proxies: who passes on what could be misread, who refuses what is valid, where Hyalite is stricter.

    tests/differential/run.py [--build build/dev] [--section WORD] [--all] [--table FILE]

haproxy and nginx (Debian's packages; what is missing is left out) run as reverse proxies on loopback, as near to their defaults as
can be. A referee, which shares no code with Hyalite (tests/support/oracle.cc), reads what arrived on the other side. What
Hyalite does is what the case says, and tests/corpus proves.
"""
# SPDX-License-Identifier: MIT
import argparse
import collections
import concurrent.futures
import contextlib
import os
import pathlib
import queue
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

import cases

ROOT = pathlib.Path(__file__).resolve().parents[2]
LANES = 8  # cases at the same time, each with a port of its own
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"

HAPROXY = """
global
    maxconn 200
defaults
    mode http
    timeout connect 2s
    timeout client 2s
    timeout server 2s
    http-reuse never
{lanes}
"""
HAPROXY_LANE = """
listen lane{n}
    bind 127.0.0.1:{front}
    server origin 127.0.0.1:{back}
"""
NGINX = """
daemon off;
worker_processes 1;
pid {place}/nginx.pid;
error_log {place}/error.log crit;
events {{ worker_connections 200; }}
http {{
    access_log off;
    client_body_temp_path {place}/a; proxy_temp_path {place}/b; fastcgi_temp_path {place}/c; uwsgi_temp_path {place}/d;
    scgi_temp_path {place}/e;
{lanes}
}}
"""
NGINX_LANE = """
    server {{
        listen 127.0.0.1:{front};
        location / {{
            proxy_pass http://127.0.0.1:{back};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Connection "";
            proxy_request_buffering off;
            proxy_buffering off;
            proxy_read_timeout 2s;
        }}
    }}
"""


class Referee:
    """tests/differential/referee.cc, asked from many threads."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lock = threading.Lock()

    def ask(self, question):
        with self.lock:
            self.process.stdin.write(question + "\n")
            self.process.stdin.flush()
            state, count, why = self.process.stdout.readline().rstrip("\n").split(" ", 2)
        return state, int(count), why

    def requests(self, data):
        return self.ask("requests " + data.hex())

    def responses(self, data, questions, ended):
        return self.ask(f"responses {int(ended)} {','.join(questions)} {data.hex()}")


class Origin(threading.Thread):
    """Takes connections on one port; records what comes, and answers as told."""

    def __init__(self, referee):
        super().__init__(daemon=True)
        self.referee = referee
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.socket.getsockname()[1]
        self.begin(b"", [], False, False)

    def begin(self, raw, answers, early, ends):
        """For the next case: `raw` is a response under test, else each request gets its answer."""
        self.raw, self.answers, self.early, self.ends = raw, answers, early, ends
        self.streams = []

    def run(self):
        while True:
            connection, _ = self.socket.accept()
            stream = bytearray()
            self.streams.append(stream)
            threading.Thread(target=self.serve, args=(connection, stream), daemon=True).start()

    def serve(self, connection, stream):
        answered = 0
        with connection, contextlib.suppress(OSError):
            connection.settimeout(2)
            while data := connection.recv(65536):
                stream += data
                if self.raw or self.ends:
                    if b"\r\n\r\n" in stream and not answered:
                        answered = 1
                        connection.sendall(self.raw)
                        if self.ends:
                            connection.shutdown(socket.SHUT_WR)
                    continue
                _, complete, _ = self.referee.requests(bytes(stream))
                while answered < complete or (self.early and answered == 0 and b"\r\n\r\n" in stream):
                    head = bytes(stream[:5]) == b"HEAD "
                    connection.sendall(self.answers[answered] if answered < len(self.answers) else OK if head else OK + b"ok")
                    answered += 1

    def received(self):
        """What came, by connection: a proxy may take a new one for each request."""
        return [bytes(stream) for stream in self.streams if stream]


def free_ports(n):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Proxy:
    """One packaged proxy with a lane for each origin."""

    def __init__(self, name, program, origins, place):
        self.name = name
        self.fronts = free_ports(len(origins))
        lane, whole, argument = {"haproxy": (HAPROXY_LANE, HAPROXY, "-f"), "nginx": (NGINX_LANE, NGINX, "-c")}[name]
        lanes = "".join(lane.format(n=n, front=front, back=origin.port)
                        for n, (front, origin) in enumerate(zip(self.fronts, origins)))
        config = place / f"{name}.conf"
        config.write_text(whole.format(lanes=lanes, place=place))
        arguments = [program, argument, str(config)] + (["-p", str(place)] if name == "nginx" else [])
        self.process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for port in self.fronts:
            self.wait_for(port)
        shown = subprocess.run([program, "-v"], capture_output=True, text=True)
        self.version = " ".join((shown.stdout + shown.stderr).split("\n")[0].split()[:3])

    @staticmethod
    def wait_for(port):
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            time.sleep(0.05)
        raise SystemExit("a proxy does not listen")

    def stop(self):
        self.process.terminate()
        self.process.wait()


def converse(port, data, ends, patience=0.4):
    """Sends, then reads until nothing comes any more. Returns what came, and whether the connection ended in order."""
    got, ended = bytearray(), False
    with socket.create_connection(("127.0.0.1", port), 2) as connection, contextlib.suppress(OSError):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError):
            connection.sendall(data)
            if ends:
                connection.shutdown(socket.SHUT_WR)
        connection.settimeout(patience)
        while True:
            more = connection.recv(65536)
            if not more:
                ended = True
                break
            got += more
    return bytes(got), ended


def questions_of(case):
    asked = case.text("?") or b"GET / HTTP/1.1\r\n\r\n"
    method = asked.split(b" ", 1)[0].decode("latin-1")
    suffix = "/1.0" if b"HTTP/1.0" in asked else "/upgrade" if b"\nUpgrade:" in asked and b"pgrade" in asked else ""
    return [method + suffix]


def try_request(case, port, origin, referee):
    data = case.text("|")
    origin.begin(b"", [case.text("!", i) for i in range(len(case.lines.get("!", [])))], case.early, False)
    _, _ = converse(port, data, case.ends)
    readings = [referee.requests(stream) for stream in origin.received()]
    state = next((state for state, _, _ in readings if state in ("malformed", "cut_short")), "whole")
    count = sum(count for _, count, _ in readings)
    valid = case.verdict in ("pass", "tunnel")
    if state == "malformed":
        return "ambiguous"
    if valid:
        return "passes" if count >= case.complete else "refuses"
    expected = case.complete
    if case.verdict in ("cut", "broken") and count <= expected:
        return "cuts" if state == "cut_short" else "refuses"
    return "refuses" if count <= expected else "repairs"


def try_response(case, port, origin, referee):
    origin.begin(case.text("|"), [], False, case.ends or case.verdict in ("broken", "cut", "refused"))
    asked = case.text("?") or b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
    got, ended = converse(port, asked, False, 0.6)
    questions = questions_of(case)
    state, count, _ = referee.responses(got, questions, ended)
    refused = got[9:12] in (b"502", b"500", b"504", b"400", b"405", b"501") and not case.text("|").startswith(got[:12])
    if state == "malformed":
        return "ambiguous"
    if case.verdict in ("pass", "tunnel"):
        return "refuses" if refused or count + (state == "tunnel") == 0 else "passes"
    if refused or not got:
        return "refuses"
    if count > case.complete:
        return "repairs"
    return "cuts" if state == "cut_short" else "refuses"


def run_case(case, port, origin, referee):
    try:
        trial = try_request if case.tested == "request" else try_response
        return trial(case, port, origin, referee)
    except OSError:
        return "refuses"


def run_all(chosen, proxy, origins, referee):
    lanes = queue.Queue()
    for pair in zip(proxy.fronts, origins):
        lanes.put(pair)

    def one(case):
        port, origin = lanes.get()
        try:
            return run_case(case, port, origin, referee)
        finally:
            lanes.put((port, origin))

    with concurrent.futures.ThreadPoolExecutor(LANES) as pool:
        return list(pool.map(one, chosen))


def ours(case):
    return {"pass": "passes", "tunnel": "passes", "cut": "cuts", "broken": "cuts"}.get(case.verdict, "refuses")


def table(chosen, results, out):
    """By class: what each makes of what is invalid, of what only Hyalite refuses, and of what is valid."""
    names = list(results)
    head = ["class", "invalid"] + [f"{name}: refuses, repairs, passes on" for name in names]
    head += ["only stricter"] + [f"{name}: passes" for name in names] + ["valid"] + [f"{name}: refuses" for name in names]
    print("| " + " | ".join(head) + " |\n|" + " --- |" * len(head), file=out)
    for section in list(dict.fromkeys(case.section for case in chosen)) + [None]:
        picked = [i for i, case in enumerate(chosen) if section in (None, case.section)]
        good = [i for i in picked if ours(chosen[i]) == "passes"]
        stricter = [i for i in picked if chosen[i].stricter and i not in good]
        bad = [i for i in picked if i not in good and i not in stricter]
        cells = [section or "**all**", len(bad)]
        for name in names:
            said = collections.Counter(results[name][i] for i in bad)
            cells.append(f"{said['refuses'] + said['cuts']}, {said['repairs']}, {said['ambiguous']}")
        cells += [len(stricter)] + [sum(results[name][i] not in ("refuses", "cuts") for i in stricter) for name in names]
        cells += [len(good)] + [sum(results[name][i] != "passes" for i in good) for name in names]
        print("| " + " | ".join(map(str, cells)) + " |", file=out)


def details(chosen, results, everything, out):
    for title, wanted in (("Passed on what could be misread", lambda case, said: said == "ambiguous" and not case.stricter),
                          ("Repaired what is invalid", lambda case, said: said == "repairs" and ours(case) != "passes" and not case.stricter),
                          ("Passed what only Hyalite refuses", lambda case, said: said == "repairs" and ours(case) != "passes" and case.stricter),
                          ("Refused what is valid", lambda case, said: ours(case) == "passes" and said != "passes")):
        print(f"\n{title}:", file=out)
        rows = [(case, [name for name in results if wanted(case, results[name][i])]) for i, case in enumerate(chosen)]
        rows = [(case, names) for case, names in rows if names]
        for case, names in rows if everything else rows[:25]:
            print(f"  {', '.join(names):16} {case.section}: {case.name} ({case.where})", file=out)
        if not everything and len(rows) > 25:
            print(f"  ... and {len(rows) - 25} more (--all)", file=out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=str(ROOT / "build" / "dev"))
    parser.add_argument("--section", default="", help="only classes with this word")
    parser.add_argument("--all", action="store_true", help="every case that differs, not only the first")
    parser.add_argument("--table", default="-", help="where the table goes")
    options = parser.parse_args()
    program = pathlib.Path(options.build) / "bin" / "referee"
    if not program.exists():
        sys.exit(f"{program} is not there: cmake --build {options.build} --target referee")
    found = {name: shutil.which(name) or shutil.which(name, path="/usr/sbin") for name in ("haproxy", "nginx")}
    if not any(found.values()):
        sys.exit("neither haproxy nor nginx is installed: apt-get install haproxy nginx-light")
    chosen = [case for case in cases.read(ROOT / "tests" / "corpus") if options.section in case.section and not case.edits and
              case.verdict not in ("answered", "not-http", "late")]
    referee = Referee(program)
    origins = [Origin(referee) for _ in range(LANES)]
    for origin in origins:
        origin.start()
    results, versions = {}, []
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        for name, path in found.items():
            if path is None:
                continue
            proxy = Proxy(name, path, origins, pathlib.Path(place))
            try:
                results[name] = run_all(chosen, proxy, origins, referee)
                versions.append(proxy.version)
            finally:
                proxy.stop()
    out = sys.stdout if options.table == "-" else open(options.table, "w", encoding="utf-8")
    print(f"{len(chosen)} cases, each family by one of its bytes; {'; '.join(versions)}\n", file=out)
    table(chosen, results, out)
    details(chosen, results, options.all, sys.stdout)


if __name__ == "__main__":
    main()
