// Stages: a client is told that it is blocked, in TLS's own words or with a page inside of it.
// SPDX-License-Identifier: MIT
#pragma once

#include "flow/pages.h"
#include "flow/stage.h"
#include "flow/tls_file.h"

namespace hyalite {

// Alerts of RFC 8446, section 6.2, that we send before there is a handshake.
enum class Alert : char {
  handshake_failure = 40,
  access_denied = 49,
  decode_error = 50,
  internal_error = 80,
  unrecognized_name = 112,
  no_application_protocol = 120
};

// The answer to a ClientHello: a fatal alert, and the end.
class Alerting final : public Stage {
 public:
  Alerting(Alert alert, CloseReason reason) : alert_(alert), reason_(reason) {}

  Outcome on_start(bool, Effects& effects) override {
    // In a record of TLS 1.0, as every version reads it.
    effects.send_owned(Side::client, {'\x15', '\x03', '\x01', '\x00', '\x02', '\x02', static_cast<char>(alert_)});
    return end();
  }
  Taken on_bytes(Side, Bytes bytes, Effects&) override { return {bytes.size(), end()}; }
  Outcome on_end(Side, Bytes, Effects&) override { return end(); }
  Outcome on_connected(Effects&) override { return end(); }
  Outcome on_connect_failed(ConnectFailure, Effects&) override { return end(); }
  Outcome on_deadline(Effects&) override { return end(); }
  Outcome on_broken(Side, Effects&) override { return end(); }
  bool wants(Side) const override { return false; }
  std::string_view name() const override { return "alerting"; }

 private:
  Close end() const { return Close{reason_, Ending::in_order, Ending::in_order}; }

  Alert alert_;
  CloseReason reason_;
};

// Inside TLS: whatever the client asks for, it gets the page.
class Paging final : public Stage {
 public:
  Paging(PagePlan page, Milliseconds patience, const Clock& clock)
      : page_(std::move(page)), until_(clock.now() + patience) {}

  Outcome on_start(bool, Effects&) override { return Stay{}; }
  Taken on_bytes(Side from, Bytes bytes, Effects& effects) override {
    if (from == Side::upstream) return {bytes.size(), Stay{}};
    effects.send_owned(Side::client, error_page(page_.status, page_.sentence, page_.reference, bytes.starts_with("HEAD ")));
    return {bytes.size(), end()};
  }
  Outcome on_end(Side from, Bytes, Effects&) override { return from == Side::client ? Outcome{end()} : Outcome{Stay{}}; }
  Outcome on_connected(Effects&) override { return Stay{}; }
  Outcome on_connect_failed(ConnectFailure, Effects&) override { return Stay{}; }
  Outcome on_deadline(Effects&) override { return end(); }
  Outcome on_broken(Side side, Effects&) override { return side == Side::client ? Outcome{end()} : Outcome{Stay{}}; }
  bool wants(Side side) const override { return side == Side::client; }
  std::optional<Monotonic> deadline() const override { return until_; }
  std::string_view name() const override { return "paging"; }

 private:
  Close end() const { return Close{page_.reason, Ending::in_order, Ending::reset}; }

  PagePlan page_;
  Monotonic until_;
};

}  // namespace hyalite
