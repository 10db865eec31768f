#!/usr/bin/python3
# What inspection costs, beside the peers: tests/bench/speed/run.py. As root. Every peer gets a fresh lab (namespaces, TPROXY, the
# client's address kept), in turns, round after round; the proxy has a processor of its own, load and origin the other.
# SPDX-License-Identifier: MIT
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cases import CASES, find_case
from peers import PEERS, peer_class

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]

# What is promised: case, peers and the ratio of CPU time that we may cost at most ("must") and are after ("goal").
GOALS = {
    ("keepalive-1k", "haproxy-http"): (0.80, 0.95),
    ("keepalive-1k", "haproxy-tcp"): (1.00, 1.10),
    ("keepalive-1k", "trafficserver"): (0.55, 0.70),
    ("connection-a-request", "haproxy-http"): (0.70, 0.90),
    ("64k", "haproxy-http"): (0.20, 0.30),
    ("64k", "haproxy-tcp"): (0.60, 0.80),
    ("64k", "trafficserver"): (0.50, 0.70),
    ("100m-down", "haproxy-tcp"): (0.28, 0.45),
    ("100m-down", "trafficserver"): (0.42, 0.75),
    ("100m-up", "haproxy-tcp"): (0.28, 0.45),
    ("100m-up", "trafficserver"): (0.42, 0.75),
    ("latency", "haproxy-http"): (1.00, 1.00),
}
# In the case's own unit.
ABSOLUTE = {("hyalite", "idle"): (1_600, 3_000)}
# Of those who look into TLS.
TLS_GOALS = {
    ("tls-keepalive", "haproxy-tls"): (0.70, 0.90),
    ("tls-full", "haproxy-tls"): (0.60, 0.85),
    ("tls-100m", "haproxy-tls"): (0.85, 0.95),
}
# Traffic Server pools by itself; HAProxy, which keeps the client's address as we do, does not.
REUSE_GOALS = {
    ("connection-a-request", "haproxy-http"): (0.40, 0.60),
    ("connection-a-request", "trafficserver"): (0.55, 0.80),
}
READING_GOALS = {
    ("100m-down", "haproxy-tcp"): (0.36, 0.55),
    ("100m-down", "haproxy-http"): (0.19, 0.30),
    ("100m-down", "trafficserver"): (0.60, 0.90),
}


