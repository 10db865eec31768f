#!/usr/bin/python3
# Those whom the soak brings together, each a process of its own on its host: `peers.py ROLE JSON`. What they did is one JSON
# object on standard output when their standard input ends.
# SPDX-License-Identifier: MIT
import asyncio
import collections
import json
import resource
import signal
import ssl
import sys
import time

import servers
from clients import ANYTHING, Clients, get
from rude import Rude
from tls_stream import TlsStream

DONE = collections.Counter()


async def rude(to, sources, kinds, each, flooding):
    """Says so once each kind has been over."""
    clients, left = Rude(to, sources), set(kinds)
    clients.flooding = flooding

    async def again_and_again(kind):
        while True:
            await act(clients, kind)
            if left:
                left.discard(kind)
                if not left:
                    print("{}", flush=True)
            await asyncio.sleep(0.05)
    await asyncio.gather(*(again_and_again(kind) for kind in kinds for _ in range(each)))


async def act(clients, kind):
    try:
        await getattr(clients, kind)()
    except ANYTHING:
        pass  # that is how they end
    DONE[kind] += 1


async def once(to, sources, kinds, flooding):
    """Each kind once, beside each other."""
    clients = Rude(to, sources)
    clients.flooding = flooding
    await asyncio.gather(*(act(clients, kind) for kind in kinds))


async def crowd(to, sources, count):
    """So many connections that ask once, and then keep still."""
    clients, kept, gate, loop = Clients(to, sources), [], asyncio.Semaphore(64), asyncio.get_running_loop()

    async def ask(sock):
        await loop.sock_sendall(sock, get("/ok"))
        got = b""
        while not got.endswith(b"hello\n"):
            data = await loop.sock_recv(sock, 4096)
            if not data:
                raise EOFError
            got += data

    async def one():
        async with gate:
            try:
                sock = await clients.socket()
                kept.append(sock)
                await asyncio.wait_for(ask(sock), 20)
                DONE["idle"] += 1
            except ANYTHING as why:
                DONE[f"failed: {type(why).__name__}"] += 1
    for first in range(0, count, 1000):
        await asyncio.gather(*(one() for _ in range(first, min(first + 1000, count))))
    print(json.dumps(DONE), flush=True)
    await asyncio.Event().wait()


async def ordinary(to, sources, count, trust=None):
    """They keep a connection for ten requests each, and may not notice anything of what goes on beside them. `trust`: in TLS."""
    clients, times, failures = Clients(to, sources), [], collections.Counter()
    context = ssl.create_default_context(cafile=trust) if trust else None

    async def open_one():
        reader, writer = await clients.connect(port=443 if trust else 80)
        if not trust:
            return reader, writer
        stream = TlsStream(reader, writer, context, "ok.lab")
        await asyncio.wait_for(stream.handshake(), 20)
        return stream, stream

    async def one():
        while True:
            try:
                began = time.monotonic()
                reader, writer = await open_one()
                if trust:
                    DONE["handshakes"] += 1
                for _ in range(10):
                    writer.write(get("/ok"))
                    await asyncio.wait_for(reader.readuntil(b"hello\n"), 20)
                    times.append(time.monotonic() - began)
                    await asyncio.sleep(0.02)
                    began = time.monotonic()
                writer.close()
            except ANYTHING as why:
                said = (getattr(why, "partial", b"") or b"").decode("latin-1").split("\r\n")[0]
                failures[f"{type(why).__name__}: {said or why}"[:100]] += 1
                await asyncio.sleep(0.1)
    try:
        await asyncio.gather(*(one() for _ in range(count)))
    finally:
        times.sort()
        DONE.update({"requests": len(times), "failed": sum(failures.values())})
        DONE["failures"] = failures
        for name, part in (("p50_ms", 0.5), ("p99_ms", 0.99), ("max_ms", 1)):
            DONE[name] = round(times[min(len(times) - 1, int(len(times) * part))] * 1000, 1) if times else 0


async def until_told(role):
    """Standard input ends: so do we."""
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(sys.stdin, over.set)
    task, waiting = asyncio.ensure_future(role), asyncio.ensure_future(over.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    # All of them, and again and again: a gathering ends with the first that was cancelled, and before Python 3.12 wait_for() can swallow being told.
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        for one in others:
            one.cancel()
        await asyncio.wait(others, timeout=0.1)
    print(json.dumps(DONE), flush=True)


def main():
    role, what = sys.argv[1], json.loads(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if role == "idle_origin":
        return servers.idle_origin(over=sys.stdin.fileno(), **what)
    roles = {"origin": servers.origin, "rude": rude, "once": once, "crowd": crowd, "ordinary": ordinary}
    return asyncio.run(until_told(roles[role](**what)))


if __name__ == "__main__":
    main()
