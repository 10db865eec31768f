# The proxies that are measured: how each is told to do the same work, how it is started, and what it has spent.
# SPDX-License-Identifier: MIT
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

from cases import ORIGIN, TLS_NAME

PROXY_CPU = "0"
PORT = 8080
# What everybody who "works" writes of an exchange, at least, as a line of JSON. Ours has some fields more.
RECORD = {"time", "flow", "client", "client_port", "destination", "destination_port", "listener", "status", "upstream_status", "content_type",
          "from_client", "to_client", "phases_ms", "duration_ms", "end", "method", "scheme", "host", "target", "version", "user_agent"}
RECORD_OF_TLS = {"server_name", "tls", "upstream_tls"}


class Peer:
    program = None
    keeps_address = True
    works = True  # logs, rewrites and denies like the others
    tls = False  # looks into TLS, and verifies the origin
    only = None  # the cases that it is for; None: all
    log = None  # where it writes its records; all that work have it
    denied = None  # what curl asks for to be denied; None: the origin, with another Host
    cpus = PROXY_CPU

    def __init__(self, directory):
        self.directory = directory
        self.process = None
        # The CA that clients trust, its key, and the origin's root: made before the peer is.
        self.ca, self.ca_key, self.root = directory / "ca/ca.pem", directory / "ca/ca.key", directory / "pki/root.pem"

    @classmethod
    def is_there(cls, _build):
        return cls.program is None or shutil.which(cls.program, path="/usr/sbin:/usr/bin:/bin") is not None

    def command(self):
        raise NotImplementedError

    def start(self):
        self.process = subprocess.Popen(["taskset", "-c", self.cpus, *self.command()], stdin=subprocess.DEVNULL,
                                        env={**os.environ, "SSL_CERT_FILE": str(self.root)},
                                        stdout=open(self.directory / "stdout", "wb"), stderr=open(self.directory / "stderr", "wb"),
                                        start_new_session=True)

    def stop(self):
        if self.process is None:
            return
        for pid in self.tree():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()

    def tree(self):
        """Everything that was started for this peer: its session, and what its members forked."""
        if self.process is None:
            return []
        parents, sessions = {}, {}
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                except OSError:
                    continue
                parents[int(entry.name)], sessions[int(entry.name)] = int(fields[1]), int(fields[3])
        found = {pid for pid, session in sessions.items() if session == self.process.pid} | {self.process.pid}
        grown = True
        while grown:
            more = {pid for pid, parent in parents.items() if parent in found} - found
            found |= more
            grown = bool(more)
        return sorted(found)

    spent = 0  # when it was last asked

    def cpu_seconds(self):
        """From the scheduler's own accounting, of all threads; nanoseconds, not ticks."""
        total = 0
        for pid in self.tree():
            try:
                for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
                    total += int((thread / "schedstat").read_text().split()[0])
            except OSError:
                continue
        if total < self.spent:
            raise RuntimeError("a process of it, a worker perhaps, ended while it was measured")
        self.spent = total
        return total / 1e9

    def waits(self):
        """How often its threads had nothing to do, or waited for something, so far."""
        total = 0
        for pid in self.tree():
            try:
                for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
                    total += int(re.search(r"(?m)^voluntary_ctxt_switches:\s+(\d+)", (thread / "status").read_text()).group(1))
            except (OSError, AttributeError):
                continue
        return total

    def memory_bytes(self):
        """Proportional set size, all processes together."""
        total = 0
        for pid in self.tree():
            try:
                rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
                total += int(re.search(r"(?m)^Pss:\s+(\d+)", rollup).group(1)) * 1024
            except (OSError, AttributeError):
                continue
        return total

    def last_words(self):
        said = ""
        for name in ("stdout", "stderr", "squid/cache.log"):
            file = self.directory / name
            said += file.read_text(errors="replace")[-400:] if file.exists() else ""
        return said.strip() or "nothing"

    def version(self):
        return ""


