// One call into a plugin: noted while it lasts, judged when it is over.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "plugin/chain.h"
#include "plugin/validation.h"

namespace hyalite {

// Around every call: the worker's slot, the subject's note of who is asked, the counters, the time.
class CallFrame {
 public:
  CallFrame(HostServices& services, const Instance& instance, std::uint32_t index, Hook hook,
            FlowSubject* flow, ExchangeSubject* exchange = nullptr)
      : services_(services), instance_(instance), flow_(flow), hook_(hook), began_ns_(coarse_now_ns()) {
    if (instance.validates())
      lent_.emplace(Lent{&instance, hook, flow, exchange, services.window});
    if (CallSlot* slot = services_.slot) {
      slot->hook.store(static_cast<std::uint32_t>(hook), std::memory_order_relaxed);
      slot->since_ns.store(began_ns_, std::memory_order_relaxed);
      slot->flow.store(flow == nullptr ? 0 : flow->id(), std::memory_order_relaxed);
      slot->instance.store(index + 1, std::memory_order_relaxed);
    }
    if (services_.history != nullptr)
      services_.history->add_call(index + 1, static_cast<std::uint32_t>(hook),
                                  flow == nullptr ? 0 : flow->id());
    if (flow_ != nullptr) begin(flow_->running, index);
    instance.host().forget_words();
    instance.host().count(InstanceCount::calls);
  }
  CallFrame(const CallFrame&) = delete;
  CallFrame& operator=(const CallFrame&) = delete;
  ~CallFrame() {
    if (services_.slot != nullptr) services_.slot->instance.store(0, std::memory_order_relaxed);
    if (flow_ != nullptr) flow_->running.instance = nullptr;
    if (instance_.validates()) services_.views.bury();
    note_time(coarse_now_ns() - began_ns_);
  }

 private:
  void begin(Running& running, std::uint32_t index) {
    running.instance = &instance_;
    running.index = index;
    running.hook = hook_;
    running.proposed.reset();
  }
  void note_time(std::int64_t took_ns) {
    if (took_ns <= Nanoseconds(services_.limits.warn_after).count()) return;
    instance_.host().count(InstanceCount::slow);
    instance_.host().complain("plugin.slow", name(hook_),
                              std::to_string(took_ns / 1'000'000) + " ms");
  }

  HostServices& services_;
  const Instance& instance_;
  FlowSubject* flow_;
  const Hook hook_;
  const std::int64_t began_ns_;
  std::optional<LentScope> lent_;  // of an instance whose calls are checked
};

template <class Ask>
Chain::Called Chain::call(Hook hook, const Entry& entry, FlowSubject& flow,
                          ExchangeSubject* exchange, const WaitingPlace& place, Ask&& ask) {
  Called called;
  const CallFrame frame(*services_, *entry.instance, entry.index, hook, &flow, exchange);
  flow.running.place = place;
  services_->views.begin_call();
  try {
    void* state = nullptr;
    if (make_states(entry, flow, exchange, state))
      called.verdict = ask(*entry.instance, state);
    else
      called.why = "its state could not be made";
  } catch (...) {
    called.kind = FaultKind::exception;
    called.why = "an exception";
  }
  // It took headers that are there for none, whatever it answers: what it decided is about another message.
  if (services_->views.refused() && called.verdict != HYALITE_ERROR) {
    called.verdict = HYALITE_ERROR;
    called.why = "it asked for more views of headers than one call may have";
  }
  return called;
}

template <class Ask>
Answer Chain::ask_one(Hook hook, const Entry& entry, FlowSubject& flow, ExchangeSubject* exchange,
                      const WaitingPlace& place, Ask&& ask) {
  const Called called = call(hook, entry, flow, exchange, place, ask);
  if (called.verdict == HYALITE_ERROR) return fail(hook, entry, flow, exchange, called.kind, called.why);
  return judge(hook, entry, flow, exchange, called.verdict);
}

template <class Do>
bool Chain::call_life(Hook hook, std::size_t index, Do&& what) {
  Instance& instance = *instances_[index];
  const CallFrame frame(*services_, instance, static_cast<std::uint32_t>(index), hook, nullptr);
  FaultKind kind = FaultKind::exception;
  std::string why = "an exception";
  try {
    const hyalite_status status = what(instance);
    if (status == HYALITE_OK) return true;
    kind = FaultKind::error;
    why = "status " + std::to_string(status);
  } catch (...) {
  }
  note_fault(hook, {&instance, static_cast<std::uint32_t>(index)}, kind, why);
  return false;
}

}  // namespace hyalite
