// How a flow or an exchange ended, as it is told to plugins and written into records.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace hyalite {

enum class End {
  complete,
  client_gone,
  upstream_gone,
  upstream_unreachable,
  client_refused,
  upstream_refused,
  blocked,
  timed_out,
  stopped,
  limit,
  error,
};

using Nanoseconds = std::chrono::nanoseconds;

// Views are lent for the call. Who decided, and why, is taken from the subject.
struct FlowSummary {
  End end = End::complete;
  std::string_view reason;  // a short fixed word, e.g. "client.bad_chunk_size"; may be empty
  std::string_view
      bypass;  // why some of it passed uninspected, e.g. "tls"; empty: all of it was inspected
  std::uint64_t from_client = 0, to_client = 0, to_upstream = 0,
                from_upstream = 0;  // bytes on the wire
  std::uint64_t exchanges = 0;
  Nanoseconds duration{0};
};

struct ExchangeSummary {
  End end = End::complete;
  std::string_view reason;
  unsigned status = 0;           // what the client got; 0: no response
  unsigned upstream_status = 0;  // what upstream answered; 0: it was not asked, or did not
  std::uint64_t from_client = 0, to_upstream = 0;  // the request on the wire, bytes
  std::uint64_t from_upstream = 0, to_client = 0;  // the response on the wire
  std::uint64_t request_content = 0,
                response_content = 0;  // bodies as the client sent and got them, without framing
  WallTime started_at;                 // the request's first byte; the times below count from then
  Nanoseconds duration{0};
  std::optional<Nanoseconds> request_head, connected, request_sent, response_head;
};

}  // namespace hyalite
