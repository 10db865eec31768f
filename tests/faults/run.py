#!/usr/bin/python3
"""Makes every fault on purpose, each in a private lab, and prints what a client sees, what is lost and how it recovers:
`tests/faults/run.py`. With --list, only what would be done. Each row is a test of tests/system, which ./test runs, too."""
# SPDX-License-Identifier: MIT
import collections
import os
import pathlib
import subprocess
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[2]
Fault = collections.namedtuple("Fault", "what client lost recovery test")
FAULTS = [Fault(*row) for row in (
    ("kill -9 of a worker", "its connections are reset, all others go on; new ones wait in the queue", "that worker's exchanges; records it had not written are counted",
     "another worker within 50 ms, from the same image", "worker_dies:WorkerDies"),
    ("kill -9 of the generation", "nothing; the next response of a kept connection says close", "nothing", "a new generation from the last good settings; the old workers drain",
     "service_parts_die:PartsDie.test_a_dead_generation_is_replaced_and_its_connections_serve_on"),
    ("kill -9 of the admin process", "nothing; commands and pages wait", "nothing: counters are kept by the master", "another one on the same sockets",
     "service_parts_die:PartsDie.test_a_dead_admin_process_stops_no_traffic_and_comes_back"),
    ("kill -9 of who signs", "nothing", "nothing: workers ask again", "forked again, without reading the key", "signer:Signer.test_whoever_dies_of_a_request_is_replaced"),
    ("kill -9 of the signer's keeper", "nothing", "nothing", "a fresh generation with a fresh signer", "signer:Signer.test_when_its_keeper_dies_a_fresh_generation_takes_over"),
    ("kill -9 of the master; its socket files are left", "every connection ends at once", "what was under way", "the service manager's; files that nobody answers behind are taken over",
     "service_parts_die:MasterDies"),
    ("workers crash again and again", "those of the crashing worker are reset", "their exchanges", "a fresh generation with another memory layout", "containment:CrashLoop"),
    ("SIGSTOP of a worker", "its connections stand still, then are reset", "that worker's exchanges", "ended after containment.worker_stall, and replaced",
     "containment:OneFault.test_a_worker_that_stands_still_outside_of_plugins"),
    ("a worker reaches its memory limit", "nothing", "nothing", "it drains, another one takes its place", "containment:OneFault.test_a_leak_is_drained_and_nobody_loses_anything"),
    ("disk full, when_stuck: drop", "nothing", "records beyond the buffer, counted; no line is half written", "by itself once there is room", "records:FullDiskDrops"),
    ("disk full or stuck, when_stuck: stop", "503 and resets, so that nothing passes without a record", "no record", "by itself once there is room", "records:FullDiskStops"),
    ("a disk that does not answer for a while, when_stuck: drop", "nothing", "records beyond the buffer, counted", "by itself: what waited is written",
     "records:SlowDiskDrops"),
    ("a disk that does not answer for a while, when_stuck: stop", "503 and resets, so that nothing passes without a record", "no record", "by itself once it answers",
     "records:SlowDiskStops"),
    ("the service is told to stop while its disk does not answer", "what a stop is to it", "what waited to be written", "it ends in time all the same", "records:SlowDiskAtTheEnd"),
    ("disk read-only", "nothing", "nothing: records go on to the file that is open", "`hyalite reopen` once it can be written", "faults:ReadOnlyDisk"),
    ("log file removed", "nothing", "records until the reopen are in the removed file", "`hyalite reopen` makes it anew",
     "faults:LogFiles.test_a_file_that_is_removed_is_made_again_by_reopen"),
    ("log file cannot be made", "nothing", "nothing: the open one is written on", "`hyalite reopen` once it can be made",
     "faults:LogFiles.test_where_none_can_be_made_the_old_one_is_written_on"),
    ("no descriptor is left", "new connections are closed at once, open ones go on", "connections beyond the limit, counted", "by itself once connections end", "faults:FewDescriptors"),
    ("the wall clock jumps by 400 days, both ways", "nothing", "nothing; records carry the time that the clock shows", "needs none: waits are measured by the other clock", "faults:ClocksJump"),
    ("the wall clock jumps by 400 days, both ways, in TLS", "nothing on open connections; to new ones the upstream's certificate is what it is by that clock",
     "nothing", "by itself once the clock is right: no certificate, session or verdict of a wrong time is left", "faults:ClocksJumpInTls"),
    ("upstream refuses", "the same refusal: a reset", "nothing", "needs none", "origin_refuses:OriginRefuses"),
    ("upstream is a black hole", "504 after timeouts.connect", "that request", "needs none", "origin_silent:ConnectTimesOut"),
    ("upstream accepts and is silent", "504 after timeouts.response_head", "that request", "needs none", "origin_silent:ResponseTimesOut"),
    ("upstream dies within a message", "a message that cannot be taken for whole", "that response", "needs none", "origin_dies:OriginDies"),
    ("a client dies in any stage", "(it is gone)", "nothing; its upstream connection goes with it", "needs none", "client_dies:ClientDies"),
    ("DNS is down (names of services)", "what the plugin's on_failure says", "that plugin's opinion, counted", "by itself: names are asked for at each connection", "faults:NamesAreDown"),
    ("the network has other name servers", "none", "nothing", "by itself: a changed /etc/resolv.conf is read again", "faults:NamesAreToldElsewhere"),
    ("reload amid a download, a WebSocket and TLS", "nothing", "nothing", "needs none", "faults:Changing.test_a_reload_breaks_no_download_websocket_or_tls"),
    ("upgrade amid a download, a WebSocket and TLS", "nothing", "nothing", "needs none", "faults:Changing.test_an_upgrade_breaks_no_download_websocket_or_tls"),
    ("reload or upgrade under load", "nothing: no request fails", "nothing", "needs none", "reload:Reload"),
)]


def happens(fault):
    """survived, skipped or FAILED; and what the test said."""
    name, test = fault.test.split(":")
    done = subprocess.run(["/usr/bin/python3", str(ROOT / f"tests/system/{name}_test.py"), "tproxy", test], capture_output=True, text=True)
    text = done.stdout + done.stderr
    if done.returncode != 0:
        return ("skipped" if done.returncode == 77 else "FAILED"), text
    return ("skipped" if "OK (skipped=" in text else "survived"), text


def main():
    only_list = sys.argv[1:] == ["--list"]
    counts = collections.Counter()
    for fault in FAULTS:
        result, said = ("", "") if only_list else happens(fault)
        counts[result] += 1
        print(f"{fault.what}{': ' + result if result else ''}")
        for title, text in (("a client sees", fault.client), ("lost", fault.lost), ("recovers", fault.recovery), ("test", fault.test)):
            print(textwrap.fill(text, 110, initial_indent=f"    {title + ':':<15}", subsequent_indent=" " * 19))
        if result in ("FAILED", "skipped"):
            print(textwrap.indent(said[-3000:], "    | "))
        sys.stdout.flush()
    print(f"\n{len(FAULTS)} faults" + ("" if only_list else f": {counts['survived']} survived, {counts['skipped']} skipped, {counts['FAILED']} failed"))
    return 1 if counts["FAILED"] else 0


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
