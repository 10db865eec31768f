#!/usr/bin/python3
"""All rude peers at once, from either side, while ordinary clients measure: `tests/soak/run.py --minutes 10`. In a private lab
with real redirection; no root is needed. Prints what it saw; exit status 1 when something was not as it must be."""
# SPDX-License-Identifier: MIT
import argparse
import json
import math
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE)]
import lab  # noqa: E402
from gateway import Gateway  # noqa: E402
from pki import Pki  # noqa: E402
from rude import KINDS, TLS_SERVERS  # noqa: E402
from service import Service  # noqa: E402
from tls_stream import RENEGOTIATES  # noqa: E402

PER_FLOW = 64 << 10  # limits.buffered_bytes_per_flow
PER_WORKER = 24 << 20  # what a worker has besides: its stacks, caches and pools, once they are filled
PER_CLIENT = 100  # limits.flows_per_client, for each worker: half of it is a worker's share
CROWDED = 50  # of the idle crowd, so many have one address
HARD = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
# What a peer's process can hold; what listening sockets share unevenly.
A_PEER_HOLDS, UNEVEN = HARD - 200, 0.9
PORTS = (80, 443, RENEGOTIATES)
# Each kind of rudeness, and the counters of which one at least must tell of it.
REFUSED, ANSWERS, CLOSED = "hyalite_refused_requests_total", "hyalite_refused_responses_total", "hyalite_flows_closed_total"
HANDSHAKES = "hyalite_tls_handshakes_total"
TOLD_BY = {
    "slowloris": [(CLOSED, "head_timed_out")],
    "drip_body": [(CLOSED, "body_too_slow")],
    "stalled_body": [(CLOSED, "body_too_slow")],
    "head_bomb": [(REFUSED, "head_too_large")],
    "many_fields": [(REFUSED, "too_many_fields")],
    "endless_extension": [(REFUSED, "chunk_line_too_long")],
    "endless_trailers": [(REFUSED, "trailers_too_large")],
    "smuggler": [(REFUSED, "both_lengths")],
    "never_decided": [(CLOSED, "undecided")],
    "slow_reader": [(CLOSED, "body_too_slow")],
    "half_open": [(CLOSED, "body_too_slow")],
    # Nobody refuses these: they leave, and that is what is counted.
    "reset_anywhere": [(CLOSED, "client_broke")],
    "server_drip": [(CLOSED, "client_broke")],
    "flood": [(CLOSED, "limit_client_flows")],
    "black_hole": [(CLOSED, "connect_timed_out"), (CLOSED, "connect_failed")],
    "server_slow_head": [(CLOSED, "head_timed_out")],
    "server_stands_still": [(CLOSED, "body_too_slow")],
    "server_interim": [(ANSWERS, "too_many_interim_responses")],
    "server_trailers": [(ANSWERS, "trailers_too_large")],
    "server_extensions": [(ANSWERS, "chunk_line_too_long")],
    "server_head_bomb": [(ANSWERS, "head_too_large")],
    "server_fields": [(ANSWERS, "too_many_fields")],
    "server_rst_head": [(CLOSED, "upstream_broke")],
    "server_rst_body": [(CLOSED, "upstream_broke")],
    "server_silent": [(CLOSED, "head_timed_out")],
    "server_no_request": [(CLOSED, "upstream_broke")],
    "server_bomb": [("hyalite_plugin_undecoded_bodies_total", "looks")],
    "tls_hello_dripped": [(CLOSED, "head_timed_out")],
    "tls_hello_endless": [(CLOSED, "tls_blocked")],
    "tls_hello_garbage": [(CLOSED, "tls_blocked")],
    "tls_abandoned": [(CLOSED, "tls_timed_out")],
    "tls_finish_dripped": [(CLOSED, "tls_timed_out")],
    "tls_garbage_in_handshake": [(CLOSED, "tls_client_failed")],
    "tls_alerts": [(CLOSED, "tls_client_failed")],
    "tls_empty_records": [(CLOSED, "tls_client_failed")],
    "tls_resets_anywhere": [(CLOSED, "client_broke")],
    "tls_ends_without_notify": [(CLOSED, "client_broke")],
    "tls_slow_reader": [(CLOSED, "body_too_slow")],
    "tls_slowloris": [(CLOSED, "head_timed_out")],
    "tls_renegotiates": [(CLOSED, "client_broke")],
    "server_tls_renegotiates": [(CLOSED, "upstream_broke")],
    "server_tls_cut": [(CLOSED, "upstream_broke")],
    "server_tls_stands_still": [(CLOSED, "body_too_slow")],
    "server_tls_silent": [(CLOSED, "tls_timed_out")],
    "server_tls_dripping": [(CLOSED, "tls_timed_out")],
    "server_tls_garbage": [(CLOSED, "tls_upstream_failed")],
    "server_tls_endless": [(CLOSED, "tls_upstream_failed")],
    "server_tls_alerts": [(CLOSED, "tls_upstream_failed")],
    "server_tls_resets": [(CLOSED, "tls_upstream_failed")],
    "server_tls_half": [(CLOSED, "tls_upstream_failed")],
}
assert set(TOLD_BY) == set(KINDS), set(TOLD_BY) ^ set(KINDS)
BAD = pathlib.Path(lab.binary()).parents[1] / "bad_plugins/misbehaves.so"


