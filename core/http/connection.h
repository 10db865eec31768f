// What a head says about the connection: may another message follow, does it become another protocol?
// SPDX-License-Identifier: MIT
#pragma once

#include "http/framing.h"
#include "http/message.h"

namespace hyalite {

// The options of all Connection fields that matter to us (RFC 9110, 7.6.1), and `close` of
// Proxy-Connection.
struct ConnectionOptions {
  bool close = false, keep_alive = false, upgrade = false;
};
ConnectionOptions connection_options(const Head& head);

// May another message follow on the connection, as far as this one says? (RFC 9112, section 9.3).
// `close` always wins.
bool keeps_alive(const RequestHead& head);
bool keeps_alive(const ResponseHead& head, const Framing& framing);

// The client waits for a 100 (Continue) before it sends the body (RFC 9110, 10.1.1): HTTP/1.1 with
// a body only.
bool expects_continue(const RequestHead& head);

// What an Upgrade field names: one of the two that we know, h2c in any of its drafts, or anything
// else. Of a 101 that check_framing() found well the whole value may be asked: what we know stands
// alone there.
enum class UpgradeKind : std::uint8_t { websocket, h2c, other };
UpgradeKind upgrade_kind(Bytes protocol);

// Protocols that the request offers to switch to (RFC 9110, 7.8): Upgrade, named in Connection, in
// HTTP/1.1.
struct UpgradeOffer {
  bool websocket = false, h2c = false, other = false;
  bool any() const { return websocket || h2c || other; }
};
UpgradeOffer asks_upgrade(const RequestHead& head);

// What the reader of a response must know of the request that it answers: of the request as it was
// sent upstream.
Asked asked_by(const RequestHead& request);

// The element in front of a list of the form `a, b`, trimmed, perhaps empty (RFC 9110, 5.6.1);
// takes it off the front.
Bytes take_element(Bytes& list);
// "websocket", "TLS/1.0": token [ "/" token ].
bool is_protocol(Bytes text);

}  // namespace hyalite
