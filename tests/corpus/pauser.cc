// A plugin that lets everything wait: it pauses in each hook that may, is resumed at once, and then goes on.
// SPDX-License-Identifier: MIT
#include <hyalite/plugin.h>

#include <cstring>

HYALITE_NOTE("corpus-pauser", "1.0.0", "MIT");

namespace {

struct Pauser {
  const hyalite_host* host;
  const hyalite_host_http* http;
  const hyalite_host_async* async;
};

hyalite_verdict pause(void* instance, hyalite_exchange* exchange) {
  const Pauser& self = *static_cast<Pauser*>(instance);
  const hyalite_pause_options options = {sizeof options, HYALITE_DEADLINE_FAILS, 1'000'000'000};
  hyalite_ref ref = 0;
  const bool paused = self.async->pause_exchange(exchange, &options, &ref) == HYALITE_OK && self.async->resume(self.host, ref) == HYALITE_OK;
  return paused ? HYALITE_PAUSE : HYALITE_ERROR;
}

hyalite_verdict on_head(void* instance, hyalite_exchange* exchange, void*, const hyalite_headers*) { return pause(instance, exchange); }
hyalite_verdict on_body(void* instance, hyalite_exchange* exchange, void*, hyalite_window*, const hyalite_window_view*) {
  return pause(instance, exchange);
}
hyalite_verdict on_request(void* instance, hyalite_exchange* exchange, void*, const hyalite_headers*) {
  hyalite_body_options options{};
  options.size = sizeof options;
  options.mode = HYALITE_BODY_STREAM;
  for (hyalite_direction direction = HYALITE_REQUEST; direction <= HYALITE_RESPONSE; ++direction) {
    if (static_cast<Pauser*>(instance)->http->body_interest(exchange, direction, &options) != HYALITE_OK) return HYALITE_ERROR;
  }
  return pause(instance, exchange);
}
hyalite_verdict on_resumed(void*, hyalite_exchange*, void*, const hyalite_resumption* resumption) {
  return resumption->status == HYALITE_OK ? HYALITE_CONTINUE : HYALITE_ERROR;
}

hyalite_status create(const hyalite_host* host, void** instance) {
  *instance = new Pauser{host, static_cast<const hyalite_host_http*>(host->get_interface(host, HYALITE_HOST_HTTP_ID)),
                         static_cast<const hyalite_host_async*>(host->get_interface(host, HYALITE_HOST_ASYNC_ID))};
  return HYALITE_OK;
}

void destroy(void* instance) { delete static_cast<Pauser*>(instance); }

const void* get_interface(const char* id) {
  static const hyalite_http_hooks http = [] {
    hyalite_http_hooks hooks{};
    hooks.size = sizeof hooks;
    hooks.request_head = on_request;
    hooks.request_body = hooks.response_body = on_body;
    hooks.request_trailers = hooks.response_head = hooks.response_trailers = on_head;
    return hooks;
  }();
  static const hyalite_async_hooks async = {sizeof async, 0, nullptr, on_resumed};
  if (std::strcmp(id, HYALITE_HTTP_ID) == 0) return &http;
  return std::strcmp(id, HYALITE_ASYNC_ID) == 0 ? &async : nullptr;
}

}  // namespace

extern "C" HYALITE_EXPORT const hyalite_descriptor* hyalite_plugin_entry() {
  static const hyalite_descriptor descriptor = [] {
    hyalite_descriptor made{};
    made.magic = HYALITE_DESCRIPTOR_MAGIC;
    made.abi_major = HYALITE_ABI_MAJOR;
    made.abi_minor = HYALITE_ABI_MINOR;
    made.size = sizeof made;
    made.id = "corpus-pauser";
    made.version = "1.0.0";
    made.summary = "Lets everything wait";
    made.license = "MIT";
    made.get_interface = get_interface;
    made.create = create;
    made.destroy = destroy;
    return made;
  }();
  return &descriptor;
}
