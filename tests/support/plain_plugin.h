// What plugins of tests that speak the C interface have in common: hooks of exchanges that all do one thing, and the descriptor.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/plugin.h>

#include <cstdint>
#include <cstring>

namespace hyalite::plain {

// `kAct` is given the window in body hooks, else null.
using Act = hyalite_verdict (*)(void* instance, hyalite_exchange* exchange, hyalite_window* window);

template <Act kAct>
struct Hooks {
  static hyalite_verdict head(void* i, hyalite_exchange* x, void*, const hyalite_headers*) { return kAct(i, x, nullptr); }
  static hyalite_verdict info(void* i, hyalite_exchange* x, void*, std::uint32_t, const hyalite_headers*) { return kAct(i, x, nullptr); }
  static hyalite_verdict body(void* i, hyalite_exchange* x, void*, hyalite_window* window, const hyalite_window_view*) {
    return kAct(i, x, window);
  }
  static hyalite_verdict end(void* i, hyalite_exchange* x, void*) { return kAct(i, x, nullptr); }
  static hyalite_verdict tunnel(void* i, hyalite_exchange* x, void*, std::uint32_t) { return kAct(i, x, nullptr); }
  static hyalite_verdict exchange_end(void* i, hyalite_exchange* x, void*, const hyalite_exchange_summary*) { return kAct(i, x, nullptr); }

  // In those that may wait.
  static hyalite_http_hooks where_it_may_wait() {
    hyalite_http_hooks hooks{};
    hooks.size = sizeof hooks;
    hooks.request_head = hooks.request_trailers = hooks.response_head = hooks.response_trailers = &head;
    hooks.request_body = hooks.response_body = &body;
    return hooks;
  }
  static hyalite_http_hooks everywhere() {
    hyalite_http_hooks hooks = where_it_may_wait();
    hooks.response_info = &info;
    hooks.request_end = hooks.response_end = &end;
    hooks.tunnel_open = &tunnel;
    hooks.exchange_end = &exchange_end;
    return hooks;
  }
};

template <class Table>
const Table* table(const hyalite_host* host, const char* id) {
  return static_cast<const Table*>(host->get_interface(host, id));
}

// `Self` has create, destroy, http_hooks and resumed.
template <class Self>
const void* interface_of(const char* id) {
  static const hyalite_http_hooks http = Self::http_hooks();
  static const hyalite_async_hooks async = {sizeof async, 0, nullptr, &Self::resumed};
  if (std::strcmp(id, HYALITE_HTTP_ID) == 0) return &http;
  return std::strcmp(id, HYALITE_ASYNC_ID) == 0 ? &async : nullptr;
}

// As the note says, with that id.
template <class Self>
const hyalite_descriptor* descriptor(const char* id) {
  static const hyalite_descriptor made = [id] {
    hyalite_descriptor d{};
    d.magic = HYALITE_DESCRIPTOR_MAGIC;
    d.abi_major = HYALITE_ABI_MAJOR;
    d.abi_minor = HYALITE_ABI_MINOR;
    d.size = sizeof d;
    d.id = d.summary = id;
    d.version = "1.0.0";
    d.license = "MIT";
    d.get_interface = &interface_of<Self>;
    d.create = &Self::create;
    d.destroy = [](void* instance) { delete static_cast<Self*>(instance); };
    return d;
  }();
  return &made;
}

}  // namespace hyalite::plain
