// The services that the settings name, as one worker's plugins may talk to them.
// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "event/resolver.h"
#include "plugin/outbound.h"
#include "services/service_client.h"
#include "services/service_record.h"
#include "services/stream_service.h"

namespace hyalite {

struct ServicesNeeds {
  Loop& loop;
  const Settings& settings;
  ServiceTls* tls;  // may be null where no service has TLS
  const std::vector<ServicePlaces>& places;
  const MetricRow& row;
  Log& log;
};

class Services final : public Outbound {
 public:
  // All that is lent outlives this. Nothing is connected before it is asked for.
  explicit Services(const ServicesNeeds& needs);

  bool has(std::string_view service, ServiceProtocol protocol) const override;
  void start(Ref ref, FetchRequest request, FetchesHeard& heard) override;
  void cancel(Ref ref) override;
  Waker* connect(Ref channel, std::string_view service, Channels& channels) override;
  void disconnect(Ref channel) override;

 private:
  Resolver resolver_;
  std::deque<ServiceRecord> records_;
  std::map<std::string, ServiceClient, std::less<>> asked_;
  std::map<std::string, StreamService, std::less<>> talked_to_;
};

}  // namespace hyalite
