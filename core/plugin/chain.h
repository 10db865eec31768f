// The plugins in their order: runs a hook through them until one decides, or waits.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "metrics/board.h"
#include "plugin/body_pipe.h"
#include "plugin/call_slot.h"
#include "plugin/decision.h"
#include "plugin/hook.h"
#include "plugin/host.h"
#include "plugin/instance.h"
#include "plugin/library.h"
#include "plugin/message_pipe.h"
#include "plugin/subject.h"
#include "plugin/summary.h"

namespace hyalite {

// Made once, in the generation; used by each worker after the fork. Requests go through it in
// order, responses in reverse.
//
// A hook that nobody implements costs one test of a bit: `if (chain.wants(Hook::request_head))` is
// inside each call, and may be asked beforehand to save preparing for it. What a plugin does wrong
// (an unknown verdict, an exception, a decision without FINAL) is its failure, and its instance's
// policy decides: open leaves it out of the rest of the subject's life, closed is a decision (503
// where a response is still possible, else a reset). Nothing here throws.
//
// A plugin may pause in most hooks (may_pause() in question.h). Then the run stands still, in the subject's
// lane, and answers `paused`; what it was about must wait. When the plugin has resumed, or its deadline has come, the
// subject's waker is told: then resume() asks that plugin again, and those behind it for the first time. Whoever ends the
// subject instead ends the pause.
class Chain {
 public:
  // All instances were created, with these services; `libraries` are theirs.
  Chain(std::unique_ptr<HostServices> services, std::vector<std::unique_ptr<Library>> libraries,
        std::vector<std::unique_ptr<Instance>> instances);
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;
  ~Chain();

  bool wants(Hook hook) const { return (wanted_ >> static_cast<unsigned>(hook)) & 1; }
  bool empty() const { return instances_.empty(); }
  // Are the calls of any instance checked (validation.h)?
  bool validates() const { return validates_; }
  std::size_t size() const { return instances_.size(); }
  const Instance& at(std::size_t index) const { return *instances_[index]; }

  // ---- a worker's life: start first, stop last. `row` is of a board with the layout that the
  // chain was loaded with; `slot` and `history` (may be null) outlive the chain.
  Result<void> start(std::uint32_t worker, std::uint32_t workers, const MetricRow& row,
                     CallSlot* slot, CallHistory* history = nullptr);
  // What the plugins have under way: to be opened before start(), where there is a loop.
  Async& async() { return services_->async; }
  // On the loop, when the signal was given or async().next() has come: wakes what was paused, and tells plugins what came of
  // what they began.
  void deliver();
  void tick();    // about once a second
  void reopen();  // log files were moved away
  void drain();   // newer workers accept
  void stop();
  // Of bodies and messages, by all its pipes now.
  std::uint64_t held_body_bytes() const { return services_->held_body_bytes; }

  // ---- a flow: flow_open first, flow_close last and exactly once, whatever happened between
  // (states live from one to the other)
  Answer flow_open(FlowSubject& flow);
  Answer protocol_known(FlowSubject& flow);  // set_protocol() was called
  Answer client_hello(FlowSubject& flow);    // set_client_hello() was called
  // What was asked when that lane's pause began goes on. `paused`: still, or again.
  Answer resume(FlowSubject& flow, Lane lane) { return resume(flow, nullptr, lane); }
  Answer upstream_tls(FlowSubject& flow);    // set_tls() was called for the upstream
  Answer tls_done(FlowSubject& flow, hyalite_side side);  // set_tls() was called for that side
  Answer upstream_connect(
      FlowSubject& flow,
      const Address& to);  // go_on: connect to flow.upstream(), which may have changed
  void flow_close(FlowSubject& flow, const FlowSummary& summary);

  // ---- an exchange: exchange_open first, exchange_end last and exactly once
  void exchange_open(ExchangeSubject& exchange);
  Answer request_head(ExchangeSubject& exchange);
  Answer resume(ExchangeSubject& exchange, Lane lane) { return resume(exchange.flow(), &exchange, lane); }
  Answer request_trailers(ExchangeSubject& exchange);
  void request_end(ExchangeSubject& exchange);
  Answer response_info(ExchangeSubject& exchange);  // go_on: see info_dropped()
  Answer response_head(ExchangeSubject& exchange);
  Answer response_trailers(ExchangeSubject& exchange);
  void response_end(ExchangeSubject& exchange);
  Answer tunnel_open(ExchangeSubject& exchange, TunnelKind kind);
  void exchange_end(ExchangeSubject& exchange, const ExchangeSummary& summary);
  // What plugins made of the request's head may not be sent, `why` in a word: that is their failure, whatever their policy,
  // and decision() says whose. False: none of them edited it.
  bool blame_editors(ExchangeSubject& exchange, std::string_view why);

