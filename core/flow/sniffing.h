// Stage: which protocol is it? Both directions are watched, since servers may speak first.
// SPDX-License-Identifier: MIT
#pragma once

#include "flow/stage.h"
#include "sniff/protocol.h"

namespace hyalite {

struct SniffingLimits {
  Milliseconds silence{50};      // a client silent for so long may be waiting for the server: connect upstream
  Milliseconds undecided{10'000};  // bytes that could still become HTTP or TLS are waited for so long
  Milliseconds idle{120'000};    // both sides silent
  std::size_t bytes = 16 * 1024;   // undecided bytes
  bool server_first = false;       // this port's servers are known to speak first: connect at once
  bool pass_undecided = false;     // what never told what it is passes as `other`, instead of being closed
};

class Sniffing final : public Stage {
 public:
  // `clock` outlives the stage.
  Sniffing(const SniffingLimits& limits, const Clock& clock);

  Outcome on_start(bool upstream_connected, Effects& effects) override;
  Taken on_bytes(Side from, Bytes bytes, Effects& effects) override;
  Outcome on_end(Side from, Bytes left, Effects& effects) override;
  Outcome on_connected(Effects& effects) override;
  Outcome on_connect_failed(ConnectFailure failure, Effects& effects) override;
  Outcome on_deadline(Effects& effects) override;
  Outcome on_broken(Side side, Effects& effects) override;
  bool wants(Side side) const override;
  std::optional<Monotonic> deadline() const override;
  std::string_view name() const override { return "sniffing"; }

 private:
  enum class Upstream { none, connecting, connected };
  Taken of_client(Bytes bytes);
  Taken of_upstream(Bytes bytes);
  Outcome undecided() const;

  const SniffingLimits limits_;
  const Clock& clock_;
  ClientSniffer sniffer_;
  Monotonic started_;
  std::optional<Monotonic> first_byte_;  // of the client
  Upstream upstream_ = Upstream::none;
};

}  // namespace hyalite
