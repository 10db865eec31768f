// Does authentication hold for the connection, and not for one message?
// SPDX-License-Identifier: MIT
#include "http/authentication.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace hyalite {

namespace {

// The registry of schemes (RFC 9110, section 16.4.1) without Negotiate, and what a large cloud's storage is asked with.
constexpr Bytes kOfOneMessage[] = {"Basic",   "Bearer", "Concealed", "Digest",       "DPoP",        "GNAP",          "HOBA",
                                   "Mutual",  "OAuth",  "PrivateToken", "SCRAM-SHA-1", "SCRAM-SHA-256", "vapid", "AWS4-HMAC-SHA256"};

bool stands_alone(Bytes scheme) {
  return std::any_of(std::begin(kOfOneMessage), std::end(kOfOneMessage),
                     [&](Bytes known) { return equals_ignoring_case(scheme, known); });
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

Bytes first_word(Bytes text) { return text.substr(0, text.find_first_of(" \t=")); }

// Within a list of challenges `name = value` belongs to the challenge before it.
bool is_parameter(Bytes element) {
  std::size_t at = first_word(element).size();
  while (at < element.size() && is_blank(element[at])) ++at;
  return at < element.size() && element[at] == '=';
}

// Up to a comma that is not within quotes; takes it off the front. Nothing: the quotes never end.
std::optional<Bytes> take_challenge_part(Bytes& list) {
  bool quoted = false;
  std::size_t at = 0;
  for (; at < list.size() && (quoted || list[at] != ','); ++at) {
    if (list[at] == '"') quoted = !quoted;
    if (quoted && list[at] == '\\') ++at;
  }
  if (quoted || at > list.size()) return std::nullopt;
  const Bytes part = trim(list.substr(0, at));
  list = at == list.size() ? Bytes{} : list.substr(at + 1);
  return part;
}

bool offers_to_bind(Bytes challenges) {
  while (!challenges.empty()) {
    const auto part = take_challenge_part(challenges);
    if (!part) return true;
    if (!part->empty() && !is_parameter(*part) && !stands_alone(first_word(*part))) return true;
  }
  return false;
}

}  // namespace

bool binds_connection(const RequestHead& head) {
  if (head.find(Name::authorization) == nullptr && head.find(Name::proxy_authorization) == nullptr) return false;
  return std::any_of(head.fields().begin(), head.fields().end(), [](const Field& field) {
    const bool carries = field.id == Name::authorization || field.id == Name::proxy_authorization;
    return carries && !stands_alone(first_word(field.value));
  });
}

bool binds_connection(const ResponseHead& head) {
  if (head.find(Name::www_authenticate) == nullptr && head.find(Name::proxy_authenticate) == nullptr) return false;
  return std::any_of(head.fields().begin(), head.fields().end(), [](const Field& field) {
    const bool offers = field.id == Name::www_authenticate || field.id == Name::proxy_authenticate;
    return offers && offers_to_bind(field.value);
  });
}

}  // namespace hyalite
