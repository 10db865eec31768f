#!/usr/bin/python3
"""All rude peers at once, from either side, while ordinary clients measure: `tests/soak/run.py --minutes 10`. In a private lab
with real redirection; no root is needed. Prints what it saw; exit status 1 when something was not as it must be."""
# SPDX-License-Identifier: MIT
import argparse
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import lab  # noqa: E402
from gateway import Gateway  # noqa: E402
from service import Service  # noqa: E402

PER_FLOW = 64 << 10  # limits.buffered_bytes_per_flow
PER_WORKER = 24 << 20  # what a worker has besides: its stacks, caches and pools, once they are filled
CROWDED = 29  # addresses of the idle crowd
# Each kind of rudeness, and the counters of which one at least must tell of it.
REFUSED, ANSWERS, CLOSED = "hyalite_refused_requests_total", "hyalite_refused_responses_total", "hyalite_flows_closed_total"
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
    "slow_reader": [(CLOSED, "client_broke")],
    "half_open": [(CLOSED, "client_broke")],
    "reset_anywhere": [(CLOSED, "client_broke")],
    "flood": [(CLOSED, "limit_client_flows")],
    "black_hole": [(CLOSED, "connect_timed_out"), (CLOSED, "connect_failed")],
    "server_slow_head": [(CLOSED, "head_timed_out")],
    "server_drip": [(CLOSED, "client_broke")],
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
}
BAD = pathlib.Path(lab.binary()).parents[1] / "bad_plugins/misbehaves.so"


