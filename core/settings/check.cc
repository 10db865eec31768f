// What is wrong between settings that are each fine.
// SPDX-License-Identifier: MIT
#include "settings/check.h"

#include <algorithm>
#include <array>
#include <utility>

#include "settings/check_interception.h"
#include "settings/shape.h"

namespace hyalite {

namespace {

class Checker {
 public:
  Checker(const Settings& settings, const Positions& positions, std::string_view file)
      : settings_(settings), positions_(positions), file_(file) {}

  Mistakes check() {
    check_listeners();
    check_upstream();
    check_interception(settings_, [this](std::string path, std::string what, std::string expected) {
      add(path, std::move(what), std::move(expected));
    });
    check_plugins();
    check_services();
    check_admin();
    check_limits();
    check_timeouts();
    check_tls();
    check_ca();
    return std::move(mistakes_);
  }

 private:
  void check_listeners();
  void check_upstream();
  void check_plugins();
  void check_services();
  void check_tls_of(const ServiceSettings& service, std::size_t i);
  void check_admin();
  void check_limits();
  void check_timeouts();
  void check_tls();
  void check_ca();
  void check_tls_rule(const TlsRuleSettings& rule, const std::string& path);

  void add(const std::string& path, std::string what, std::string expected) {
    mistakes_.push_back(
        {file_, position_of(positions_, path), path, std::move(what), std::move(expected), {}});
  }

  void check_at_most(std::string_view path, std::size_t bytes, std::string_view other_path,
                     std::size_t other_bytes) {
    if (bytes <= other_bytes) return;
    add(std::string(path), std::string(path) + " is " + size_text(bytes),
        "at most " + std::string(other_path) + ", which is " + size_text(other_bytes));
  }

  void check_shorter(std::string_view path, Milliseconds time, std::string_view other_path,
                     Milliseconds other_time) {
    if (time < other_time) return;
    add(std::string(path),
        std::string(path) + " is " + duration_text(static_cast<std::uint64_t>(time.count())),
        "less than " + std::string(other_path) + ", which is " +
            duration_text(static_cast<std::uint64_t>(other_time.count())));
  }

  const Settings& settings_;
  const Positions& positions_;
  std::string file_;
  Mistakes mistakes_;
};

constexpr std::size_t kJa3Digits = 32, kSha256Digits = 64;

// Of TLS over TCP, as core/tls/fingerprint.h writes it: "t13d1516h2_8daaf6152771_e5627efa2ab1".
bool is_ja4(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789", kHexDigits = "0123456789abcdefABCDEF";
  const auto only = [&](std::size_t begin, std::size_t size, std::string_view allowed) {
    return text.substr(begin, size).find_first_not_of(allowed) == std::string_view::npos;
  };
  return text.size() == 36 && only(0, 1, "tT") && only(1, 2, "0123sS") && only(3, 1, "diDI") && only(4, 4, kDigits) && only(10, 1, "_") &&
         only(11, 12, kHexDigits) && only(23, 1, "_") && only(24, 12, kHexDigits);
}

// Whether one socket would take what the other is for: the same address, or IPv4's wildcard beside
// a dual-stack one.
bool clash(const Address& a, const Address& b) {
  if (a.port != b.port || a.port == 0) return false;
  return a.ip == b.ip || (a.ip.is_unspecified() && b.ip.is_unspecified());
}

bool is_loopback(const IpAddress& ip) {
  static const Network four = *Network::parse("127.0.0.0/8"), six = *Network::parse("::1");
  return four.contains(ip) || six.contains(ip);
}

std::string item(std::string_view list, std::size_t index, std::string_view member) {
  return std::string(list) + '[' + std::to_string(index) + "]." + std::string(member);
}

void Checker::check_listeners() {
  const auto& listeners = settings_.listeners;
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    for (std::size_t earlier = 0; earlier < i; ++earlier) {
      const std::string first = "listeners[" + std::to_string(earlier) + "]";
      if (clash(listeners[i].address, listeners[earlier].address)) {
        add(item("listeners", i, "address"), "listener on " + listeners[i].address.text(),
            "an address of its own: " + first + " takes " + listeners[earlier].address.text());
      }
      if (!listeners[i].name.empty() && listeners[i].name == listeners[earlier].name) {
        add(item("listeners", i, "name"), "listener named \"" + listeners[i].name + '"',
            "a name of its own: " + first + " has it");
      }
    }
  }
}

void Checker::check_upstream() {
  const UpstreamSettings& upstream = settings_.upstream;
  if (upstream.keep_client_port && upstream.source == UpstreamSource::proxy) {
    add("upstream.keep_client_port", "upstream.keep_client_port without the client's address",
        "upstream.source: client");
  }
  if (upstream.keep_client_port && upstream.reuse.enabled) {
    add("upstream.reuse.enabled", "upstream.reuse.enabled with upstream.keep_client_port",
        "one of them: a connection has one port, and serves several of the client's");
  }
}

void Checker::check_plugins() {
  const auto& plugins = settings_.plugins;
  for (std::size_t i = 0; i < plugins.size(); ++i) {
    for (std::size_t earlier = 0; earlier < i; ++earlier) {
      if (plugins[i].name.empty() || plugins[i].name != plugins[earlier].name) continue;
      add(item("plugins", i, "name"), "plugin named \"" + plugins[i].name + '"',
          "a name of its own: plugins[" + std::to_string(earlier) + "] has it");
      break;
    }
  }
}

// "name:8081"; an address is read elsewhere.
bool is_host_and_port(const std::string& text) {
  if (Address::parse(text)) return true;
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon > 253) return false;
  const auto plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const std::string_view name = std::string_view(text).substr(0, colon), port = std::string_view(text).substr(colon + 1);
  return std::all_of(name.begin(), name.end(), plain) && !port.empty() && port.size() <= 5 &&
         std::all_of(port.begin(), port.end(), digit) && std::stoul(std::string(port)) - 1 < 65'535;
}