  // After the head's hooks: what the plugins asked for. Not for messages that have no body (RFC
  // 9112, section 6.3). The subject and the chain outlive the pipe.
  BodyPipe body(ExchangeSubject& exchange, Direction direction);
  BodyPipe stream(FlowSubject& flow, Direction direction);
  // Of a tunnel that is a WebSocket, when flow.wants_messages(). Likewise.
  MessagePipe messages(FlowSubject& flow, Direction direction);

  // Frees what the plugins hold: where memory is checked (tests, the checker), never in a worker.
  // The last call.
  void destroy();

 private:
  friend class BodyPipe::Works;
  friend class MessagePipe::Works;
  struct Entry {
    Instance* instance;
    std::uint32_t index;  // its place in the chain
  };

  // Onions: what goes back to the client, and what ends, passes the plugins in reverse.
  static bool runs_in_reverse(Hook hook) {
    return hook >= Hook::response_info && hook != Hook::tunnel_open && hook != Hook::data &&
           hook != Hook::ws_message;
  }
  void add(Hook hook);
  void place_states();
  const std::vector<Entry>& entries(Hook hook) const {
    return entries_[static_cast<std::size_t>(hook)];
  }
  const hyalite_headers* view_of(const Fields* fields);

  // ---- one call (chain_call.h). `ask` is given the instance and its state. `place`: where a pause goes.
  struct Called {
    hyalite_verdict verdict = HYALITE_ERROR;
    FaultKind kind = FaultKind::error;
    std::string_view why = "the plugin says so";
  };
  template <class Ask>
  Called call(Hook hook, const Entry& entry, FlowSubject& flow, ExchangeSubject* exchange,
              const WaitingPlace& place, Ask&& ask);
  template <class Ask>
  Answer ask_one(Hook hook, const Entry& entry, FlowSubject& flow, ExchangeSubject* exchange,
                 const WaitingPlace& place, Ask&& ask);
  // The plugins from place `from` of the hook's list on.
  Answer run(const Question& question, FlowSubject& flow, ExchangeSubject* exchange,
             std::size_t from = 0);
  hyalite_verdict put(const Question& question, const Instance& instance, FlowSubject& flow,
                      ExchangeSubject* exchange, void* state);

  // ---- after a pause (resuming.cc)
  Answer resume(FlowSubject& flow, ExchangeSubject* exchange, Lane lane);
  // Asks the one that paused what is to become of it.
  struct ShownAgain {
    hyalite_window* window = nullptr;  // a body's hook
    const hyalite_window_view* view = nullptr;
    const hyalite_ws_message* message = nullptr;  // ws_message
  };
  Answer hear(const Entry& entry, FlowSubject& flow, ExchangeSubject* exchange,
              const WaitingPlace& place, Direction direction, const ShownAgain& shown,
              hyalite_verdict& verdict);
  static Standstills& standstills_of(FlowSubject& flow, ExchangeSubject* exchange) {
    return exchange != nullptr ? exchange->standstills : flow.standstills;
  }
  void end_wait(const WaitingPlace& place);
  void end_waits(FlowSubject& flow, ExchangeSubject* exchange);
  void leave_out(const Entry& entry, FlowSubject& flow, ExchangeSubject* exchange);

  template <class Do>
  bool call_life(Hook hook, std::size_t index, Do&& what);
  void run_life(Hook hook, hyalite_status (*hyalite_descriptor::*member)(void*));

  // ---- its answer (verdicts.cc)
  static bool is_left_out(const Entry& entry, const FlowSubject& flow,
                          const ExchangeSubject* exchange);
  Answer judge(Hook hook, const Entry& entry, FlowSubject& flow, ExchangeSubject* exchange,
               hyalite_verdict verdict);
  Answer fail(Hook hook, const Entry& entry, FlowSubject& flow, ExchangeSubject* exchange,
              FaultKind kind, std::string_view why);
  void note_fault(Hook hook, const Entry& entry, FaultKind kind, std::string_view why,
                  bool closes = false);
  Answer misuse(Hook hook, const Entry& entry, FlowSubject& flow, ExchangeSubject* exchange,
                std::string_view why);
  // Before the first hook of an instance for a subject. False: it failed.
  bool make_states(const Entry& entry, FlowSubject& flow, ExchangeSubject* exchange, void*& state);
  void end_states(FlowSubject& flow, ExchangeSubject* exchange);

  std::unique_ptr<HostServices> services_;
  std::vector<std::unique_ptr<Library>> libraries_;
  std::vector<std::unique_ptr<Instance>> instances_;
  std::uint64_t wanted_ = 0;  // a bit for each Hook that any instance has
  std::array<std::vector<Entry>, kFlowHookCount> entries_;
  std::size_t flow_state_bytes_ = 0, exchange_state_bytes_ = 0;
  bool validates_ = false;
};

}  // namespace hyalite
