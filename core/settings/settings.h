// Every setting with its default and its meaning: the reference manual.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/log.h"

namespace hyalite {

// Read once per generation and never changed inside a process; a plain value, copied and shared
// freely. A member is called as the file calls it. The comment above a member is its documentation:
// config/default.yaml and config/hyalite.schema.json are made from it, and a test holds them equal.
// In the file, durations are written "50ms", "10s", "2m", "1h"; sizes "512B", "64KiB", "1MiB",
// "1GiB". Limits are for the whole gateway unless their name or comment says otherwise.

// What is done with traffic that nobody inspects.
enum class Treatment { pass, refuse };
// Whether a listener may accept connections to addresses that are not ours.
enum class Transparent { automatic, yes, no };  // written auto, yes, no
// Whose address the origin sees.
enum class UpstreamSource { client, proxy };
// What a client gets when its origin does not answer in time.
enum class TimeoutAnswer { page, reset };
// What happens to an exchange whose plugin failed: it goes on without the plugin, or it ends.
enum class FailurePolicy { open, closed };
// What is done about a finding; each is counted in any case.
enum class FindingAction { count, log, refuse };
enum class LogFormat { automatic, plain, journal };  // written auto, plain, journal
// How connections are brought to the proxy; docs/operating.md compares the modes.
enum class InterceptionMode { tproxy, routing, hybrid, redirect, anyip };
// How connections that programs of this machine open are brought to it.
enum class LocalCapture { none, redirect, tproxy, routing };
// What `hyalite intercept watch` does when another program took away what `on` made.
enum class WatchAction { restore, report };
// What is done with a TLS connection.
enum class TlsAction { pass, intercept, block, redirect };
// The moments at which that is decided: the client's first message was read; the upstream's certificate was looked at; both
// handshakes are over.
enum class TlsMoment { client_hello, certificate, handshake };
// How a client is told that it is blocked: a TCP reset, a TLS alert, or a page over a minted certificate.
enum class BlockAnswer { reset, alert, page };
// What is peculiar about a ClientHello. `only_http2`: it offers no HTTP but HTTP/2.
enum class HelloTrait { no_server_name, encrypted, only_http2 };
// What may be wrong with an upstream's certificate.
enum class CertificateDefect {
  wrong_name,
  expired,
  not_yet_valid,
  self_signed,
  unknown_issuer,
  missing_issuer,
  other
};
// What becomes of a connection whose upstream has a defect: a page that says so, or a certificate of which clients warn.
enum class DefectAnswer { block, mirror };
// What is done when an upstream asks for a certificate of the client and none is configured for it.
enum class CertificateRequest { pass, decline, block };
enum class TlsVersion { tls_1_0, tls_1_1, tls_1_2, tls_1_3 };  // written tls1.0 ... tls1.3
// How plugins talk to a service.
enum class ServiceProtocol { http, tcp };
// What becomes of a system call that the process has no need of.
enum class DeniedCalls { enforce, log, off };

struct ProtocolSettings {
  // TLS: the section tls says what is done with what passes here.
  Treatment tls = Treatment::pass;
  // HTTP/2 without TLS, begun with its preface: requests inside would go uninspected.
  Treatment http2 = Treatment::refuse;
  // Anything that no server could read as TLS or HTTP, and servers that speak first.
  Treatment other = Treatment::pass;
  // What is still undecided when timeouts.sniff or limits.sniff_bytes is reached.
  Treatment undecided = Treatment::refuse;
};

struct UpgradeSettings {
  // Upgrade to WebSocket, once the origin agreed with 101.
  Treatment websocket = Treatment::pass;
  // Upgrade to HTTP/2 without TLS: requests inside would go uninspected.
  Treatment h2c = Treatment::refuse;
  // Upgrade to any other protocol.
  Treatment other = Treatment::pass;
};

struct ListenerSettings {
  // Where connections arrive: "[::]:8080" for IPv6 and IPv4, "0.0.0.0:8080" for IPv4; port 0: any.
  Address address;
  // What logs and metrics call this listener; when not given, its address.
  std::string name;
  // IP_TRANSPARENT (CAP_NET_RAW), for TPROXY and policy routing; not for REDIRECT; auto: if it may.
  Transparent transparent = Transparent::yes;
  // What is done with protocols that are not inspected.
  ProtocolSettings protocols;
  // What is done when an HTTP client asks for another protocol.
  UpgradeSettings upgrades;
  // The CONNECT method; after one that succeeded the connection is looked at afresh.
  Treatment connect = Treatment::pass;
  // Destinations that `hyalite intercept` makes addresses of this machine, so that connections to
  // them arrive here, on the listener's own port, without IP_TRANSPARENT: networks or addresses.
  std::vector<Network> anyip;
  // Destination ports on which the server speaks first: upstream is connected at once.
  std::vector<std::uint16_t> server_first_ports = {21, 22, 23, 25, 110, 119, 143, 587, 3306, 5900};

