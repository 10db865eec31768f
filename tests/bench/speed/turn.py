#!/usr/bin/python3
# One peer's turn, on the gateway of a fresh lab: origin up, proxy up, cases measured, figures as one line of JSON.
# Usage: turn.py PEER SECONDS CASE...
# SPDX-License-Identifier: MIT
import itertools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../support"))
import lab_host
from cases import LOAD_CPU, ORIGIN, SINK, TLS_NAME, MIXED, find_case
from pki import Pki
from peers import RECORD, RECORD_OF_TLS, peer_class

NGINX = """
user root root;
worker_processes 1;
daemon off;
pid {directory}/nginx.pid;
error_log stderr;
events {{ worker_connections 18000; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 100000000;
  keepalive_timeout 300;
  client_body_temp_path {directory}/b; proxy_temp_path {directory}/p; fastcgi_temp_path {directory}/f; uwsgi_temp_path {directory}/u;
  scgi_temp_path {directory}/s;
  open_file_cache max=100;
  server {{
    listen {origin}:80 backlog=4096;
    listen {origin}:443 ssl backlog=4096;
    ssl_certificate {directory}/pki/bench.pem;
    ssl_certificate_key {directory}/pki/bench.key;
    ssl_session_cache shared:s:10m;
    root {directory}/www;
    location = /headers {{ return 200 "$remote_addr $http_x_checked $http_x_debug\\n"; }}
    location = /chunked {{ ssi on; ssi_types *; }}
  }}
}}
"""

SINK_SERVER = """
import re, socket, sys, threading
def serve(connection):
    room = bytearray(1 << 20)
    with connection:
        head = b""
        while b"\\r\\n\\r\\n" not in head:
            got = connection.recv(65536)
            if not got: return
            head += got
        head, _, rest = head.partition(b"\\r\\n\\r\\n")
        left = int(re.search(rb"(?i)content-length: *(\\d+)", head).group(1)) - len(rest)
        while left > 0:
            n = connection.recv_into(room, min(left, len(room)))
            if n == 0: return
            left -= n
        connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n")
listener = socket.create_server((sys.argv[1], 80), backlog=64)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


def wait_until(what, condition, seconds=15):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"waited in vain for {what}")
        time.sleep(0.05)


def curl(*arguments):
    return subprocess.run([*lab_host.on("client"), "curl", "-sS", "-m", "5", *arguments], text=True, capture_output=True)


def make_certificates(directory):
    """The origin's, and a CA for those who look into TLS."""
    pki = Pki(directory / "pki")
    pki.leaf("bench", [TLS_NAME, "ads.lab"])
    pki.leaf("default", ["default.lab"])
    (directory / "pki").chmod(0o755)
    subprocess.run([os.environ["HYALITE_BIN"], "ca", "init", "--directory", str(directory / "ca"), "--name", "Bench CA"], check=True,
                   capture_output=True)


def start_origin(directory):
    www = directory / "www"
    www.mkdir()
    (www / "1k").write_text("x" * 1024)
    for size in MIXED:
        (www / f"mixed-{size}").write_text("x" * size)
    (www / "64k").write_text("x" * 65536)
    (www / "chunked").write_text("x" * 262144)
    with open(www / "100m", "wb") as file:
        file.truncate(100 * 2**20)
    config = directory / "nginx.conf"
    config.write_text(NGINX.format(directory=directory, origin=ORIGIN))
    on_origin = [*lab_host.on("origin"), "taskset", "-c", LOAD_CPU]
    started = [subprocess.Popen([*on_origin, "nginx", "-c", str(config), "-e", "stderr"]),
               subprocess.Popen([*on_origin, sys.executable, "-c", SINK_SERVER, SINK])]
    return started


def address_of(peer):
    """What curl is told: the origin, over TLS with the CA that looks into it."""
    if not peer.tls:
        return [], f"http://{ORIGIN}"
    names = [word for name in (TLS_NAME, "ads.lab") for word in ("--resolve", f"{name}:443:{ORIGIN}")]
    return [*names, "--cacert", str(peer.ca)], f"https://{TLS_NAME}"


