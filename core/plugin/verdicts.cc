// What becomes of a plugin's answer, and of its mistakes.
// SPDX-License-Identifier: MIT
#include <ctime>

#include "plugin/chain_call.h"
#include "plugin/quarantine.h"

namespace hyalite {

namespace {

// Is there still something that a plugin could decide?
bool can_decide(Hook hook) {
  switch (hook) {
    case Hook::request_end:
    case Hook::response_end:
    case Hook::exchange_end:
    case Hook::flow_close:
      return false;
    default:
      return true;
  }
}

ChainNotes& notes_of(FlowSubject& flow, ExchangeSubject* exchange) {
  return exchange != nullptr ? exchange->notes : flow.notes;
}

// What closes a subject whose plugin failed.
Decision closing(Hook hook, const ExchangeSubject* exchange) {
  Decision decision;
  decision.cause = Decision::Cause::failure;
  const bool can_answer =
      exchange != nullptr && !exchange->response_started && hook != Hook::tunnel_open;
  if (can_answer) {
    decision.what = Respond{
        503, {{"Content-Type", "text/plain"}}, "The proxy cannot inspect this exchange now.\n"};
  } else {
    decision.what = Reset{};
  }
  return decision;
}

void decide(FlowSubject& flow, ExchangeSubject* exchange, Decision decision) {
  if (exchange != nullptr)
    exchange->decide(std::move(decision));
  else
    flow.decide(std::move(decision));
}

}  // namespace

bool Chain::is_left_out(const Entry& entry, const FlowSubject& flow,
                        const ExchangeSubject* exchange) {
  InstanceSet left_out = flow.notes.left_out;
  if (exchange != nullptr) left_out |= exchange->notes.left_out;
  return (left_out >> entry.index & 1) != 0;
}

// Where it lets something wait it will never say more: that goes on.
void Chain::leave_out(const Entry& entry, FlowSubject& flow, ExchangeSubject* exchange) {
  notes_of(flow, exchange).left_out |= InstanceSet{1} << entry.index;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    Standstill* standstill = standstills_of(flow, exchange).find(static_cast<Lane>(lane));
    if (standstill == nullptr || !standstill->pause.paused() || standstill->by != entry.index) continue;
    services_->async.pauses.release(standstill->pause, HYALITE_E_CANCELLED);
    services_->async.wake();
  }
}

Answer Chain::judge(Hook hook, const Entry& entry, FlowSubject& flow, ExchangeSubject* exchange,
                    hyalite_verdict verdict) {
  Seldom<Decision>& proposed = flow.running.proposed;
  Standstill* standstill = flow.running.place.find();
  const bool pauses = standstill != nullptr && standstill->pause.paused();
  if (pauses != (verdict == HYALITE_PAUSE)) {
    return misuse(hook, entry, flow, exchange,
                  pauses ? "a pause without HYALITE_PAUSE" : "HYALITE_PAUSE without a pause");
  }
  if (proposed->made() != (verdict == HYALITE_FINAL)) {
    return misuse(
        hook, entry, flow, exchange,
        proposed->made() ? "a decision without HYALITE_FINAL" : "HYALITE_FINAL without a decision");
  }
  switch (verdict) {
    case HYALITE_CONTINUE:
      return Answer::go_on;
    case HYALITE_IGNORE:
      leave_out(entry, flow, exchange);
      return Answer::go_on;
    case HYALITE_FINAL:
      entry.instance->host().count(InstanceCount::decisions);
      decide(flow, exchange, std::move(proposed.touch()));
      return Answer::decided;
    case HYALITE_PAUSE:
      entry.instance->host().count(InstanceCount::pauses);
      standstill->by = entry.index;
      return Answer::paused;
    default:
      return misuse(hook, entry, flow, exchange, "the unknown verdict " + std::to_string(verdict));
  }
}

Answer Chain::misuse(Hook hook, const Entry& entry, FlowSubject& flow, ExchangeSubject* exchange,
                     std::string_view why) {
  entry.instance->host().count(InstanceCount::misuses);
  return fail(hook, entry, flow, exchange, FaultKind::misuse, why);
}

