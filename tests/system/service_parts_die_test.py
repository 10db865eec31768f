#!/usr/bin/python3
# What the death of each other process does: generation, admin, master.
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import unittest

import lab
import raw
from gateway import Gateway, GatewayTest, make_directory
from origin import WebServer
from service import Service, alive, kill

GET = b"GET /address HTTP/1.1\r\nHost: origin.lab\r\n\r\n"


class PartsDie(GatewayTest):
    @classmethod
    def set_up_origin(cls):
        cls.web = WebServer(cls.directory)
        cls.addClassCleanup(cls.web.close)

    def test_a_dead_generation_is_replaced_and_its_connections_serve_on(self):
        service = Service(self.gateway)
        with raw.connect() as client:
            client.send(GET)
            self.assertEqual(client.read_response().status, 200)
            before = service.generation()
            kill(before["pid"])
            lab.wait_for(lambda: service.generation()["number"] > before["number"], "a new generation")
            # The worker that lost its generation drains: the next response says that it is the last.
            client.send(GET)
            response = client.read_response()
            self.assertEqual((response.status, response.header("Connection")), (200, "close"))
            self.assertEqual(client.read_to_end(), b"")
        answer = lab.curl("-o", "/dev/null", "-w", "%{http_code}", lab.url("/address"))
        self.assertEqual(answer.stdout, b"200", answer.stderr)

    def test_a_dead_admin_process_stops_no_traffic_and_comes_back(self):
        service = Service(self.gateway)
        kill(service.admin())
        answer = lab.curl("-o", "/dev/null", "-w", "%{http_code}", lab.url("/address"))
        self.assertEqual(answer.stdout, b"200", answer.stderr)
        lab.wait_for(lambda: service.tell("status")[0] == 0, "the admin process to be back")


class MasterDies(unittest.TestCase):
    def test_everybody_ends_at_once(self):
        directory = make_directory(type(self))
        gateway = Gateway(directory).start()
        self.assertGreaterEqual(len(gateway.processes()), 5)
        kill(gateway._process.pid)
        gateway._process.wait(5)
        lab.wait_for(lambda: not gateway.processes(), "every process to be gone", seconds=3)
        gateway._listener.join(5)
        gateway._process.stderr.close()
        # And nothing of it is in the way of the next one.
        again = Gateway(directory).start()
        again.stop()


if __name__ == "__main__":
    lab.main()