bool is_unix_socket(const std::string& text) {
  return text.rfind("unix:/", 0) == 0 && text.size() <= 5 + 107;  // sun_path, without its NUL
}

// What is given for nothing is most likely meant.
void Checker::check_tls_of(const ServiceSettings& service, std::size_t i) {
  const ServiceTlsSettings& tls = service.tls;
  if (!tls.enabled && (!tls.server_name.empty() || tls.trust != ServiceTlsSettings().trust)) {
    add(item("services", i, "tls"), "TLS is described, and not spoken", "tls.enabled: true");
  }
  if (tls.enabled && tls.server_name.empty() && is_unix_socket(service.address)) {
    add(item("services", i, "tls"), "a unix socket has no name that a certificate could have", "tls.server_name");
  }
}

void Checker::check_services() {
  const auto& services = settings_.services;
  for (std::size_t i = 0; i < services.size(); ++i) {
    const ServiceSettings& service = services[i];
    if (!is_host_and_port(service.address) && !is_unix_socket(service.address)) {
      add(item("services", i, "address"), '"' + service.address + '"',
          "an address with a port, such as 127.0.0.1:8081 or name:8081, or unix: and an absolute path");
    }
    if (service.host.find_first_of(" \t/@,") != std::string::npos) {
      add(item("services", i, "host"), '"' + service.host + '"', "a host, perhaps with a port");
    }
    check_tls_of(service, i);
    for (std::size_t earlier = 0; earlier < i; ++earlier) {
      if (service.name != services[earlier].name) continue;
      add(item("services", i, "name"), "service named \"" + service.name + '"',
          "a name of its own: services[" + std::to_string(earlier) + "] has it");
      break;
    }
  }
}

void Checker::check_admin() {
  const AdminSettings& admin = settings_.admin;
  if (!admin.socket.empty() && admin.socket == settings_.control.socket) {
    add("admin.socket", "admin.socket is also control.socket", "a path of its own");
  }
  if (!admin.address) return;
  if (!is_loopback(admin.address->ip) && !admin.allow_remote) {
    add("admin.address",
        "admin.address is " + admin.address->text() + ", which other machines can reach",
        "a loopback address, or admin.allow_remote: true");
  }
  for (const ListenerSettings& listener : settings_.listeners) {
    const bool taken =
        listener.address.ip == admin.address->ip || listener.address.ip.is_unspecified();
    if (!taken || listener.address.port != admin.address->port || admin.address->port == 0)
      continue;
    add("admin.address", "admin.address is " + admin.address->text(),
        "a port of its own: the listener on " + listener.address.text() + " takes it");
  }
}

