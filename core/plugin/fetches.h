// Questions of plugins to services that the settings name: begun here, carried out by whoever has sockets.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/async.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "plugin/errands.h"
#include "plugin/refs.h"

namespace hyalite {

struct FetchRequest {
  std::string service;
  std::string method, target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::chrono::nanoseconds within{0};  // 0: as long as the service's settings say
};

struct FetchResult {
  hyalite_status status = HYALITE_OK;  // else there is no response
  std::string why;                     // for a person, when there is none
  unsigned http_status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

class FetchesHeard {
 public:
  // On the loop, never inside Outbound's functions; once for each start that was not cancelled.
  virtual void on_fetched(Ref ref, FetchResult result) = 0;

 protected:
  ~FetchesHeard() = default;
};

// Who carries them out.
class Outbound {
 public:
  virtual bool has(std::string_view service) const = 0;
  virtual void start(Ref ref, FetchRequest request, FetchesHeard& heard) = 0;
  // Nothing more is to be heard of it.
  virtual void cancel(Ref ref) = 0;

 protected:
  ~Outbound() = default;
};

class Fetches final : private FetchesHeard {
 public:
  Fetches(std::size_t most, Errands& errands) : table_(RefKind::fetch, most), errands_(errands) {}

  void open(Outbound* outbound) { outbound_ = outbound; }
  bool has(std::string_view service) const { return outbound_ != nullptr && outbound_->has(service); }
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
