// A gateway without sockets: a client and a server, and between them the stages that real flows run through.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "flow/inspecting.h"
#include "flow/sniffing.h"
#include "plugin/loader.h"
#include "tests/support/playbook.h"

namespace hyalite {

// What a worker has before its first flow. Made once, lent to many Calls, one at a time.
class Gateway final : private LoopSignal {
 public:
  // `outbound` (may be null) outlives it.
  explicit Gateway(const Settings& given = {}, const std::string& plugin_directory = {}, Outbound* outbound = nullptr);
  ~Gateway();

  std::unique_ptr<Stage> sniffing() const;
  std::unique_ptr<Stage> inspecting();
  std::unique_ptr<Stage> tunnelling() const;  // of what nobody could name
  // Forgets the last flow; counters begin at 0. `waker` is told what plugins let wait no longer.
  void renew(Waker& waker);
  void end_flow();
  // As a worker's loop does: tells who may go on. False when nobody may.
  bool deliver();
  void advance(Milliseconds by) { clock_.advance(by), signalled_ = true; }

  const Mistakes& mistakes() const { return load_.mistakes; }
  std::vector<Refusal> refused_requests() const { return counted(places_.refused_requests); }
  std::vector<Refusal> refused_responses() const { return counted(places_.refused_responses); }

 private:
  void signal() override { signalled_ = true; }
  std::vector<Refusal> counted(Cell first) const;

  ManualClock clock_;
  Layout layout_;
  TallyPlaces places_;
  Settings settings_;
  Log log_{LogLevel::error, [](std::string_view) {}};
  ChainLoad load_;
  FlowFacts facts_;
  std::vector<std::uint64_t> cells_;
  std::optional<Tally> tally_;
  std::optional<Bypass> bypass_;
  std::optional<FlowFile> file_;
  std::optional<InspectingNeeds> needs_;
  ExchangePool pool_{0};
  bool signalled_ = false;
};

// One connection through the gateway, from its first byte: sniffed, then inspected; what is no HTTP, untouched. Upstream is
// connected as soon as asked for.
class Call final : private Waker {
 public:
  enum class Now { sniffed, inspected, tunnelled, untouched, closed };

  explicit Call(Gateway& gateway);
  ~Call();

  // False when nobody is there to be heard: upstream is not connected, or all is over.
  bool say(Side side, Bytes bytes);
  // That side sends no more. Heard when the stage would read again, as with a socket.
  void end(Side side);
  void deadline();
  // Time goes by, for those whom plugins let wait.
  void wait(Milliseconds time);

  Now now() const { return now_; }
  // It was not taken for HTTP.
  bool was_untouched() const { return was_untouched_; }
  const std::string& received(Side side) const { return received_[index_of(side)]; }
  // Once closed, and once the tunnel is open: the outcome.
  const Outcome& outcome() const { return talk_->outcome(); }
  const Close* closed() const { return talk_->said<Close>(); }
  // Not taken by any stage.
  const std::string& unread(Side side) const { return talk_->unread(side); }

 private:
  void on_wake() override { talk_->resumed(); }
  void follow();
  void collect();
  void enter(Now now, std::unique_ptr<Stage> stage);
  void connect();
  bool hear_ends();

  Gateway& gateway_;
  std::optional<Playbook> talk_;
  Now now_ = Now::sniffed;
  std::string received_[2];
  bool connected_ = false, was_untouched_ = false;
  bool ends_[2] = {false, false}, heard_[2] = {false, false};
};

}  // namespace hyalite
