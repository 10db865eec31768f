// Where the body of a message ends (RFC 9112, section 6.3), or that this is in doubt and refused.
// SPDX-License-Identifier: MIT
#include "http/framing.h"

#include "base/text.h"
#include "http/connection.h"
#include "http/target.h"

namespace hyalite {

namespace {

// Beyond it signed counters of 64 bits overflow, and then their owners read another length.
constexpr std::uint64_t kMostLength = INT64_MAX;
constexpr std::size_t kMostLengthDigits = 19;

bool has_tab(const Field& field) { return field.line.find('\t') != Bytes::npos; }

std::optional<std::uint64_t> parse_length(const Field& field) {
  if (field.value.empty() || field.value.size() > kMostLengthDigits || has_tab(field)) return std::nullopt;
  std::uint64_t length = 0;  // so many digits do not overflow it
  for (char c : field.value) {
    if (c < '0' || c > '9') return std::nullopt;
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return length <= kMostLength ? std::optional(length) : std::nullopt;
}

bool is_compression(Bytes coding) {
  for (Bytes known : {Bytes("gzip"), Bytes("x-gzip"), Bytes("deflate"), Bytes("compress"),
                      Bytes("x-compress")}) {
    if (equals_ignoring_case(coding, known)) return true;
  }
  return false;
}

std::optional<Refusal> check_coding(const Field& field) {
  // White space other than spaces hides the coding from readers who look for " chunked".
  if (has_tab(field)) return Refusal::bad_transfer_encoding;
  if (equals_ignoring_case(field.value, "chunked")) return std::nullopt;
  // Known codings that end in chunked are well framed, and only not implemented: 501. All others
  // are not: 400 (RFC 9112, 6.1 and 6.3).
  Bytes list = field.value;
  Bytes coding = take_element(list);
  while (!list.empty() && is_compression(coding)) coding = take_element(list);
  const bool framed =
      list.empty() && equals_ignoring_case(coding, "chunked") && field.value.back() != ',';
  return framed ? Refusal::unknown_transfer_coding : Refusal::bad_transfer_encoding;
}

std::optional<Refusal> check_lengths(const Head& head) {
  const Field* length = head.find(Name::content_length);
  const Field* coding = head.find(Name::transfer_encoding);
  if (length != nullptr && coding != nullptr) return Refusal::both_lengths;
  if (length != nullptr) {
    if (head.count(Name::content_length) > 1) return Refusal::several_content_lengths;
    return parse_length(*length) ? std::nullopt : std::optional(Refusal::bad_content_length);
  }
  if (coding == nullptr) return std::nullopt;
  if (head.count(Name::transfer_encoding) > 1) return Refusal::several_transfer_encodings;
  if (head.minor_version() == 0) return Refusal::chunked_in_http_1_0;
  return check_coding(*coding);
}

// Whoever passes a message on may take out what Connection names (RFC 9110, 7.6.1). Without these
// it is another message.
bool may_not_be_named(Bytes option, bool in_request) {
  const Name name = name_of(option);
  if (name == Name::content_length) return true;
  // Large sites name Transfer-Encoding in responses, as RFC 2616 had it; towards the client nobody
  // strips it.
  return in_request &&
         (name == Name::transfer_encoding || name == Name::host || name == Name::connection);
}

std::optional<Refusal> check_connection(const Head& head, bool in_request) {
  if (head.find(Name::connection) == nullptr) return std::nullopt;
  for (const Field& field : head.fields()) {
    if (field.id != Name::connection) continue;
    if (has_tab(field)) return Refusal::bad_connection;
    for (Bytes list = field.value; !list.empty();) {
      const Bytes option = take_element(list);
      if (!option.empty() && !is_token(option)) return Refusal::bad_connection;
      if (may_not_be_named(option, in_request)) return Refusal::framing_named_in_connection;
    }
  }
  return std::nullopt;
}

std::optional<Refusal> check_host(const RequestHead& head) {
  const Field* host = head.find(Name::host);
  if (host == nullptr)
    return head.minor_version() == 0 ? std::nullopt : std::optional(Refusal::missing_host);
  if (head.count(Name::host) > 1) return Refusal::several_hosts;
  if (!parse_authority(host->value)) return Refusal::bad_host;
  return host_agrees(head.method(), head.target(), host->value)
             ? std::nullopt
             : std::optional(Refusal::host_disagrees);
}

// Empty elements count: each protocol of a response is looked for among those of its request.
constexpr std::size_t kMostProtocols = 16;

bool is_list_of_protocols(Bytes list) {
  bool any = false;
  for (std::size_t count = 0; !list.empty(); ++count) {
    if (count == kMostProtocols) return false;
    const Bytes protocol = take_element(list);
    if (protocol.empty()) continue;
    if (!is_protocol(protocol)) return false;
    any = true;
  }
  return any;
}

std::optional<Refusal> check_upgrade(const RequestHead& head) {
  const Field* upgrade = head.find(Name::upgrade);
  if (upgrade == nullptr) return std::nullopt;
  const bool fine =
      head.count(Name::upgrade) == 1 && is_list_of_protocols(upgrade->value) && !head.is_connect();
  return fine ? std::nullopt : std::optional(Refusal::bad_upgrade);
}

std::optional<Refusal> check_expect(const RequestHead& head) {
  const Field* expect = head.find(Name::expect);
  if (expect == nullptr) return std::nullopt;
  const bool fine =
      head.count(Name::expect) == 1 && equals_ignoring_case(expect->value, "100-continue");
  return fine ? std::nullopt : std::optional(Refusal::unknown_expectation);
}

// Is each protocol that the response switches to among those that the request offered?
bool was_offered(Bytes chosen, Bytes offered) {
  while (!chosen.empty()) {
    const Bytes protocol = take_element(chosen);
    bool found = protocol.empty();
    for (Bytes list = offered; !list.empty() && !found;)
      found = equals_ignoring_case(take_element(list), protocol);
    if (!found) return false;
  }
  return true;
}

// Some read what a 101 names as a whole, some element by element. They differ about empty elements,
// which nobody may send (RFC 9110, 5.6.1.1), and about WebSocket or HTTP/2 beside anything else.
// Others may be layers (7.8), or versions of TLS.
bool is_clear_switch(Bytes list) {
  if (list.back() == ',') return false;
  std::size_t protocols = 0;
  bool known = false;
  for (; !list.empty(); ++protocols) {
    const Bytes protocol = take_element(list);
    if (protocol.empty()) return false;
    known |= upgrade_kind(protocol) != UpgradeKind::other;
  }
  return !known || protocols == 1;
}

std::optional<Refusal> check_switch(const ResponseHead& head, const Asked& asked) {
  if (asked.upgrade.empty()) return Refusal::switch_not_asked;
  const bool fine = head.count(Name::upgrade) == 1 &&
                    is_list_of_protocols(head.value(Name::upgrade)) &&
                    connection_options(head).upgrade;
  if (!fine) return Refusal::bad_upgrade;
  if (!was_offered(head.value(Name::upgrade), asked.upgrade)) return Refusal::switch_not_asked;
  if (!is_clear_switch(head.value(Name::upgrade))) return Refusal::bad_upgrade;
  return asked.complete ? std::nullopt : std::optional(Refusal::switched_too_early);
}

bool opens_tunnel(const ResponseHead& head, const Asked& asked) {
  return asked.by_connect && head.status() >= 200 && head.status() < 300;
}

bool announces_body(const Head& head) {
  const DeclaredLength declared = declared_length(head);
  return declared.chunked || declared.length.value_or(0) > 0;
}

}  // namespace

std::optional<Refusal> check_framing(const RequestHead& head) {
  if (const auto refusal = check_connection(head, true)) return refusal;
  if (const auto refusal = check_host(head)) return refusal;
  if (const auto refusal = check_lengths(head)) return refusal;
  // For some readers these two have no body whatever the head says.
  if ((head.is_connect() || head.method() == "TRACE") && announces_body(head))
    return Refusal::body_not_allowed;
  if (const auto refusal = check_upgrade(head)) return refusal;
  return check_expect(head);
}

std::optional<Refusal> check_framing(const ResponseHead& head, const Asked& asked) {
  if (const auto refusal = check_connection(head, false)) return refusal;
  if (const auto refusal = check_lengths(head)) return refusal;
  const bool in_1xx = head.status() < 200, tunnel = opens_tunnel(head, asked);
  // Whoever speaks HTTP/1.0 takes a 1xx for the final response (RFC 9110, 15.2), and chunks for
  // content.
  if (in_1xx && (asked.minor_version == 0 || head.minor_version() == 0))
    return Refusal::interim_to_http_1_0;
  if (asked.minor_version == 0 && head.find(Name::transfer_encoding) != nullptr)
    return Refusal::chunked_to_http_1_0;
  if ((in_1xx || head.status() == 204 || tunnel) && announces_body(head))
    return Refusal::length_not_allowed;
  // An empty body may be framed in any way (15.3.6).
  if (head.status() == 205 && declared_length(head).length.value_or(0) > 0) return Refusal::length_not_allowed;
  if (tunnel && !asked.complete) return Refusal::switched_too_early;
  return head.status() == 101 ? check_switch(head, asked) : std::nullopt;
}

Framing framing_of(const RequestHead& head) {
  const DeclaredLength declared = declared_length(head);
  if (declared.chunked) return {Framing::Kind::chunked};
  if (declared.length.value_or(0) > 0) return {Framing::Kind::length, *declared.length};
  return {};
}

Framing framing_of(const ResponseHead& head, const Asked& asked) {
  if (head.status() == 101 || opens_tunnel(head, asked)) return {Framing::Kind::tunnel};
  if (head.status() < 200 || head.status() == 204 || head.status() == 304 || asked.by_head)
    return {};
  const DeclaredLength declared = declared_length(head);
  const bool empty = head.status() == 205;
  if (declared.chunked) return {Framing::Kind::chunked, 0, empty};
  if (!declared.length) return {Framing::Kind::until_close, 0, empty};
  if (*declared.length > 0) return {Framing::Kind::length, *declared.length};
  return {};
}

DeclaredLength declared_length(const Head& head) {
  DeclaredLength declared;
  declared.chunked = head.find(Name::transfer_encoding) != nullptr;
  if (const Field* length = head.find(Name::content_length))
    declared.length = parse_length(*length);
  return declared;
}

}  // namespace hyalite
