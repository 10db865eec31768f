// Fuzz target: the plugin edge. Two plugins do whatever a script says, through the real ABI, while a client and a server talk.
// SPDX-License-Identifier: MIT
//
// The first byte is the script's length, divided by two; the conversation follows (talk.h).
#include <cstdlib>

#include "tests/fuzz/script.h"
#include "tests/fuzz/talk.h"

namespace hyalite {
namespace {

Script& script() {
  static Script made;
  return made;
}

PluginSettings doing_anything(const char* name, FailurePolicy policy) {
  PluginSettings plugin;
  plugin.name = name;
  plugin.use = "anything";
  plugin.on_failure = policy;
  plugin.grants.redirect_upstream = true;
  return plugin;
}

Gateway& gateway() {
  static Gateway& made = *[] {
    setenv(kScriptVariable, std::to_string(reinterpret_cast<std::uintptr_t>(&script())).c_str(), 1);
    const char* elsewhere = std::getenv("HYALITE_FUZZ_PLUGINS");
    Settings settings;
    settings.plugins = {doing_anything("open", FailurePolicy::open), doing_anything("closed", FailurePolicy::closed)};
    auto* gateway = new Gateway(settings, elsewhere != nullptr ? elsewhere : HYALITE_FUZZ_PLUGINS);
    require(gateway->mistakes().empty(), "the plugins could not be loaded", text_of(gateway->mistakes()));
    return gateway;
  }();
  return made;
}

// The requests that the client spoke. One empty line may stand before each (RFC 9112, section 2.2); a second one is refused, and what
// follows then has no answer.
oracle::Reading read_said(std::string_view said) {
  oracle::Reading all;
  for (bool skipped = false;; skipped = true) {
    const oracle::Reading next = oracle::read_requests(said);
    all.messages.insert(all.messages.end(), next.messages.begin(), next.messages.end());
    all.begun = next.begun;
    said.remove_prefix(next.used);
    if (!said.starts_with("\r\n") || (skipped && next.used == 0)) return all;
    said.remove_prefix(2);
  }
}

// The plugins may answer in upstream's place: what the client asked is what it has answers to.
void judge(const Call& call, const Spoken& spoken) {
  const std::string& upstream = call.received(Side::upstream);
  if (call.now() == Call::Now::sniffed) return require(upstream.empty() && call.received(Side::client).empty(), "something passed unknown");
  if (call.was_untouched()) return;
  require_clear(call, oracle::read_requests(upstream), read_said(spoken.client));
}

}  // namespace
}  // namespace hyalite

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hyalite;
  std::string_view input = as_text(data, size);
  Gateway& world = gateway();
  const std::size_t length = std::min<std::size_t>(take_byte(input) * 2, input.size());
  script() = {input.data(), input.data() + length};
  input.remove_prefix(length);
  {
    Call call(world);
    const Spoken spoken = talk(input, call);
    judge(call, spoken);
  }
  script() = {};
  return 0;
}