void Chain::note_fault(Hook hook, const Entry& entry, FaultKind kind, std::string_view why,
                       bool closes) {
  InstanceHost& host = entry.instance->host();
  host.count(InstanceCount::errors);
  // That a plugin is in quarantine was said once; nothing of it ran, and its real failures must stay in sight.
  if (stands_in(entry.instance->library())) return;
  const std::string words = host.take_words();
  if (!words.empty() && kind == FaultKind::error) why = words;
  // So the SDK's wrapper says it, which lets none through.
  if (words.starts_with("an exception left the plugin")) kind = FaultKind::exception;
  host.complain("plugin.failed", name(hook), why, closes ? LogLevel::error : LogLevel::warning);
  if (services_->history == nullptr) return;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  services_->history->add_fault(entry.index + 1, static_cast<std::uint32_t>(hook), kind, why,
                                std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec);
}

Answer Chain::fail(Hook hook, const Entry& entry, FlowSubject& flow, ExchangeSubject* exchange,
                   FaultKind kind, std::string_view why) {
  InstanceHost& host = entry.instance->host();
  end_wait(flow.running.place);
  const bool closes = entry.instance->policy() == FailurePolicy::closed && can_decide(hook);
  note_fault(hook, entry, kind, why, closes);
  if (!closes) {
    host.count(InstanceCount::left_out);
    leave_out(entry, flow, exchange);
    return Answer::go_on;
  }
  Decision decision = closing(hook, exchange);
  decision.decided_by = entry.instance->name();
  decision.reason = stands_in(entry.instance->library()) ? "the plugin is in quarantine"
                                                         : "the plugin failed in " + std::string(name(hook));
  decide(flow, exchange, std::move(decision));
  return Answer::decided;
}

// Whose edit it was cannot be told where there are several: all are named, and it is counted for the last of them.
bool Chain::blame_editors(ExchangeSubject& exchange, std::string_view why) {
  std::string names;
  Entry last{};
  for (std::size_t i = 0; i < instances_.size(); ++i) {
    if ((exchange.request_editors >> i & 1) == 0) continue;
    names += (names.empty() ? "" : ", ") + instances_[i]->name();
    last = {instances_[i].get(), static_cast<std::uint32_t>(i)};
  }
  if (last.instance == nullptr) return false;
  Decision decision;
  decision.cause = Decision::Cause::failure;
  decision.what = Reset{};
  decision.decided_by = last.instance->name();
  decision.reason = "as edited by " + names + " the request may not be sent: " + std::string(why);
  note_fault(Hook::request_head, last, FaultKind::misuse, decision.reason, true);
  exchange.decide(std::move(decision));
  return true;
}

// ---- states

bool Chain::make_states(const Entry& entry, FlowSubject& flow, ExchangeSubject* exchange,
                        void*& state) {
  const Instance& instance = *entry.instance;
  const hyalite_state_hooks& hooks = instance.hooks().state;
  const InstanceSet bit = InstanceSet{1} << entry.index;
  const auto make = [&](ChainNotes& notes, std::size_t size, std::size_t at, auto init) {
    state = size == 0 ? nullptr : notes.states + at;
    if ((notes.states_made & bit) != 0 || size == 0) return true;
    if (init != nullptr && init(instance.self(), state) != HYALITE_OK) return false;
    notes.states_made |= bit;
    return true;
  };
  if (!make(flow.notes, hooks.flow_size, instance.flow_state_at, hooks.flow_init)) return false;
  return exchange == nullptr || make(exchange->notes, hooks.exchange_size,
                                     instance.exchange_state_at, hooks.exchange_init);
}

void Chain::end_states(FlowSubject& flow, ExchangeSubject* exchange) {
  ChainNotes& notes = notes_of(flow, exchange);
  for (std::size_t i = 0; i < instances_.size(); ++i) {
    Instance& instance = *instances_[i];
    const auto& hooks = instance.hooks().state;
    const auto fini = exchange != nullptr ? hooks.exchange_fini : hooks.flow_fini;
    if ((notes.states_made >> i & 1) == 0 || fini == nullptr) continue;
    char* state =
        notes.states + (exchange != nullptr ? instance.exchange_state_at : instance.flow_state_at);
    call_life(exchange != nullptr ? Hook::exchange_end : Hook::flow_close, i, [&](Instance& self) {
      fini(self.self(), state);
      return HYALITE_OK;
    });
  }
  notes.states_made = 0;
}

}  // namespace hyalite