  // The name, or the address when there is none.
  std::string label() const { return name.empty() ? address.text() : name; }
};

// TLS with a service: nothing of the CA that clients trust is concerned.
struct ServiceTlsSettings {
  // Speak TLS with it; nothing is said to it unless its certificate is sound and names it.
  bool enabled = false;
  // The name that its certificate must have; when not given, the host of the address.
  std::string server_name;
  // Whom to trust: a file of certificates (PEM, seen from this file), or "system" for what this machine trusts.
  std::string trust = "system";
  // The oldest version spoken with it.
  TlsVersion minimum_version = TlsVersion::tls_1_2;
};

// A service that plugins may talk to.
struct ServiceSettings {
  // What plugins call it; unique; of a-z, 0-9 and "-".
  std::string name;
  // How plugins talk to it: http, with questions over HTTP/1.1; or tcp, with bytes of their own.
  ServiceProtocol protocol = ServiceProtocol::http;
  // Where it is: "127.0.0.1:8081", "name:8081" (resolved for each connection) or "unix:/run/look-up.sock".
  std::string address;
  // The Host that requests name; when not given, the address.
  std::string host;
  // TLS with it.
  ServiceTlsSettings tls;
  // Connections of each worker. With http they are kept, and further questions wait; with tcp no more can be opened.
  std::size_t connections = 8;
  // Time to find its address and connect, TLS included.
  Milliseconds connect = Seconds{1};
  // With http: time for a question and its answer, waiting and connecting included; plugins may ask for less.
  Milliseconds within = Seconds{5};
  // With http: the largest answer.
  std::size_t response_bytes = std::size_t{1} << 20;
  // With tcp: how long a connection may stand still, either way.
  Milliseconds idle = std::chrono::minutes{5};
};

struct ReuseSettings {
  // Keep connections to origins for later requests from the same client address to the same destination, without TLS. An
  // origin then sees the client's address, but not a connection for each of the client's; and all users behind one address
  // share. docs/operating.md says what is kept, docs/security.md what it changes.
  bool enabled = false;
  // Connections kept by each worker while nobody uses them; beyond it the one that was longest idle is closed.
  std::size_t connections_per_worker = 1'000;
  // Of these, for one client address and one destination.
  std::size_t connections_per_client = 64;
  // How long one is kept.
  Milliseconds idle = Seconds{30};
};

struct UpstreamSettings {
  // Whose address origins see: the client's own (needs CAP_NET_RAW), or the proxy's.
  UpstreamSource source = UpstreamSource::client;
  // Also keep the client's port where it is free; behind masquerading this leaks private addresses.
  bool keep_client_port = false;
  // Connect from our own address when the client's cannot be taken, rather than refuse.
  bool fall_back_to_own_address = true;
  // SO_MARK of connections to origins, by which rules leave them alone; 0: none.
  std::uint32_t mark = 0;
  // Refuse to start when the mark cannot be set: without it, captured local traffic would loop.
  bool mark_required = true;
  // When an origin does not answer in time: a 504 page where one can be sent, or always a reset.
  TimeoutAnswer on_timeout = TimeoutAnswer::page;
  // Connections to origins that outlive the client's.
  ReuseSettings reuse;
};

struct ExemptSettings {
  // Clients whose connections never reach the proxy: networks or single addresses.
  std::vector<Network> clients;
  // Destinations to which connections never reach the proxy: networks or single addresses.
  std::vector<Network> destinations;
  // Users of this machine whose own connections are left alone (interception.local): names or
  // numbers.
  std::vector<std::string> users;
  // Control groups of this machine, likewise: paths below /sys/fs/cgroup. Name slices, such as
  // backup.slice: they stay, while a service's group is a new one at each of its starts.
  std::vector<std::string> cgroups;
};

struct InterceptionSettings {
  // tproxy, routing (no netfilter), hybrid (routing, and one mark for answers), redirect (NAT), or
  // anyip: only the destinations that listeners name.
  InterceptionMode mode = InterceptionMode::tproxy;
  // The interfaces that clients are behind; of a bridge its own name, not its ports'.
  std::vector<std::string> client_interfaces;
  // The interfaces that origins are behind, where answers to clients' addresses come back; may be
  // the same ones.
  std::vector<std::string> origin_interfaces;
  // The destination ports of connections that are brought here.
  std::vector<std::uint16_t> ports = {80, 443};
  // Where tproxy and redirect bring them: a listener's name, or its address; when not given, the
  // first. The other modes change no port: they need a listener on each.
  std::string listener;
  // Connections that programs of this machine open: none, or the way by which they are brought here
  // too; needs upstream.mark, which keeps the proxy's own apart.
  LocalCapture local = LocalCapture::none;
  // What is left alone altogether; `bypass` in contrast leaves alone what reached the proxy.
  ExemptSettings exempt;
  // While nothing listens (tproxy): refuse connections, or let them pass, uninspected.
  Treatment when_down = Treatment::refuse;
  // HTTP/3 (UDP to port 443, where that port is intercepted): refused, so that clients use TCP at
  // once, or passed, uninspected.
  Treatment quic = Treatment::refuse;
  // The fwmark by which rules bring packets here; shares no bit with upstream.mark.
  std::uint32_t mark = 0x100000;
  // The fwmark of connections that were open before, for `hyalite intercept on --keep-open`.
  std::uint32_t keep_mark = 0x400000;
  // A routing table that nothing else uses.
  std::size_t table = 100;
  // The first of ten rule preferences that nothing else uses; lower than those of VPNs.
  std::size_t preference = 100;
  // Kernel settings to change while interception is on, as net.ipv4.ip_forward=1; `off` restores
  // what was there before.
  std::vector<std::string> sysctls;
  // What `hyalite intercept watch` does when something is missing: puts it back, or reports it.
  WatchAction watch = WatchAction::restore;
};

struct WorkerSettings {
  // How many processes inspect traffic; 0: one per processor this service may use.
  std::size_t count = 0;
  // The user that everything but the master becomes, when started as root.
  std::string user = "hyalite";
  // The group that goes with it; when not given, the user's own.
  std::string group;
};

struct LimitSettings {
  // Connections at once; further ones are closed on arrival.
  std::size_t flows = 50'000;
  // Connections at once from one client address; 0: no such limit.
  std::size_t flows_per_client = 2'000;
  // Bytes waiting in one connection, both directions together; beyond it, its peers wait. What is read as a whole, a head say, has
  // to fit into half of it.
  std::size_t buffered_bytes_per_flow = std::size_t{512} << 10;
  // First bytes looked at before a protocol that stays undecided is given up on.
  std::size_t sniff_bytes = std::size_t{64} << 10;
  // The longest TLS ClientHello that is read for its server name.
  std::size_t client_hello_bytes = std::size_t{64} << 10;
  // The longest head of a request or response: start-line and fields.
  std::size_t head_bytes = std::size_t{64} << 10;
  // The longest request target.
  std::size_t target_bytes = std::size_t{32} << 10;
  // Fields in one head or trailer section that arrives; plugins may add 64 more.
  std::size_t fields = 200;
  // The longest line that begins a chunk: its size and extensions.
  std::size_t chunk_line_bytes = std::size_t{4} << 10;
  // The longest trailer section.
  std::size_t trailer_bytes = std::size_t{16} << 10;
  // Interim (1xx) responses before a final one.
  std::size_t interim_responses = 16;
  // The most of one message's body that may be held back for plugins that want it whole.
  std::size_t held_body_bytes = std::size_t{8} << 20;
  // Bodies held back for plugins, and what undoing their codings takes (beyond 64 KiB each), all connections together; each
  // worker has its share.
  std::size_t held_bodies_bytes = std::size_t{1} << 30;
  // The largest WebSocket message that is held back for plugins that want it whole, and the most that one is shown.
  std::size_t websocket_message_bytes = std::size_t{1} << 20;
  // Memory that plugins may take from the host for one connection.
  std::size_t plugin_bytes_per_flow = std::size_t{1} << 20;
  // Connections and exchanges that plugins may let wait at once.
  std::size_t pauses = 10'000;
  // Memory that a worker may take beyond what was loaded; then another takes its place, and it
  // drains. At twice as much, taking memory fails. 0B: as much as there is.
  std::size_t worker_memory_bytes = std::size_t{2} << 30;
  // What may come out of one body whose content coding is undone for plugins; more is refused.
  std::size_t decoded_body_bytes = std::size_t{256} << 20;
  // Bytes that may come out of such a body for each byte that goes in, beyond the first 64 KiB.
  std::size_t decode_ratio = 200;
  // Notes that plugins may leave on one connection, and on one exchange.
  std::size_t plugin_notes = 32;
  // Timers that plugins may have at once.
  std::size_t plugin_timers = 10'000;
  // Calls that plugins' own threads may have waiting.
  std::size_t plugin_posts = 10'000;
  // Pieces of work that plugins may have on threads, waiting and running.
  std::size_t plugin_work = 1'000;
  // Threads of each worker for that.
  std::size_t plugin_threads = 2;
  // Questions to services that plugins may have under way.
  std::size_t plugin_fetches = 1'000;
  // Answers in a stream and connections to services that plugins may have under way.
  std::size_t plugin_channels = 1'000;
  // What is held of one of them until it is taken; of a connection each way.
  std::size_t plugin_channel_bytes = std::size_t{256} << 10;
  // Sessions with upstreams that are kept for resuming them, by all workers; 0: none. One of more than 32 KiB of memory, for its
  // server's certificates, counts as several.
  std::size_t tls_sessions = 20'000;
  // Generations that may still be draining after reloads; beyond it the oldest is ended.
  std::size_t draining_generations = 3;
};

struct TimeoutSettings {
  // How long a client may be silent until its origin is connected: the server may speak first.
  Milliseconds sniff_silence{50};
  // How long the first bytes may leave the protocol undecided.
  Milliseconds sniff = Seconds{10};
  // Time to connect to an origin.
  Milliseconds connect = Seconds{10};
  // Time for a TLS handshake, with an upstream or with a client.
  Milliseconds tls_handshake = Seconds{10};
  // Time for a whole head, from its first byte.
  Milliseconds head = Seconds{30};
  // How long an origin may take to begin its response once it has the request.
  Milliseconds response_head = std::chrono::minutes{5};
  // How long a body may stand still, either way.
  Milliseconds body_idle = std::chrono::minutes{5};
  // Bytes per second that a request's body must reach on average; 0B: any speed will do.
  std::size_t minimum_body_rate_bytes = 64;
  // The time over which that average is taken.
  Milliseconds body_rate_window = Seconds{60};
  // How long a plugin may let something wait.
  Milliseconds plugin_pause = std::chrono::minutes{1};
  // How long a connection may wait for its next request.
  Milliseconds keepalive_idle = std::chrono::minutes{2};
  // How long a tunnel may stand still; RFC 5382 asks gateways for 124 minutes at least.
  Milliseconds tunnel_idle = std::chrono::minutes{125};
  // How long a client that has everything is still read from, so that no reset overtakes what it was told; one that is still being
  // told is waited for as long as body_idle allows.
  Milliseconds linger = Seconds{2};
  // How long reading settings and loading plugins may take before a start or a reload is given up.
  Milliseconds load = std::chrono::minutes{2};
  // How long connections of an old generation may live after a reload.
  Milliseconds drain = std::chrono::minutes{10};
  // How long connections may live once the service is told to stop.
  Milliseconds stop = Seconds{10};
};

struct BypassSettings {
  // Clients whose connections are left alone: networks or single addresses.
  std::vector<Network> clients;
  // Destinations that are left alone: networks or single addresses.
  std::vector<Network> destinations;
  // Names (of TLS, or the Host of a first request) that are left alone, with their subdomains.
  std::vector<std::string> names;
};

struct PolicySettings {
  // A Host that is another address than the original destination's; inside TLS, one that is not the server name, or not in the
  // certificate where there is none: refused with 421.
  FindingAction host_mismatch = FindingAction::log;
  // TLS without a server name, or with one that is no host name; a refused one gets the alert unrecognized_name.
  FindingAction no_server_name = FindingAction::count;
  // Encrypted Client Hello: the server name that can be read is not the one that is meant.
  FindingAction encrypted_hello = FindingAction::count;
};

// All conditions that are given must hold, and one of each list. A rule without conditions holds for all.
struct TlsRuleSettings {
  // What logs and records call this rule.
  std::string name;
  // When it is asked: client_hello, certificate or handshake; docs/tls.md says which answers each allows.
  TlsMoment moment = TlsMoment::client_hello;
  // What is done.
  TlsAction action = TlsAction::pass;
  // Server names, exactly.
  std::vector<std::string> names;
  // Server names, with all their subdomains.
  std::vector<std::string> domains;
  // Files of server names with all their subdomains, one in a line, seen from this file.
  std::vector<std::string> domain_files;
  // Networks or addresses of clients.
  std::vector<Network> clients;
  // Networks or addresses of destinations.
  std::vector<Network> destinations;
  // JA3 fingerprints of clients.
  std::vector<std::string> ja3;
  // JA4 fingerprints of clients.
  std::vector<std::string> ja4;
  // What is peculiar about the ClientHello.
  std::vector<HelloTrait> hello;
  // What is wrong with the upstream's certificate; from the moment certificate on.
  std::vector<CertificateDefect> defects;
  // SHA-256 of the upstream's certificate in hexadecimal; from the moment certificate on.
  std::vector<std::string> certificates;
  // The version that the client got; at the moment handshake only.
  std::vector<TlsVersion> versions;
  // How a blocked client is told.
  BlockAnswer block_with = BlockAnswer::alert;
  // Where a redirected connection goes, uninspected.
  std::optional<Address> to;
  // Writes the secrets of both handshakes to tls.key_log; with intercept, at the moment client_hello.
  bool key_log = false;
};

// A certificate that upstreams get who ask for one.
struct ClientCertificateSettings {
  // The server names it is for, with all their subdomains; none: all.
  std::vector<std::string> domains;
  // A file with the certificate and its issuers, PEM.
  std::string certificate;
  // A file with its key, PEM, readable by its owner alone.
  std::string key;
};

struct TlsUpstreamSettings {
  // Whom to trust: a file of certificates (PEM), or "system" for what this machine trusts.
  std::string trust = "system";
  // The oldest version spoken with upstreams.
  TlsVersion minimum_version = TlsVersion::tls_1_2;
  // When a certificate has a defect: block with a page that says which, or mirror it, so that clients warn by themselves.
  DefectAnswer defects = DefectAnswer::block;
  // When an upstream asks for a certificate that is not configured: pass the connection, decline, or block.
  CertificateRequest certificate_request = CertificateRequest::pass;
  // Certificates for upstreams that ask for one; the first that fits is used.
  std::vector<ClientCertificateSettings> certificates;
};

struct TlsClientSettings {
  // The oldest version spoken with clients.
  TlsVersion minimum_version = TlsVersion::tls_1_2;
  // Clients that offer no HTTP but HTTP/2: pass them, or block them with an alert.
  Treatment only_http2 = Treatment::pass;
  // How long one key seals the tickets by which clients resume.
  Milliseconds ticket_rotation = std::chrono::hours{8};
};

struct CaSettings {
  // The CA's certificate (PEM, seen from this file), then those that lead to a root, if any; when not given, nothing is
  // intercepted. `hyalite ca init` makes one.
  std::string certificate;
  // Its private key (PEM); mode 0600, of root or the user who starts the service. Only the signer's process reads it.
  std::string key;
  // The file with the passphrase of an encrypted key, with the same mode.
  std::string passphrase_file;
  // How long before the CA's end warnings begin.
  Milliseconds warn_before = std::chrono::days{60};
  // Connections to names that the CA's name constraints do not permit: pass them, or refuse them with an alert.
  Treatment forbidden_names = Treatment::pass;
  // Where clients find the CA's certificate and how to install it: an address that they can reach; "none": nowhere.
  std::optional<Address> install_page;
};

struct LeafSettings {
  // How long a certificate for a client is valid, from an hour ago; clients refuse 200 days and more.
  Milliseconds validity = std::chrono::days{30};
  // It may be valid longer than the upstream's.
  bool beyond_upstream = false;
  // Names in one certificate; of longer lists, those that the client asks for.
  std::size_t names = 100;
  // Certificates kept by each worker.
  std::size_t cached_per_worker = 2'000;
  // Keys made beforehand by each worker.
  std::size_t spare_keys_per_worker = 64;
  // Certificates that each worker may be waiting for.
  std::size_t waiting_per_worker = 1'000;
  // How long a client waits for its certificate.
  Milliseconds patience = Seconds{5};
};

struct LearnSettings {
  // Let a server name pass once clients that trust the CA have refused our certificate for it.
  bool enabled = false;
  // How many different clients have to refuse.
  std::size_t clients = 2;
  // Within which time.
  Milliseconds within = std::chrono::hours{24};
  // For how long it passes then; `hyalite tls forget NAME` takes it back.
  Milliseconds pass_for = std::chrono::hours{24};
};

struct TlsSettings {
  // What is done with TLS of which no rule speaks: pass, intercept or block.
  TlsAction action = TlsAction::pass;
  // Asked in this order, the first that holds decides; each at its moment.
  std::vector<TlsRuleSettings> rules;
  // The side of upstreams.
  TlsUpstreamSettings upstream;
  // The side of clients.
  TlsClientSettings client;
  // The certificate authority that clients trust.
  CaSettings ca;
  // The certificates that clients are shown.
  LeafSettings leaf;
  // What is learned from clients that refuse them.
  LearnSettings learn;
  // The file for the secrets of connections whose rule has key_log, as Wireshark reads them: whoever has it reads what was
  // said. Not given: none are written.
  std::string key_log;
};

struct AdminSettings {
  // Where health, metrics and the live view are served; "none": not over TCP.
  std::optional<Address> address = Address{*IpAddress::parse("127.0.0.1"), 9180};
  // The same on a unix socket, as a path.
  std::string socket;
  // Allow an address that other machines can reach: whoever can reach it sees who visits what.
  bool allow_remote = false;
};

struct ControlSettings {
  // Where `hyalite reload` and its kin find the master; when not given, control.sock in
  // $RUNTIME_DIRECTORY (which systemd sets), else in /run/hyalite for root, else in
  // $XDG_RUNTIME_DIR/hyalite.
  std::string socket;
};

struct LogSettings {
  // The least important lines that are written.
  LogLevel level = LogLevel::info;
  // Plain lines, lines with systemd's level prefix, or auto: prefixed when stderr is the journal.
  LogFormat format = LogFormat::automatic;
};

// So often within so long a time.
struct RateSettings {
  // How often.
  std::size_t count = 3;
  // Within which time.
  Milliseconds within = Seconds{60};
};

struct CallBudgetSettings {
  // A call into a plugin that takes longer is counted and logged.
  Milliseconds warn{10};
  // A call into a plugin that takes longer ends its worker, and is the plugin's fault.
  Milliseconds act = Seconds{1};
};

struct WorkBudgetSettings {
  // Work of a plugin on a thread that takes longer is counted and logged.
  Milliseconds warn = Seconds{10};
  // Work of a plugin on a thread that takes longer ends its worker, and is the plugin's fault.
  Milliseconds act = std::chrono::minutes{5};
};

struct ContainmentSettings {
  // Worker crashes after which a fresh generation is started, not the old one forked again.
  RateSettings worker_crashes = {5, Seconds{60}};
  // Crashes in one plugin after which it is put in quarantine, and its on_failure decides what
  // becomes of traffic.
  RateSettings quarantine = {3, std::chrono::minutes{10}};
  // The time that a plugin may take for one call.
  CallBudgetSettings call_budget;
  // The time that a plugin may take for work on a thread.
  WorkBudgetSettings work_budget;
  // How long a worker's loop may stand still outside of plugins before it is ended and replaced.
  Milliseconds worker_stall = Seconds{10};
};

struct SeccompSettings {
  // System calls that a worker, the admin process or the signer has no need of (running a program, sniffing, tracing ...):
  // enforce refuses them, log lets them pass and tells, off does not look.
  DeniedCalls mode = DeniedCalls::enforce;
  // System calls that plugins need besides, by name; of these all arguments.
  std::vector<std::string> allow;
};

struct GrantSettings {
  // May leave a connection to itself, uninspected by everyone.
  bool pass_through = false;
  // May send a request elsewhere than to its original destination.
  bool redirect_upstream = false;
  // May have a TLS connection looked into.
  bool intercept = false;
  // May accept an upstream's certificate in spite of its defects.
  bool accept_certificates = false;
};

// Where something stands in the settings file, both from 1; the column counts bytes.
struct Position {
  std::size_t line = 0;
  std::size_t column = 0;
};

// The `settings:` of a plugin.
struct PluginConfiguration {
  // One JSON object, canonical: no spaces, keys in the order written, YAML 1.2 types. "{}" when
  // there are none.
  std::string json = "{}";
  // Where each value stands, by JSON Pointer (RFC 6901); "" is the whole.
  std::map<std::string, Position> positions;
  // Where the name of each member of a mapping stands, likewise.
  std::map<std::string, Position> names;
};

struct PluginSettings {
  // What logs, metrics and commands call this instance; unique; of a-z, 0-9 and "-".
  std::string name;
  // The plugin: a name, found as NAME.so in plugin_dirs, or a path from this file (with a slash).
  std::string use;
  // What becomes of traffic when it fails: "open" goes on without it; when not given, closed for
  // blocker, else open.
  std::optional<FailurePolicy> on_failure;
  // What it may do beyond its own exchanges.
  GrantSettings grants;
  // Check each of its calls of the proxy and say what is wrong: for authors, as it costs time.
  bool validate = false;
  // The plugin's own settings, checked against the schema it carries.
  PluginConfiguration settings;

