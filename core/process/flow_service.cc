// A worker's service: the flows.
// SPDX-License-Identifier: MIT
#include "process/flow_service.h"

namespace hyalite {

namespace {

class FlowService final : public Service {
 public:
  explicit FlowService(const FlowsNeeds& needs) : flows_(needs) {}

  void accept(Accepted client) override { flows_.accept(std::move(client)); }
  void refuse(Refused client) override { flows_.refuse(std::move(client)); }
  void drain(Milliseconds deadline) override { flows_.drain(deadline); }
  bool idle() const override { return flows_.size() == 0; }
  std::string live_view(std::size_t most) const override { return flows_.live_view(most); }

 private:
  Flows flows_;
};

}  // namespace

void FlowServiceMaker::declare(Layout& layout, const Settings&) { places_ = TallyPlaces::declare(layout); }

std::unique_ptr<Service> FlowServiceMaker::make(const ServiceNeeds& needs) {
  return std::make_unique<FlowService>(FlowsNeeds{needs.loop, needs.settings, needs.chain, needs.row, *places_,
                                                  needs.upstreams, needs.log, needs.worker, needs.workers});
}

}  // namespace hyalite
