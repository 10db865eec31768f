// What goes out and comes in over time: answers in a stream, connections to services.
// SPDX-License-Identifier: MIT
#include "plugin/host_answer.h"

namespace hyalite {

namespace {

hyalite_status write(const hyalite_host* host, hyalite_ref channel, hyalite_bytes bytes, std::uint32_t last) {
  InstanceHost& instance = InstanceHost::of(host);
  if (last > 1) return HYALITE_E_INVALID;
  Async& async = instance.services().async;
  const auto status = async.channels.write(instance, channel, view(bytes), last == 1);
  if (status == HYALITE_OK) async.wake();
  return status;
}

hyalite_status connect(const hyalite_host* host, const hyalite_connect* from, hyalite_channel_told told, void* user, hyalite_ref* out) {
  InstanceHost& instance = InstanceHost::of(host);
  Async& async = instance.services().async;
  hyalite_connect asked{};
  if (const auto status = read_struct(from, asked); status != HYALITE_OK) return status;
  if (told == nullptr || out == nullptr) return HYALITE_E_INVALID;
  if (!async.is_open()) return HYALITE_E_LATE;
  if (!async.channels.has(view(asked.service))) return HYALITE_E_MISSING;
  ExchangeSubject* exchange = asked.exchange == nullptr ? nullptr : &subject(asked.exchange);
  if (const auto status = may_ask_for(exchange); status != HYALITE_OK) return status;
  const Ref ref = async.channels.connect(instance, view(asked.service), told, user);
  if (ref == 0) return HYALITE_E_LIMIT;
  if (exchange != nullptr) exchange->asked_for.emplace_back(&instance, ref);
  *out = ref;
  return HYALITE_OK;
}

hyalite_status receive(const hyalite_host* host, hyalite_ref channel, std::uint32_t on) {
  InstanceHost& instance = InstanceHost::of(host);
  return on > 1 ? HYALITE_E_INVALID : instance.services().async.channels.receive(instance, channel, on == 1);
}

}  // namespace

const hyalite_host_channel* channel_table() {
  static constexpr hyalite_host_channel kTable{sizeof(hyalite_host_channel), 0, &respond_stream, &write, &connect, &receive};
  return &kTable;
}

}  // namespace hyalite
