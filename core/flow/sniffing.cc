// Stage: which protocol is it?
// SPDX-License-Identifier: MIT
#include "flow/sniffing.h"

#include <string>

#include "flow/connect_failure.h"

namespace hyalite {

Sniffing::Sniffing(const SniffingLimits& limits, const Clock& clock)
    : limits_(limits), clock_(clock), sniffer_(limits.bytes), started_(clock.now()) {}

Outcome Sniffing::on_start(bool upstream_connected, Effects& effects) {
  if (upstream_connected) {
    upstream_ = Upstream::connected;
  } else if (limits_.server_first) {
    upstream_ = Upstream::connecting;
    effects.connect();
  }
  return Stay{};
}

Taken Sniffing::on_bytes(Side from, Bytes bytes, Effects&) {
  return from == Side::client ? of_client(bytes) : of_upstream(bytes);
}

// The bytes stay unread: the next stage wants them all.
Taken Sniffing::of_client(Bytes bytes) {
  if (!first_byte_) first_byte_ = clock_.now();
  switch (sniffer_.sniff(bytes)) {
    case ClientSpeaks::need_more: return {};
    case ClientSpeaks::tls: return {0, Sniffed{Sniffed::Found::tls}};
    case ClientSpeaks::http1: return {0, Sniffed{Sniffed::Found::http1}};
    case ClientSpeaks::http2_preface: return {0, Sniffed{Sniffed::Found::http2_preface}};
    case ClientSpeaks::other: break;
  }
  return {0, Sniffed{Sniffed::Found::other}};
}

// A server that begins like an HTTP response answers nothing that was asked: the HTTP stage will refuse it.
Taken Sniffing::of_upstream(Bytes bytes) {
  switch (sniff_server(bytes)) {
    case ServerSpeaks::need_more: return {};
    case ServerSpeaks::http1: return {0, Sniffed{Sniffed::Found::http1}};
    case ServerSpeaks::other: break;
  }
  return {0, Sniffed{Sniffed::Found::server_first}};
}

Outcome Sniffing::on_end(Side from, Bytes left, Effects&) {
  if (from == Side::upstream) {
    if (left.empty()) return Close{CloseReason::upstream_left};
    return Sniffed{Sniffed::Found::server_first};
  }
  // Nothing said and nothing more to say: a server may still answer to that (RFC 867, daytime).
  // Nor is what it said a request, unless it is one when its line ends here.
  const bool request = sniffer_.sniff(std::string(left) + '\n') == ClientSpeaks::http1;
  return Sniffed{request ? Sniffed::Found::http1 : Sniffed::Found::other};
}

Outcome Sniffing::undecided() const {
  if (limits_.pass_undecided) return Sniffed{Sniffed::Found::other};
  return Close{CloseReason::undecided, Ending::reset};
}

Outcome Sniffing::on_connected(Effects&) {
  upstream_ = Upstream::connected;
  return Stay{};
}

Outcome Sniffing::on_connect_failed(ConnectFailure failure, Effects&) { return mirrored(failure); }

Outcome Sniffing::on_deadline(Effects& effects) {
  if (first_byte_) return undecided();
  if (upstream_ == Upstream::none) {
    upstream_ = Upstream::connecting;
    effects.connect();
    return Stay{};
  }
  return Close{CloseReason::idle_timed_out};
}

Outcome Sniffing::on_broken(Side side, Effects&) { return broken(side); }

bool Sniffing::wants(Side side) const { return side == Side::client || upstream_ == Upstream::connected; }

std::optional<Monotonic> Sniffing::deadline() const {
  if (first_byte_) return *first_byte_ + limits_.undecided;
  if (upstream_ == Upstream::none) return started_ + limits_.silence;
  return started_ + limits_.idle;
}

}  // namespace hyalite
