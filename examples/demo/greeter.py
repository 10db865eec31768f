#!/usr/bin/python3
# A server that speaks first, as mail servers do. Goes to the background once it listens.
# SPDX-License-Identifier: MIT
import os
import socketserver


class Greeter(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 origin.lab speaks first\r\n")
        for line in self.rfile:
            if line.startswith(b"QUIT"):
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(b"250 you said: " + line)


class DualStack(socketserver.ThreadingTCPServer):
    address_family = socketserver.socket.AF_INET6  # on Linux this serves IPv4 too
    daemon_threads = True


server = DualStack(("::", 25), Greeter)
if os.fork() == 0:
    os.setsid()
    server.serve_forever()
