#!/usr/bin/python3
# What arrives in fragments is intercepted like everything else: cut in pieces, or, over IPv6, whole behind a fragment header.
# SPDX-License-Identifier: MIT
import os
import socket
import struct
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
from gateway import GatewayTest

# Mode routing has no packet rules, and nothing that puts fragments together.
MODES = ("tproxy", "hybrid", "redirect")

_TCP, _UDP, _FRAGMENT = 6, 17, 44
_SYN, _RST, _ACK = 0x02, 0x04, 0x10


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Sender:
    """Sends packets from the client to the origin that it has made itself."""

    def __init__(self, family):
        self.family = socket.AF_INET6 if family == 6 else socket.AF_INET
        self.source, self.destination = (socket.inet_pton(self.family, lab.address(it, family)) for it in ("client", "origin"))
        self.to = (lab.address("origin", family), 0)
        with lab.on("client"):
            self.raw = socket.socket(self.family, socket.SOCK_RAW, socket.IPPROTO_RAW)  # with the header that it is given
            self.answers = socket.socket(self.family, socket.SOCK_RAW, _TCP)
        self.answers.settimeout(8)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.raw.close()
        self.answers.close()

    def pseudo_header(self, protocol, length):
        if self.family == socket.AF_INET:
            return self.source + self.destination + struct.pack("!BBH", 0, protocol, length)
        return self.source + self.destination + struct.pack("!IHBB", length, 0, 0, protocol)

    def syn(self, port):
        """The beginning of a connection to port 80: a header of 20 bytes, and 28 bytes of data."""
        header = struct.pack("!HHIIBBHHH", port, 80, 1000, 0, 5 << 4, _SYN, 0xffff, 0, 0)
        data = 28 * b"x"
        total = checksum(self.pseudo_header(_TCP, len(header + data)) + header + data)
        return header[:16] + struct.pack("!H", total) + header[18:] + data

    def datagram(self, port):
        """To that port: a header of 8 bytes, and 24 bytes of data."""
        header, data = struct.pack("!HHHH", 40000, port, 32, 0), 24 * b"x"
        return header[:6] + struct.pack("!H", checksum(self.pseudo_header(_UDP, 32) + header + data)) + data

    def send(self, data, cuts, protocol=_TCP, identification=7):
        """In fragments that end at `cuts`, multiples of 8, and at its end; no cut: one fragment that is all of it."""
        edges = [0, *cuts, len(data)]
        for begin, end in zip(edges, edges[1:]):
            self.send_fragment(data[begin:end], protocol, begin, end < len(data), identification)

    def send_fragment(self, part, protocol, offset, more, identification):
        if self.family == socket.AF_INET:
            header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(part), identification, more << 13 | offset // 8, 64, protocol, 0)
            self.raw.sendto(header + self.source + self.destination + part, self.to)
        else:
            fragment = struct.pack("!BBHI", protocol, 0, offset | more, identification)
            header = struct.pack("!IHBB", 6 << 28, len(fragment) + len(part), _FRAGMENT, 64)
            self.raw.sendto(header + self.source + self.destination + fragment + part, self.to)

    def answer_to(self, port):
        """The flags of what comes back from port 80."""
        while True:
            packet = self.answers.recv(2000)
            if self.family == socket.AF_INET:
                packet = packet[(packet[0] & 0xf) * 4:]
            if struct.unpack("!HH", packet[:4]) == (80, port):
                return packet[13] & (_SYN | _RST | _ACK)


@lab.both_families
class Fragments(GatewayTest):
    """Nothing listens at the origin: whoever gets there is reset."""

    def test_a_connection_that_begins_with_some_reaches_the_proxy(self, family):
        with Sender(family) as sender:
            # Over IPv6 the kernel wants the whole TCP header in the first one.
            for port, cuts in ((40001, [8]), (40002, [16]), (40003, [24]), (40004, [24, 32])):
                if family == 6 and cuts[0] < 20:
                    continue
                with self.subTest(cuts):
                    sender.send(sender.syn(port), cuts, identification=port)
                    self.assertEqual(sender.answer_to(port), _SYN | _ACK)

    def test_so_does_one_that_begins_with_a_whole_one(self, family):
        with Sender(family) as sender:
            sender.send(sender.syn(40005), [], identification=40005)
            self.assertEqual(sender.answer_to(40005), _SYN | _ACK)

    def test_http_3_is_refused_in_fragments_too(self, family):
        def server(port):
            with lab.on("origin"):
                it = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            it.bind(("::", port))
            return it
        with server(443) as refused, server(444) as reached, Sender(family) as sender:
            sender.send(sender.datagram(443), [16], _UDP, 443)
            sender.send(sender.datagram(444), [16], _UDP, 444)
            reached.settimeout(8)
            self.assertEqual(reached.recv(100), 24 * b"x")
            refused.settimeout(0.3)
            with self.assertRaises(TimeoutError):
                refused.recv(100)


if __name__ == "__main__":
    lab.main()
