// Questions of a plugin's to services.
// SPDX-License-Identifier: MIT
#include "http/reader.h"
#include "plugin/host_objects.h"

namespace hyalite {

namespace {

constexpr std::size_t kMostFetchHeaders = 128;

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
  if (!services.async.is_open()) return HYALITE_E_LATE;
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

}  // namespace

const hyalite_host_fetch* fetch_table() {
  static constexpr hyalite_host_fetch kTable{sizeof(hyalite_host_fetch), 0, &fetch};
  return &kTable;
}

}  // namespace hyalite
