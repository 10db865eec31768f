// One client connection on its way and back: moves the bytes, runs the stages.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "flow/leg.h"
#include "flow/needs.h"
#include "flow/ports.h"
#include "flow/stage.h"

namespace hyalite {

// Knows no socket: its ports do (ports.h). Never deletes itself: when it is over it says so to its owner, who sweeps it after the
// event.
class Flow final : private Waker {
 public:
  // `needs` outlives the flow. `ports` tell this flow, and nothing before begin(); they may be destroyed before it.
  Flow(const FlowNeeds& needs, FlowPorts& ports, std::unique_ptr<Transport> client, std::unique_ptr<FlowFile> file);
  ~Flow();
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;

  // Starts with `first`, what the route says of a new flow.
  void begin(std::unique_ptr<Stage> first);
  // A newer generation serves: the stage ends when nobody is hurt.
  void drain();
  // Closes both legs now, with a reset where something was under way.
  void end(CloseReason reason);

  bool closed() const { return closed_.has_value(); }
  // Why and how, once closed.
  CloseReason reason() const { return closed_->reason; }
  const Close& how_closed() const { return *closed_; }
  // All was said: it only waits until the client has heard it.
  bool closing() const { return closing_ && !closed(); }
  // When the patience of what it does now is over. Not once closed.
  std::optional<Monotonic> deadline() const;
  FlowFile& file() { return *file_; }
  const FlowFile& file() const { return *file_; }
  std::string_view stage_name() const { return closing_ ? "closing" : stage_ ? stage_->name() : "new"; }
  std::uint64_t bytes_from(Side from) const { return leg(from).bytes_read(); }
  // Bytes held for this flow: what its peers would not take, or what is not complete yet.
  std::size_t held() const { return client_.held() + upstream_.held() + (stage_ ? stage_->held() : 0); }
  // What that side said and no stage has taken.
  Bytes unread(Side from) const { return leg(from).unread().bytes; }

  // ---- for its ports
  void on_client_ready(Readiness ready);
  void on_upstream_ready(Readiness ready);
  void on_connected(std::unique_ptr<Transport> upstream, Readiness ready);
  void on_connect_failed(ConnectFailure failure);
  void on_timer();
  void on_turn() { run(); }

 private:
  struct Closing {
    Close how;
    Monotonic until;         // when to look again
    std::size_t left;        // that the client did not have at the last look
    Monotonic patience_end;  // unless some of it arrives
  };

  Leg& leg(Side side) { return side == Side::client ? client_ : upstream_; }
  const Leg& leg(Side side) const { return side == Side::client ? client_ : upstream_; }

  void on_wake() override;
  void on_leaf();

  void run();
  bool watch(Side side);
  void hang_up(Side side, Ending ending);
  void keep_upstream();
  void upstream_answered();
  bool flush(Side side);
  bool negotiate(Side side);
  bool take_from(Side side);
  bool take_now(Side side);
  bool pass(Side side);
  bool offer(Side side, const LegInput& input);
  bool linger();
  void await_delivery();
  // Nobody redirected it here.
  bool is_turned_away() const { return !file_->arrival; }
  void leave_upstream(Ending how = Ending::in_order);
  bool say_more(Side side);

  void send_out(bool last_of_client = false);
  void rewire();
  void act(Outcome&& outcome);
  void enter(std::unique_ptr<Stage> next);
  void connect(const Effects::Connect& wanted);
  void connect_to(const Target& target, const Effects::Connect& wanted);
  void secure(Side side);
  void secure_upstream();
  void secure_client();
  void fail_to_secure(Side side, std::string why);
  void on_negotiated(Side side);
  void give_up_reconnecting();
  std::optional<ConnectFailure> failure_of_reconnect() const;
  void close(const Close& how);
  bool leaves_nothing(const Close& how) const;
  void close_now(const Close& how);
  void rearm();

  const FlowNeeds& needs_;
  FlowPorts& ports_;
  std::unique_ptr<FlowFile> file_;
  Leg client_, upstream_;
  std::unique_ptr<Stage> stage_;
  std::unique_ptr<Effects::Connect> connect_waits_;  // a plugin waits before it says where, or whether
  std::unique_ptr<LeafOrder> order_;
  bool reconnecting_ = false;  // the stage waits for a connection, of which TLS is a part
  bool unanswered_ = false;    // nothing came from upstream yet
  std::optional<Monotonic> armed_;  // when on_timer() will be called
  bool client_lost_ = false;  // it takes no more bytes
  bool draining_ = false;     // every stage to come is told
  std::unique_ptr<Closing> closing_;
  std::optional<Close> closed_;
  // Moves whenever the stage may have changed its mind about bytes it left lying.
  unsigned epoch_ = 1;
  unsigned offered_[2] = {0, 0};
};

}  // namespace hyalite
