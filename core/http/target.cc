// Request targets and Host: their forms (RFC 9112, section 3.2); are two authorities the same?
// SPDX-License-Identifier: MIT
#include "http/target.h"

#include "base/address.h"
#include "base/text.h"
#include "http/characters.h"

namespace hyalite {

namespace {

constexpr Bytes kAfterScheme = "://";

// "http" of "http://host/path"; empty when the target is in no absolute form.
Bytes scheme_of(Bytes target) {
  const std::size_t end = target.find(kAfterScheme);
  if (end == Bytes::npos || end == 0) return {};
  const Bytes scheme = target.substr(0, end);
  if (lower(scheme[0]) < 'a' || lower(scheme[0]) > 'z') return {};
  const bool fine =
      scheme.find_first_not_of(
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.") == Bytes::npos;
  return fine ? scheme : Bytes{};
}

// What stands between "://" and the path or query.
Bytes authority_of(Bytes target, Bytes scheme) {
  const Bytes rest = target.substr(scheme.size() + kAfterScheme.size());
  return rest.substr(0, rest.find_first_of("/?"));
}

bool is_port(Bytes text) {
  const auto number = parse_decimal(text);
  return text.empty() || (text.size() <= 5 && number && *number <= 65'535);
}

bool is_ipv6_literal(Bytes host) {
  if (host.size() < 4 || host.front() != '[' || host.back() != ']') return false;
  const Bytes inside = host.substr(1, host.size() - 2);
  return inside.find(':') != Bytes::npos && inside.size() <= 45 &&
         IpAddress::parse(inside).has_value();
}

Bytes port_or_default(const Authority& authority, Bytes scheme) {
  if (!authority.port.empty()) return authority.port;
  if (equals_ignoring_case(scheme, "http") || equals_ignoring_case(scheme, "ws")) return "80";
  if (equals_ignoring_case(scheme, "https") || equals_ignoring_case(scheme, "wss")) return "443";
  return {};
}

// How many bytes follow the first one of a character of UTF-8 (RFC 3629, section 4); 0: it is none, or ASCII.
std::size_t bytes_behind(char first) {
  const auto c = static_cast<unsigned char>(first);
  return c >= 0xc2 && c <= 0xdf ? 1 : c >= 0xe0 && c <= 0xef ? 2 : c >= 0xf0 && c <= 0xf4 ? 3 : 0;
}

// As the last byte of a character of UTF-8 they are none.
bool ends_in_white_space_of_latin_1(Bytes target) {
  if (target.back() != '\x85' && target.back() != '\xa0') return false;
  const auto is_behind_one = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; };
  std::size_t behind = 0;
  while (behind < 3 && behind < target.size() && is_behind_one(target[target.size() - 1 - behind])) ++behind;
  return behind == target.size() || bytes_behind(target[target.size() - 1 - behind]) != behind;
}

}  // namespace

std::optional<Authority> parse_authority(Bytes text) {
  const std::size_t after_bracket = text.empty() || text[0] != '[' ? 0 : text.find(']');
  if (after_bracket == Bytes::npos) return std::nullopt;
  const std::size_t colon = text.find(':', after_bracket);
  const Bytes host = text.substr(0, colon);
  const Bytes port = colon == Bytes::npos ? Bytes{} : text.substr(colon + 1);
  const bool named = !host.empty() && is_all(kHostCharacter, host);
  if ((!named && !is_ipv6_literal(host)) || !is_port(port)) return std::nullopt;
  return Authority{host, port};
}

std::optional<Refusal> check_target(Bytes method, Bytes target) {
  if (target.empty() || !is_all(kTargetCharacter, target)) return Refusal::bad_target;
  if (ends_in_white_space_of_latin_1(target)) return Refusal::bad_target;
  if (target.find('#') != Bytes::npos) return Refusal::fragment_in_target;
  if (method == "CONNECT") {
    const auto authority = parse_authority(target);
    return authority && !authority->port.empty() ? std::nullopt
                                                 : std::optional(Refusal::target_not_for_method);
  }
  if (target[0] == '/') return std::nullopt;
  if (target == "*")
    return method == "OPTIONS" ? std::nullopt : std::optional(Refusal::target_not_for_method);
  const Bytes scheme = scheme_of(target);
  if (scheme.empty() || !parse_authority(authority_of(target, scheme))) return Refusal::bad_target;
  return std::nullopt;
}

Bytes authority_in_target(Bytes method, Bytes target) {
  if (method == "CONNECT") return target;
  const Bytes scheme = scheme_of(target);
  return target[0] == '/' || scheme.empty() ? Bytes{} : authority_of(target, scheme);
}

bool host_agrees(Bytes method, Bytes target, Bytes host) {
  const bool connect = method == "CONNECT";
  if (!connect && (target[0] == '/' || target[0] == '*')) return true;
  const Bytes scheme = connect ? Bytes{} : scheme_of(target);
  const auto theirs = parse_authority(connect ? target : authority_of(target, scheme));
  const auto named = parse_authority(host);
  if (!theirs || !named || !equals_ignoring_case(theirs->host, named->host)) return false;
  // Clients that ask for a tunnel often leave the port out of Host.
  if (connect && named->port.empty()) return true;
  return port_or_default(*theirs, scheme) == port_or_default(*named, scheme);
}

}  // namespace hyalite
