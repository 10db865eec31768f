// A plugin whose file has everything wrong that can be wrong with a file and still be loaded. SPDX-License-Identifier: MIT
#include <hyalite/plugin.h>
#include <openssl/crypto.h>

HYALITE_NOTE("Loose_One", "1.0.0", "MIT");

// Code that has to be written to while it is loaded, memory that is written and executed, thread-local memory that is
// reserved at the start of a process.
__asm__(".text\n.quad hyalite_plugin_entry\n.section .both,\"awx\",@progbits\n.quad 0\n.text\n");
__attribute__((tls_model("initial-exec"))) thread_local int early = 1;

HYALITE_EXPORT const hyalite_descriptor* hyalite_plugin_entry_2();
const hyalite_descriptor* hyalite_plugin_entry_2() {
  early += static_cast<int>(OPENSSL_version_major());
  return nullptr;
}
extern "C" HYALITE_EXPORT const hyalite_descriptor* hyalite_plugin_entry() { return nullptr; }
