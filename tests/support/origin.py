# Origins: a real web server, and one that records every byte and does what a test tells it to.
# SPDX-License-Identifier: MIT
import os
import pathlib
import queue
import socket
import subprocess
import threading

import lab
from raw import Connection


class Recorder:
    """Listens on all addresses of the origin's host. Every connection is given to `script` in a thread of its own, and
    to next(), in the order of arrival. Without a script, the test itself talks through what next() returns."""

    def __init__(self, port=80, script=None):
        self._script = script
        self._arrived = queue.Queue()
        self._listener = _listen(port)
        self.failures = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            connection = Connection(sock)
            self._arrived.put(connection)
            if self._script:
                threading.Thread(target=self._play, args=(connection,), daemon=True).start()

    def _play(self, connection):
        try:
            self._script(connection)
        except (AssertionError, OSError) as failure:  # the peer did what the script did not expect
            self.failures.append(failure)
            connection.close()

    def next(self, seconds=8):
        """The connection that came next."""
        try:
            return self._arrived.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError("no connection reached the origin") from None

    def nothing_came(self):
        """Has no connection arrived that next() did not return? Ask after an answer that proves it is decided."""
        return self._arrived.empty()

    def forget(self):
        """Leaves out of next() what has arrived so far."""
        while not self._arrived.empty():
            self._arrived.get_nowait()

    def close(self):
        # shutdown() wakes accept(); close() alone would let it wait.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def _listen(port):
    with lab.on("origin"):
        sock = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("::", port))
    sock.listen(512)
    return sock


def answers(response, times=1):
    """A script: reads a head, answers with these bytes; so often, then closes."""
    def script(connection):
        for _ in range(times):
            connection.read_until(b"\r\n\r\n")
            connection.send(response)
        connection.close()
    return script


def ok(body=b"hello\n", *fields):
    """A plain response."""
    head = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


_NGINX = """
user root root;
daemon off;
master_process off;
error_log stderr warn;
pid {directory}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_max_body_size 100m;
  client_body_temp_path {directory}/bodies;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  default_type text/plain;
  keepalive_requests 100000;
  server {{
    listen 80;
    listen [::]:80;
    root {directory}/files;
    location = /address {{ return 200 "$remote_addr\\n"; }}
    location = /headers {{
      add_header X-Secret leaked;
      return 200 "checked=$http_x_checked debug=$http_x_debug agent=$http_user_agent\\n";
    }}
    location = /upload {{
      client_body_in_file_only on;
      proxy_set_header Connection "";
      proxy_pass http://127.0.0.1:81;
    }}
  }}
  server {{
    listen 127.0.0.1:81;
    location / {{ return 200 "stored\\n"; }}
  }}
}}
"""


class WebServer:
    """nginx on the origin's port 80. /address answers with the address it saw, /headers with what reached it; files are
    served from directory/files, and what is sent to /upload is kept in directory/bodies."""

    def __init__(self, directory):
        self.directory = directory
        for name in ("files", "bodies", "logs"):
            os.makedirs(f"{directory}/{name}", exist_ok=True)
        self.settings = f"{directory}/nginx.conf"
        with open(self.settings, "w") as file:
            file.write(_NGINX.format(directory=directory))
        with lab.on("origin"):
            self._process = subprocess.Popen(["nginx", "-p", directory, "-e", "stderr", "-c", self.settings])
        lab.wait_for(self._listens, "nginx to listen")

    def _listens(self):
        assert self._process.poll() is None, "nginx ended"
        with lab.on("origin"), socket.socket(socket.AF_INET6) as probe:
            return probe.connect_ex(("::1", 80)) == 0

    def put(self, name, data):
        with open(f"{self.directory}/files/{name}", "wb") as file:
            file.write(data)

    def uploads(self):
        return [file.read_bytes() for file in sorted(pathlib.Path(self.directory, "bodies").iterdir())]

    def close(self):
        self._process.terminate()
        self._process.wait(10)