def most_idle(workers):
    """As many as the descriptors of all workers allow, two for each and some for all others."""
    return int(workers * (HARD - 2_000) / 2 * UNEVEN)


def settings(options, directory):
    return {
        "workers": {"count": options.workers, "user": "nobody"},
        "limits": {"buffered_bytes_per_flow": f"{PER_FLOW}B", "head_bytes": "16KiB", "target_bytes": "8KiB", "trailer_bytes": "4KiB",
                   "chunk_line_bytes": "1KiB", "sniff_bytes": "16KiB", "client_hello_bytes": "32KiB",
                   "flows": max(50_000, 2 * options.idle), "flows_per_client": PER_CLIENT * options.workers},
        "timeouts": {"head": "1s", "sniff": "1s", "body_idle": "1s", "body_rate_window": "1s", "response_head": "1s", "connect": "1s",
                     "tls_handshake": "2s", "linger": "500ms", "keepalive_idle": "1h", "stop": "2s"},
        "tls": {"ca": {"certificate": "ca/ca.pem", "key": "ca/ca.key"}, "upstream": {"trust": f"{directory}/pki/root.pem"},
                "action": "intercept"},
        "log": {"level": "error"},
    }


class Peer:
    def __init__(self, host, role, **what):
        with lab.on(host):
            self._process = subprocess.Popen([sys.executable, str(HERE / "peers.py"), role, json.dumps(what)], stdin=subprocess.PIPE,
                                             stdout=subprocess.PIPE, text=True)

    def line(self):
        return self._process.stdout.readline()

    def wait(self):
        """It ends by itself; what it did."""
        return json.loads(self._process.stdout.read().splitlines()[-1])

    def stop(self):
        """What it did. Who does not end is killed: a test that hangs tells nothing."""
        patience = threading.Timer(60, self._process.kill)
        patience.start()
        self._process.stdin.close()
        told = self._process.stdout.read().splitlines()
        self._process.wait(30)
        patience.cancel()
        return json.loads(told[-1]) if told else {}


def addresses(host, name, count=(10, 10)):
    """So many more of it, of either family."""
    own = [lab.address(name, family) for family in (4, 6)]
    more = [[own[0].rsplit(".", 1)[0] + f".{last}" for last in range(100, 100 + count[0])],
            [own[1].rsplit(":", 1)[0] + f":{last:x}" for last in range(0x1000, 0x1000 + count[1])]]
    lines = lab.must_run(host, "ip", "-o", "address").splitlines()
    interface = next(line.split()[1] for line in lines if f" {own[0]}/" in line)
    lab.must_run(host, "ip", "-batch", "-", input="".join(f"address add {it}/24 dev {interface}\n" for it in more[0]).encode()
                 + "".join(f"address add {it}/64 dev {interface} nodad\n" for it in more[1]).encode())
    return more


