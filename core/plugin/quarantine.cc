// Stands in for a plugin that crashed too often, when its instance fails closed.
// SPDX-License-Identifier: MIT
#include "plugin/quarantine.h"

#include <string_view>

namespace hyalite {

namespace {

hyalite_verdict request_head(void*, hyalite_exchange*, void*, const hyalite_headers*) {
  return HYALITE_ERROR;
}

hyalite_verdict protocol(void*, hyalite_flow*, void*, std::uint32_t which) {
  return which == HYALITE_PROTOCOL_HTTP1 ? HYALITE_CONTINUE : HYALITE_ERROR;
}

const void* get_interface(const char* id) {
  static constexpr hyalite_flow_hooks kFlow{
      sizeof(hyalite_flow_hooks), 0, nullptr, &protocol, nullptr, nullptr};
  static constexpr hyalite_http_hooks kHttp = [] {
    hyalite_http_hooks hooks{};
    hooks.size = sizeof hooks;
    hooks.request_head = &request_head;
    return hooks;
  }();
  if (std::string_view(id) == HYALITE_FLOW_ID) return &kFlow;
  if (std::string_view(id) == HYALITE_HTTP_ID) return &kHttp;
  return nullptr;
}

hyalite_status create(const hyalite_host*, void** instance) {
  *instance = nullptr;
  return HYALITE_OK;
}

void destroy(void*) {}

}  // namespace

Library quarantine_library() {
  static constexpr hyalite_descriptor kDescriptor = [] {
    hyalite_descriptor d{};
    d.magic = HYALITE_DESCRIPTOR_MAGIC;
    d.abi_major = HYALITE_ABI_MAJOR;
    d.abi_minor = HYALITE_ABI_MINOR;
    d.size = sizeof d;
    d.id = "quarantine";
    d.version = "0";
    d.summary = "Stands in for a plugin in quarantine";
    d.license = "MIT";
    d.get_interface = &get_interface;
    d.create = &create;
    d.destroy = &destroy;
    return d;
  }();
  return *Library::linked_in(&kDescriptor, "quarantine");
}

bool stands_in(const Library& library) { return library.descriptor().get_interface == &get_interface; }

}  // namespace hyalite
