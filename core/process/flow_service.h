// A worker's service: the flows.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "flow/flows.h"
#include "process/service.h"

namespace hyalite {

class FlowServiceMaker final : public ServiceMaker {
 public:
  void declare(Layout& layout, const Settings& settings) override;
  std::unique_ptr<Service> make(const ServiceNeeds& needs) override;

 private:
  std::optional<TallyPlaces> places_;
};

}  // namespace hyalite