def arguments():
    parser = argparse.ArgumentParser(description="CPU time, throughput, latency and memory of proxies that inspect, in one run.")
    parser.add_argument("--build", default=str(ROOT / "build/release"), help="where hyalite was built (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="how often everybody has a turn (%(default)s)")
    parser.add_argument("--seconds", type=float, default=3, help="how long one case lasts (%(default)s)")
    parser.add_argument("--peer", action="append", choices=sorted(PEERS), help="only these; may be given several times")
    parser.add_argument("--case", action="append", choices=sorted(CASES), help="only these; may be given several times")
    parser.add_argument("--json", help="write all figures here")
    parser.add_argument("--plot", help="write a picture (PNG) here; needs matplotlib")
    return parser.parse_args()


def turn(options, peer, cases):
    """One peer's turn in a lab of its own; {case: figures}, or what went wrong."""
    about = peer_class(peer)
    cases = [case for case in cases if find_case(case).tls == about.tls and (about.only is None or case in about.only)]
    if not cases:
        return {"version": "", "cases": {}}
    mode = "none" if peer == "direct" else "tproxy"
    binary = pathlib.Path(options.build) / "bin/hyalite"
    command = [str(binary), "lab", "run", "--mode", mode, "--on", "gateway", "--port", "80", "--port", "443", "--",
               sys.executable, str(HERE / "turn.py"), peer, str(options.seconds), *cases]
    environment = {**os.environ, "HYALITE_BIN": str(binary), "HYALITE_BUILD": options.build}
    try:
        done = subprocess.run(command, text=True, capture_output=True, env=environment, timeout=120 + 20 * options.seconds * len(cases))
    except subprocess.TimeoutExpired:
        return {"failed": "did not end in time"}
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        return {"failed": (done.stderr or done.stdout).strip()[-600:]}


def collect(options, peers, cases):
    """{peer: {case: {figure: [values]}}}, and the failures."""
    figures, failures, versions = {}, [], {}
    for number in range(options.rounds):
        for peer in peers:
            began = time.monotonic()
            said = turn(options, peer, cases)
            print(f"round {number + 1}/{options.rounds}  {peer:<16} {time.monotonic() - began:5.1f} s"
                  + (f"  FAILED: {said['failed']}" if "failed" in said else ""), file=sys.stderr, flush=True)
            if "failed" in said:
                failures.append({"round": number + 1, "peer": peer, "why": said["failed"]})
                continue
            versions[peer] = said["version"]
            for case, values in said["cases"].items():
                if "failed" in values:
                    failures.append({"round": number + 1, "peer": peer, "case": case, "why": values["failed"]})
                    continue
                for name, value in values.items():
                    figures.setdefault(peer, {}).setdefault(case, {}).setdefault(name, []).append(value)
    return figures, failures, versions


def median(figures, peer, case, name):
    values = figures.get(peer, {}).get(case, {}).get(name)
    return statistics.median(values) if values else None


def show(value, width=9):
    return f"{'-':>{width}}" if value is None else f"{value:>{width}.{3 if value < 10 else 1 if value < 1000 else 0}f}"


def tables(figures, peers, cases):
    """Medians, then our CPU time as a ratio to each peer's."""
    for case in cases:
        names = sorted({name for peer in peers for name in figures.get(peer, {}).get(case, {})})
        if not names:
            continue
        print(f"\n{case}: {CASES[case].what}")
        print(f"  {'':<18}" + "".join(f"{name:>22}" for name in names))
        for peer in peers:
            if case in figures.get(peer, {}):
                print(f"  {peer:<18}" + "".join(show(median(figures, peer, case, name), 22) for name in names))
    ours = [peer for peer in peers if peer.startswith("hyalite")]
    others = [peer for peer in peers if not peer.startswith("hyalite") and peer != "direct"]
    for us in ours:
        print(f"\nCPU time of {us} as a ratio to")
        print(f"  {'':<24}" + "".join(f"{peer:>16}" for peer in others))
        for case in cases:
            row = []
            for peer in others:
                name = CASES[case].cost
                mine, theirs = median(figures, us, case, name), median(figures, peer, case, name)
                row.append(show(mine / theirs if mine is not None and theirs else None, 16))
            print(f"  {case:<24}" + "".join(row))


def judge(figures):
    """Each promise, held or not."""
    lines, broken = [], 0
    for us, goals in (("hyalite", GOALS), ("hyalite-reading", READING_GOALS), ("hyalite-reuse", REUSE_GOALS),
                      ("hyalite-tls", TLS_GOALS)):
        for (case, peer), (goal, must) in goals.items():
            mine, theirs = (median(figures, who, case, CASES[case].cost) for who in (us, peer))
            if mine is None or not theirs:
                continue
            ratio = mine / theirs
            word = "goal reached" if ratio <= goal else "held" if ratio <= must else "NOT HELD"
            broken += ratio > must
            lines.append(f"  {us:<16} {case:<22} / {peer:<14} {ratio:6.2f}   goal {goal:.2f}  must {must:.2f}   {word}")
    for (us, case), (goal, must) in ABSOLUTE.items():
        mine = median(figures, us, case, CASES[case].cost)
        if mine is not None:
            word = "goal reached" if mine <= goal else "held" if mine <= must else "NOT HELD"
            broken += mine > must
            lines.append(f"  {us:<16} {case:<22}   {CASES[case].cost:<14} {mine:6.0f}   goal {goal}  must {must}   {word}")
    if lines:
        print("\nwhat is promised (ratios of CPU time, or of p99; medians)")
        print("\n".join(lines))
    return broken


def plot(figures, peers, cases, file):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    shown = [case for case in cases if any(median(figures, peer, case, CASES[case].cost) for peer in peers)]
    drawing, axes = pyplot.subplots(1, max(len(shown), 1), figsize=(3.2 * max(len(shown), 1), 4), squeeze=False)
    for axis, case in zip(axes[0], shown):
        costs = [median(figures, peer, case, CASES[case].cost) or 0 for peer in peers]
        axis.bar(range(len(peers)), costs, color=["#2a6f97" if peer.startswith("hyalite") else "#adb5bd" for peer in peers])
        axis.set_xticks(range(len(peers)), peers, rotation=90, fontsize=7)
        axis.set_title(f"{case}\n{CASES[case].cost}", fontsize=8)
        axis.tick_params(axis="y", labelsize=7)
    drawing.tight_layout()
    drawing.savefig(file, dpi=110)


def main():
    options = arguments()
    peers = options.peer or [name for name, peer in PEERS.items() if peer.is_there(options.build)]
    cases = options.case or list(CASES)
    missing = [name for name in PEERS if name not in peers]
    if missing and not options.peer:
        print(f"not here, left out: {', '.join(missing)}", file=sys.stderr)
    figures, failures, versions = collect(options, peers, cases)
    print("versions: " + "; ".join(f"{peer} {version}" for peer, version in versions.items()))
    print(f"{os.cpu_count()} processors, Linux {os.uname().release}, load at the end {os.getloadavg()[0]:.1f}, "
          f"{options.rounds} rounds of {options.seconds:g} s")
    tables(figures, peers, cases)
    broken = judge(figures)
    for failure in failures:
        print(f"FAILED: {failure}")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"versions": versions, "figures": figures, "failures": failures}, indent=1))
    if options.plot:
        plot(figures, peers, cases, options.plot)
    return 1 if broken or failures else 0


if __name__ == "__main__":
    sys.exit(main())
