// What the plugins are asked about: a flow, an exchange. The flow room owns them, keeps them true
// and lends them to the chain. SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/plugin.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/seldom.h"
#include "http/message.h"
#include "plugin/decision.h"
#include "plugin/hook.h"
#include "plugin/message_interests.h"
#include "plugin/noted.h"
#include "plugin/question.h"
#include "sniff/client_hello.h"

// The ABI's handles. A plugin holds a pointer to one and knows nothing more.
struct hyalite_flow {};
struct hyalite_exchange {};

namespace hyalite {

// How the flow came to us, and what it turned out to speak: the ABI's values.
enum class ArrivedBy : std::uint32_t {
  unknown = HYALITE_ARRIVAL_UNKNOWN,
  transparent = HYALITE_ARRIVAL_TRANSPARENT,
  redirect = HYALITE_ARRIVAL_REDIRECT,
  fixed = HYALITE_ARRIVAL_FIXED,
};
enum class Protocol : std::uint32_t {
  pending = HYALITE_PROTOCOL_PENDING,
  unknown = HYALITE_PROTOCOL_UNKNOWN,
  http1 = HYALITE_PROTOCOL_HTTP1,
  tls = HYALITE_PROTOCOL_TLS,
  http2 = HYALITE_PROTOCOL_HTTP2,
};
enum class TunnelKind : std::uint32_t {
  connect = HYALITE_TUNNEL_CONNECT,
  websocket = HYALITE_TUNNEL_WEBSOCKET,
  upgrade = HYALITE_TUNNEL_UPGRADE,
};

struct Finding {
  std::string source;  // "hyalite", or an instance's name
  std::string name;    // a short fixed word
  std::string detail;
};

// At most kMost; what comes after that is counted, not kept.
class Findings {
 public:
  static constexpr std::size_t kMost = 32;
  // False when it was not kept.
  bool add(std::string_view source, std::string_view name, std::string_view detail);
  const std::vector<Finding>& all() const { return kept_->all; }
  std::uint64_t dropped() const { return kept_->dropped; }

 private:
  struct Kept {
    std::vector<Finding> all;
    std::uint64_t dropped = 0;
  };
  Seldom<Kept> kept_;
};

// Instances by their place in the chain; a chain has at most kMostInstances.
using InstanceSet = std::uint64_t;
inline constexpr std::size_t kMostInstances = 64;

class Instance;
class InstanceHost;

// Who is being asked right now, and what it recorded: for the host's functions, which a plugin
// calls inside its hook.
struct Running {
  const Instance* instance = nullptr;  // null: no hook is running
  std::uint32_t index = 0;             // its place in the chain
  Hook hook = Hook::flow_open;
  Seldom<Decision> proposed;  // counts when the hook answers FINAL
  WaitingPlace place;         // where a pause goes
};

// What the chain remembers with a subject while it lives. Only the chain, the pipes and the host
// write here.
struct ChainNotes {
  char* states = nullptr;       // all instances' states, one block of the arena
  InstanceSet states_made = 0;  // whose init succeeded
  InstanceSet left_out = 0;     // said IGNORE, or failed open
};

// Another upstream, by a plugin's will.
struct Redirection {
  Address to;
  std::string by;
};

struct BodyOptions {
  std::uint32_t mode = HYALITE_BODY_NONE;
  std::uint32_t flags = 0;
  std::uint32_t overflow = HYALITE_OVERFLOW_DEGRADE;
  std::uint64_t cap = 0;
  std::uint32_t keep_max = 0;
};

struct FlowFacts {
  std::uint64_t id = 0;
  std::uint32_t worker = 0;
  WallTime opened_at{};  // for records
  Monotonic opened{};    // the same moment, from which its duration is measured
  ClientAddress client;
  OriginalDestination destination;
  ArrivedBy arrived_by = ArrivedBy::unknown;
  std::string_view listener;  // outlives the flow
};

class FlowSubject : public hyalite_flow {
 public:
  explicit FlowSubject(const FlowFacts& facts);
  FlowSubject(const FlowSubject&) = delete;
  FlowSubject& operator=(const FlowSubject&) = delete;

  // ---- kept true by the flow room
  void set_protocol(Protocol protocol) { info_.protocol = static_cast<std::uint32_t>(protocol); }
  // Lent until the flow's end. Also gives the flow its server name, when the kind is host.
  void set_client_hello(const ClientHello& hello);
  // Lent until the flow's end, or until it is set again.
  void set_tls(hyalite_side side, const hyalite_tls_info* info) { tls_.touch().sides[side] = info; }
  void set_fingerprints(std::string_view ja3, std::string_view ja4) { tls_.touch().ja3 = ja3, tls_.touch().ja4 = ja4; }
  // From here on its requests are https.
  void set_secure() { secure_ = true; }
  void set_connected() { connected_ = true; }  // redirects are too late from here on
  void goes_there() { elsewhere_ = false; }    // a connection is made to where it goes
  Waker* waker = nullptr;  // told when a pause of this flow, or of one of its exchanges, is over
  Findings findings;
  MessageInterests message_interests;  // once it is a WebSocket

