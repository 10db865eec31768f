// Questions of plugins to services that the settings name: begun here, carried out by whoever has sockets.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/fetch.h>

#include <string_view>

#include "plugin/errands.h"
#include "plugin/outbound.h"
#include "plugin/refs.h"

namespace hyalite {

class Fetches final : private FetchesHeard {
 public:
  Fetches(std::size_t most, Errands& errands) : table_(RefKind::fetch, most), errands_(errands) {}

  void open(Outbound* outbound) { outbound_ = outbound; }
  bool has(std::string_view service) const { return outbound_ != nullptr && outbound_->has(service, ServiceProtocol::http); }
  // 0: there are too many. The service exists.
  Ref add(InstanceHost& owner, FetchRequest request, hyalite_fetch_done done, void* user);
  bool end(const InstanceHost& owner, Ref ref, hyalite_status status);
  void end_all(hyalite_status status);

 private:
  struct Fetch {
    InstanceHost* owner;
    hyalite_fetch_done done;
    void* user;
  };
  void on_fetched(Ref ref, FetchResult result) override;
  void give_up(Ref ref, hyalite_status status);

  RefTable<Fetch> table_;
  Errands& errands_;
  Outbound* outbound_ = nullptr;
};

}  // namespace hyalite
