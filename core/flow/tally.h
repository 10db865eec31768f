// What the flows of one worker count.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "flow/keeping.h"
#include "flow/reason.h"
#include "http/refusal.h"
#include "metrics/board.h"
#include "metrics/layout.h"
#include "net/connector.h"
#include "net/listener.h"
#include "settings/settings.h"
#include "tls/facts.h"
#include "websocket/refusal.h"

namespace hyalite {

// Where the flow room's numbers are in every row.
struct TallyPlaces {
  // In the generation, before the board is made.
  static TallyPlaces declare(Layout& layout);

  Cell flows, flows_now, closed, uninspected, arrivals, not_served, exhausted, shed;
  Cell exchanges, findings, refused_requests, refused_responses, websockets, refused_frames;
  Cell tls_answers, tls_handshakes, tls_defects, tls_only_http2, tls_forbidden_names, tls_keys_logged, tls_keys_not_logged;
  Cell connects, connect_given_up, connect_unguarded, connect_unmarked, bytes;
  Cell upstream_kept, upstream_reused, upstream_idle, upstream_idle_closed, upstream_not_kept, upstream_retried;
};

// One worker's numbers. A counter is incremented in place: `++tally.exchanges`.
class Tally {
 public:
  Tally(const MetricRow& row, const TallyPlaces& places);

  void opened(ArrivalMode mode);
  void closed(CloseReason reason);
  void not_served(ArrivalRefusal why) { ++not_served_[static_cast<std::size_t>(why)]; }
  void uninspected(Uninspected why) { ++uninspected_[static_cast<std::size_t>(why)]; }
  void refused_request(Refusal why) { ++refused_requests_[static_cast<std::size_t>(why)]; }
  void refused_response(Refusal why) { ++refused_responses_[static_cast<std::size_t>(why)]; }
  void refused_frame(FrameRefusal why) { ++refused_frames_[static_cast<std::size_t>(why)]; }
  void connected(const ConnectResult& result);
  // A connection to an upstream waits for another flow from now on; it waits no longer, since one took it or since it is closed.
  void kept() { ++upstream_kept_, ++upstream_idle_; }
  void reused() { ++upstream_reused_, --upstream_idle_; }
  void closed_idle(IdleEnd why) { ++upstream_idle_closed_[static_cast<std::size_t>(why)], --upstream_idle_; }
  void not_kept(NotKept why) { ++upstream_not_kept_[static_cast<std::size_t>(why)]; }
  void tls_answer(TlsAction answer) { ++tls_answers_[static_cast<std::size_t>(answer)]; }
  // A handshake that is over, of an upstream or of a client.
  void shaken(bool upstream, const TlsFacts& facts);
  void moved(std::uint64_t from_client, std::uint64_t from_upstream);

  std::uint64_t& exchanges;
  std::uint64_t& findings;
  std::uint64_t& websockets;
  std::uint64_t& tls_only_http2;
  std::uint64_t& tls_forbidden_names;
  std::uint64_t& tls_keys_logged;
  std::uint64_t& tls_keys_not_logged;
  std::uint64_t& exhausted;
  std::uint64_t& shed;
  std::uint64_t& upstream_retried;

 private:
  std::uint64_t& flows_;
  std::uint64_t& flows_now_;
  std::uint64_t* arrivals_;
  std::uint64_t* closed_;
  std::uint64_t* not_served_;
  std::uint64_t* uninspected_;
  std::uint64_t* refused_requests_;
  std::uint64_t* refused_responses_;
  std::uint64_t* refused_frames_;
  std::uint64_t* tls_answers_;
  std::uint64_t* tls_handshakes_;
  std::uint64_t* tls_defects_;
  std::uint64_t* connects_;
  std::uint64_t* given_up_;
  std::uint64_t& unguarded_;
  std::uint64_t& unmarked_;
  std::uint64_t* bytes_;
  std::uint64_t& upstream_kept_;
  std::uint64_t& upstream_reused_;
  std::uint64_t& upstream_idle_;
  std::uint64_t* upstream_idle_closed_;
  std::uint64_t* upstream_not_kept_;
};

}  // namespace hyalite
