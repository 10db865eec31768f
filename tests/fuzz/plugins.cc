// Fuzz target: the plugin edge. Two plugins do whatever a script says, through the real ABI, while a client and a server talk.
// SPDX-License-Identifier: MIT
//
// The first byte is the script's length, divided by two; the conversation follows (talk.h). Services that they ask or talk to do what
// the script says, too.
#include <cstdlib>
#include <map>
#include <utility>

#include "tests/fuzz/script.h"
#include "tests/fuzz/talk.h"

namespace hyalite {
namespace {

FuzzScript& script() {
  static FuzzScript made;
  return made;
}

// The services that they ask and talk to: they do what the same script says.
class Services final : public Outbound {
 public:
  bool has(std::string_view service, ServiceProtocol protocol) const override {
    return service == (protocol == ServiceProtocol::http ? "asked" : "talked-to");
  }
  void start(Ref ref, FetchRequest, FetchesHeard& heard) override { questions_[ref] = &heard; }
  void cancel(Ref ref) override { questions_.erase(ref); }
  Waker* connect(Ref channel, std::string_view, Channels& channels) override {
    if (connections_.size() == 4) return nullptr;
    return &connections_.try_emplace(channel, channels).first->second;
  }
  void disconnect(Ref channel) override { connections_.erase(channel); }

  // Something happens.
  void act() {
    if (script().over()) return;
    const unsigned what = script().byte();
    if (!questions_.empty() && what % 2 == 0) answer(what / 2);
    if (!connections_.empty() && what % 2 == 1) move(what / 2);
  }

 private:
  struct Connection final : Waker {
    explicit Connection(Channels& its) : channels(its) {}
    void on_wake() override {}
    Channels& channels;
    bool ended = false;
  };

  void answer(unsigned how) {
    const auto [ref, heard] = *questions_.begin();
    questions_.erase(questions_.begin());
    FetchResult result;
    if (how % 2 == 0) result.status = HYALITE_E_FAILED;
    if (how % 2 == 1) result.http_status = 200, result.body = "yes";
    heard->on_fetched(ref, std::move(result));
  }
  void move(unsigned how) {
    auto& [ref, connection] = *connections_.begin();
    Channels& channels = connection.channels;
    const auto pending = channels.pending(ref);
    require(pending.has_value(), "a connection outlived its channel");
    switch (how % 6) {
      case 0: return channels.opened(ref);
      case 1: return channels.sent(ref, pending->bytes.size());
      case 2:
        if (!connection.ended && channels.room_for_arrivals(ref) >= 4) channels.arrived(ref, "said");
        return;
      case 3:
        if (!std::exchange(connection.ended, true)) channels.arrivals_ended(ref);
        return;
      default: break;
    }
    const Ref over = ref;
    Channels& its = channels;
    connections_.erase(connections_.begin());
    its.finish(over, how % 6 == 4 ? HYALITE_E_FAILED : HYALITE_E_TIMED_OUT, "the script says so");
  }

  std::map<Ref, FetchesHeard*> questions_;
  std::map<Ref, Connection> connections_;
};

Services& services() {
  static Services made;
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
    auto* gateway = new Gateway(settings, elsewhere != nullptr ? elsewhere : HYALITE_FUZZ_PLUGINS, &services());
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
    const Spoken spoken = talk(input, call, [&] {
      services().act();
      call.wait(Milliseconds{0});
    });
    judge(call, spoken);
  }
  // Whatever they began has ended with the exchange, or comes to its end by itself.
  script().at = script().end;
  world.advance(std::chrono::hours{1});
  while (world.deliver()) {
  }
  require(script().under_way == 0, "not everything that was begun was told its end once");
  script() = {};
  return 0;
}
