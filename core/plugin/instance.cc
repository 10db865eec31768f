// One configured plugin of the chain: its settings checked, created once.
// SPDX-License-Identifier: MIT
#include "plugin/instance.h"

#include <cstdio>
#include <functional>

#include "plugin/host.h"
#include "plugin/validation.h"
#include "settings/plugin_settings.h"

namespace hyalite {

namespace {

// Marks in the worker's slot whose code is running while instances are made.
class Creating {
 public:
  Creating(CallSlot* slot, std::size_t index) : slot_(slot) {
    if (slot_ == nullptr) return;
    slot_->hook.store(static_cast<std::uint32_t>(Hook::create), std::memory_order_relaxed);
    slot_->instance.store(static_cast<std::uint32_t>(index + 1), std::memory_order_relaxed);
  }
  Creating(const Creating&) = delete;
  Creating& operator=(const Creating&) = delete;
  ~Creating() {
    if (slot_ != nullptr) slot_->instance.store(0, std::memory_order_relaxed);
  }

 private:
  CallSlot* slot_;
};

}  // namespace

bool HookTables::has(Hook hook) const {
  switch (hook) {
    case Hook::flow_open:
      return flow.flow_open != nullptr;
    case Hook::protocol:
      return flow.protocol != nullptr;
    case Hook::client_hello:
      return tls.client_hello != nullptr;
    case Hook::upstream_tls:
      return tls.upstream_tls != nullptr;
    case Hook::tls_done:
      return tls.tls_done != nullptr;
    case Hook::upstream_connect:
      return flow.upstream_connect != nullptr;
    case Hook::request_head:
      return http.request_head != nullptr;
    case Hook::request_body:
      return http.request_body != nullptr;
    case Hook::request_trailers:
      return http.request_trailers != nullptr;
    case Hook::request_end:
      return http.request_end != nullptr;
    case Hook::response_info:
      return http.response_info != nullptr;
    case Hook::response_head:
      return http.response_head != nullptr;
    case Hook::response_body:
      return http.response_body != nullptr;
    case Hook::response_trailers:
      return http.response_trailers != nullptr;
    case Hook::response_end:
      return http.response_end != nullptr;
    case Hook::tunnel_open:
      return http.tunnel_open != nullptr;
    case Hook::exchange_end:
      return http.exchange_end != nullptr;
    case Hook::data:
      return stream.data != nullptr;
    case Hook::ws_message:
      return ws.ws_message != nullptr;
    case Hook::flow_close:
      return flow.flow_close != nullptr;
    default:
      return false;
  }
}

std::string build_of(std::string_view fingerprint, const PluginSettings& settings) {
  if (fingerprint.empty()) return {};
  const std::size_t hash = std::hash<std::string>()(settings.settings.json);
  char text[20];
  std::snprintf(text, sizeof text, "-%zx", hash);
  return std::string(fingerprint) + text;
}

Instance::Instance(const PluginSettings& settings, std::size_t chain_index, const Library& library,
                   HostServices& services)
    : settings_(settings),
      chain_index_(chain_index),
      library_(library),
      services_(services),
      hooks_{library.table<hyalite_flow_hooks>(HYALITE_FLOW_ID),
             library.table<hyalite_tls_hooks>(HYALITE_TLS_ID),
             library.table<hyalite_http_hooks>(HYALITE_HTTP_ID),
             library.table<hyalite_stream_hooks>(HYALITE_STREAM_ID),
             library.table<hyalite_state_hooks>(HYALITE_STATE_ID),
             library.table<hyalite_async_hooks>(HYALITE_ASYNC_ID),
             library.table<hyalite_ws_hooks>(HYALITE_WS_ID)},
      host_(std::make_unique<InstanceHost>(services, settings.name, settings.validate)) {
  if (settings.validate) checked_ = std::make_unique<CheckedInstance>(*host_, *this);
}

Instance::~Instance() = default;

Mistake Instance::mistake(std::string_view what, std::string_view file) const {
  return plugin_mistake(settings_, chain_index_, "", what, file);
}

Mistakes Instance::create(std::string_view file) {
  if (hooks_.state.flow_size > kMostStateBytes || hooks_.state.exchange_size > kMostStateBytes) {
    return {mistake("the plugin asks for more than 4096 bytes of state: keep a pointer to what is larger", file)};
  }
  Mistakes mistakes = check_settings(file);
  if (!mistakes.empty()) return mistakes;
  if (auto opened = host_->open_settings(settings_, chain_index_, file, mistakes); !opened) {
    return {mistake(opened.error().text, file)};
  }
  const std::string why = call_create(mistakes);
  host_->close_settings();
  if (mistakes.empty() && !why.empty()) mistakes.push_back(mistake(why, file));
  if (!mistakes.empty()) destroy();
  return mistakes;
}

Mistakes Instance::check_settings(std::string_view file) const {
  if (!library_.settings_schema().empty()) {
    return check_plugin_settings(settings_, chain_index_, library_.settings_schema(), file);
  }
  if (settings_.settings.json != "{}") return {mistake("the plugin takes no settings: leave them out", file)};
  return {};
}

// Why there is no instance; empty when there is one, unless it told mistakes.
std::string Instance::call_create(const Mistakes& mistakes) {
  const Creating creating(services_.slot, chain_index_);
  try {
    const auto& plugin = descriptor();
    if (plugin.validate != nullptr && plugin.validate(host_->table()) != HYALITE_OK) {
      return "the plugin refuses its settings without saying why";
    }
    if (!mistakes.empty()) return {};
    const hyalite_status status = plugin.create(host_->table(), &self_);
    if (status != HYALITE_OK)
      return "the plugin could not be created (status " + std::to_string(status) +
             "); its lines in the log may say why";
  } catch (...) {
    return "an exception left the plugin while it was created: HYALITE_PLUGIN catches and reports them";
  }
  if (services_.threads != 0 && count_threads() > services_.threads) {
    return "the plugin started a thread while it was created: workers are forked, and threads do "
           "not come along; they may be started in start";
  }
  return {};
}

void Instance::destroy() {
  if (self_ == nullptr) return;
  try {
    descriptor().destroy(self_);
  } catch (...) {
    host_->complain("plugin.failed", "destroy", "an exception");
  }
  self_ = nullptr;
}

}  // namespace hyalite
