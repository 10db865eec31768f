// Stage: bytes pass, both ways, with back-pressure and half-close.
// SPDX-License-Identifier: MIT
#include "flow/tunnelling.h"

#include "flow/connect_failure.h"

namespace hyalite {

Tunnelling::Tunnelling(Uninspected why, Milliseconds idle, const Clock& clock, std::unique_ptr<TunnelFilter> filter,
                       Upstream upstream)
    : why_(why),
      idle_(idle),
      clock_(clock),
      filter_(std::move(filter)),
      late_request_(why),
      upstream_(upstream),
      moved_(clock.now()) {}

Tunnelling::~Tunnelling() = default;

Outcome Tunnelling::on_start(bool upstream_connected, Effects& effects) {
  connected_ = upstream_connected && upstream_ == Upstream::as_it_is;
  if (upstream_connected && !connected_) effects.disconnect_upstream();
  if (!connected_) effects.connect();
  return Stay{};
}

Taken Tunnelling::on_bytes(Side from, Bytes bytes, Effects& effects) {
  moved_ = clock_.now();
  seen_[index_of(from)] += bytes.size();
  if (from == Side::upstream) {
    late_request_.server_spoke();
  } else if (late_request_.shows_in(bytes)) {
    return {bytes.size(), Close{CloseReason::request_refused, Ending::reset, Ending::reset}};
  }
  if (filter_) {
    Outcome outcome = filter_->filter(from, bytes, false, effects);
    return {bytes.size(), std::holds_alternative<Stay>(outcome) ? pass_end(effects) : outcome};
  }
  effects.send(other(from), bytes);
  return {bytes.size(), Stay{}};
}

std::uint64_t Tunnelling::passes_unseen(Side from) const {
  const bool looked_at = filter_ || (from == Side::client && late_request_.watches());
  return looked_at || seen_[index_of(from)] < kLong ? 0 : UINT64_MAX;
}

// A side that ended may still listen (RFC 9293, section 3.6): only when both ended is it over.
Outcome Tunnelling::on_end(Side from, Bytes, Effects& effects) {
  moved_ = clock_.now();
  if (filter_) {
    const Outcome outcome = filter_->filter(from, {}, true, effects);
    if (!std::holds_alternative<Stay>(outcome)) return outcome;
  }
  halves_[index_of(from)] = Half::ended;
  return pass_end(effects);
}

Outcome Tunnelling::pass_end(Effects& effects) {
  bool both = true;
  for (Side side : {Side::client, Side::upstream}) {
    Half& half = halves_[index_of(side)];
    if (half == Half::ended && !paused(side)) {
      effects.end(other(side));
      half = Half::passed_on;
    }
    both &= half == Half::passed_on;
  }
  return both ? Outcome{Close{CloseReason::finished}} : Outcome{Stay{}};
}

Outcome Tunnelling::on_resumed(Effects& effects) {
  if (!filter_) return Stay{};
  moved_ = clock_.now();
  Outcome outcome = filter_->resume(effects);
  return std::holds_alternative<Stay>(outcome) ? pass_end(effects) : outcome;
}

Outcome Tunnelling::on_connected(Effects&) {
  connected_ = true;
  moved_ = clock_.now();
  return Stay{};
}

Outcome Tunnelling::on_connect_failed(ConnectFailure failure, Effects&) { return mirrored(failure); }

Outcome Tunnelling::on_deadline(Effects&) {
  return Close{CloseReason::tunnel_timed_out, Ending::reset, Ending::reset};
}

Outcome Tunnelling::on_broken(Side side, Effects&) { return broken(side); }

}  // namespace hyalite
