#!/usr/bin/python3
# What no plugin edits arrives byte for byte as it was sent: generated messages, however they are cut into pieces.
# SPDX-License-Identifier: MIT
import os
import random
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
import raw
from gateway import GatewayTest
from messages import generate_request, generate_response, pieces
from origin import Recorder

MODES = ("tproxy", "redirect")
# Printed with every failure: the same seed makes the same messages.
SEED = int(os.environ.get("HYALITE_TEST_SEED", random.SystemRandom().randrange(1 << 32)))
CONNECTIONS = 60
EXCHANGES = 4


class ByteForByte(GatewayTest):
    @classmethod
    def set_up_origin(cls):
        cls.recorder = Recorder(80)
        cls.addClassCleanup(cls.recorder.close)

    def test_generated_exchanges(self):
        for number in range(CONNECTIONS):
            with self.subTest(seed=SEED, connection=number):
                self.converse(random.Random(SEED + number), 4 if number % 2 else 6)

    def converse(self, rng, family):
        with raw.connect(family=family) as client:
            upstream = None
            for last in [False] * rng.randrange(EXCHANGES) + [True]:
                request = generate_request(rng)
                client.send_pieces(request.text, pieces(rng, len(request.text)))
                upstream = upstream or self.recorder.next()
                self.same(upstream.read(len(request.text)), request.text)
                response = generate_response(rng, request, last)
                upstream.send_pieces(response.text, pieces(rng, len(response.text)))
                if response.ends_connection:
                    upstream.close()
                    self.same(client.read_to_end(), response.text)
                    return
                self.same(client.read(len(response.text)), response.text)
            upstream.close()

    def same(self, came, sent):
        at = next((i for i, (a, b) in enumerate(zip(came, sent)) if a != b), min(len(came), len(sent)))
        self.assertTrue(came == sent, f"seed {SEED}: differs at {at} of {len(sent)}: came "
                        f"{came[max(0, at - 40):at + 40]!r}, sent {sent[max(0, at - 40):at + 40]!r}")

    def test_one_byte_at_a_time_both_ways(self):
        rng = random.Random(SEED)
        with raw.connect() as client:
            upstream = None
            for _ in range(3):
                request = generate_request(rng, most_body=300)
                client.send_pieces(request.text, [1] * len(request.text))
                upstream = upstream or self.recorder.next()
                self.same(upstream.read(len(request.text)), request.text)
                response = generate_response(rng, request, last=False, most_body=300)
                upstream.send_pieces(response.text, [1] * len(response.text))
                self.same(client.read(len(response.text)), response.text)
            upstream.close()


if __name__ == "__main__":
    lab.main()
