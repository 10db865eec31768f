#!/usr/bin/python3
# A peer that does not read makes the other wait; what is kept in between is bounded.
# SPDX-License-Identifier: MIT
import os
import pathlib
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from origin import Recorder

MEGABYTE = 1024 * 1024


class BackPressure(GatewayTest):
    settings = {"workers": {"count": 1, "user": "nobody"}}

    @classmethod
    def set_up_origin(cls):
        cls.recorder = Recorder(80)
        cls.addClassCleanup(cls.recorder.close)

    def memory(self):
        """What all processes of the gateway hold, in bytes."""
        pages = sum(int(pathlib.Path(f"/proc/{it}/statm").read_text().split()[1]) for it in self.gateway.processes())
        return pages * os.sysconf("SC_PAGESIZE")

    def pour(self, connection, most):
        """Sends until the peer takes no more for a moment; returns how much it took."""
        connection.socket.settimeout(0.5)
        sent = 0
        try:
            while sent < most:
                sent += connection.socket.send(bytes(MEGABYTE))
        except TimeoutError:
            pass
        connection.socket.settimeout(10)
        return sent

    def test_a_client_that_does_not_read(self):
        with raw.connect(receive_buffer=65536) as client:
            client.send(b"GET / HTTP/1.1\r\nHost: origin.lab\r\n\r\n")
            upstream = self.recorder.next()
            upstream.read_until(b"\r\n\r\n")
            size = 200 * MEGABYTE
            upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
            before = self.memory()
            self.assertLess(self.pour(upstream, size), size)
            self.assertLess(self.memory() - before, 8 * MEGABYTE)
            client.reset()
            upstream.close()

    def test_an_origin_that_does_not_read(self):
        with raw.connect() as client:
            size = 200 * MEGABYTE
            client.send(b"POST / HTTP/1.1\r\nHost: origin.lab\r\nContent-Length: %d\r\n\r\n" % size)
            upstream = self.recorder.next()
            before = self.memory()
            self.assertLess(self.pour(client, size), size)
            self.assertLess(self.memory() - before, 8 * MEGABYTE)
            upstream.reset()


if __name__ == "__main__":
    lab.main()
