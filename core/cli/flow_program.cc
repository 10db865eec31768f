// The program that the processes run: a chain of plugins, and the flows that pass it.
// SPDX-License-Identifier: MIT
#include "cli/flow_program.h"

#include <filesystem>

#include "base/text.h"
#include "flow/delivery.h"
#include "flow/flows.h"
#include "plugin/listed.h"
#include "plugin/loader.h"
#include "services/services.h"
#include "tls/engine.h"

namespace hyalite {

namespace {

class FlowService final : public Service {
 public:
  FlowService(Chain& chain, std::unique_ptr<Services> services, std::unique_ptr<Delivery> delivery,
              std::unique_ptr<TlsEngine> tls, const FlowsNeeds& needs)
      : chain_(chain),
        services_(std::move(services)),
        delivery_(std::move(delivery)),
        tls_(std::move(tls)),
        flows_(std::make_unique<Flows>(needs)) {}
  // The flows end before the plugins do: each of them still has something to tell.
  ~FlowService() override {
    flows_.reset();
    chain_.stop();
  }

  void accept(Accepted client) override { flows_->accept(std::move(client)); }
  void refuse(Refused client) override { flows_->refuse(std::move(client)); }
  void exhausted(std::size_t shed) override { flows_->exhausted(shed); }
  void reopen() override { chain_.reopen(); }
  void drain(Milliseconds deadline) override {
    if (!draining_) chain_.drain();
    draining_ = true;
    flows_->drain(deadline);
  }
  std::size_t size() const override { return flows_->size(); }
  std::string live_view(std::size_t most) const override { return flows_->live_view(most); }

 private:
  Chain& chain_;
  std::unique_ptr<Services> services_;
  std::unique_ptr<Delivery> delivery_;
  std::unique_ptr<TlsEngine> tls_;
  std::unique_ptr<Flows> flows_;
  bool draining_ = false;
};

}  // namespace

FlowProgram::FlowProgram(std::vector<std::string> directories) : directories_(std::move(directories)) {}
FlowProgram::~FlowProgram() = default;

Mistakes FlowProgram::load(const LoadNeeds& needs) {
  settings_ = &needs.settings;
  places_ = TallyPlaces::declare(needs.layout);
  LoadOptions options;
  options.file = needs.file;
  options.directories = directories_;
  options.quarantined = needs.quarantined;
  options.workers = needs.workers;
  options.slot = &needs.calls;
  ChainLoad loaded = load_chain(needs.settings, options, needs.layout, needs.log);
  chain_ = std::move(loaded.chain);
  released_ = std::move(loaded.released);
  tls_ = TlsGround::load(needs.settings, needs.file, loaded.mistakes);
  if (tls_ && tls_->key_log() != nullptr) needs.log.warning("tls.key_log", {{"file", needs.settings.tls.key_log}});
  tls_policy_ = std::make_unique<TlsPolicy>(needs.settings.tls, needs.file, loaded.mistakes);
  service_tls_ = ServiceTls::load(needs.settings, needs.file, loaded.mistakes);
  service_places_ = ServicePlaces::declare(needs.layout, needs.settings.services);
  return std::move(loaded.mistakes);
}

std::string FlowProgram::plugins() const { return chain_ ? listed_plugins(settings_->plugins, *chain_) : "[]"; }

std::string FlowProgram::instance(std::size_t place) const {
  return chain_ && place < chain_->size() ? chain_->at(place).name() : "";
}

std::string FlowProgram::build(std::size_t place) const {
  return chain_ && place < chain_->size() ? chain_->at(place).build() : "";
}

Result<std::unique_ptr<Service>> FlowProgram::start(const ServiceNeeds& needs) {
  auto services = std::make_unique<Services>(
      ServicesNeeds{needs.loop, needs.settings, service_tls_.get(), service_places_, needs.row, needs.log});
  auto delivery = std::make_unique<Delivery>(needs.loop, *chain_);
  if (auto opened = delivery->open(services.get()); !opened) return opened.error();
  if (auto started = chain_->start(needs.worker, needs.workers, needs.row, &needs.calls, &needs.history); !started) {
    return started.error();
  }
  auto tls = TlsEngine::make(*tls_, needs.leaves, needs.workers, needs.loop.clock());
  TlsEngine& engine = *tls;
  return std::unique_ptr<Service>(std::make_unique<FlowService>(
      *chain_, std::move(services), std::move(delivery), std::move(tls),
      FlowsNeeds{needs.loop, needs.settings, *chain_, needs.row, *places_, needs.upstreams, needs.log, needs.worker,
                 needs.workers, engine, *tls_policy_, needs.refusals, needs.upstreams_owner}));
}

void FlowProgram::unload() {
  chain_.reset();
  service_tls_.reset();
  tls_policy_.reset();
  tls_.reset();
}

std::vector<std::string> own_plugin_directories() {
  std::error_code failed;
  const auto binary = std::filesystem::read_symlink("/proc/self/exe", failed).parent_path();
  return {(binary / HYALITE_PLUGINS_FROM_PROGRAM).lexically_normal().string()};
}

}  // namespace hyalite
