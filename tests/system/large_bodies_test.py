#!/usr/bin/python3
# Ten megabytes arrive as they were sent, in both directions and in every mode.
# SPDX-License-Identifier: MIT
import os
import random
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import lab
from gateway import GatewayTest
from origin import WebServer

MODES = ("tproxy", "routing", "hybrid", "redirect")


SIZE = 10 * 1024 * 1024


@lab.both_families
class LargeBodies(GatewayTest):
    @classmethod
    def set_up_origin(cls):
        cls.data = random.Random(1).randbytes(SIZE)
        cls.web = WebServer(cls.directory)
        cls.addClassCleanup(cls.web.close)
        cls.web.put("large", cls.data)
        cls.file = f"{cls.directory}/files/large"

    def uploaded(self):
        """What nginx stored, and forgets now."""
        bodies = self.web.uploads()
        for name in os.listdir(f"{self.directory}/bodies"):
            os.remove(f"{self.directory}/bodies/{name}")
        return bodies

    def test_a_download_arrives_as_it_was_sent(self, family):
        self.assertTrue(lab.curl(lab.url("/large", family=family)).stdout == self.data)

    def test_an_upload_arrives_as_it_was_sent(self, family):
        answer = lab.curl("--data-binary", f"@{self.file}", lab.url("/upload", family=family))
        self.assertEqual(answer.stdout, b"stored\n", answer.stderr)
        self.assertTrue(self.uploaded() == [self.data])

    def test_an_upload_in_chunks_arrives_as_it_was_sent(self, family):
        answer = lab.curl("-H", "Transfer-Encoding: chunked", "-H", "Expect:", "--data-binary", f"@{self.file}",
                          lab.url("/upload", family=family))
        self.assertEqual(answer.stdout, b"stored\n", answer.stderr)
        self.assertTrue(self.uploaded() == [self.data])


if __name__ == "__main__":
    lab.main()
