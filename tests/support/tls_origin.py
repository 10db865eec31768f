# An origin with good and bad certificates: a real nginx, a server for each name.
# SPDX-License-Identifier: MIT
import os
import subprocess

import lab
from pki import Pki

# Each is the certificate's name, and the server's.
SERVERS = ("good", "chain", "passed", "wrong", "expired", "selfsigned", "incomplete")
NGINX = """
# In the lab of an ordinary user there is no other.
user root root;
master_process off;
pid {directory}/nginx.pid;
error_log stderr;
daemon off;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {directory}/bodies;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  server {{ listen 80; listen [::]:80; return 200 "plain"; }}
{servers}
}}
"""
SERVER = """
  server {{
    listen 443 ssl http2{default};
    listen [::]:443 ssl http2{default};
    server_name {name}.lab;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate {directory}/{name}.pem;
    ssl_certificate_key {directory}/{name}.key;
    location / {{ return 200 "{name} $server_protocol $ssl_protocol $remote_addr"; }}
  }}
"""


def make_certificates(directory):
    pki = Pki(directory)
    pki.leaf("good", ["good.lab", "www.good.lab"])
    pki.leaf("chain", ["chain.lab"], by="between", chain=["between"])
    pki.leaf("passed", ["passed.lab"])
    pki.leaf("wrong", ["other.example"])
    pki.leaf("expired", ["expired.lab"], start="20200101000000Z", end="20210101000000Z")
    pki.self_signed("selfsigned", ["selfsigned.lab"])
    pki.leaf("incomplete", ["incomplete.lab"], by="between")
    os.chmod(directory, 0o755)  # the service's user reads the root there
    return pki


def start_nginx(case, directory):
    servers = "".join(SERVER.format(name=name, directory=directory, default=" default_server" if name == "good" else "")
                      for name in SERVERS)
    file = f"{directory}/nginx.conf"
    with open(file, "w") as config:
        config.write(NGINX.format(directory=directory, servers=servers))
    with lab.on("origin"):
        process = subprocess.Popen(["nginx", "-e", f"{directory}/nginx.log", "-p", directory, "-c", file],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def stop():
        process.terminate()
        process.wait(10)
        process.stderr.close()
    case.addClassCleanup(stop)
    lab.wait_for(lambda: lab.run("origin", "curl", "-sk", "https://127.0.0.1/").returncode == 0, "nginx to listen")
