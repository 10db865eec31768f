#!/usr/bin/python3
# How the cost of a request grows: with connections at once, workers, header fields, plugins, and with how bodies are looked at:
# tests/bench/speed/scale.py. As root; what it needs and how it measures is what run.py says.
# SPDX-License-Identifier: MIT
import argparse
import json
import os
import pathlib
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run
from cases import find_case

# What grows: {value: (peer, case)}.
SERIES = {
    "connections at once": {count: ("hyalite", f"flows@{count}") for count in (1, 10, 50, 200, 1_000, 4_000)},
    "workers": {count: (f"hyalite+workers={count}", "flows@200") for count in (1, 2)},
    "further header fields of a request": {count: ("hyalite", f"fields@{count}") for count in (0, 10, 30, 100)},
    "plugins": {count: (f"hyalite+chain={count}", "keepalive-1k") for count in (0, 1, 3, 10)},
    "64 KB bodies": {mode: (f"hyalite+body={mode}", "64k") for mode in ("none", "tap", "stream", "full")},
    "100 MB bodies": {mode: (f"hyalite+body={mode}", "100m-down") for mode in ("none", "tap", "stream")},
}


def arguments():
    parser = argparse.ArgumentParser(description="How the cost of a request grows.")
    parser.add_argument("--build", default=str(run.ROOT / "build/release"), help="where hyalite was built (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--series", action="append", choices=sorted(SERIES), help="only these; may be given several times")
    parser.add_argument("--json", help="write all figures here")
    parser.add_argument("--plot", help="write a picture (PNG) here; needs matplotlib")
    return parser.parse_args()


def turns(series):
    """{peer: its cases}: each peer has one lab a round."""
    wanted = {}
    for points in series.values():
        for peer, case in points.values():
            if case not in wanted.setdefault(peer, []):
                wanted[peer].append(case)
    return wanted


def measure(options, wanted):
    figures, failures = {}, []
    for _ in range(options.rounds):
        for peer, cases in wanted.items():
            found, failed, _ = run.collect(argparse.Namespace(**{**vars(options), "rounds": 1}), [peer], cases)
            failures += failed
            for case, values in found.get(peer, {}).items():
                for name, value in values.items():
                    figures.setdefault(peer, {}).setdefault(case, {}).setdefault(name, []).extend(value)
    return figures, failures


def table(name, points, figures):
    rows = []
    first = None
    for value, (peer, case) in points.items():
        cost, speed = find_case(case).cost, "MB/s" if case.startswith("100m") else "requests/s"
        spent, rate = (run.median(figures, peer, case, what) for what in (cost, speed))
        first = first or spent
        rows.append((value, spent, spent / first if spent and first else None, rate))
    print(f"\n{name}: {find_case(next(iter(points.values()))[1]).cost}, its ratio to the first, and per second")
    for value, spent, ratio, rate in rows:
        print(f"  {value!s:>10}{run.show(spent, 12)}{run.show(ratio, 10)}{run.show(rate, 12)}")
    return rows


def plot(tables, file):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    drawing, axes = pyplot.subplots(2, (len(tables) + 1) // 2, figsize=(11, 6), squeeze=False)
    places = [it for row in axes for it in row]
    for axis in places[len(tables):]:
        axis.set_visible(False)
    for axis, (name, rows) in zip(places, tables.items()):
        there = [(at, spent) for at, (_, spent, _, _) in enumerate(rows) if spent]
        axis.plot(*zip(*there), marker="o", color="#2a6f97")
        axis.set_xticks(range(len(rows)), [str(value) for value, *_ in rows], fontsize=8)
        axis.set_ylim(0, 1.1 * max(spent for _, spent in there))
        axis.set_title(f"{name}\n{find_case(next(iter(SERIES[name].values()))[1]).cost}", fontsize=8)
        axis.tick_params(axis="y", labelsize=7)
    drawing.tight_layout()
    drawing.savefig(file, dpi=110)


def main():
    options = arguments()
    series = {name: points for name, points in SERIES.items() if not options.series or name in options.series}
    figures, failures = measure(options, turns(series))
    print(f"{os.cpu_count()} processors, Linux {os.uname().release}, load at the end {os.getloadavg()[0]:.1f}, "
          f"{options.rounds} rounds of {options.seconds:g} s")
    tables = {name: table(name, points, figures) for name, points in series.items()}
    for failure in failures:
        print(f"FAILED: {failure}")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"figures": figures, "failures": failures}, indent=1))
    if options.plot:
        plot(tables, options.plot)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
