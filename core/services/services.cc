// The services that the settings name.
// SPDX-License-Identifier: MIT
#include "services/services.h"

namespace hyalite {

Services::Services(const ServicesNeeds& needs) : resolver_(needs.loop) {
  const OwnMark mark{needs.settings.upstream.mark, needs.settings.upstream.mark_required};
  for (std::size_t i = 0; i < needs.settings.services.size(); ++i) {
    const ServiceSettings& service = needs.settings.services[i];
    ServiceRecord& record = records_.emplace_back(service.name, needs.places[i], needs.row, needs.log, needs.loop.clock());
    const ServiceWay way{needs.loop, resolver_, service, mark, needs.tls, record};
    if (service.protocol == ServiceProtocol::http) {
      asked_.try_emplace(service.name, way);
    } else {
      talked_to_.try_emplace(service.name, way);
    }
  }
}

bool Services::has(std::string_view service, ServiceProtocol protocol) const {
  return protocol == ServiceProtocol::http ? asked_.find(service) != asked_.end() : talked_to_.find(service) != talked_to_.end();
}

void Services::start(Ref ref, FetchRequest request, FetchesHeard& heard) {
  ServiceClient& client = asked_.find(request.service)->second;
  client.start(ref, std::move(request), heard);
}

void Services::cancel(Ref ref) {
  for (auto& [name, client] : asked_) {
    if (client.cancel(ref)) return;
  }
}

Waker* Services::connect(Ref channel, std::string_view service, Channels& channels) {
  return talked_to_.find(service)->second.connect(channel, channels);
}

void Services::disconnect(Ref channel) {
  for (auto& [name, service] : talked_to_) {
    if (service.disconnect(channel)) return;
  }
}

}  // namespace hyalite
