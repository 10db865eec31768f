#!/usr/bin/python3
# TLS passes untouched, and its server name is in the record, in every mode.
# SPDX-License-Identifier: MIT
import os
import random
import ssl
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from origin import Recorder

MODES = ("tproxy", "routing", "hybrid", "redirect")


# Key agreement without certificates: the handshake proves to both ends that nobody changed a byte of it.
CIPHERS = "AECDH-AES256-SHA:@SECLEVEL=0"


def context(kind):
    tls = ssl.SSLContext(kind)
    tls.check_hostname = False
    tls.verify_mode = ssl.CERT_NONE
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    tls.set_ciphers(CIPHERS)
    return tls


def serve_tls(connection):
    with context(ssl.PROTOCOL_TLS_SERVER).wrap_socket(connection.socket, server_side=True) as tls:
        while data := tls.recv(65536):
            tls.sendall(data)
        tls.unwrap()


def client_hello(name):
    """The bytes that a client begins with."""
    out = ssl.MemoryBIO()
    client = context(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(ssl.MemoryBIO(), out, server_hostname=name)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return out.read()


@lab.both_families
class TlsPasses(GatewayTest):
    @classmethod
    def set_up_origin(cls):
        cls.server = Recorder(443, serve_tls)
        cls.addClassCleanup(cls.server.close)
        cls.recorder = Recorder(80)
        cls.addClassCleanup(cls.recorder.close)

    def test_client_and_server_agree_and_talk(self, family):
        client = raw.connect(family=family, port=443)
        with context(ssl.PROTOCOL_TLS_CLIENT).wrap_socket(client.socket, server_hostname="origin.lab") as tls:
            for size in (1, 100, 10_000, 16_384):
                said = random.Random(size).randbytes(size)
                tls.sendall(said)
                heard = b""
                while len(heard) < size:
                    heard += tls.recv(size)
                self.assertTrue(heard == said)
            tls.unwrap()

    def test_a_hello_in_pieces_of_one_byte_passes_as_it_was(self, family):
        hello = client_hello("pieces.example")
        self.recorder.forget()
        with raw.connect(family=family, port=80) as client:
            client.send_pieces(hello, [1] * len(hello))
            upstream = self.recorder.next()
            self.assertEqual(upstream.read(len(hello)), hello)
            upstream.send(b"\x15\x03\x03\x00\x02\x02\x28")
            self.assertEqual(client.read(7), b"\x15\x03\x03\x00\x02\x02\x28")
            upstream.close()

    def test_the_server_name_is_in_the_record(self, family):
        name = f"name-{family}.example"
        with raw.connect(family=family, port=80) as client:
            client.send(client_hello(name))
            upstream = self.recorder.next()
            upstream.close()
            client.read_to_end()
        record = self.gateway.wait_for_record(lambda it: it.get("server_name") == name)
        self.assertEqual((record["kind"], record["protocol"], record["uninspected"]), ("tunnel", "tls", "tls"))

    def test_what_was_not_inspected_is_counted(self, family):
        before = self.gateway.count("hyalite_uninspected_total", reason="tls")
        with raw.connect(family=family, port=80) as client:
            client.send(client_hello("counted.example"))
            self.recorder.next().close()
        self.gateway.wait_for_count(before + 1, "hyalite_uninspected_total", reason="tls")


if __name__ == "__main__":
    lab.main()
