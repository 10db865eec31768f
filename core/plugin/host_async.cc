// What a plugin may have under way: pauses, timers, work, questions to services.
// SPDX-License-Identifier: MIT
#include "http/reader.h"
#include "plugin/host_objects.h"

namespace hyalite {

namespace {

constexpr std::size_t kMostFetchHeaders = 128;

hyalite_status pause(FlowSubject& flow, bool of_exchange, const hyalite_pause_options* options, hyalite_ref* out) {
  const Running& running = flow.running;
  Standstill* standstill = running.standstill;
  if (running.instance == nullptr || standstill == nullptr || standstill->pause.paused()) return HYALITE_E_LATE;
  const hyalite_async_hooks& hooks = running.instance->hooks().async;
  const bool is_heard = of_exchange ? hooks.resume_exchange != nullptr : hooks.resume_flow != nullptr;
  hyalite_pause_options asked{};
  if (const auto status = read_struct(options, asked); status != HYALITE_OK) return status;
  if (!is_heard || out == nullptr || asked.within <= 0 || asked.on_deadline > HYALITE_DEADLINE_ASKS) return HYALITE_E_INVALID;
  HostServices& services = running.instance->services();
  if (!services.async.is_open()) return HYALITE_E_UNSUPPORTED;
  const std::chrono::nanoseconds within(asked.within);
  if (within > services.limits.longest_pause) return HYALITE_E_LIMIT;
  if (services.held_body_bytes + services.window_would_hold > services.limits.held_bodies_bytes) return HYALITE_E_LIMIT;
  const auto before = services.async.next();
  const Monotonic until = services.async.now() + within;
  const Ref ref = services.async.pauses.begin(&running.instance->host(), standstill->pause, until, flow.waker);
  if (ref == 0) return HYALITE_E_LIMIT;
  standstill->question.hook = running.hook;
  standstill->asks_at_deadline = asked.on_deadline == HYALITE_DEADLINE_ASKS;
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
  if (!async.is_open()) return HYALITE_E_UNSUPPORTED;
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
  if (!async.is_open()) return HYALITE_E_UNSUPPORTED;
  return async.errands.post(owed(instance, Hook::posted, done, 0, user, HYALITE_OK)) ? HYALITE_OK : HYALITE_E_LIMIT;
}

hyalite_status work(const hyalite_host* host, hyalite_run run, hyalite_done done, void* user, hyalite_ref* out) {
  InstanceHost& instance = InstanceHost::of(host);
  Async& async = instance.services().async;
  if (run == nullptr || done == nullptr || out == nullptr) return HYALITE_E_INVALID;
  if (!async.is_open()) return HYALITE_E_UNSUPPORTED;
  *out = async.work.add(instance, run, done, user);
  return *out != 0 ? HYALITE_OK : HYALITE_E_LIMIT;
}

// Would a server read just this request in it?
bool is_sound(const FetchRequest& request) {
  const std::string head = request.method + ' ' + request.target + " HTTP/1.1\r\nHost: h\r\n\r\n";
  RequestReader reader{HeadLimits{}};
  RequestHead read;
  const HeadProgress progress = reader.read(head, read);
  return progress.step == HeadProgress::Step::complete && progress.consumed == head.size() && request.target.substr(0, 1) == "/";
}

hyalite_status read_fetch(const hyalite_fetch& asked, std::size_t most, FetchRequest& out) {
  out.service = view(asked.service);
  out.method = asked.method.size == 0 ? "GET" : std::string(view(asked.method));
  out.target = view(asked.target);
  if (out.method == "CONNECT") return HYALITE_E_FORBIDDEN;
  if (asked.within < 0 || !is_sound(out)) return HYALITE_E_INVALID;
  if (asked.body.size > most || asked.header_count > kMostFetchHeaders) return HYALITE_E_LIMIT;
  for (std::size_t i = 0; i < asked.header_count; ++i) {
    const hyalite_field& field = asked.headers[i];
    if (const auto refused = check_field(view(field.name), view(field.value)))
      return *refused == EditRefusal::framing_field ? HYALITE_E_FORBIDDEN : HYALITE_E_INVALID;
    out.headers.emplace_back(view(field.name), view(field.value));
  }
  out.body = view(asked.body);
  out.within = std::chrono::nanoseconds(asked.within);
  return HYALITE_OK;
}

hyalite_status fetch(const hyalite_host* host, const hyalite_fetch* from, hyalite_fetch_done done, void* user, hyalite_ref* out) {
  InstanceHost& instance = InstanceHost::of(host);
  HostServices& services = instance.services();
  hyalite_fetch asked{};
  if (const auto status = read_struct(from, asked); status != HYALITE_OK) return status;
  if (done == nullptr || out == nullptr) return HYALITE_E_INVALID;
  if (!services.async.is_open()) return HYALITE_E_UNSUPPORTED;
  if (!services.async.fetches.has(view(asked.service))) return HYALITE_E_MISSING;
  FetchRequest request;
  if (const auto status = read_fetch(asked, services.limits.held_body_bytes, request); status != HYALITE_OK) return status;
  ExchangeSubject* exchange = asked.exchange == nullptr ? nullptr : &subject(asked.exchange);
  if (const auto status = may_ask_for(exchange); status != HYALITE_OK) return status;
  const Ref ref = services.async.fetches.add(instance, std::move(request), done, user);
  if (ref == 0) return HYALITE_E_LIMIT;
  if (exchange != nullptr) exchange->asked_for.emplace_back(&instance, ref);
  *out = ref;
  return HYALITE_OK;
}

hyalite_status cancel(const hyalite_host* host, hyalite_ref ref) {
  InstanceHost& instance = InstanceHost::of(host);
  return instance.services().async.end(instance, ref, HYALITE_E_CANCELLED) ? HYALITE_OK : HYALITE_E_STALE;
}

}  // namespace

const hyalite_host_async* async_table() {
  static constexpr hyalite_host_async kTable{sizeof(hyalite_host_async), 0,     &pause_flow, &pause_exchange, &resume, &timer, &post,
                                             &work,                      &fetch, &cancel};
  return &kTable;
}

}  // namespace hyalite