void Checker::check_limits() {
  const LimitSettings& limits = settings_.limits;
  using Bytes = std::pair<std::string_view, std::size_t>;
  // Each way has one half, and what is read there has to lie in it until it is whole.
  const std::size_t half = limits.buffered_bytes_per_flow / 2;
  for (const auto& [path, bytes] : {Bytes{"limits.sniff_bytes", limits.sniff_bytes},
                                    Bytes{"limits.client_hello_bytes", limits.client_hello_bytes},
                                    Bytes{"limits.head_bytes", limits.head_bytes},
                                    Bytes{"limits.chunk_line_bytes", limits.chunk_line_bytes}}) {
    check_at_most(path, bytes, "half of limits.buffered_bytes_per_flow", half);
  }
  // The last chunk's line and the trailers are read together.
  check_at_most("limits.trailer_bytes", limits.trailer_bytes, "half of limits.buffered_bytes_per_flow less limits.chunk_line_bytes",
                half - std::min(half, limits.chunk_line_bytes));
  check_at_most("limits.target_bytes", limits.target_bytes, "limits.head_bytes", limits.head_bytes);
  check_at_most("limits.held_body_bytes", limits.held_body_bytes, "limits.held_bodies_bytes",
                limits.held_bodies_bytes);
  check_at_most("limits.websocket_message_bytes", limits.websocket_message_bytes,
                "limits.held_bodies_bytes", limits.held_bodies_bytes);
  if (limits.flows_per_client > limits.flows) {
    add("limits.flows_per_client",
        "limits.flows_per_client is " + std::to_string(limits.flows_per_client),
        "at most limits.flows, which is " + std::to_string(limits.flows) +
            ", or 0 for no such limit");
  }
}

// Which answers a moment allows, and what is known at it: the table of docs/tls.md.
void Checker::check_tls_rule(const TlsRuleSettings& rule, const std::string& path) {
  const bool at_hello = rule.moment == TlsMoment::client_hello;
  const bool at_handshake = rule.moment == TlsMoment::handshake;
  const auto refuse_action = [&](std::string_view action, std::string expected) {
    add(path + ".action", "rule \"" + rule.name + "\": " + std::string(action), std::move(expected));
  };
  if (at_handshake && rule.action == TlsAction::pass) {
    refuse_action("pass after the handshake, when the client has our certificate",
                  "moment client_hello or certificate");
  }
  if (at_handshake && rule.action == TlsAction::intercept) {
    refuse_action("intercept after the handshake, when that is done", "pass, block or another moment");
  }
  if (!at_hello && rule.action == TlsAction::redirect) {
    refuse_action("redirect after the upstream was connected", "moment client_hello");
  }
  if (at_handshake && rule.action == TlsAction::block && rule.block_with == BlockAnswer::alert) {
    add(path + ".block_with", "rule \"" + rule.name + "\": an alert after the handshake", "page or reset");
  }
  if ((rule.action == TlsAction::redirect) != rule.to.has_value()) {
    add(path + ".to", "rule \"" + rule.name + "\": " + (rule.to ? "to without redirect" : "redirect without to"),
        "both or neither");
  }
  if (rule.to && rule.to->port == 0) add(path + ".to", "rule \"" + rule.name + "\": to has no port", "an address with a port");
  const auto refuse_digest = [&](std::string_view list, const std::vector<std::string>& digests, std::size_t digits) {
    for (const std::string& one : digests) {
      if (one.size() == digits && one.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos) continue;
      add(path + "." + std::string(list), "rule \"" + rule.name + "\": \"" + one + "\" can be nobody's",
          std::to_string(digits) + " hexadecimal digits");
    }
  };
  refuse_digest("ja3", rule.ja3, kJa3Digits);
  for (const std::string& one : rule.ja4) {
    if (!is_ja4(one))
      add(path + ".ja4", "rule \"" + rule.name + "\": \"" + one + "\" can be nobody's", "a JA4 of TLS over TCP, like t13d1516h2_8daaf6152771_e5627efa2ab1");
  }
  refuse_digest("certificates", rule.certificates, kSha256Digits);
  if (rule.key_log && (!at_hello || rule.action != TlsAction::intercept))
    add(path + ".key_log", "rule \"" + rule.name + "\": key_log without both handshakes ahead", "action intercept at the moment client_hello");
  if (rule.key_log && settings_.tls.key_log.empty())
    add(path + ".key_log", "rule \"" + rule.name + "\": key_log without a file", "tls.key_log, where the secrets are written");
  const auto too_early = [&](std::string_view list, std::string_view moment) {
    add(path + "." + std::string(list),
        "rule \"" + rule.name + "\": " + std::string(list) + " are not known at this moment",
        "moment " + std::string(moment));
  };
  if (at_hello && !rule.defects.empty()) too_early("defects", "certificate or handshake");
  if (at_hello && !rule.certificates.empty()) too_early("certificates", "certificate or handshake");
  if (!at_handshake && !rule.versions.empty()) too_early("versions", "handshake");
}