  // ---- read by the flow room
  std::uint64_t id() const { return info_.id; }
  const Decision& decision() const { return *decision_; }
  // Where to connect: the original destination, unless a plugin redirected the flow.
  Address upstream() const { return redirect_ ? redirect_->to : destination_; }
  std::optional<Address> redirect() const { return redirect_ ? std::optional(redirect_->to) : std::nullopt; }
  // Was it redirected since a connection was made?
  bool goes_elsewhere() const { return elsewhere_; }
  // Who redirected.
  const std::string& redirected_by() const { return redirect_->by; }
  std::string_view server_name() const { return {info_.server_name.data, info_.server_name.size}; }
  const PausePoint& pause(Lane lane) const { return standstills.pause(lane); }
  // May what waited in this lane go on, and is it this hook that waited?
  bool ready(Lane lane, Hook hook) {
    const Standstill* at = standstills.find(lane);
    return at != nullptr && at->pause.ready() && at->question.hook == hook;
  }
  // Does any instance want to see the raw bytes of this direction?
  bool wants_stream(Direction direction) const;
  // Does any instance want to see messages, either way?
  bool wants_messages() const { return message_interests.any(notes.left_out); }

  // ---- for the plugin room
  const hyalite_flow_info& info() const { return info_; }
  const hyalite_client_hello* client_hello_view() const { return tls_->hello; }
  const hyalite_tls_info* tls(hyalite_side side) const { return side < 2 ? tls_->sides[side] : nullptr; }
  std::string_view ja3() const { return tls_->ja3; }
  std::string_view ja4() const { return tls_->ja4; }
  bool secure() const { return secure_; }
  Arena& arena() { return arena_; }
  ChainNotes notes;
  Noted noted;
  Running running;  // also while an exchange's hook runs
  Standstills standstills;
  void decide(Decision decision) { decision_.touch() = std::move(decision); }
  bool connected() const { return connected_; }
  void redirect_to(const Address& to, std::string_view by);
  std::span<BodyOptions> stream_interests(Direction direction) {
    return stream_interests_->of[static_cast<std::size_t>(direction)];
  }
  void make_stream_interests(std::size_t instances);
  // No plugin will be asked about it any more, and what they saw of it is painted.
  void bury();

 private:
  Arena arena_;
  hyalite_flow_info info_{};
  struct Tls {
    const hyalite_client_hello* hello = nullptr;
    const hyalite_tls_info* sides[2] = {nullptr, nullptr};
    std::string_view ja3, ja4;
  };
  // By direction and instance, in the arena; empty until somebody declares one.
  struct StreamInterests {
    std::span<BodyOptions> of[2];
  };
  Seldom<Tls> tls_;
  Seldom<Redirection> redirect_;
  Seldom<Decision> decision_;
  Seldom<StreamInterests> stream_interests_;
  OriginalDestination destination_;
  bool secure_ = false;
  bool connected_ = false;
  bool elsewhere_ = false;
};

class ExchangeSubject : public hyalite_exchange {
 public:
  // `number` counts the exchanges of the flow, from 1. The arena is where edits go: the one the
  // heads were made with.
  ExchangeSubject(FlowSubject& flow, std::uint64_t number, Arena& arena);
  ExchangeSubject(const ExchangeSubject&) = delete;
  ExchangeSubject& operator=(const ExchangeSubject&) = delete;

  // ---- kept true by the flow room: null until there is one, lent until the exchange's end
  RequestHead* request = nullptr;
  ResponseHead* response = nullptr;
  ResponseHead* info = nullptr;  // the interim response of this moment
  Trailers* request_trailers = nullptr;
  Trailers* response_trailers = nullptr;
  bool request_sent = false;  // a byte of it went upstream: redirects are too late
  bool response_started =
      false;  // the client has a byte of the final response: respond is too late
  Findings findings;
  MessageInterests message_interests;  // should it become a WebSocket

  // ---- read by the flow room
  FlowSubject& flow() const { return flow_; }
  const Decision& decision() const { return *decision_; }
  // Where this request goes.
  Address upstream() const { return redirect_ ? redirect_->to : flow_.upstream(); }
  std::optional<Address> redirect() const { return redirect_ ? std::optional(redirect_->to) : std::nullopt; }
  const std::string& redirected_by() const { return redirect_->by; }
  bool info_dropped() const { return info_dropped_; }  // after response_info
  const PausePoint& pause(Lane lane) const { return standstills.pause(lane); }
  // Is the trailers hook to be called even if the message has no trailers?
  bool wants_trailers(Direction direction) const;

  // ---- for the plugin room
  std::uint64_t number() const { return number_; }
  Arena& arena() { return arena_; }
  ChainNotes notes;
  Standstills standstills;
  std::uint32_t edits = 0;    // by plugins so far; bounded by kMostEdits
  InstanceSet request_editors = 0;  // who edited the request's head
  std::vector<std::pair<const InstanceHost*, Ref>> asked_for;  // given up when the exchange ends; at most kMostAskedFor
  static constexpr std::size_t kMostAskedFor = 64;
  Noted noted;
  bool peeking = false;       // ... or with PEEK: it may say what it needs of the rest
  bool head_is_held = false;  // a body hook with FULL is running: the head may be edited
  static constexpr std::uint32_t kMostEdits = 4096;
  void decide(Decision decision) { decision_.touch() = std::move(decision); }
  void redirect_to(const Address& to, std::string_view by) { redirect_.touch() = {to, std::string(by)}; }
  void drop_info(bool drop) { info_dropped_ = drop; }
  std::span<BodyOptions> interests(Direction direction) {
    return interests_[static_cast<std::size_t>(direction)];
  }
  void make_interests(std::size_t instances);

 private:
  FlowSubject& flow_;
  std::uint64_t number_;
  Arena& arena_;
  Seldom<Decision> decision_;
  Seldom<Redirection> redirect_;
  bool info_dropped_ = false;
  std::span<BodyOptions>
      interests_[2];  // by instance, in the arena; empty until somebody declares one
};

}  // namespace hyalite