def flows_per_client(idle):
    """More than the crowd has by address, however it is spread over the workers."""
    return max(100, 4 * idle // CROWDED)


def settings(options):
    return {
        "limits": {"buffered_bytes_per_flow": f"{PER_FLOW}B", "head_bytes": "16KiB", "target_bytes": "8KiB", "trailer_bytes": "4KiB",
                   "chunk_line_bytes": "1KiB", "flows_per_client": flows_per_client(options.idle)},
        "timeouts": {"head": "1s", "sniff": "1s", "body_idle": "1s", "body_rate_window": "1s", "response_head": "1s", "connect": "1s",
                     "linger": "500ms", "keepalive_idle": "1h", "stop": "2s"},
        "log": {"level": "error"},
    }


class Peer:
    def __init__(self, host, *words):
        with lab.on(host):
            self._process = subprocess.Popen([sys.executable, str(HERE / "peers.py"), *map(str, words)], stdin=subprocess.PIPE,
                                             stdout=subprocess.PIPE, text=True)

    def line(self):
        return self._process.stdout.readline()

    def stop(self):
        """What it did."""
        self._process.stdin.close()
        told = self._process.stdout.read().splitlines()
        self._process.wait(30)
        return json.loads(told[-1]) if told else {}


class Soak:
    def __init__(self, options, directory):
        self.options, self.wrong = options, []
        # Two servers: a rude client's server may be as busy as it likes.
        self.to, self.rude_to = lab.address("origin", 4), lab.address("other", 4)
        own = lab.address("client", 4)
        self.sources = [own.rsplit(".", 1)[0] + f".{last}" for last in range(100, 140)]
        interface = self.interface(own)
        lab.must_run("client", "ip", "-batch", "-", input="".join(f"address add {it}/24 dev {interface}\n" for it in self.sources).encode())
        plugin = shutil.copy(BAD, pathlib.Path(directory, "plugins"))
        self.gateway = Gateway(directory, ({"name": "looks", "use": plugin, "validate": False},), **settings(options))
        self.origins = [Peer("origin", "origin", address) for address in (self.to, self.rude_to)]
        for one in self.origins:
            one.line()
        self.gateway.start()
        self.service = Service(self.gateway)
        self.workers = self.service.workers()
        self.peak = {"flows": 0, "bytes": 0}

    @staticmethod
    def interface(address):
        for line in lab.must_run("client", "ip", "-o", "-4", "address").splitlines():
            if f" {address}/" in line:
                return line.split()[1]
        raise AssertionError(f"nobody has {address}")

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

    def watch(self, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
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

    def round(self, seconds):
        """Everybody at once; what the rude and the ordinary clients tell."""
        crowd = Peer("client", "crowd", self.to, ",".join(self.sources[10:-1]), self.options.idle)
        ordinary = Peer("client", "ordinary", self.to, ",".join(self.sources[:5]), 8)
        rude = Peer("client", "rude", self.rude_to, ",".join([*self.sources[5:10], self.sources[-1]]), self.options.each,
                    flows_per_client(self.options.idle) * 3 // 2)
        self.watch(seconds)
        return rude.stop(), ordinary.stop(), crowd.stop()

    def run(self):
        self.before = self.bytes_taken()
        rounds = self.options.rounds
        each = self.options.seconds / rounds
        settled, rude, asked, idle = [], {}, [], []
        began = time.monotonic()
        for _ in range(rounds):
            did, measured, sat = self.round(each)
            for kind, times in did.items():
                rude[kind] = rude.get(kind, 0) + times
            asked.append(measured)
            idle.append(sat)
            settled.append(self.settle())
            print(f"  {time.monotonic() - began:6.0f} s: {measured['requests']} ordinary requests, p50 {measured['p50_ms']} ms, p99 "
                  f"{measured['p99_ms']} ms, longest {measured['max_ms']} ms; afterwards {settled[-1][0] >> 10} KiB and "
                  f"{settled[-1][1]} descriptors", flush=True)
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
        unlucky = [it for it in idle if it.get("idle") != self.options.idle]
        longest = max(it["max_ms"] for it in asked)
        bound = self.before + self.peak["flows"] * PER_FLOW + len(self.workers) * PER_WORKER
        metrics = self.gateway.metrics()
        print(f"\n{sum(rude.values())} acts of {len(TOLD_BY)} kinds of rudeness:")
        for kind, counters in TOLD_BY.items():
            counted = {label: sum(int(value) for series, value in metrics.items()
                                  if series.startswith(name + "{") and f'"{label}"' in series) for name, label in counters}
            self.must(rude.get(kind, 0) > 0 and any(counted.values()),
                      f"{kind}: {rude.get(kind, 0)} times, counted as {', '.join(f'{k} ({v})' for k, v in counted.items())}")
        print("\nAnd:")
        self.must(requests > 0 and failed == 0, f"ordinary requests: {requests} answered, {failed} failed")
        self.must(longest < self.options.longest_ms, f"the longest took {longest} ms, at most {self.options.longest_ms}")
        self.must(not unlucky, f"idle connections: {self.options.idle} each time; {unlucky or 'none of them failed'}")
        self.must(self.service.workers() == self.workers, "no worker died or was replaced")
        self.must(self.peak["bytes"] <= bound, f"memory: {self.peak['bytes'] >> 20} MiB of all workers at {self.peak['flows']} flows, "
                  f"bound {bound >> 20} MiB ({self.before >> 20} MiB at the start, {PER_FLOW >> 10} KiB a flow, {PER_WORKER >> 20} MiB a worker)")
        first, last = settled[min(1, len(settled) - 2)], settled[-1]
        self.must(last[0] <= first[0] * 1.1 + (4 << 20), f"no memory grows: {first[0] >> 10} KiB after round {min(2, len(settled) - 1)}, "
                  f"{last[0] >> 10} KiB after round {len(settled)}")
        self.must(last[1] <= first[1] + 4, f"no descriptors grow: {first[1]}, then {last[1]}")


def arguments():
    parser = argparse.ArgumentParser(description="All rude peers at once, while ordinary clients measure.")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, help="how long the peers act; each round ends besides")
    length.add_argument("--seconds", type=float, default=6, help="the same (default %(default)s)")
    parser.add_argument("--rounds", type=int, help="default: 2, or one for each 30 seconds")
    parser.add_argument("--idle", type=int, default=500, help="connections that ask once and keep still (default %(default)s)")
    parser.add_argument("--each", type=int, default=2, help="how many of each kind at once (default %(default)s)")
    parser.add_argument("--longest-ms", type=float, default=10_000, help="what an ordinary request may take (default %(default)s)")
    options = parser.parse_args()
    if options.minutes:
        options.seconds = options.minutes * 60
    options.rounds = options.rounds or max(2, int(options.seconds / 30))
    return options


def main():
    options = arguments()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if "HYALITE_LAB" not in os.environ:
        command = [lab.binary(), "lab", "run", "--on", "gateway", "--mode", "tproxy", "--proxy-port", str(lab.PROXY_PORT), "--port", "80",
                   "--", sys.executable, *sys.argv]
        sys.exit(subprocess.run(command).returncode)
    print(f"{options.rounds} rounds of {options.seconds / options.rounds:.0f} s; {options.idle} idle connections, {options.each} rude peers "
          f"of each kind at once; {hard} descriptors a process", flush=True)
    with tempfile.TemporaryDirectory(prefix="hyalite-soak-") as directory:
        os.chmod(directory, 0o777)
        os.mkdir(f"{directory}/plugins", 0o755)
        wrong = Soak(options, directory).run()
    print(f"\n{'all of it held' if not wrong else f'{len(wrong)} did not hold'}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