def check(peer):
    """The same work is done by everyone who says so: a rule that rewrites, one that denies, the client's address kept; TLS looked
    into, with a certificate of the CA."""
    trust, origin = address_of(peer)
    said = curl(*trust, "-H", "X-Debug: 1", f"{origin}/headers").stdout.split()
    if peer.keeps_address and (not said or said[0] != "10.71.1.2"):
        raise RuntimeError(f"the origin saw {said}")
    if peer.works and said[1:] != ["yes"]:
        raise RuntimeError(f"the rewriting rule did nothing: {said}")
    if peer.works:
        head = curl(*trust, "-I", f"{origin}/1k").stdout.lower()
        if "server: nginx" in head:
            raise RuntimeError("the response's rule did nothing")
        denied = peer.denied or ["-H", "Host: ads.lab", f"{origin}/1k"]
        code = curl(*trust, "-o", "/dev/null", "-w", "%{http_code}", *denied).stdout
        if code != "403":
            raise RuntimeError(f"the deny rule answered {code}")


def has_all(line, wanted):
    try:
        return wanted <= json.loads(re.sub(r":-([,}])", r":null\1", line)).keys()  # a number that Squid has not is a dash
    except ValueError:
        return False


def check_record(peer):
    """It writes what all write of an exchange: curl's, which has every field, are the first."""
    if not peer.works:
        return
    with open(peer.directory / peer.log, errors="replace") as log:
        wanted = RECORD | RECORD_OF_TLS if peer.tls else RECORD
        if not any(has_all(line, wanted) for line in itertools.islice(log, 100)):
            raise RuntimeError(f"none of its records has all of {sorted(wanted)}")


FIRST_RECORDS = 1 << 16  # bytes


def keep_log_short(peer):
    """New memory costs a virtual machine what its host does to find it, which is no proxy's work: the log gets back what it had."""
    while True:
        time.sleep(0.1)
        file = peer.directory / peer.log
        if file.exists() and file.stat().st_size > FIRST_RECORDS:
            os.truncate(file, FIRST_RECORDS)


def settle(peer, seconds=20):
    """What an earlier case left behind is done with first: connections that nobody closed yet, a queue."""
    end = time.monotonic() + seconds
    before = peer.cpu_seconds()
    while time.monotonic() < end:
        time.sleep(0.25)
        now = peer.cpu_seconds()
        if now - before < 0.005:
            return
        before = now


def main():
    peer_name, seconds, *cases = sys.argv[1:]
    os.sched_setaffinity(0, {int(LOAD_CPU)})
    directory = pathlib.Path(tempfile.mkdtemp(prefix="hyalite-speed-", dir="/dev/shm"))
    directory.chmod(0o777)
    started = []
    try:
        make_certificates(directory)
        started += start_origin(directory)
        peer = peer_class(peer_name)(directory)
        peer.start()
        try:
            trust, origin = address_of(peer)
            wait_until(f"{peer_name} to pass requests", lambda: "x" in curl(*trust, f"{origin}/1k").stdout)
            check(peer)
        except RuntimeError as failure:
            raise SystemExit(f"{failure}; it said: {peer.last_words()}") from None
        if peer.log:
            threading.Thread(target=keep_log_short, args=[peer], daemon=True).start()
        figures = {}
        for case in cases:
            try:
                settle(peer)
                figures[case] = find_case(case).measure(peer, float(seconds))
            except (RuntimeError, OSError, subprocess.SubprocessError, AttributeError, IndexError) as failure:
                figures[case] = {"failed": f"{type(failure).__name__}: {failure}"[:400]}
        check_record(peer)
        print(json.dumps({"version": peer.version(), "cases": figures}))
        peer.stop()
    finally:
        for process in started:
            process.terminate()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
