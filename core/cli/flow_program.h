// The program that the processes run: a chain of plugins, and the flows that pass it.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "flow/tally.h"
#include "plugin/chain.h"
#include "process/program.h"
#include "services/service_record.h"
#include "tls/ground.h"
#include "tls/policy.h"
#include "tls/service_tls.h"

namespace hyalite {

class FlowProgram final : public Program {
 public:
  // `directories`: where plugins are looked for after those that the settings name.
  explicit FlowProgram(std::vector<std::string> directories);
  ~FlowProgram() override;

  Mistakes load(const LoadNeeds& needs) override;
  std::string plugins() const override;
  std::string instance(std::size_t place) const override;
  std::string build(std::size_t place) const override;
  std::vector<std::string> released() const override { return released_; }
  Result<std::unique_ptr<Service>> start(const ServiceNeeds& needs) override;
  void unload() override;

 private:
  std::vector<std::string> directories_;
  std::optional<TallyPlaces> places_;
  const Settings* settings_ = nullptr;  // what was loaded from
  std::unique_ptr<Chain> chain_;
  std::vector<std::string> released_;
  std::unique_ptr<TlsGround> tls_;
  std::unique_ptr<TlsPolicy> tls_policy_;
  std::unique_ptr<ServiceTls> service_tls_;
  std::vector<ServicePlaces> service_places_;
};

// Where the plugins are that came with this program: seen from itself, so that what was installed may be moved.
std::vector<std::string> own_plugin_directories();

}  // namespace hyalite