def _open_to_all(directory):
    """Whoever a peer becomes may write there."""
    directory.mkdir(parents=True)
    directory.chmod(0o777)


def _first_line(*command):
    done = subprocess.run(command, text=True, capture_output=True)
    return (done.stdout or done.stderr).splitlines()[0].strip()


class Direct(Peer):
    """The kernel forwards; nobody looks."""
    works = False

    def start(self):
        pass

    def cpu_seconds(self):
        return 0.0

    def memory_bytes(self):
        return 0


class Hyalite(Peer):
    log = "records.ndjson"
    plugins = ("http-logger", "header-rewriter", "blocker")
    extra = ()
    workers = 1

    @classmethod
    def is_there(cls, build):
        return (pathlib.Path(build) / "bin/hyalite").exists()

    def chain(self):
        settings = {
            "http-logger": {"file": str(self.directory / self.log)},
            "header-rewriter": {"request": [{"remove": "X-Debug"}, {"set": "X-Checked", "to": "yes"}],
                                "response": [{"remove": "Server"}]},
            "blocker": {"hosts": ["ads.lab"]},
        }
        return [{"name": name, "use": name, "settings": settings[name]} for name in self.plugins] + list(self.extra)

    @classmethod
    def varied(cls, how):
        """Another Hyalite: "workers=2", "chain=10" (plugins), "body=tap" (a plugin more that reads all bodies so)."""
        key, value = how.split("=")
        if key == "workers":
            return type("Varied", (cls,), {"workers": int(value), "cpus": ",".join(str(it) for it in range(int(value)))})
        if key == "body":
            reader = [] if value == "none" else [{"name": "reader", "use": "reader", "settings": {"mode": value}}]
            return type("Varied", (cls,), {"extra": reader})
        more = [{"name": f"more-{it}", "use": "header-rewriter", "settings": {"request": [{"set": f"X-More-{it}", "to": "yes"}]}}
                for it in range(int(value) - len(cls.plugins))]
        return type("Varied", (cls,), {"plugins": cls.plugins[:int(value)], "extra": more, "works": int(value) >= len(cls.plugins)})

    def command(self):
        build = pathlib.Path(os.environ["HYALITE_BUILD"])
        file = self.directory / "hyalite.yaml"
        file.write_text(json.dumps({
            **self.more(),
            "listeners": [{"address": f"[::]:{PORT}"}],
            "plugin_dirs": [str(build / "plugins"), str(build / "bench_plugins")],
            "plugins": self.chain(),
            "workers": {"count": self.workers, "user": "nobody"},
            "limits": {"flows_per_client": 0},
            "admin": {"address": "none"},
            "control": {"socket": str(self.directory / "control.sock")},
            "log": {"level": "warning"},
        }))
        return [str(build / "bin/hyalite"), "run", "--config", str(file)]

    def more(self):
        """Further sections of the settings."""
        return {}

    def version(self):
        return _first_line(str(pathlib.Path(os.environ["HYALITE_BUILD"]) / "bin/hyalite"), "--version")


class HyaliteTls(Hyalite):
    tls = True

    def more(self):
        return {"tls": {"action": "intercept", "ca": {"certificate": str(self.ca), "key": str(self.ca_key)},
                        "upstream": {"trust": str(self.root)}}}


class HyaliteReuse(Hyalite):
    """Connections to the origin outlive the client's, within one client address."""
    only = {"connection-a-request"}

    def more(self):
        return {"upstream": {"reuse": {"enabled": True}}}


class HyaliteBare(Hyalite):
    """No plugin at all."""
    plugins = ()
    works = False


class HyaliteReading(Hyalite):
    """A fourth plugin reads every byte of every body."""
    extra = ({"name": "reader", "use": "reader"},)

    @classmethod
    def is_there(cls, build):
        return (pathlib.Path(build) / "bench_plugins/reader.so").exists()


