// May a connection to an upstream serve a later client when this one needs it no more? What was seen on it decides.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "http/framing.h"
#include "http/message.h"

namespace hyalite {

// Why not. The order is the order of the counters; explained in docs/operating.md.
enum class NotKept : std::uint8_t {
  not_persistent,  // upstream closes it: it says so, speaks HTTP/1.0, or ends its answer by closing
  unfinished,      // a request or a response did not pass to its end
  answered_early,  // upstream answered before it had the whole request
  suspect,         // something was refused, is a finding, or is a body where none is expected
  authentication,  // of a kind that holds for the connection, or might
  tunnel,          // CONNECT, or an offer to switch to another protocol
  not_at_rest,     // more came, or not all was sent
  own_address,     // it could not be made from the client's address
  draining,        // a newer generation serves
  count_
};
inline constexpr std::size_t kNotKept = static_cast<std::size_t>(NotKept::count_);
std::string_view name_of(NotKept why);

// Why one that was kept is closed before anybody took it.
enum class IdleEnd {
  expired,          // nobody needed it for upstream.reuse.idle
  evicted,          // others needed its place, or its descriptor
  upstream_closed,
  upstream_spoke,   // without being asked: perhaps the answer to a request that nobody saw
  drained,          // a newer generation serves
  count_
};
inline constexpr std::size_t kIdleEnds = static_cast<std::size_t>(IdleEnd::count_);
std::string_view name_of(IdleEnd why);

// Of one flow: of each of its upstream connections, one after the other. When in doubt it is not kept: what is left on it would be
// the answer to somebody else's request.
class Keeping {
 public:
  // `possible`: the settings want it, and the connections are of this flow alone and without TLS.
  explicit Keeping(bool possible) : possible_(possible) {}

  // ---- what happens
  void connected() { *this = Keeping(possible_); }
  // By an earlier flow; from here on it is as good as any, once it answers.
  void found_kept() { connected(), unproven_ = possible_; }
  // The head as it is sent; `suspicious`: there is a finding about it.
  void asks(const RequestHead& sent, bool has_body, bool suspicious);
  // The final head as it came; `asked`: the whole request was sent before.
  void answers(const ResponseHead& head, const Framing& framing, bool asked);
  // The response is whole, and so is the request.
  void completes() { under_way_ = false; }
  void refuses() { note(NotKept::suspect); }

  // ---- what follows
  // May this request go on a connection that was kept? Only if it can be sent a second time (RFC 9110, section 9.2.2), and a
  // connection shared with others is of no consequence to it.
  bool may_take(const RequestHead& request, bool has_body, bool suspicious) const;
  // Nothing speaks against keeping it when the exchange under way is over.
  bool is_hopeful() const { return possible_ && !against_; }
  // Nothing: it may be kept now, or it is not for us to say.
  std::optional<NotKept> against() const;
  bool may_be_kept() const { return is_hopeful() && !under_way_; }
  // It was kept by an earlier flow, and nothing came on it since.
  bool is_unproven() const { return unproven_; }

 private:
  void note(NotKept why) {
    if (!against_) against_ = why;
  }

  bool possible_;
  bool unproven_ = false;
  bool under_way_ = false;
  std::optional<NotKept> against_;  // the first reason
};

}  // namespace hyalite
