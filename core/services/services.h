// The services that the settings name, as one worker's plugins may ask them.
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <string>

#include "event/resolver.h"
#include "plugin/fetches.h"
#include "services/service_client.h"

namespace hyalite {

class Services final : public Outbound {
 public:
  // Both outlive this. Nothing is connected before it is asked for.
  Services(Loop& loop, const Settings& settings);

  bool has(std::string_view service) const override { return clients_.find(service) != clients_.end(); }
  void start(Ref ref, FetchRequest request, FetchesHeard& heard) override;
  void cancel(Ref ref) override;

 private:
  Resolver resolver_;
  std::map<std::string, std::unique_ptr<ServiceClient>, std::less<>> clients_;
};

}  // namespace hyalite