class HaproxyTcp(Peer):
    program = "haproxy"
    works = False
    mode = "tcp"
    rules = ""

    def command(self):
        file = self.directory / "haproxy.cfg"
        file.write_text(f"""
global
  nbthread 1
  maxconn 9800
  log stdout format raw local0
defaults
  mode {self.mode}
  # A connection to the origin is kept for the client's next request; otherwise, as the client's address, it is made anew each time.
  http-reuse never
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  log global
frontend in
  bind 0.0.0.0:{PORT} transparent{self.listening()}
{self.rules}
  default_backend out
backend out
  source 0.0.0.0 usesrc client
  server origin 0.0.0.0{self.to_server()}
""")
        return ["haproxy", "-db", "-f", str(file)]

    def listening(self):
        return ""

    def to_server(self):
        return ""

    def version(self):
        return re.search(r"version (\S+)", _first_line("haproxy", "-v")).group(1)


class HaproxyHttp(HaproxyTcp):
    mode = "http"
    works = True
    log = "stdout"
    scheme, tls_record = "http", ""

    @property
    def rules(self):
        text = {name: f'"%[{fetch},json(utf8s)]"' for name, fetch in (
            ("host", "capture.req.hdr(0)"), ("user_agent", "capture.req.hdr(1)"), ("content_type", "capture.res.hdr(0)"),
            ("target", "capture.req.uri"))}
        record = (f'{{"schema":1,"time":"%tr","kind":"exchange","flow":%rt,"client":"%ci","client_port":%cp,"destination":"%[dst]",'
                  f'"destination_port":%[dst_port],"arrival":"transparent","listener":"%f",{self.tls_record}"status":%ST,"upstream_status":%ST,'
                  f'"content_type":{text["content_type"]},"from_client":%U,"to_client":%B,"phases_ms":{{"request_head":%TR,"connected":%Tc,'
                  f'"response_head":%Tr}},"duration_ms":%Ta,"end":"%ts","method":"%HM","scheme":"{self.scheme}","host":{text["host"]},'
                  f'"target":{text["target"]},"version":"%HV","user_agent":{text["user_agent"]}}}')
        return f"""
  capture request header Host len 100
  capture request header User-Agent len 200
  capture response header Content-Type len 100
  log-format '{record}'
  acl ads hdr(host) -i ads.lab
  http-request deny deny_status 403 if ads
  http-request del-header X-Debug
  http-request set-header X-Checked yes
  http-response del-header Server
"""


class HaproxyTls(HaproxyHttp):
    """generate-certificates: leaves for the names that clients ask for, all with the key of the default certificate."""
    tls = True
    scheme = "https"
    tls_record = ('"server_name":"%[ssl_fc_sni]","tls":{"version":"%sslv","cipher":"%sslc","alpn":"%[ssl_fc_alpn]","resumed":%[ssl_fc_is_resumed]},'
                  '"upstream_tls":{"version":"%[ssl_bc_protocol]","cipher":"%[ssl_bc_cipher]","alpn":"%[ssl_bc_alpn]",'
                  '"resumed":%[ssl_bc_is_resumed]},')

    def listening(self):
        both = self.directory / "both.pem"
        both.write_text(self.ca.read_text() + self.ca_key.read_text())
        own = self.directory / "default.pem"
        own.write_text((self.root.parent / "default.pem").read_text() + (self.root.parent / "default.key").read_text())
        return f" ssl crt {own} generate-certificates ca-sign-file {both} alpn http/1.1"

    def to_server(self):
        return f" ssl verify required ca-file {self.root} sni ssl_fc_sni"