def sum_of(metrics, name, label):
    return sum(int(value) for series, value in metrics.items() if series.startswith(name + "{") and f'"{label}"' in series)


class Soak:
    def __init__(self, options, directory):
        self.options, self.wrong = options, []
        # Three servers: a rude client's may be as busy as it likes, and the crowd's holds what no one process could.
        self.to = [lab.address("origin", family) for family in (4, 6)]
        self.rude_to = [lab.address("other", family) for family in (4, 6)]
        mine = addresses("client", "client", (11, 11 + math.ceil(options.idle / CROWDED)))
        # A crowd of so many needs addresses of which IPv6 alone has enough here.
        self.sources, self.crowd_from = [its[:11] for its in mine], mine[1][11:]
        self.crowd_to = addresses("origin", "origin", (0, 1))[1]
        self.trust = f"{directory}/ca/ca.pem"
        subprocess.run([lab.binary(), "ca", "init", "--directory", f"{directory}/ca", "--name", "Lab CA"], check=True, capture_output=True)
        pki = Pki(f"{directory}/pki")
        pki.leaf("lab", [f"{name}.lab" for name in ("ok", *TLS_SERVERS)])
        os.chmod(f"{directory}/pki", 0o755)
        certificate = pki.file("lab")
        plugin = shutil.copy(BAD, pathlib.Path(directory, "plugins"))
        self.gateway = Gateway(directory, ({"name": "looks", "use": plugin, "validate": False},), **settings(options, directory))
        self.crowds = math.ceil(options.idle / (A_PEER_HOLDS * UNEVEN))
        self.origins = [Peer("origin", "origin", addresses=self.to, certificate=certificate, renegotiates=False),
                        Peer("origin", "origin", addresses=self.rude_to, certificate=certificate, renegotiates=True),
                        *(Peer("origin", "idle_origin", address=self.crowd_to[0]) for _ in range(self.crowds))]
        for one in self.origins:
            one.line()
        self.gateway.start()
        self.service = Service(self.gateway)
        self.workers = self.service.workers()
        self.peak = {"flows": 0, "bytes": 0}

    # ---- what is measured

    def bytes_taken(self):
        """Anonymous memory of all workers, and what is in their sockets' pipes is not of it."""
        total = 0
        for pid in self.workers:
            with open(f"/proc/{pid}/status") as status:
                total += next(int(line.split()[1]) << 10 for line in status if line.startswith("RssAnon:"))
        return total

    def descriptors(self):
        """-1: an ordinary user may not count those of processes that cannot be traced."""
        try:
            return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in self.workers)
        except PermissionError:
            return -1

    def watch(self, seconds, peers):
        """So long, and at least until they say that they are there: the crowd is whole, each kind of rudeness is over once."""
        until = time.monotonic() + seconds
        at_last = until + 60 + self.options.idle / 200
        waiting = threading.Thread(target=lambda: [it.line() for it in peers], daemon=True)
        waiting.start()
        while time.monotonic() < until or (waiting.is_alive() and time.monotonic() < at_last):
            self.peak["flows"] = max(self.peak["flows"], int(self.gateway.count("hyalite_flows")))
            self.peak["bytes"] = max(self.peak["bytes"], self.bytes_taken())
            time.sleep(0.25)

    def settle(self):
        try:
            lab.wait_for(lambda: self.gateway.count("hyalite_flows") == 0, "all connections to end", seconds=60)
        except AssertionError:
            with urllib.request.urlopen("http://127.0.0.1:9180/flows?most=20", timeout=5) as page:
                print(f"still there: {page.read().decode()}")
            raise
        # Pipes and sockets of ended flows close within a tick of the loop.
        last = None
        while (now := self.descriptors()) != last:
            last = now
            time.sleep(0.3)
        return self.bytes_taken(), now

    # ---- what happens

    def rude_peer(self, role, kinds, **what):
        return Peer("client", role, to=self.rude_to, sources=[[*its[5:10], its[-1]] for its in self.sources], kinds=kinds,
                    flooding=PER_CLIENT * self.options.workers * 3 // 2, **what)

    def call_the_roll(self):
        """Each kind once, with nobody beside it of whom the same counter tells: so it is known whom it told of."""
        print("\nEach kind alone:")
        left = dict(TOLD_BY)
        while left:
            together, taken = [], set()
            for kind, counters in left.items():
                if not taken & set(counters):
                    together.append(kind)
                    taken |= set(counters)
            before = self.gateway.metrics()
            self.rude_peer("once", together).wait()
            lab.wait_for(lambda: self.gateway.count("hyalite_flows") == 0, "all connections to end", seconds=60)
            after = self.gateway.metrics()
            changed = {series: int(value - before.get(series, 0)) for series, value in after.items()
                       if value != before.get(series, 0) and re.search("closed|refused|handshakes", series)}
            for kind in together:
                more = {label: sum_of(after, name, label) - sum_of(before, name, label) for name, label in left.pop(kind)}
                self.must(any(more.values()), f"{kind}: {', '.join(f'{label} +{count}' for label, count in more.items())}"
                          + ("" if any(more.values()) else f"; what counted meanwhile: {changed}"))

    def round(self, seconds):
        """Everybody at once; what the rude, the ordinary and the idle clients tell."""
        each = math.ceil(self.options.idle / self.crowds)
        crowd = [Peer("client", "crowd", to=self.crowd_to, sources=[self.crowd_from],
                      count=min(each, self.options.idle - n * each)) for n in range(self.crowds)]
        mine = [its[:5] for its in self.sources]
        ordinary = [Peer("client", "ordinary", to=self.to[:1], sources=mine[:1], count=4),
                    Peer("client", "ordinary", to=self.to, sources=mine, count=4),
                    Peer("client", "ordinary", to=self.to, sources=mine, count=4, trust=self.trust)]
        rude = self.rude_peer("rude", KINDS, each=self.options.each)
        self.watch(seconds, [*crowd, rude])
        return rude.stop(), [it.stop() for it in ordinary], [it.stop() for it in crowd]

    def run(self):
        if self.options.roll_call:
            self.call_the_roll()
        self.before = self.bytes_taken()
        rounds = self.options.rounds
        each = self.options.seconds / rounds
        settled, rude, asked, idle = [], {}, [], []
        began = time.monotonic()
        print("\nAll at once:")
        for _ in range(rounds):
            did, measured, sat = self.round(each)
            for kind, times in did.items():
                rude[kind] = rude.get(kind, 0) + times
            asked += measured
            idle.append(sum(it.get("idle", 0) for it in sat))
            settled.append(self.settle())
            plain, both, tls = ([it[name] for name in ("requests", "p50_ms", "p99_ms", "max_ms")] for it in measured)
            print(f"  {time.monotonic() - began:6.0f} s: ordinary requests, p50, p99, longest: IPv4 {plain}, both families {both}, in TLS {tls}; "
                  f"afterwards {settled[-1][0] >> 10} KiB and {settled[-1][1]} descriptors; the machine's load is {os.getloadavg()[0]:.1f}",
                  flush=True)
        self.judge(rude, asked, idle, settled)
        self.gateway.stop()
        for one in self.origins:
            one.stop()
        return self.wrong

    def must(self, holds, what):
        print(f"  {'yes' if holds else 'NO '}  {what}")
        if not holds:
            self.wrong.append(what)

    def judge(self, rude, asked, idle, settled):
        requests, failed = sum(it["requests"] for it in asked), sum(it["failed"] for it in asked)
        for it in asked:
            if it["failures"]:
                print(f"  ordinary clients say: {it['failures']}")
        handshakes = sum(it.get("handshakes", 0) for it in asked)
        longest = max(it["max_ms"] for it in asked)
        bound = self.before + self.peak["flows"] * PER_FLOW + len(self.workers) * PER_WORKER
        metrics = self.gateway.metrics()
        print(f"\n{sum(rude.values())} acts of {len(TOLD_BY)} kinds of rudeness:")
        for kind, counters in TOLD_BY.items():
            counted = {label: sum_of(metrics, name, label) for name, label in counters}
            self.must(rude.get(kind, 0) > 0 and any(counted.values()),
                      f"{kind}: {rude.get(kind, 0)} times, counted as {', '.join(f'{k} ({v})' for k, v in counted.items())}")
        print("\nAnd:")
        self.must(requests > 0 and handshakes > 0 and failed == 0,
                  f"ordinary requests: {requests} answered, {failed} failed; {handshakes} TLS connections of theirs")
        self.must(longest < self.options.longest_ms, f"the longest took {longest} ms, at most {self.options.longest_ms}")
        self.must(all(it == self.options.idle for it in idle), f"idle connections: {self.options.idle} each time; asked and answered: {idle}")
        self.must(not metrics.get("hyalite_accept_shed_total"), "no connection was closed for want of descriptors")
        self.must(self.service.workers() == self.workers, "no worker died or was replaced")
        self.must(self.peak["bytes"] <= bound, f"memory: {self.peak['bytes'] >> 20} MiB of all workers at {self.peak['flows']} flows, "
                  f"bound {bound >> 20} MiB ({self.before >> 20} MiB at the start, {PER_FLOW >> 10} KiB a flow, {PER_WORKER >> 20} MiB a worker)")
        first, last = settled[min(1, len(settled) - 2)], settled[-1]
        # In so short a run as a test is, caches still fill.
        more = (4 << 20) if len(settled) > 3 else PER_WORKER
        self.must(last[0] <= first[0] * 1.1 + more, f"no memory grows: {first[0] >> 10} KiB after round {min(2, len(settled) - 1)}, "
                  f"{last[0] >> 10} KiB after round {len(settled)}")
        self.must(last[1] <= first[1] + 4, f"no descriptors grow: {first[1]}, then {last[1]}")


def arguments():
    parser = argparse.ArgumentParser(description="All rude peers at once, while ordinary clients measure.")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, help="how long the peers act; each round ends besides")
    length.add_argument("--seconds", type=float, default=6, help="the same (default %(default)s)")
    parser.add_argument("--rounds", type=int, help="default: 2, or one for each 30 seconds")
    parser.add_argument("--workers", type=int, default=2, help="of the proxy (default %(default)s)")
    parser.add_argument("--idle", type=int, help="connections that ask once and keep still (default: 500; with --minutes as many as the "
                        "descriptors allow that a process may have)")
    parser.add_argument("--each", type=int, default=2, help="how many of each kind at once (default %(default)s)")
    parser.add_argument("--longest-ms", type=float, default=10_000, help="what an ordinary request may take (default %(default)s)")
    parser.add_argument("--no-roll-call", dest="roll_call", action="store_false", help="do not try each kind alone first, as is done with --minutes")
    options = parser.parse_args()
    if options.minutes:
        options.seconds = options.minutes * 60
    options.roll_call = options.roll_call and bool(options.minutes)
    options.idle = options.idle or (most_idle(options.workers) if options.minutes else 500)
    options.rounds = options.rounds or max(2, int(options.seconds / 30))
    return options


def main():
    options = arguments()
    if "HYALITE_LAB" not in os.environ:
        command = [lab.binary(), "lab", "run", "--on", "gateway", "--mode", "tproxy", "--proxy-port", str(lab.PROXY_PORT),
                   *(word for port in PORTS for word in ("--port", str(port))), "--", sys.executable, *sys.argv]
        sys.exit(subprocess.run(command).returncode)
    print(f"{options.rounds} rounds of {options.seconds / options.rounds:.0f} s; {options.idle} idle connections, {options.each} rude peers "
          f"of each of {len(KINDS)} kinds at once; {options.workers} workers, {HARD} descriptors a process, {os.cpu_count()} processors, "
          f"load {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory(prefix="hyalite-soak-") as directory:
        os.chmod(directory, 0o777)
        os.mkdir(f"{directory}/plugins", 0o755)
        wrong = Soak(options, directory).run()
    print(f"\n{'all of it held' if not wrong else f'{len(wrong)} did not hold'}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
