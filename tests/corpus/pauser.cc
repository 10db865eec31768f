// A plugin that lets everything wait: it pauses in each hook that may, is resumed at once, and then goes on.
// SPDX-License-Identifier: MIT
#include "tests/support/plain_plugin.h"

HYALITE_NOTE("corpus-pauser", "1.0.0", "MIT");

namespace {

using namespace hyalite;

struct Pauser {
  const hyalite_host* host;
  const hyalite_host_http* http;
  const hyalite_host_async* async;

  static hyalite_verdict pause(void* instance, hyalite_exchange* exchange, hyalite_window*) {
    const Pauser& self = *static_cast<Pauser*>(instance);
    const hyalite_pause_options options = {sizeof options, HYALITE_DEADLINE_FAILS, 1'000'000'000};
    hyalite_ref ref = 0;
    const bool paused = self.async->pause_exchange(exchange, &options, &ref) == HYALITE_OK && self.async->resume(self.host, ref) == HYALITE_OK;
    return paused ? HYALITE_PAUSE : HYALITE_ERROR;
  }
  static hyalite_verdict request_head(void* instance, hyalite_exchange* exchange, void*, const hyalite_headers*) {
    hyalite_body_options options{};
    options.size = sizeof options;
    options.mode = HYALITE_BODY_STREAM;
    for (hyalite_direction direction = HYALITE_REQUEST; direction <= HYALITE_RESPONSE; ++direction) {
      if (static_cast<Pauser*>(instance)->http->body_interest(exchange, direction, &options) != HYALITE_OK) return HYALITE_ERROR;
    }
    return pause(instance, exchange, nullptr);
  }
  static hyalite_verdict resumed(void*, hyalite_exchange*, void*, const hyalite_resumption* resumption) {
    return resumption->status == HYALITE_OK ? HYALITE_CONTINUE : HYALITE_ERROR;
  }
  static hyalite_http_hooks http_hooks() {
    hyalite_http_hooks hooks = plain::Hooks<&pause>::where_it_may_wait();
    hooks.request_head = &request_head;
    return hooks;
  }
  static hyalite_status create(const hyalite_host* host, void** instance) {
    *instance = new Pauser{host, plain::table<hyalite_host_http>(host, HYALITE_HOST_HTTP_ID),
                           plain::table<hyalite_host_async>(host, HYALITE_HOST_ASYNC_ID)};
    return HYALITE_OK;
  }
};

}  // namespace

extern "C" HYALITE_EXPORT const hyalite_descriptor* hyalite_plugin_entry() { return plain::descriptor<Pauser>("corpus-pauser"); }
