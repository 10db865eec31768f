// What a plugin may have under way: pauses, timers, work.
// SPDX-License-Identifier: MIT
#include "plugin/host_objects.h"

namespace hyalite {

namespace {

hyalite_status pause(FlowSubject& flow, bool of_exchange, const hyalite_pause_options* options, hyalite_ref* out) {
  const Running& running = flow.running;
  const WaitingPlace& place = running.place;
  if (running.instance == nullptr || place.of == nullptr || place.of->pause(place.lane).paused()) return HYALITE_E_LATE;
  const hyalite_async_hooks& hooks = running.instance->hooks().async;
  const bool is_heard = of_exchange ? hooks.resume_exchange != nullptr : hooks.resume_flow != nullptr;
  hyalite_pause_options asked{};
  if (const auto status = read_struct(options, asked); status != HYALITE_OK) return status;
  if (!is_heard || out == nullptr || asked.within <= 0) return HYALITE_E_INVALID;
  if (asked.on_deadline > HYALITE_DEADLINE_ASKS) return HYALITE_E_UNSUPPORTED;
  HostServices& services = running.instance->services();
  if (!services.async.is_open()) return HYALITE_E_LATE;
  const std::chrono::nanoseconds within(asked.within);
  if (within > services.limits.longest_pause) return HYALITE_E_LIMIT;
  if (services.held_body_bytes + services.window_would_hold > services.limits.held_bodies_bytes) return HYALITE_E_LIMIT;
  const auto before = services.async.next();
  const Monotonic until = services.async.now() + within;
  Standstill& standstill = place.of->at(place.lane);
  const Ref ref = services.async.pauses.begin(&running.instance->host(), standstill.pause, until, flow.waker);
  if (ref == 0) return HYALITE_E_LIMIT;
  standstill.question.hook = running.hook;
  standstill.asks_at_deadline = asked.on_deadline == HYALITE_DEADLINE_ASKS;
  if (!before || until < *before) services.async.wake();
  *out = ref;
  return HYALITE_OK;
}

// Only what the hook is about can wait: in an exchange's hook the exchange, in a flow's the flow.
bool is_of_exchange(Hook hook) {
  return hook >= Hook::request_head && hook <= Hook::exchange_end;
}

hyalite_status pause_flow(hyalite_flow* object, const hyalite_pause_options* options, hyalite_ref* out) {
  FlowSubject& flow = subject(object);
  if (is_of_exchange(flow.running.hook)) return HYALITE_E_LATE;
  return pause(flow, false, options, out);
}

hyalite_status pause_exchange(hyalite_exchange* object, const hyalite_pause_options* options, hyalite_ref* out) {
  FlowSubject& flow = subject(object).flow();
  if (!is_of_exchange(flow.running.hook)) return HYALITE_E_LATE;
  return pause(flow, true, options, out);
}

hyalite_status resume(const hyalite_host* host, hyalite_ref ref) {
  InstanceHost& instance = InstanceHost::of(host);
  Async& async = instance.services().async;
  const auto status = async.pauses.resume(&instance, ref);
  if (status == HYALITE_OK) async.wake();
  return status;
}

// ---- what ends with a call

constexpr std::chrono::nanoseconds kShortestPeriod = Milliseconds{1};

hyalite_status timer(const hyalite_host* host, std::int64_t after, std::int64_t period, hyalite_done done, void* user,
                     hyalite_ref* out) {
  InstanceHost& instance = InstanceHost::of(host);
  Async& async = instance.services().async;
  if (!async.is_open()) return HYALITE_E_LATE;
  const std::chrono::nanoseconds every(period), first(after);
  constexpr std::chrono::nanoseconds kLongest = std::chrono::hours{24 * 365};
  if (done == nullptr || out == nullptr || after < 0 || period < 0 || first > kLongest || every > kLongest) return HYALITE_E_INVALID;
  if (period > 0 && every < kShortestPeriod) return HYALITE_E_INVALID;
  const auto before = async.next();
  const Monotonic due = async.now() + first;
  const Ref ref = async.timers.add(instance, due, every, done, user);
  if (ref == 0) return HYALITE_E_LIMIT;
  if (!before || due < *before) async.wake();
  *out = ref;
  return HYALITE_OK;
}

hyalite_status post(const hyalite_host* host, hyalite_done done, void* user) {
  InstanceHost& instance = InstanceHost::of(host);
  Async& async = instance.services().async;
  if (done == nullptr) return HYALITE_E_INVALID;
  if (!async.is_open()) return HYALITE_E_LATE;
  return async.errands.post(owed(instance, Hook::posted, done, 0, user, HYALITE_OK)) ? HYALITE_OK : HYALITE_E_LIMIT;
}

hyalite_status work(const hyalite_host* host, hyalite_run run, hyalite_done done, void* user, hyalite_ref* out) {
  InstanceHost& instance = InstanceHost::of(host);
  Async& async = instance.services().async;
  if (run == nullptr || done == nullptr || out == nullptr) return HYALITE_E_INVALID;
  if (!async.is_open()) return HYALITE_E_LATE;
  *out = async.work.add(instance, run, done, user);
  return *out != 0 ? HYALITE_OK : HYALITE_E_LIMIT;
}

hyalite_status cancel(const hyalite_host* host, hyalite_ref ref) {
  InstanceHost& instance = InstanceHost::of(host);
  return instance.services().async.end(instance, ref, HYALITE_E_CANCELLED) ? HYALITE_OK : HYALITE_E_STALE;
}

}  // namespace

const hyalite_host_async* async_table() {
  static constexpr hyalite_host_async kTable{sizeof(hyalite_host_async), 0, &pause_flow, &pause_exchange, &resume, &timer, &post, &work, &cancel};
  return &kTable;
}

}  // namespace hyalite