class TrafficServer(Peer):
    program = "traffic_server"
    log = "ts/log/access.log"

    def command(self):
        root = self.directory / "ts"
        for name in ("config", "log", "cache", "run"):
            _open_to_all(root / name)
        (root / "runroot.yaml").write_text(
            f"prefix: /usr\nexec_prefix: /usr\nbindir: /usr/bin\nsbindir: /usr/bin\nsysconfdir: {root}/config\n"
            f"datadir: {root}/cache\nlibexecdir: /usr/lib/trafficserver/modules\nlogdir: {root}/log\nruntimedir: {root}/run\n"
            f"cachedir: {root}/cache\nlocalstatedir: {root}/run\nincludedir: /usr/include\nlibdir: /usr/lib/trafficserver\n")
        config = root / "config"
        (config / "records.config").write_text(f"""
CONFIG proxy.config.http.server_ports STRING {PORT}:tr-full:ipv4
CONFIG proxy.config.exec_thread.autoconfig INT 0
CONFIG proxy.config.exec_thread.limit INT 1
CONFIG proxy.config.accept_threads INT 0
CONFIG proxy.config.task_threads INT 1
CONFIG proxy.config.http.cache.http INT 0
CONFIG proxy.config.url_remap.remap_required INT 0
CONFIG proxy.config.reverse_proxy.enabled INT 0
CONFIG proxy.config.http.insert_response_via_str INT 0
CONFIG proxy.config.http.insert_request_via_str INT 0
CONFIG proxy.config.http.use_client_target_addr INT 1
CONFIG proxy.config.log.logging_enabled INT 2
CONFIG proxy.config.admin.user_id STRING nobody
""")
        (config / "storage.config").write_text(f"{root}/cache 64M\n")
        (config / "plugin.config").write_text("header_rewrite.so rules.conf\n")
        (config / "rules.conf").write_text("""
cond %{READ_REQUEST_HDR_HOOK}
cond %{HEADER:Host} =ads.lab
set-status 403

cond %{SEND_REQUEST_HDR_HOOK}
rm-header X-Debug
set-header X-Checked yes

cond %{SEND_RESPONSE_HDR_HOOK}
rm-header Server
""")
        (config / "logging.yaml").write_text("""
logging:
  formats:
    - name: line
      escape: json
      format: '{"schema":1,"time":%<cqtq>,"kind":"exchange","flow":%<crid>,"client":"%<chi>","client_port":%<chp>,"destination":"%<shi>",\
"destination_port":%<nhp>,"arrival":"transparent","listener":"%<php>","status":%<pssc>,"upstream_status":%<sssc>,"content_type":"%<{Content-Type}psh>",\
"from_client":%<cqql>,"to_client":%<psql>,"phases_ms":{"response_head":%<stms>},"duration_ms":%<ttms>,"end":"%<crc>","method":"%<cqhm>",\
"scheme":"http","host":"%<{Host}cqh>","target":"%<cqup>","version":"%<cqhv>","user_agent":"%<{User-agent}cqh>"}'
  logs:
    - filename: access
      format: line
      mode: ascii
""")
        for name in ("remap.config", "ip_allow.yaml", "parent.config", "hosting.config", "volume.config", "splitdns.config",
                     "sni.yaml", "ssl_multicert.config", "cache.config"):
            (config / name).touch()
        (config / "ip_allow.yaml").write_text(
            "ip_allow:\n  - {apply: in, ip_addrs: 0/0, action: allow, methods: ALL}\n")
        return ["traffic_server", f"--run-root={root}/runroot.yaml"]

    def version(self):
        return re.search(r"(\d+\.\d+\.\d+)", _first_line("traffic_server", "--version")).group(1)


