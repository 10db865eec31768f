# Tests in the lab: a test file runs itself inside of `hyalite lab run`, once per mode in which connections may arrive.
# SPDX-License-Identifier: MIT
import contextlib
import ctypes
import inspect
import os
import pathlib
import subprocess
import sys
import time
import unittest

SKIPPED = 77
ALL_MODES = ("tproxy", "routing", "hybrid", "redirect")
# What is brought to the proxy. 25 is a port on which servers speak first.
PORTS = (80, 443, 25)
PROXY_PORT = 8080

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def binary():
    """The program under test: $HYALITE_BIN, or what the preset dev built."""
    return os.environ.get("HYALITE_BIN") or str(_ROOT / "build/dev/bin/hyalite")


def inside():
    """Is this the process whose tests run, in a lab?"""
    return "HYALITE_LAB" in os.environ


def mode():
    return os.environ["HYALITE_LAB"]


def address(name, family):
    """Of client, lan or wan (the gateway's two sides), origin, other (the origin's second)."""
    return os.environ[f"HYALITE_LAB_{name.upper()}_{family}"]


def url(path="/", name="origin", family=4, port=80):
    host = address(name, family)
    return f"http://{f'[{host}]' if family == 6 else host}{'' if port == 80 else f':{port}'}{path}"


def keeps_client_address():
    """In mode redirect the lab has no way back for answers to the client's address."""
    return mode() != "redirect"


@contextlib.contextmanager
def on(host):
    """This thread, the sockets it makes and the programs it starts are on that host."""
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    there = os.open(f"/run/netns/{host}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _enter(there)
        yield
    finally:
        _enter(before)
        os.close(there)
        os.close(before)


def _enter(namespace):
    if _libc.setns(namespace, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def run(host, *command, **options):
    """Runs a program on a host to its end; its output is bytes."""
    options = {"capture_output": True, "timeout": 60, **options}
    with on(host):
        return subprocess.run([str(word) for word in command], **options)


def must_run(host, *command, **options):
    done = run(host, *command, **options)
    assert done.returncode == 0, f"{command}: {done.stderr.decode()}"
    return done.stdout.decode()


def curl(*arguments, **options):
    """The real client, on the client's host; without its user's settings."""
    return run("client", "curl", "-q", "-sS", "--max-time", "15", *arguments, **options)


def wait_for(condition, what, seconds=8):
    """The condition's first true value; it is asked again and again, for a short while."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.005)


def both_families(case):
    """Each test of the class that asks for a `family` becomes two: for IPv4 and for IPv6."""
    for name, test in list(vars(case).items()):
        if name.startswith("test_") and "family" in inspect.signature(test).parameters:
            delattr(case, name)
            for family in (4, 6):
                setattr(case, f"{name}_ipv{family}", _bound(test, family))
    return case


def _bound(test, family):
    def bound(self):
        test(self, family=family)
    bound.__doc__ = test.__doc__
    return bound


def main():
    """At the end of a test file. `FILE` runs it in each of the file's MODES, `FILE MODE [unittest's arguments]` in one."""
    if "HYALITE_LAB" in os.environ:
        sys.exit(_run_tests())
    modes = _modes_of_main()
    if len(sys.argv) > 1 and sys.argv[1] in modes:
        modes = (sys.argv.pop(1),)
    codes = [_run_in_lab(it) for it in modes]
    sys.exit(max((code for code in codes if code != SKIPPED), default=SKIPPED) or (SKIPPED if SKIPPED in codes else 0))


def main_outside():
    """The same for a file whose tests make their labs themselves."""
    if sys.argv[1:2] == ["outside"]:
        sys.argv.pop(1)
    probe = subprocess.run([binary(), "lab", "run", "--", "true"])
    if probe.returncode == SKIPPED:
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)


def _modes_of_main():
    return getattr(sys.modules["__main__"], "MODES", ("tproxy",))


def _run_in_lab(mode_name):
    command = [binary(), "lab", "run", "--on", "gateway", "--mode", mode_name, "--proxy-port", str(PROXY_PORT)]
    for port in PORTS:
        command += ["--port", str(port)]
    command += ["--", sys.executable, *sys.argv]
    return subprocess.run(command).returncode


def _run_tests():
    from gateway import Gateway
    program = unittest.main(exit=False, verbosity=2)
    if program.result.wasSuccessful():
        return 0
    for log in Gateway.logs:
        print("--- what hyalite said", *log[-60:], sep="\n", file=sys.stderr)
    return 1

