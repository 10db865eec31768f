// Throws straight through the C tables, without the wrapper that would stop it.
// SPDX-License-Identifier: MIT
#include <hyalite/plugin.hpp>

#include <stdexcept>

struct Plain : hyalite::Plugin<Plain> {
  static constexpr hyalite::Info info{"throws_unwrapped", "1.0.0", "Throws through C", "MIT"};
  void on_request_head(hyalite::Request&) {}  // the one below stands for it
};

static hyalite_verdict request_head(void*, hyalite_exchange*, void*, const hyalite_headers*) {
  throw std::runtime_error("through C");
}

static const void* get_interface(const char* id) {
  static const hyalite_http_hooks hooks = [] {
    hyalite_http_hooks table{};
    table.size = sizeof table;
    table.request_head = &request_head;
    return table;
  }();
  return std::strcmp(id, HYALITE_HTTP_ID) == 0 ? &hooks : nullptr;
}

__attribute__((used, aligned(4),
               section(HYALITE_NOTE_SECTION))) static constexpr hyalite_elf_note note =
    hyalite::note_of(Plain::info);

extern "C" HYALITE_EXPORT const hyalite_descriptor* hyalite_plugin_entry(void);
const hyalite_descriptor* hyalite_plugin_entry(void) {
  static const hyalite_descriptor descriptor = [] {
    hyalite_descriptor d = *hyalite::descriptor_of<Plain>();
    d.get_interface = &get_interface;
    return d;
  }();
  return &descriptor;
}
