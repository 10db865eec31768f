// What a head says about the connection: may another message follow, does it become another protocol?
// SPDX-License-Identifier: MIT
#include "http/connection.h"

#include "base/text.h"

namespace hyalite {

namespace {

void add_options(const Field& field, ConnectionOptions& options) {
  const bool for_proxies = field.id == Name::proxy_connection;
  for (Bytes list = field.value; !list.empty();) {
    const Bytes option = take_element(list);
    if (equals_ignoring_case(option, "close")) options.close = true;
    if (for_proxies) continue;
    if (equals_ignoring_case(option, "keep-alive")) options.keep_alive = true;
    if (equals_ignoring_case(option, "upgrade")) options.upgrade = true;
  }
}

bool keeps_alive(const Head& head) {
  const ConnectionOptions options = connection_options(head);
  return !options.close && (head.minor_version() > 0 || options.keep_alive);
}

}  // namespace

ConnectionOptions connection_options(const Head& head) {
  ConnectionOptions options;
  if (head.find(Name::connection) == nullptr && head.find(Name::proxy_connection) == nullptr)
    return options;
  for (const Field& field : head.fields()) {
    // Some readers take Proxy-Connection for Connection (llhttp does). To close when in doubt harms
    // nobody.
    if (field.id == Name::connection || field.id == Name::proxy_connection)
      add_options(field, options);
  }
  return options;
}

bool keeps_alive(const RequestHead& head) { return keeps_alive(static_cast<const Head&>(head)); }

bool keeps_alive(const ResponseHead& head, const Framing& framing) {
  if (framing.kind == Framing::Kind::until_close || framing.kind == Framing::Kind::tunnel || framing.empty)
    return false;
  return keeps_alive(static_cast<const Head&>(head));
}

bool expects_continue(const RequestHead& head) {
  return head.minor_version() > 0 && head.find(Name::expect) != nullptr &&
         framing_of(head).has_body();
}

UpgradeKind upgrade_kind(Bytes protocol) {
  if (equals_ignoring_case(protocol, "websocket")) return UpgradeKind::websocket;
  return equals_ignoring_case(protocol.substr(0, 3), "h2c") ? UpgradeKind::h2c : UpgradeKind::other;
}

UpgradeOffer asks_upgrade(const RequestHead& head) {
  UpgradeOffer offer;
  if (head.minor_version() == 0 || head.find(Name::upgrade) == nullptr ||
      !connection_options(head).upgrade)
    return offer;
  for (Bytes list = head.value(Name::upgrade); !list.empty();) {
    const Bytes protocol = take_element(list);
    if (protocol.empty()) continue;
    switch (upgrade_kind(protocol)) {
      case UpgradeKind::websocket: offer.websocket = true; break;
      case UpgradeKind::h2c: offer.h2c = true; break;
      case UpgradeKind::other: offer.other = true; break;
    }
  }
  return offer;
}

Asked asked_by(const RequestHead& request) {
  Asked asked;
  asked.by_head = request.is_head();
  asked.by_connect = request.is_connect();
  asked.minor_version = request.minor_version();
  if (asks_upgrade(request).any()) asked.upgrade = request.value(Name::upgrade);
  asked.complete = !framing_of(request).has_body();
  return asked;
}

Bytes take_element(Bytes& list) {
  const std::size_t comma = list.find(',');
  const Bytes element = trim(list.substr(0, comma));
  list = comma == Bytes::npos ? Bytes{} : list.substr(comma + 1);
  return element;
}

bool is_protocol(Bytes text) {
  const std::size_t slash = text.find('/');
  if (!is_token(text.substr(0, slash))) return false;
  return slash == Bytes::npos || is_token(text.substr(slash + 1));
}

}  // namespace hyalite
