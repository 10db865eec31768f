// Between the host and the plugin under check: the same interface on both sides.
// SPDX-License-Identifier: MIT
#include "check/layer.h"

#include <algorithm>
#include <cstring>

#include "check/host_side.h"
#include "check/newer.h"
#include "check/plugin_side.h"
#include "check/sides.h"

namespace hyalite {

bool inside_plugin() { return inside; }

struct Layer::Given {
  hyalite_host table{};
  const hyalite_host* real = nullptr;  // null: its instance is no more
  void* instance = nullptr;
};

Layer& Layer::get() {
  static Layer layer;
  return layer;
}

Layer& Layer::put_before(const hyalite_descriptor& real) {
  Layer& layer = get();
  layer.real_ = &real;
  hyalite_descriptor& mine = layer.descriptor_;
  std::memcpy(&mine, &real, std::min<std::size_t>(real.size, sizeof mine));
  mine.size = sizeof mine;
  mine.get_interface = &plugin_table;
  if (real.validate != nullptr)
    mine.validate = [](const hyalite_host* host) {
      Given& given = get().give(host);
      return call_plugin([&] { return get().real().validate(&given.table); });
    };
  mine.create = [](const hyalite_host* host, void** instance) {
    Given& given = get().give(host);
    const hyalite_status status = call_plugin([&] { return get().real().create(&given.table, instance); });
    if (status == HYALITE_OK) get().remember(*instance, given);
    return status;
  };
  if (real.start != nullptr)
    mine.start = [](void* instance, const hyalite_worker* worker) {
      get().refresh(instance);
      return call_plugin([&] { return get().real().start(instance, newer(worker)); });
    };
  if (real.tick != nullptr)
    mine.tick = [](void* instance) { return call_plugin([&] { return get().real().tick(instance); }); };
  if (real.reopen != nullptr)
    mine.reopen = [](void* instance) { return call_plugin([&] { return get().real().reopen(instance); }); };
  if (real.drain != nullptr)
    mine.drain = [](void* instance) { return call_plugin([&] { return get().real().drain(instance); }); };
  if (real.stop != nullptr)
    mine.stop = [](void* instance) { return call_plugin([&] { return get().real().stop(instance); }); };
  mine.destroy = [](void* instance) { call_plugin([&] { return get().real().destroy(instance); }); };
  return layer;
}

Layer::Given& Layer::give(const hyalite_host* host) {
  Given* given = nullptr;
  for (const auto& one : given_) {
    if (one->real == host) return *one;
    if (one->real == nullptr) given = one.get();
  }
  if (given == nullptr) given = given_.emplace_back(std::make_unique<Given>()).get();
  given->real = host;
  given->table = *host;
  given->table.get_interface = [](const hyalite_host* asked, const char* id) {
    const Outside now;
    const hyalite_host* real = get().host_behind(asked);
    return id == nullptr || id == get().plan.withheld ? nullptr : host_table(real, id);
  };
  given->table.log = [](const hyalite_host* asked, std::uint32_t level, hyalite_bytes message, const hyalite_field* fields,
                        std::size_t count) {
    const Outside now;
    const hyalite_host* real = get().host_behind(asked);
    real->log(real, level, message, fields, count);
  };
  given->table.now = [](const hyalite_host* asked, std::uint32_t which) {
    const Outside now;
    const Clock* held = get().clock;
    const hyalite_host* real = get().host_behind(asked);
    if (held == nullptr) return real->now(real, which);
    if (which != HYALITE_CLOCK_MONOTONIC) return nanoseconds(held->wall_time());
    return static_cast<std::int64_t>(std::chrono::nanoseconds(held->now().time_since_epoch()).count());
  };
  return *given;
}

const hyalite_host* Layer::host_behind(const hyalite_host* given) const {
  for (const auto& one : given_) {
    if (&one->table == given && one->real != nullptr) return one->real;
  }
  return given;  // nobody was given it: whoever checks calls will say so
}

void Layer::remember(void* instance, Given& given) { given.instance = instance; }

void Layer::refresh(void* instance) {
  for (const auto& one : given_) {
    if (one->real != nullptr && one->instance == instance) one->table.worker_index = one->real->worker_index;
  }
}

void Layer::forget(const hyalite_host* host) {
  for (const auto& one : given_) {
    if (one->real == host) *one = {};
  }
}

bool Layer::fails(std::string_view function) {
  if (++calls_ != plan.fail_call) return false;
  failed_ = function;
  return true;
}

bool Layer::allocation_fails() { return ++allocations_ == plan.fail_allocation; }

void* Layer::lend(std::size_t size) { return lent_.emplace_back(size).data(); }

void Layer::end_lending() {
  for (std::vector<char>& one : lent_) std::fill(one.begin(), one.end(), static_cast<char>(0xdd));
  lent_.clear();
}

}  // namespace hyalite
