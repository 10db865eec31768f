// The settings file, described once: what reads it, what documents it and what draws its schema all
// follow this. SPDX-License-Identifier: MIT
#include "settings/description.h"

namespace hyalite {

namespace {

using Kind = Shape::Kind;

Shape count(std::uint64_t least, std::uint64_t most) { return {Kind::count, least, most, {}}; }
Shape size(std::uint64_t least, std::uint64_t most) { return {Kind::size, least, most, {}}; }
Shape text_of_kind(Kind kind, std::uint64_t most) { return {kind, 1, most, {}}; }
Shape path() { return text_of_kind(Kind::path, 4096); }
Shape socket_path() { return text_of_kind(Kind::absolute_path, 107); }  // sun_path, without its NUL
Shape of_kind(Kind kind) { return {kind, 0, UINT32_MAX, {}}; }

Shape time(Milliseconds least, Milliseconds most) {
  return {Kind::duration,
          static_cast<std::uint64_t>(least.count()),
          static_cast<std::uint64_t>(most.count()),
          {}};
}

constexpr std::uint64_t kKiB = 1u << 10, kMiB = 1u << 20, kGiB = 1u << 30;
constexpr Milliseconds kMillisecond{1}, kSecond{1'000}, kMinute{60'000}, kHour{3'600'000},
    kDay = 24 * kHour;

// The words of an enum, in the order of its values.
template <class Enum>
std::vector<std::string_view> words();
template <>
std::vector<std::string_view> words<Treatment>() {
  return {"pass", "refuse"};
}
template <>
std::vector<std::string_view> words<Transparent>() {
  return {"auto", "yes", "no"};
}
template <>
std::vector<std::string_view> words<UpstreamSource>() {
  return {"client", "proxy"};
}
template <>
std::vector<std::string_view> words<TimeoutAnswer>() {
  return {"page", "reset"};
}
template <>
std::vector<std::string_view> words<FailurePolicy>() {
  return {"open", "closed"};
}
template <>
std::vector<std::string_view> words<FindingAction>() {
  return {"count", "log", "refuse"};
}
template <>
std::vector<std::string_view> words<LogFormat>() {
  return {"auto", "plain", "journal"};
}
template <>
std::vector<std::string_view> words<InterceptionMode>() {
  return {"tproxy", "routing", "hybrid", "redirect", "anyip"};
}
template <>
std::vector<std::string_view> words<LocalCapture>() {
  return {"none", "redirect", "tproxy", "routing"};
}
template <>
std::vector<std::string_view> words<WatchAction>() {
  return {"restore", "report"};
}
template <>
std::vector<std::string_view> words<LogLevel>() {
  return {"error", "warning", "info", "debug"};
}

template <>
std::vector<std::string_view> words<TlsAction>() {
  return {"pass", "intercept", "block", "redirect"};
}
template <>
std::vector<std::string_view> words<TlsMoment>() {
  return {"client_hello", "certificate", "handshake"};
}
template <>
std::vector<std::string_view> words<BlockAnswer>() {
  return {"reset", "alert", "page"};
}
template <>
std::vector<std::string_view> words<HelloTrait>() {
  return {"no_server_name", "encrypted", "only_http2"};
}
template <>
std::vector<std::string_view> words<CertificateDefect>() {
  return {"wrong_name",     "expired",        "not_yet_valid", "self_signed",
          "unknown_issuer", "missing_issuer", "other"};
}
template <>
std::vector<std::string_view> words<DefectAnswer>() {
  return {"block", "mirror"};
}
template <>
std::vector<std::string_view> words<CertificateRequest>() {
  return {"pass", "decline", "block"};
}
template <>
std::vector<std::string_view> words<ServiceProtocol>() {
  return {"http", "tcp"};
}
template <>
std::vector<std::string_view> words<TlsVersion>() {
  return {"tls1.0", "tls1.1", "tls1.2", "tls1.3"};
}
template <>
std::vector<std::string_view> words<DeniedCalls>() {
  return {"enforce", "log", "off"};
}

template <class T>
Value value(std::string_view name, T& target, Shape shape) {
  return {name, shape, false,
          [&target, shape](Scalar scalar) { return parse(scalar, shape, target); },
          [&target, shape] { return write(shape, target); }};
}

template <class T>
Value required(std::string_view name, T& target, Shape shape) {
  Value result = value(name, target, std::move(shape));
  result.required = true;
  return result;
}

template <class Enum>
bool parse_word(Scalar scalar, const Shape& shape, Enum& target) {
  std::size_t index = 0;
  if (!parse(scalar, shape, index)) return false;
  target = static_cast<Enum>(index);
  return true;
}

template <class Enum>
Value word(std::string_view name, Enum& target) {
  const Shape shape{Kind::word, 0, 0, words<Enum>()};
  return {name, shape, false,
          [&target, shape](Scalar scalar) { return parse_word(scalar, shape, target); },
          [&target, shape] { return write(shape, static_cast<std::size_t>(target)); }};
}

template <class Enum>
Value word(std::string_view name, std::optional<Enum>& target) {
  const Shape shape{Kind::word, 0, 0, words<Enum>()};
  const auto take = [&target, shape](Scalar scalar) {
    Enum given{};
    if (!parse_word(scalar, shape, given)) return false;
    target = given;
    return true;
  };
  return {name, shape, false, take, [&target, shape] {
            return target ? write(shape, static_cast<std::size_t>(*target)) : std::string();
          }};
}

Value truth(std::string_view name, bool& target) {
  return value(name, target, of_kind(Kind::boolean));
}

template <class T>
ValueList values(std::string_view name, std::vector<T>& target, Shape shape) {
  const auto append = [&target, shape](Scalar scalar) {
    T item{};
    if (!parse(scalar, shape, item)) return false;
    target.push_back(std::move(item));
    return true;
  };
  const auto write_all = [&target, shape] {
    std::vector<std::string> texts;
    for (const T& item : target) texts.push_back(write(shape, item));
    return texts;
  };
  return {name, shape, [&target] { target.clear(); }, append, write_all};
}

template <class Enum>
ValueList word_list(std::string_view name, std::vector<Enum>& target) {
  const Shape shape{Kind::word, 0, 0, words<Enum>()};
  const auto append = [&target, shape](Scalar scalar) {
    Enum item{};
    if (!parse_word(scalar, shape, item)) return false;
    target.push_back(item);
    return true;
  };
  const auto write_all = [&target, shape] {
    std::vector<std::string> texts;
    for (const Enum item : target) texts.push_back(write(shape, static_cast<std::size_t>(item)));
    return texts;
  };
  return {name, shape, [&target] { target.clear(); }, append, write_all};
}

template <class T>
void members(Describer& d, T& group);

template <class T>
void group(Describer& d, std::string_view name, T& target) {
  d.group(name, [&target](Describer& inner) { members(inner, target); });
}

template <class T>
GroupList groups(std::string_view name, std::vector<T>& target, std::size_t least,
                 std::size_t most) {
  return {name, least, most, [&target](Describer& inner) { members(inner, target.emplace_back()); },
          [&target](const auto& item) {
            for (T& one : target) item([&one](Describer& inner) { members(inner, one); });
          }};
}

template <>
void members(Describer& d, ProtocolSettings& s) {
  d.value(word("tls", s.tls));
  d.value(word("http2", s.http2));
  d.value(word("other", s.other));
  d.value(word("undecided", s.undecided));
}

template <>
void members(Describer& d, UpgradeSettings& s) {
  d.value(word("websocket", s.websocket));
  d.value(word("h2c", s.h2c));
  d.value(word("other", s.other));
}

template <>
void members(Describer& d, ListenerSettings& s) {
  d.value(required("address", s.address, of_kind(Kind::address)));
  d.value(value("name", s.name, text_of_kind(Kind::identifier, 64)));
  d.value(word("transparent", s.transparent));
  group(d, "protocols", s.protocols);
  group(d, "upgrades", s.upgrades);
  d.value(word("connect", s.connect));
  d.values(values("anyip", s.anyip, of_kind(Kind::network)));
  d.values(values("server_first_ports", s.server_first_ports, count(1, 65'535)));
}

template <>
void members(Describer& d, ReuseSettings& s) {
  d.value(truth("enabled", s.enabled));
  d.value(value("connections_per_worker", s.connections_per_worker, count(1, 1'000'000)));
  d.value(value("connections_per_client", s.connections_per_client, count(1, 1'000'000)));
  d.value(value("idle", s.idle, time(kSecond, kHour)));
}

template <>
void members(Describer& d, UpstreamSettings& s) {
  d.value(word("source", s.source));
  d.value(truth("keep_client_port", s.keep_client_port));
  d.value(truth("fall_back_to_own_address", s.fall_back_to_own_address));
  d.value(value("mark", s.mark, of_kind(Kind::mark)));
  d.value(truth("mark_required", s.mark_required));
  d.value(word("on_timeout", s.on_timeout));
  group(d, "reuse", s.reuse);
}

template <>
void members(Describer& d, ExemptSettings& s) {
  d.values(values("clients", s.clients, of_kind(Kind::network)));
  d.values(values("destinations", s.destinations, of_kind(Kind::network)));
  d.values(values("users", s.users, text_of_kind(Kind::text, 64)));
  d.values(values("cgroups", s.cgroups, text_of_kind(Kind::cgroup, 4096)));
}

template <>
void members(Describer& d, InterceptionSettings& s) {
  constexpr std::uint64_t kInterfaceBytes = 15;  // IFNAMSIZ, without its NUL
  constexpr std::uint64_t kTables = 0xffffffff;
  d.value(word("mode", s.mode));
  d.values(values("client_interfaces", s.client_interfaces,
                  text_of_kind(Kind::interface, kInterfaceBytes)));
  d.values(values("origin_interfaces", s.origin_interfaces,
                  text_of_kind(Kind::interface, kInterfaceBytes)));
  d.values(values("ports", s.ports, count(1, 65'535)));
  d.value(value("listener", s.listener, text_of_kind(Kind::text, 64)));
  d.value(word("local", s.local));
  group(d, "exempt", s.exempt);
  d.value(word("when_down", s.when_down));
  d.value(word("quic", s.quic));
  d.value(value("mark", s.mark, of_kind(Kind::mark)));
  d.value(value("keep_mark", s.keep_mark, of_kind(Kind::mark)));
  d.value(value("table", s.table, count(1, kTables)));
  // Behind those of anyip, before that of the main table.
  d.value(value("preference", s.preference, count(10, 32'000)));
  d.values(values("sysctls", s.sysctls, text_of_kind(Kind::sysctl, 256)));
  d.value(word("watch", s.watch));
}

template <>
void members(Describer& d, WorkerSettings& s) {
  // Two rows of a board for each (Board::kMostWorkers).
  d.value(value("count", s.count, count(0, 511)));
  d.value(value("user", s.user, text_of_kind(Kind::text, 64)));
  d.value(value("group", s.group, text_of_kind(Kind::text, 64)));
}

template <>
void members(Describer& d, LimitSettings& s) {
  d.value(value("flows", s.flows, count(1, 10'000'000)));
  d.value(value("flows_per_client", s.flows_per_client, count(0, 10'000'000)));
  d.value(value("buffered_bytes_per_flow", s.buffered_bytes_per_flow, size(64 * kKiB, kGiB)));
  d.value(value("sniff_bytes", s.sniff_bytes, size(64, kMiB)));
  d.value(value("client_hello_bytes", s.client_hello_bytes, size(kKiB, kMiB)));
  d.value(value("head_bytes", s.head_bytes, size(kKiB, 16 * kMiB)));
  d.value(value("target_bytes", s.target_bytes, size(256, 16 * kMiB)));
  d.value(value("fields", s.fields, count(10, 100'000)));
  d.value(value("chunk_line_bytes", s.chunk_line_bytes, size(32, kMiB)));
  d.value(value("trailer_bytes", s.trailer_bytes, size(256, 16 * kMiB)));
  d.value(value("interim_responses", s.interim_responses, count(1, 10'000)));
  d.value(value("held_body_bytes", s.held_body_bytes, size(kKiB, kGiB)));
  d.value(value("held_bodies_bytes", s.held_bodies_bytes, size(kMiB, 1024 * kGiB)));
  d.value(value("websocket_message_bytes", s.websocket_message_bytes, size(kKiB, kGiB)));
  d.value(value("plugin_bytes_per_flow", s.plugin_bytes_per_flow, size(4 * kKiB, kGiB)));
  d.value(value("pauses", s.pauses, count(1, 10'000'000)));
  d.value(value("worker_memory_bytes", s.worker_memory_bytes, size(0, 1024 * kGiB)));
  d.value(value("decoded_body_bytes", s.decoded_body_bytes, size(64 * kKiB, 1024 * kGiB)));
  d.value(value("decode_ratio", s.decode_ratio, count(1, 100'000)));
  d.value(value("plugin_notes", s.plugin_notes, count(0, 1'000)));
  d.value(value("plugin_timers", s.plugin_timers, count(1, 10'000'000)));
  d.value(value("plugin_posts", s.plugin_posts, count(1, 10'000'000)));
  d.value(value("plugin_work", s.plugin_work, count(1, 1'000'000)));
  d.value(value("plugin_threads", s.plugin_threads, count(1, 256)));
  d.value(value("plugin_fetches", s.plugin_fetches, count(1, 1'000'000)));
  d.value(value("plugin_channels", s.plugin_channels, count(1, 1'000'000)));
  d.value(value("plugin_channel_bytes", s.plugin_channel_bytes, size(kKiB, kGiB)));
  d.value(value("tls_sessions", s.tls_sessions, count(0, 10'000'000)));
  d.value(value("draining_generations", s.draining_generations, count(1, 100)));
}

template <>
void members(Describer& d, TimeoutSettings& s) {
  d.value(value("sniff_silence", s.sniff_silence, time(kMillisecond, kMinute)));
  d.value(value("sniff", s.sniff, time(100 * kMillisecond, 10 * kMinute)));
  d.value(value("connect", s.connect, time(100 * kMillisecond, 10 * kMinute)));
  d.value(value("tls_handshake", s.tls_handshake, time(100 * kMillisecond, 10 * kMinute)));
  d.value(value("head", s.head, time(100 * kMillisecond, kHour)));
  d.value(value("response_head", s.response_head, time(kSecond, kDay)));
  d.value(value("body_idle", s.body_idle, time(kSecond, kDay)));
  d.value(value("minimum_body_rate_bytes", s.minimum_body_rate_bytes, size(0, kGiB)));
  d.value(value("body_rate_window", s.body_rate_window, time(kSecond, kHour)));
  d.value(value("plugin_pause", s.plugin_pause, time(10 * kMillisecond, kHour)));
  d.value(value("keepalive_idle", s.keepalive_idle, time(kSecond, kDay)));
  d.value(value("tunnel_idle", s.tunnel_idle, time(kSecond, 30 * kDay)));
  d.value(value("linger", s.linger, time(Milliseconds{0}, kMinute)));
  d.value(value("load", s.load, time(kSecond, kDay)));
  d.value(value("drain", s.drain, time(Milliseconds{0}, 7 * kDay)));
  d.value(value("stop", s.stop, time(Milliseconds{0}, kHour)));
}

template <>
void members(Describer& d, BypassSettings& s) {
  d.values(values("clients", s.clients, of_kind(Kind::network)));
  d.values(values("destinations", s.destinations, of_kind(Kind::network)));
  d.values(values("names", s.names, text_of_kind(Kind::host_name, 253)));
}

template <>
void members(Describer& d, PolicySettings& s) {
  d.value(word("host_mismatch", s.host_mismatch));
  d.value(word("no_server_name", s.no_server_name));
  d.value(word("encrypted_hello", s.encrypted_hello));
}

template <>
void members(Describer& d, TlsRuleSettings& s) {
  d.value(required("name", s.name, text_of_kind(Kind::identifier, 64)));
  d.value(word("moment", s.moment));
  Value action = word("action", s.action);
  action.required = true;
  d.value(action);
  d.values(values("names", s.names, text_of_kind(Kind::host_name, 253)));
  d.values(values("domains", s.domains, text_of_kind(Kind::host_name, 253)));
  d.values(values("domain_files", s.domain_files, path()));
  d.values(values("clients", s.clients, of_kind(Kind::network)));
  d.values(values("destinations", s.destinations, of_kind(Kind::network)));
  d.values(values("ja3", s.ja3, text_of_kind(Kind::text, 32)));
  d.values(values("ja4", s.ja4, text_of_kind(Kind::text, 64)));
  d.values(word_list("hello", s.hello));
  d.values(word_list("defects", s.defects));
  d.values(values("certificates", s.certificates, text_of_kind(Kind::text, 64)));
  d.values(word_list("versions", s.versions));
  d.value(word("block_with", s.block_with));
  Value to = value("to", s.to, of_kind(Kind::address));
  to.write = [&s] { return s.to ? s.to->text() : std::string(); };
  d.value(to);
  d.value(truth("key_log", s.key_log));
}

template <>
void members(Describer& d, ClientCertificateSettings& s) {
  d.values(values("domains", s.domains, text_of_kind(Kind::host_name, 253)));
  d.value(required("certificate", s.certificate, path()));
  d.value(required("key", s.key, path()));
}

template <>
void members(Describer& d, TlsUpstreamSettings& s) {
  d.value(value("trust", s.trust, path()));
  d.value(word("minimum_version", s.minimum_version));
  d.value(word("defects", s.defects));
  d.value(word("certificate_request", s.certificate_request));
  d.groups(groups("certificates", s.certificates, 0, 1'000));
}

template <>
void members(Describer& d, TlsClientSettings& s) {
  d.value(word("minimum_version", s.minimum_version));
  d.value(word("only_http2", s.only_http2));
  d.value(value("ticket_rotation", s.ticket_rotation, time(kMinute, 7 * kDay)));
}

template <>
void members(Describer& d, CaSettings& s) {
  d.value(value("certificate", s.certificate, path()));
  d.value(value("key", s.key, path()));
  d.value(value("passphrase_file", s.passphrase_file, path()));
  d.value(value("warn_before", s.warn_before, time(kHour, 3'650 * kDay)));
  d.value(word("forbidden_names", s.forbidden_names));
  d.value(value("install_page", s.install_page, of_kind(Kind::address_or_none)));
}

template <>
void members(Describer& d, LeafSettings& s) {
  d.value(value("validity", s.validity, time(2 * kHour, 199 * kDay)));
  d.value(truth("beyond_upstream", s.beyond_upstream));
  d.value(value("names", s.names, count(1, 200)));
  d.value(value("cached_per_worker", s.cached_per_worker, count(1, 1'000'000)));
  d.value(value("spare_keys_per_worker", s.spare_keys_per_worker, count(0, 10'000)));
  d.value(value("waiting_per_worker", s.waiting_per_worker, count(1, 1'000'000)));
  d.value(value("patience", s.patience, time(100 * kMillisecond, kMinute)));
}

template <>
void members(Describer& d, LearnSettings& s) {
  d.value(truth("enabled", s.enabled));
  d.value(value("clients", s.clients, count(1, 8)));
  d.value(value("within", s.within, time(kMinute, 30 * kDay)));
  d.value(value("pass_for", s.pass_for, time(kMinute, 365 * kDay)));
}

template <>
void members(Describer& d, TlsSettings& s) {
  d.value(word("action", s.action));
  d.groups(groups("rules", s.rules, 0, 1'000));
  group(d, "upstream", s.upstream);
  group(d, "client", s.client);
  group(d, "ca", s.ca);
  group(d, "leaf", s.leaf);
  group(d, "learn", s.learn);
  d.value(value("key_log", s.key_log, path()));
}

template <>
void members(Describer& d, AdminSettings& s) {
  d.value(value("address", s.address, of_kind(Kind::address_or_none)));
  d.value(value("socket", s.socket, socket_path()));
  d.value(truth("allow_remote", s.allow_remote));
}

template <>
void members(Describer& d, ControlSettings& s) {
  d.value(value("socket", s.socket, socket_path()));
}

template <>
void members(Describer& d, LogSettings& s) {
  d.value(word("level", s.level));
  d.value(word("format", s.format));
}

template <>
void members(Describer& d, RateSettings& s) {
  d.value(value("count", s.count, count(1, 1'000'000)));
  d.value(value("within", s.within, time(kSecond, 30 * kDay)));
}

template <>
void members(Describer& d, CallBudgetSettings& s) {
  d.value(value("warn", s.warn, time(kMillisecond, kMinute)));
  d.value(value("act", s.act, time(10 * kMillisecond, kHour)));
}

template <>
void members(Describer& d, WorkBudgetSettings& s) {
  d.value(value("warn", s.warn, time(kMillisecond, kHour)));
  d.value(value("act", s.act, time(100 * kMillisecond, kDay)));
}

template <>
void members(Describer& d, ContainmentSettings& s) {
  group(d, "worker_crashes", s.worker_crashes);
  group(d, "quarantine", s.quarantine);
  group(d, "call_budget", s.call_budget);
  group(d, "work_budget", s.work_budget);
  d.value(value("worker_stall", s.worker_stall, time(kSecond, kHour)));
}

template <>
void members(Describer& d, SeccompSettings& s) {
  d.value(word("mode", s.mode));
  d.values(values("allow", s.allow, text_of_kind(Kind::text, 64)));
}

template <>
void members(Describer& d, GrantSettings& s) {
  d.value(truth("pass_through", s.pass_through));
  d.value(truth("redirect_upstream", s.redirect_upstream));
  d.value(truth("intercept", s.intercept));
  d.value(truth("accept_certificates", s.accept_certificates));
}

template <>
void members(Describer& d, PluginSettings& s) {
  d.value(required("name", s.name, text_of_kind(Kind::identifier, 64)));
  d.value(required("use", s.use, text_of_kind(Kind::plugin, 4096)));
  d.value(word("on_failure", s.on_failure));
  group(d, "grants", s.grants);
  d.value(truth("validate", s.validate));
  d.configuration("settings", s.settings);
}

template <>
void members(Describer& d, ServiceTlsSettings& s) {
  d.value(truth("enabled", s.enabled));
  d.value(value("server_name", s.server_name, text_of_kind(Kind::text, 253)));
  d.value(value("trust", s.trust, path()));
  d.value(word("minimum_version", s.minimum_version));
}

template <>
void members(Describer& d, ServiceSettings& s) {
  d.value(required("name", s.name, text_of_kind(Kind::identifier, 64)));
  d.value(word("protocol", s.protocol));
  d.value(required("address", s.address, text_of_kind(Kind::text, 300)));
  d.value(value("host", s.host, text_of_kind(Kind::text, 300)));
  group(d, "tls", s.tls);
  d.value(value("connections", s.connections, count(1, 1'000)));
  d.value(value("connect", s.connect, time(kMillisecond, kMinute)));
  d.value(value("within", s.within, time(kMillisecond, kHour)));
  d.value(value("response_bytes", s.response_bytes, size(kKiB, kGiB)));
  d.value(value("idle", s.idle, time(kSecond, kDay)));
}

template <>
void members(Describer& d, Settings& s) {
  d.groups(groups("listeners", s.listeners, 1, 64));
  d.groups(groups("plugins", s.plugins, 0, 64));
  d.values(values("plugin_dirs", s.plugin_dirs, path()));
  d.groups(groups("services", s.services, 0, 64));
  group(d, "upstream", s.upstream);
  group(d, "interception", s.interception);
  group(d, "bypass", s.bypass);
  group(d, "tls", s.tls);
  group(d, "policy", s.policy);
  group(d, "limits", s.limits);
  group(d, "timeouts", s.timeouts);
  group(d, "containment", s.containment);
  group(d, "seccomp", s.seccomp);
  group(d, "workers", s.workers);
  group(d, "admin", s.admin);
  group(d, "control", s.control);
  group(d, "log", s.log);
}

}  // namespace

void describe(Describer& describer, Settings& settings) { members(describer, settings); }

}  // namespace hyalite
