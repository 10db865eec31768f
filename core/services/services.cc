// The services that the settings name.
// SPDX-License-Identifier: MIT
#include "services/services.h"

namespace hyalite {

Services::Services(Loop& loop, const Settings& settings) : resolver_(loop) {
  const OwnMark mark{settings.upstream.mark, settings.upstream.mark_required};
  for (const ServiceSettings& service : settings.services) {
    clients_.emplace(service.name, std::make_unique<ServiceClient>(loop, resolver_, service, mark));
  }
}

void Services::start(Ref ref, FetchRequest request, FetchesHeard& heard) {
  ServiceClient& client = *clients_.find(request.service)->second;
  client.start(ref, std::move(request), heard);
}

void Services::cancel(Ref ref) {
  for (const auto& [name, client] : clients_) {
    if (client->cancel(ref)) return;
  }
}

}  // namespace hyalite