  FailurePolicy failure_policy() const {
    return on_failure.value_or(file_stem() == "blocker" ? FailurePolicy::closed
                                                        : FailurePolicy::open);
  }
  // The name that `use` has, or that the file of its path has: "blocker" of ./plugins/blocker.so.
  std::string_view file_stem() const {
    const std::string_view file = std::string_view(use).substr(use.rfind('/') + 1);
    return file.ends_with(".so") ? file.substr(0, file.size() - 3) : file;
  }
};

struct Settings {
  // Where redirected connections arrive; at least one.
  std::vector<ListenerSettings> listeners;
  // The chain: requests pass it in this order, responses in reverse.
  std::vector<PluginSettings> plugins;
  // Where plugins are looked for, seen from this file, before where the program has its own.
  std::vector<std::string> plugin_dirs;
  // What plugins may ask; connected to when a plugin does.
  std::vector<ServiceSettings> services;
  // Connections to origins.
  UpstreamSettings upstream;
  // How traffic is brought here; read by `hyalite intercept`.
  InterceptionSettings interception;
  // What is left alone: passed on uninspected, and counted.
  BypassSettings bypass;
  // TLS: what passes, what is looked into, what is blocked.
  TlsSettings tls;
  // What is done about findings.
  PolicySettings policy;
  // The most of everything.
  LimitSettings limits;
  // The longest of everything.
  TimeoutSettings timeouts;
  // What happens when workers and plugins crash or hang.
  ContainmentSettings containment;
  // What the processes that see strangers' bytes may ask of the kernel: seccomp(2).
  SeccompSettings seccomp;
  // The processes that do the work.
  WorkerSettings workers;
  // Health, metrics and the live view.
  AdminSettings admin;
  // The commands' way to the running service.
  ControlSettings control;
  // What is written to stderr.
  LogSettings log;
};

// Makes the log as the settings say.
// Also to one that followed other settings before.
void apply(const LogSettings& settings, Log& log);

// Where the control socket is when the settings do not say: "control.sock" in systemd's
// $RUNTIME_DIRECTORY, else for user 0 in /run/hyalite, else in $XDG_RUNTIME_DIR/hyalite. Variables
// may be null or empty; empty when none of these is known, for a place in /tmp could be anybody's.
std::string default_control_socket(std::uint32_t user_id, const char* xdg_runtime_dir,
                                   const char* runtime_directory = nullptr);

}  // namespace hyalite
