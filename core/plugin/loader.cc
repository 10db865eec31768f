// From settings to a chain: every plugin found, opened, checked and created, or every mistake told
// at once. SPDX-License-Identifier: MIT
#include "plugin/loader.h"

#include <algorithm>

#include "plugin/quarantine.h"
#include "settings/plugin_settings.h"

namespace hyalite {

namespace {

// What is for the whole gateway is shared among its workers.
ChainLimits chain_limits(const Settings& settings, unsigned workers) {
  ChainLimits limits;
  limits.held_body_bytes = settings.limits.held_body_bytes;
  limits.held_bodies_bytes = settings.limits.held_bodies_bytes / std::max(1u, workers);
  limits.plugin_bytes_per_flow = settings.limits.plugin_bytes_per_flow;
  const auto share = [&](std::size_t of_all) { return std::max<std::size_t>(1, of_all / std::max(1u, workers)); };
  limits.pauses = share(settings.limits.pauses);
  limits.timers = share(settings.limits.plugin_timers);
  limits.posts = share(settings.limits.plugin_posts);
  limits.work = share(settings.limits.plugin_work);
  limits.work_threads = settings.limits.plugin_threads;
  limits.decode.bytes = settings.limits.decoded_body_bytes;
  limits.decode.ratio = settings.limits.decode_ratio;
  limits.notes = settings.limits.plugin_notes;
  limits.fetches = share(settings.limits.plugin_fetches);
  limits.channels = share(settings.limits.plugin_channels);
  limits.channel_bytes = settings.limits.plugin_channel_bytes;
  limits.message_bytes = settings.limits.websocket_message_bytes;
  limits.longest_pause = settings.timeouts.plugin_pause;
  limits.warn_after = settings.containment.call_budget.warn;
  limits.work_warn_after = settings.containment.work_budget.warn;
  return limits;
}

class Loading {
 public:
  Loading(const Settings& settings, const LoadOptions& options, Layout& layout, Log& log)
      : settings_(settings),
        options_(options),
        log_(log),
        services_(std::make_unique<HostServices>(layout, chain_limits(settings, options.workers),
                                                 options.slot, log)) {
    if (options.clock != nullptr) services_->clock = options.clock;
    directories_ = settings.plugin_dirs;
    directories_.insert(directories_.end(), options.directories.begin(), options.directories.end());
  }

  ChainLoad run() {
    for (std::size_t i = 0; i < settings_.plugins.size(); ++i) add(i);
    sort_by_position(mistakes_);
    if (!mistakes_.empty()) {
      for (const auto& instance : instances_) instance->destroy();
      return {nullptr, std::move(mistakes_), {}};
    }
    return {
        std::make_unique<Chain>(std::move(services_), std::move(libraries_), std::move(instances_)),
        {},
        std::move(released_)};
  }

 private:
  void add(std::size_t index) {
    const PluginSettings& plugin = settings_.plugins[index];
    if (index >= kMostInstances)
      return refuse(
          index, "is one plugin too many: a chain has at most " + std::to_string(kMostInstances));
    const bool stays_out = is_quarantined(plugin);
    const Library* library = stays_out ? stand_in(plugin) : find(index);
    if (library == nullptr) return;
    auto instance = std::make_unique<Instance>(plugin, index, *library, *services_);
    Mistakes found = stays_out ? Mistakes{} : instance->create(options_.file);
    std::move(found.begin(), found.end(), std::back_inserter(mistakes_));
    instances_.push_back(std::move(instance));
  }

  bool is_quarantined(const PluginSettings& plugin) {
    for (const std::string& word : options_.quarantined) {
      const auto at = word.find('=');
      if (word.substr(0, at) != plugin.name) continue;
      const std::string now = at == std::string::npos ? "" : build_now(plugin);
      if (now.empty() || word.substr(at + 1) == now) return true;
      log_.info("plugin.released", {{"instance", plugin.name}, {"why", "it is another build"}});
      released_.push_back(plugin.name);
    }
    return false;
  }

  // A file that cannot be read is still the one that crashed.
  std::string build_now(const PluginSettings& plugin) const {
    const auto path = find_plugin(plugin.use, directories_);
    const auto print = path ? fingerprint(*path) : Result<std::string>(path.error());
    return print ? build_of(*print, plugin) : std::string();
  }

  // Null with the policy open: the chain goes on without it.
  const Library* stand_in(const PluginSettings& plugin) {
    const bool closed = plugin.failure_policy() == FailurePolicy::closed;
    log_.warning("plugin.quarantined", {{"instance", plugin.name},
                                        {"traffic", closed ? "refused" : "passes without it"}});
    if (!closed) return nullptr;
    libraries_.push_back(std::make_unique<Library>(quarantine_library()));
    return libraries_.back().get();
  }

  // Two instances of one plugin share its library. Null: a mistake was told.
  const Library* find(std::size_t index) {
    for (const LinkedIn& plugin : options_.linked_in) {
      if (plugin.use == settings_.plugins[index].use) return linked_in(index, plugin);
    }
    auto path = find_plugin(settings_.plugins[index].use, directories_);
    if (!path) return refuse(index, path.error().text), nullptr;
    for (const auto& library : libraries_) {
      if (library->path() == *path) return library.get();
    }
    auto opened = Library::open(*path);
    if (!opened) return refuse(index, opened.error().text), nullptr;
    if (services_->threads != 0 && count_threads() > services_->threads) {
      return refuse(index, *path +
                               " starts a thread as soon as it is loaded: workers are forked, and "
                               "threads do not come along; start it in start"),
             nullptr;
    }
    libraries_.push_back(std::make_unique<Library>(std::move(*opened)));
    return libraries_.back().get();
  }

  const Library* linked_in(std::size_t index, const LinkedIn& plugin) {
    auto opened = Library::linked_in(plugin.descriptor, plugin.use);
    if (!opened) return refuse(index, opened.error().text), nullptr;
    libraries_.push_back(std::make_unique<Library>(std::move(*opened)));
    return libraries_.back().get();
  }

  void refuse(std::size_t index, const std::string& what) {
    mistakes_.push_back(plugin_mistake(settings_.plugins[index], index, "", what, options_.file));
  }

  const Settings& settings_;
  const LoadOptions& options_;
  Log& log_;
  std::vector<std::string> directories_;
  std::unique_ptr<HostServices> services_;
  std::vector<std::unique_ptr<Library>> libraries_;
  std::vector<std::unique_ptr<Instance>> instances_;
  std::vector<std::string> released_;
  Mistakes mistakes_;
};

}  // namespace

ChainLoad load_chain(const Settings& settings, const LoadOptions& options, Layout& layout,
                     Log& log) {
  return Loading(settings, options, layout, log).run();
}

}  // namespace hyalite
