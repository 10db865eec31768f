// What of a request or response may stand in a record: secrets are left out, what they belong to
// stays. SPDX-License-Identifier: MIT
#include "redact.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower(c); });
  return out;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  return first == std::string_view::npos
             ? std::string_view()
             : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool lists(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// ---- Authorization (RFC 9110, section 11.4): scheme, a space, and the secret

// A word that can be a scheme's name, and not by chance a secret.
bool looks_like_a_scheme(std::string_view word) {
  return !word.empty() && word.size() <= 24 && std::all_of(word.begin(), word.end(), [](char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

std::string redacted_credentials(std::string_view value) {
  const auto space = value.find(' ');
  if (space == std::string_view::npos || !looks_like_a_scheme(value.substr(0, space)))
    return std::string(kRedacted);
  return std::string(value.substr(0, space + 1)).append(kRedacted);
}

// ---- cookies (RFC 6265, section 4)

// Where a cookie's pair ends: at the next ";" that is not inside of a quoted value.
std::size_t end_of_pair(std::string_view text) {
  const auto semicolon = text.find(';');
  const auto quote = text.find("=\"");
  if (quote == std::string_view::npos || quote > semicolon) return semicolon;
  const auto closing = text.find('"', quote + 2);
  return closing == std::string_view::npos ? closing : text.find(';', closing);
}

// "name=value" without the value; what has no name is all secret.
std::string redacted_pair(std::string_view pair) {
  const auto equals = pair.find('=');
  if (equals == std::string_view::npos || equals == 0) return std::string(kRedacted);
  return std::string(pair.substr(0, equals + 1)).append(kRedacted);
}

bool is_attribute(std::string_view pair) {
  static constexpr std::string_view kAttributes[] = {"domain",   "expires",     "httponly",
                                                     "max-age",  "partitioned", "path",
                                                     "priority", "samesite",    "secure"};
  const std::string name = lower(trim(pair.substr(0, pair.find('='))));
  return std::find(std::begin(kAttributes), std::end(kAttributes), name) != std::end(kAttributes);
}

// `keeps(index, pair)`: may this pair be shown as it is?
template <class Keeps>
std::string redacted_pairs(std::string_view rest, Keeps keeps) {
  std::string out;
  for (std::size_t index = 0;; ++index) {
    const auto end = end_of_pair(rest);
    const std::string_view pair = trim(rest.substr(0, end));
    if (index > 0) out += "; ";
    if (!pair.empty()) out += keeps(index, pair) ? std::string(pair) : redacted_pair(pair);
    if (end == std::string_view::npos) return out;
    rest.remove_prefix(end + 1);
  }
}

// ---- URLs

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped =
        text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0;
    if (escaped) {
      out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

// Some characters, to be looked for.
class CharacterSet {
 public:
  explicit constexpr CharacterSet(std::string_view characters) {
    for (const char c : characters) table_[static_cast<unsigned char>(c)] = true;
  }
  std::size_t first_in(std::string_view text, std::size_t from = 0) const {
    for (std::size_t at = from; at < text.size(); ++at) {
      if (table_[static_cast<unsigned char>(text[at])]) return at;
    }
    return std::string_view::npos;
  }
  bool has(char c) const { return table_[static_cast<unsigned char>(c)]; }

 private:
  std::array<bool, 256> table_{};
};
constexpr CharacterSet kBeforeParameters("?#"), kAroundParameters("&;?#"), kEndsSecrets("&#");
constexpr CharacterSet kMayHide("?#@");  // without one of these there is no query, fragment or user

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

// Servers part names by any of these, or leave them out (a NUL at the end). Beyond ASCII are
// letters of other scripts.
bool parts_names(char c) {
  const bool is_digit = c >= '0' && c <= '9';
  return static_cast<unsigned char>(c) < 0x80 && !is_upper(c) && !is_lower(c) && !is_digit;
}

// Does the part stand in the name, between its ends and what parts names?
bool is_part_of(std::string_view name, std::string_view part) {
  for (auto at = name.find(part); at != std::string_view::npos; at = name.find(part, at + 1)) {
    const std::size_t end = at + part.size();
    const bool begins = at == 0 || parts_names(name[at - 1]);
    if (begins && (end == name.size() || parts_names(name[end]))) return true;
  }
  return false;
}

// With "_" where capitals begin a word: client_Secret of clientSecret, JWT_Token of JWTToken.
std::string parted_by_capitals(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool begins_word =
        i > 0 && is_upper(name[i]) && !parts_names(name[i - 1]) &&
        (!is_upper(name[i - 1]) || (i + 1 < name.size() && is_lower(name[i + 1])));
    if (begins_word) out += '_';
    out += name[i];
  }
  return out;
}

bool has_secret_part(std::string_view name, const std::vector<std::string>& secrets) {
  if (std::none_of(name.begin(), name.end(), parts_names)) return false;
  return std::any_of(secrets.begin(), secrets.end(), [&](const std::string& secret) {
    return !secret.empty() && is_part_of(name, secret);
  });
}

// The whole name, or a part of a name such as user[password], login.token, reset_password_token or
// clientSecret.
bool is_secret(std::string_view written, const std::vector<std::string>& secrets) {
  const std::string name = decoded(written), small = lower(name);
  return lists(secrets, small) || has_secret_part(small, secrets) ||
         has_secret_part(lower(parted_by_capitals(name)), secrets);
}

// Where in `rest` the value of its first parameter begins, when that is a secret and there is one.
std::optional<std::size_t> find_secret(std::string_view rest, std::string_view parameter,
                                       const std::vector<std::string>& names) {
  const bool all = !names.empty() && names.front() == "*";
  const auto equals = parameter.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  if (!all && !is_secret(parameter.substr(0, equals), names)) return std::nullopt;
  const std::size_t value = equals + 1;
  const bool is_empty = value == rest.size() || kEndsSecrets.has(rest[value]);
  return is_empty ? std::nullopt : std::optional(value);
}

// A name may stand behind each of kAroundParameters. A secret ends at fewer of them: the others may
// be a part of it, as a password's "?" that a client did not escape.
void append_parameters(std::string_view rest, const std::vector<std::string>& names,
                       std::string& out) {
  for (;;) {
    auto end = kAroundParameters.first_in(rest);
    if (const auto secret = find_secret(rest, rest.substr(0, end), names)) {
      out.append(rest.substr(0, *secret)).append(kRedacted);
      end = kEndsSecrets.first_in(rest, *secret);
    } else {
      out.append(rest.substr(0, end));
    }
    if (end == std::string_view::npos) return;
    out += rest[end];
    rest.remove_prefix(end + 1);
  }
}

// Without the user and password of an authority, if there is one (RFC 3986, section 3.2.1).
void append_without_user(std::string_view before_query, std::string& out) {
  const auto scheme = before_query.find("://");
  const bool is_path = scheme == std::string_view::npos && !before_query.empty() &&
                       before_query[0] == '/' && before_query.substr(0, 2) != "//";
  if (is_path) return void(out.append(before_query));
  const std::size_t start = scheme != std::string_view::npos    ? scheme + 3
                            : before_query.substr(0, 2) == "//" ? 2
                                                                : 0;
  const std::string_view authority =
      before_query.substr(start, before_query.find('/', start) - start);
  const auto at = authority.rfind('@');
  if (at == std::string_view::npos) return void(out.append(before_query));
  out.append(before_query.substr(0, start))
      .append(kRedacted)
      .append(before_query.substr(start + at));
}

}  // namespace

const std::vector<std::string>& Redaction::usual_query() {
  static const std::vector<std::string> kNames{"access_token",
                                               "accesstoken",
                                               "api_key",
                                               "apikey",
                                               "assertion",
                                               "auth",
                                               "authorization",
                                               "authtoken",
                                               "client_secret",
                                               "clientsecret",
                                               "code",
                                               "credential",
                                               "credentials",
                                               "csrf",
                                               "id_token",
                                               "idtoken",
                                               "jsessionid",
                                               "jwt",
                                               "key",
                                               "otp",
                                               "pass",
                                               "passphrase",
                                               "passwd",
                                               "password",
                                               "phpsessid",
                                               "pin",
                                               "pwd",
                                               "refresh_token",
                                               "refreshtoken",
                                               "samlresponse",
                                               "secret",
                                               "session",
                                               "sessionid",
                                               "sid",
                                               "sig",
                                               "signature",
                                               "ticket",
                                               "token",
                                               "x-amz-credential",
                                               "x-amz-security-token",
                                               "x-amz-signature",
                                               "x-goog-signature",
                                               "xsrf"};
  return kNames;
}

const std::vector<std::string>& Redaction::usual_headers() {
  static const std::vector<std::string> kNames{"authentication-info",  "proxy-authentication-info",
                                               "x-amz-security-token", "x-api-key",
                                               "x-auth-token",         "x-csrf-token",
                                               "x-xsrf-token"};
  return kNames;
}

std::string redacted_header(std::string_view name, std::string_view value,
                            const Redaction& redaction) {
  if (redaction.off) return std::string(value);
  const std::string known = lower(name);
  if (lists(redaction.headers, known)) return std::string(kRedacted);
  if (known == "authorization" || known == "proxy-authorization")
    return redacted_credentials(value);
  if (known == "cookie" || known == "cookie2")
    return redacted_pairs(value, [](std::size_t, std::string_view) { return false; });
  if (known == "set-cookie" || known == "set-cookie2")
    return redacted_pairs(value, [](std::size_t index, std::string_view pair) {
      return index > 0 && is_attribute(pair);
    });
  if (known == "referer" || known == "location" || known == "content-location")
    return redacted_url(value, redaction);
  return std::string(value);
}

std::string redacted_url(std::string_view url, const Redaction& redaction) {
  std::string room;
  return std::string(redacted_url(url, redaction, room));
}

std::string_view redacted_url(std::string_view url, const Redaction& redaction, std::string& room) {
  if (redaction.off || kMayHide.first_in(url) == std::string_view::npos) return url;
  const auto query = kBeforeParameters.first_in(url);
  room.clear();
  append_without_user(url.substr(0, query), room);
  if (query == std::string_view::npos) return room;
  room += url[query];
  append_parameters(url.substr(query + 1), redaction.query, room);
  return room;
}