void Checker::check_tls() {
  const TlsSettings& tls = settings_.tls;
  if (tls.action == TlsAction::redirect) {
    add("tls.action", "tls.action is redirect", "pass, intercept or block: a rule can redirect");
  }
  for (std::size_t i = 0; i < tls.rules.size(); ++i) {
    const std::string path = "tls.rules[" + std::to_string(i) + "]";
    for (std::size_t earlier = 0; earlier < i; ++earlier) {
      if (tls.rules[i].name != tls.rules[earlier].name) continue;
      add(path + ".name", "rule named \"" + tls.rules[i].name + '"',
          "a name of its own: tls.rules[" + std::to_string(earlier) + "] has it");
      break;
    }
    check_tls_rule(tls.rules[i], path);
  }
}

// Whose answers need a certificate of our own for the client.
bool needs_ca(const TlsRuleSettings& rule) {
  return rule.action == TlsAction::intercept ||
         (rule.action == TlsAction::block && rule.block_with == BlockAnswer::page);
}

void Checker::check_ca() {
  const TlsSettings& tls = settings_.tls;
  const CaSettings& ca = tls.ca;
  constexpr char kMakeOne[] = "tls.ca.certificate and tls.ca.key; `hyalite ca init` makes them";
  if (ca.certificate.empty() != ca.key.empty()) {
    add("tls.ca", ca.key.empty() ? "tls.ca.certificate without tls.ca.key"
                                 : "tls.ca.key without tls.ca.certificate",
        "both or neither");
  }
  if (ca.key.empty() && !ca.passphrase_file.empty())
    add("tls.ca.passphrase_file", "tls.ca.passphrase_file without tls.ca.key", kMakeOne);
  if (!ca.certificate.empty()) return;
  if (tls.action == TlsAction::intercept)
    add("tls.action", "tls.action is intercept, and there is no CA", kMakeOne);
  for (std::size_t i = 0; i < tls.rules.size(); ++i) {
    if (!needs_ca(tls.rules[i])) continue;
    add("tls.rules[" + std::to_string(i) + "].action",
        "rule \"" + tls.rules[i].name + "\" needs a CA, and there is none", kMakeOne);
  }
  if (ca.install_page)
    add("tls.ca.install_page", "tls.ca.install_page without a CA to install", kMakeOne);
  if (tls.learn.enabled)
    add("tls.learn.enabled", "tls.learn.enabled without interception", kMakeOne);
}

void Checker::check_timeouts() {
  const TimeoutSettings& timeouts = settings_.timeouts;
  const CallBudgetSettings& budget = settings_.containment.call_budget;
  check_shorter("timeouts.sniff_silence", timeouts.sniff_silence, "timeouts.sniff", timeouts.sniff);
  check_shorter("containment.call_budget.warn", budget.warn, "containment.call_budget.act",
                budget.act);
  const WorkBudgetSettings& work = settings_.containment.work_budget;
  check_shorter("containment.work_budget.warn", work.warn, "containment.work_budget.act", work.act);
}

}  // namespace

Mistakes check_settings(const Settings& settings, const Positions& positions,
                        std::string_view file) {
  return Checker(settings, positions, file).check();
}

}  // namespace hyalite
