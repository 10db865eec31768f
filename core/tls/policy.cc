// The operator's rules for TLS.
// SPDX-License-Identifier: MIT
#include "tls/policy.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/text.h"

namespace hyalite {

namespace {

static_assert(static_cast<int>(CertificateDefect::other) == static_cast<int>(Defect::other));
static_assert(static_cast<int>(CertificateDefect::missing_issuer) == static_cast<int>(Defect::missing_issuer));

// One name in a line; what follows a "#" is for people.
std::string_view name_in(std::string_view line) {
  std::string_view name = line.substr(0, line.find('#'));
  while (!name.empty() && (name.back() == '\r' || name.back() == ' ' || name.back() == '\t')) name.remove_suffix(1);
  name = trim(name);
  if (name.starts_with("*.")) name.remove_prefix(2);
  if (name.starts_with('.')) name.remove_prefix(1);
  return name;
}

// What is wrong with the list; empty: nothing.
std::string read_list(const std::string& path, NameSet::Builder& names) {
  errno = 0;
  std::ifstream in(path);
  std::size_t number = 0, wrong = 0, first_wrong = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    const std::string_view name = name_in(line);
    if (name.empty()) continue;
    if (const HostName host(name); host) {
      names.add(host.text(), NameSet::with_subdomains, 0);
    } else if (wrong++ == 0) {
      first_wrong = number;
    }
  }
  // A directory opens, and only then cannot be read.
  if (!in.is_open() || in.bad()) return std::string(" cannot be read: ") + std::strerror(errno);
  if (wrong == 0) return {};
  const std::string others = wrong == 1 ? "" : ", nor are " + std::to_string(wrong - 1) + " others";
  return ": line " + std::to_string(first_wrong) + " is not a host name" + others;
}

bool any_contains(const std::vector<Network>& networks, const IpAddress& ip) {
  return std::any_of(networks.begin(), networks.end(), [&](const Network& one) { return one.contains(ip); });
}

bool has(const std::vector<std::string>& all, std::string_view fingerprint) {
  return std::any_of(all.begin(), all.end(), [&](const std::string& one) { return equals_ignoring_case(one, fingerprint); });
}

bool shows(HelloTrait trait, const ClientHello& hello) {
  switch (trait) {
    case HelloTrait::no_server_name: return hello.server_name_kind != ServerName::host;
    case HelloTrait::encrypted: return hello.has_ech;
    case HelloTrait::only_http2: return offers_only_http2(hello);
  }
  return false;
}

std::uint16_t wire_version(TlsVersion version) { return static_cast<std::uint16_t>(0x0301 + static_cast<int>(version)); }

bool of_facts(const TlsRuleSettings& rule, const TlsCase& about) {
  if (!rule.defects.empty()) {
    Defects wanted;
    for (const CertificateDefect defect : rule.defects) wanted.add(static_cast<Defect>(defect));
    if (about.upstream == nullptr || !about.upstream->defects.meets(wanted)) return false;
  }
  if (!rule.certificates.empty()) {
    if (about.upstream == nullptr || !about.upstream->verified) return false;
    if (!has(rule.certificates, hex(about.upstream->certificate_digest))) return false;
  }
  if (rule.versions.empty()) return true;
  const auto agreed = [&](TlsVersion version) { return about.ours->version == wire_version(version); };
  return about.ours != nullptr && std::any_of(rule.versions.begin(), rule.versions.end(), agreed);
}

}  // namespace

bool offers_only_http2(const ClientHello& hello) {
  const auto offers = [&](std::string_view protocol) {
    return std::find(hello.alpn.begin(), hello.alpn.end(), protocol) != hello.alpn.end();
  };
  return offers("h2") && !offers("http/1.1") && !offers("http/1.0");
}

TlsPolicy::TlsPolicy(const TlsSettings& settings, const std::string& file, Mistakes& mistakes) {
  for (std::size_t i = 0; i < settings.rules.size(); ++i) {
    const TlsRuleSettings& given = settings.rules[i];
    NameSet::Builder names;
    for (const std::string& name : given.names) names.add(HostName(name).text(), NameSet::itself, 0);
    for (const std::string& domain : given.domains) names.add(HostName(domain).text(), NameSet::with_subdomains, 0);
    for (const std::string& path : given.domain_files) {
      const std::string wrong = read_list((std::filesystem::path(file).parent_path() / path).string(), names);
      if (wrong.empty()) continue;
      Mistake mistake;
      mistake.file = file;
      mistake.path = "tls.rules[" + std::to_string(i) + "].domain_files";
      mistake.what = "\"" + path + "\"" + wrong;
      mistakes.push_back(std::move(mistake));
    }
    rules_.push_back({&given, std::move(names).build()});
  }
}

const TlsRuleSettings* TlsPolicy::rule(TlsMoment moment, const TlsCase& about) const {
  for (const Rule& rule : rules_) {
    if (rule.settings->moment == moment && holds(rule, about)) return rule.settings;
  }
  return nullptr;
}

bool TlsPolicy::holds(const Rule& rule, const TlsCase& about) {
  const TlsRuleSettings& given = *rule.settings;
  if (!given.names.empty() || !given.domains.empty() || !given.domain_files.empty()) {
    if (about.hello.server_name_kind != ServerName::host) return false;
    if (!rule.names.find(about.hello.server_name)) return false;
  }
  if (!given.clients.empty() && !any_contains(given.clients, about.client)) return false;
  if (!given.destinations.empty() && !any_contains(given.destinations, about.destination)) return false;
  if (!given.ja3.empty() && !has(given.ja3, about.ja3)) return false;
  if (!given.ja4.empty() && !has(given.ja4, about.ja4)) return false;
  const auto shown = [&](HelloTrait trait) { return shows(trait, about.hello); };
  if (!given.hello.empty() && std::none_of(given.hello.begin(), given.hello.end(), shown)) return false;
  return of_facts(given, about);
}

}  // namespace hyalite
