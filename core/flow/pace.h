// How long an exchange may take for what it is doing: whose silence counts, and since when.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "settings/settings.h"

namespace hyalite {

// For one exchange after the other of a connection. The time for which a plugin lets something wait is nobody's, nor is the time of
// connecting.
class Pace {
 public:
  // Both outlive it. The next request is awaited.
  Pace(const TimeoutSettings& timeouts, const Clock& clock)
      : timeouts_(timeouts), clock_(clock), awaited_since_(clock.now()), moved_(awaited_since_), request_since_(awaited_since_) {}

  // ---- what happens
  void await_request() { awaited_since_ = clock_.now(); }
  void byte_came() { moved_ = clock_.now(); }
  void byte_went() { moved_ = clock_.now(); }  // that had waited
  // Its head is whole: the average of its body counts from here.
  void request_began() { request_since_ = moved_; }
  void request_waits() { request_waits_since_ = clock_.now(); }
  void request_goes_on() {
    moved_ = clock_.now();
    if (request_waits_since_) request_since_ += moved_ - *request_waits_since_;
    request_waits_since_.reset();
  }
  void response_goes_on() { moved_ = clock_.now(); }
  void response_head_began() {
    if (!response_head_since_) response_head_since_ = moved_;
  }
  void response_head_is_whole() { response_head_since_.reset(); }

  bool response_head_came_in_part() const { return response_head_since_.has_value(); }
  // Since the request's head was whole, but for what plugins let wait.
  Nanoseconds since_request() const { return clock_.now() - request_since_; }

  // ---- until when
  Monotonic for_next_request() const { return awaited_since_ + timeouts_.keepalive_idle; }
  Monotonic for_request_head(Monotonic began) const { return began + timeouts_.head; }
  // `asked`: upstream has the whole request. Nothing: it need not hurry yet.
  std::optional<Monotonic> for_response_head(bool asked) const {
    if (response_head_since_) return *response_head_since_ + timeouts_.head;
    return asked ? std::optional(moved_ + timeouts_.response_head) : std::nullopt;
  }
  // `request_content`: what has come of the request's body, while more of it is to come.
  Monotonic for_bodies(std::optional<std::uint64_t> request_content) const {
    const Monotonic still = moved_ + timeouts_.body_idle;
    if (!request_content || timeouts_.minimum_body_rate_bytes == 0) return still;
    // The moment at which the average since the body began would fall below the rate.
    const Seconds earned(*request_content / timeouts_.minimum_body_rate_bytes);
    return std::min(still, request_since_ + std::max<Milliseconds>(timeouts_.body_rate_window, earned));
  }

 private:
  const TimeoutSettings& timeouts_;
  const Clock& clock_;
  Monotonic awaited_since_;                      // for a request
  Monotonic moved_;                              // any byte, either way
  Monotonic request_since_;                      // its head was whole
  std::optional<Monotonic> request_waits_since_;  // for a plugin, or to be connected
  std::optional<Monotonic> response_head_since_;  // while its head is not whole
};

}  // namespace hyalite