class Squid(Peer):
    program = "squid"
    log = "squid/access.log"
    tls_record = ""

    def command(self):
        file = self.directory / "squid.conf"
        _open_to_all(self.directory / "squid")
        hosts = self.directory / "hosts"  # there is no DNS in the lab
        hosts.write_text(f"{ORIGIN} {TLS_NAME}\n{ORIGIN} ads.lab\n")
        file.write_text(f"""
hosts_file {hosts}
http_port 127.0.0.1:3128
{self.listening()}
cache deny all
cache_mem 8 MB
workers 1
pid_filename none
pinger_enable off
visible_hostname gateway.lab
coredump_dir {self.directory}/squid
cache_log {self.directory}/squid/cache.log
cache_effective_user proxy
logformat record {{"schema":1,"time":%ts.%03tu,"kind":"exchange","flow":%>p,"client":"%>a","client_port":%>p,"destination":"%<a","destination_port":%<p,\
"arrival":"transparent","listener":"%lp",{self.tls_record}"status":%>Hs,"upstream_status":%<Hs,"content_type":"%{{Content-Type}}<h","from_client":%>st,"to_client":%<st,\
"phases_ms":{{"response_head":%<tt}},"duration_ms":%tr,"end":"%Ss","method":"%rm","scheme":"%>rs","host":"%{{Host}}>h","target":"%>rp",\
"version":"%rv","user_agent":"%{{User-Agent}}>h"}}
access_log stdio:{self.directory}/squid/access.log record
buffered_logs on
acl ads req_header Host -i ^ads.lab$
http_access deny ads
http_access allow all
request_header_access X-Debug deny all
request_header_add X-Checked "yes" all
reply_header_access Server deny all
via off
forwarded_for transparent
host_verify_strict off
""")
        return ["squid", "-N", "-f", str(file)]

    def listening(self):
        return f"http_port 0.0.0.0:{PORT} tproxy"

    def version(self):
        return re.search(r"Version (\S+)", _first_line("squid", "-v")).group(1)


class SquidTls(Squid):
    """ssl-bump: the origin is asked first, as we do. A Host that differs from the server name it refuses by itself."""
    tls = True
    denied = ["https://ads.lab/1k"]
    tls_record = ('"server_name":"%ssl::>sni","tls":{"version":"%ssl::>negotiated_version","cipher":"%ssl::>negotiated_cipher"},'
                  '"upstream_tls":{"version":"%ssl::<negotiated_version","cipher":"%ssl::<negotiated_cipher"},')

    def listening(self):
        both, made = self.directory / "both.pem", self.directory / "made"
        both.write_text(self.ca.read_text() + self.ca_key.read_text())
        both.chmod(0o644)
        maker = "/usr/lib/squid/security_file_certgen"
        subprocess.run([maker, "-c", "-s", str(made), "-M", "4MB"], check=True, capture_output=True)
        subprocess.run(["chown", "-R", "proxy:", str(made)], check=True)
        return (f"https_port 0.0.0.0:{PORT} tproxy ssl-bump tls-cert={both} generate-host-certificates=on dynamic_cert_mem_cache_size=4MB\n"
                f"sslcrtd_program {maker} -s {made} -M 4MB\nsslcrtd_children 1 startup=1\n"
                f"tls_outgoing_options cafile={self.root}\nacl hello at_step SslBump1\nssl_bump stare hello\nssl_bump bump all")


class Sslsplit(Peer):
    """Passes on what is inside, and logs connections; TLS 1.2 at most."""
    program = "sslsplit"
    tls, works, keeps_address = True, False, False

    def command(self):
        log = self.directory / "connections"
        return ["sslsplit", "-D", "-u", "root", "-o", "VerifyPeer=yes", "-k", str(self.ca_key), "-c", str(self.ca), "-l", str(log), "-e",
                "tproxy", "ssl", "0.0.0.0", str(PORT)]

    def version(self):
        return re.search(r"SSLsplit (\S+)", _first_line("sslsplit", "-V")).group(1)


PEERS = {
    "hyalite": Hyalite,
    "hyalite-bare": HyaliteBare,
    "hyalite-reading": HyaliteReading,
    "hyalite-reuse": HyaliteReuse,
    "haproxy-tcp": HaproxyTcp,
    "haproxy-http": HaproxyHttp,
    "trafficserver": TrafficServer,
    "squid": Squid,
    "direct": Direct,
    "hyalite-tls": HyaliteTls,
    "haproxy-tls": HaproxyTls,
    "squid-tls": SquidTls,
    "sslsplit": Sslsplit,
}


def peer_class(name):
    """By its name; "hyalite+workers=2": varied."""
    plain, _, how = name.partition("+")
    return PEERS[plain].varied(how) if how else PEERS[plain]
