// What is asked of one plugin after the other, and where that stands still while one of them waits.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/address.h"
#include "base/seldom.h"
#include "plugin/hook.h"
#include "plugin/pauses.h"

namespace hyalite {

// A hook with what it is given beyond its subject.
struct Question {
  Hook hook = Hook::flow_open;
  Address to = {};                             // upstream_connect
  std::optional<Address> redirect_before = {};  // upstream_connect
  std::uint32_t kind = 0;                      // tunnel_open; tls_done: the side
  const void* summary = nullptr;               // flow_close, exchange_end: lent for the call
};

// What goes on by itself, so that each may stand still on its own: the way to upstream, what comes from the client, what
// goes back to it.
enum class Lane : std::size_t { request, response, upstream };
inline constexpr std::size_t kLanes = 3;

constexpr Lane lane_of(Hook hook, Direction direction = Direction::request) {
  switch (hook) {
    case Hook::upstream_connect:
      return Lane::upstream;
    case Hook::response_info:
    case Hook::response_head:
    case Hook::response_body:
    case Hook::response_trailers:
    case Hook::response_end:
    case Hook::tunnel_open:
      return Lane::response;
    case Hook::data:
    case Hook::ws_message:
      return direction == Direction::request ? Lane::request : Lane::response;
    default:
      return Lane::request;
  }
}

// May a plugin let the subject wait in this hook?
constexpr bool may_pause(Hook hook) {
  switch (hook) {
    case Hook::flow_open:
    case Hook::protocol:
    case Hook::client_hello:
    case Hook::upstream_tls:
    case Hook::tls_done:
    case Hook::upstream_connect:
    case Hook::request_head:
    case Hook::request_body:
    case Hook::request_trailers:
    case Hook::response_head:
    case Hook::response_body:
    case Hook::response_trailers:
    case Hook::data:
    case Hook::ws_message:
      return true;
    default:
      return false;
  }
}

// A run of the chain (or of a pipe) that waits for a plugin.
struct Standstill {
  PausePoint pause;
  Question question;
  std::size_t at = 0;              // of the plugin in the hook's list
  std::uint32_t by = 0;            // its place in the chain
  bool asks_at_deadline = false;   // else its failure policy decides then
};

// Those of a subject. None costs anything before something waits there for the first time.
class Standstills {
 public:
  const PausePoint& pause(Lane lane) const { return (*all_)[static_cast<std::size_t>(lane)].pause; }
  // Null: nothing ever waited here.
  Standstill* find(Lane lane) { return all_ ? &at(lane) : nullptr; }
  Standstill& at(Lane lane) { return all_.touch()[static_cast<std::size_t>(lane)]; }

 private:
  Seldom<std::array<Standstill, kLanes>> all_;
};

// Where a call may let its subject wait.
struct WaitingPlace {
  Standstills* of = nullptr;  // null: it may not
  Lane lane = Lane::request;

  Standstill* find() const { return of != nullptr ? of->find(lane) : nullptr; }
};

}  // namespace hyalite
