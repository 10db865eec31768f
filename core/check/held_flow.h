// One flow through the world: what a client and an upstream say, and what each gets. SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "check/world.h"
#include "flow/flow_file.h"
#include "flow/stage.h"

namespace hyalite {

// Plays the part of Flow without sockets: the same stages, by the same route. Upstream is connected as soon as that is
// asked for.
class HeldFlow final : private Waker {
 public:
  // `client`: who talks, by a number of its own.
  explicit HeldFlow(World& world, unsigned client = 1);
  // Ends the flow if nobody did.
  ~HeldFlow();
  HeldFlow(const HeldFlow&) = delete;
  HeldFlow& operator=(const HeldFlow&) = delete;

  // Nobody listens to a side that is not there or has ended.
  void say(Side side, Bytes bytes);
  void end(Side side);
  void breaks(Side side);
  void deadline();
  // The proxy ends it: it stops.
  void cut();

  std::uint64_t id() const { return file_.subject.id(); }
  // What that side got.
  const std::string& got(Side side) const { return got_[index_of(side)]; }
  bool connected() const { return connected_; }
  bool over() const { return closed_.has_value(); }
  // How it stands, in words: "open in inspecting", "closed (blocked), client reset".
  std::string fate() const;

 private:
  void on_wake() override;
  void settle();
  void run();
  bool offer(Side side);
  bool hear_end(Side side);
  void connect();
  void act(Outcome outcome);
  void enter(std::unique_ptr<Stage> next);
  void close(const Close& how);

  World& world_;
  FlowFile file_;
  std::unique_ptr<Stage> stage_;
  Effects effects_;
  std::string unread_[2], got_[2];
  std::uint64_t read_[2] = {0, 0};
  bool fresh_[2] = {false, false};
  bool ends_[2] = {false, false}, heard_[2] = {false, false}, told_end_[2] = {false, false};
  bool connected_ = false;
  std::optional<Effects::Connect> wanted_, connect_waits_;
  std::optional<Close> closed_;
};

}  // namespace hyalite
