// What is wrong between the settings by which traffic is brought here.
// SPDX-License-Identifier: MIT
#include "settings/check_interception.h"

#include <algorithm>

namespace hyalite {

namespace {

constexpr std::size_t kDefaultTable = 253, kLocalTable = 255;

class InterceptionChecker {
 public:
  InterceptionChecker(const Settings& settings, const TellMistake& tell)
      : settings_(settings), it_(settings.interception), tell_(tell) {}

  void check() {
    check_marks();
    check_places();
    check_interfaces();
    check_listener();
    check_ports();
    check_local();
    check_anyip();
    if (it_.when_down == Treatment::pass && it_.mode != InterceptionMode::tproxy)
      tell_("interception.when_down", "interception.when_down is pass",
            "refuse: only mode tproxy can let connections pass");
  }

 private:
  bool from_clients() const {
    return it_.mode != InterceptionMode::anyip && !it_.client_interfaces.empty();
  }
  bool keeps_ports() const {
    return (from_clients() &&
            (it_.mode == InterceptionMode::routing || it_.mode == InterceptionMode::hybrid)) ||
           it_.local == LocalCapture::routing;
  }
  bool uses_one_listener() const {
    return (from_clients() && !keeps_ports()) || it_.local == LocalCapture::redirect ||
           it_.local == LocalCapture::tproxy;
  }

  void check_marks() {
    if (it_.mark == 0)
      tell_("interception.mark", "interception.mark is 0", "a mark with a bit set");
    if ((settings_.upstream.mark & it_.mark) != 0)
      tell_("upstream.mark", "upstream.mark shares bits with interception.mark",
            "bits of its own: the rules would catch our own connections");
    if (it_.keep_mark == 0 || (it_.keep_mark & (it_.mark | settings_.upstream.mark)) != 0)
      tell_("interception.keep_mark",
            "interception.keep_mark is 0 or shares bits with interception.mark or upstream.mark",
            "bits of its own");
  }

  void check_places() {
    if (it_.table >= kDefaultTable && it_.table <= kLocalTable)
      tell_("interception.table", "interception.table is " + std::to_string(it_.table),
            "a table of its own: 253 to 255 are the kernel's default, main and local");
  }

  void check_interfaces() {
    const auto& clients = it_.client_interfaces;
    if (std::find(clients.begin(), clients.end(), "lo") != clients.end())
      tell_("interception.client_interfaces", "lo is among interception.client_interfaces",
            "interception.local for what this machine itself sends");
    if (!clients.empty()) check_answers();
  }

  void check_answers() {
    if (it_.origin_interfaces.empty() && settings_.upstream.source == UpstreamSource::client)
      tell_("interception.origin_interfaces",
            "answers to clients' addresses come back on no interface",
            "interception.origin_interfaces, or upstream.source: proxy");
  }

  void check_listener() {
    if (!uses_one_listener()) return;
    const ListenerSettings* listener = chosen();
    if (listener == nullptr) {
      if (!it_.listener.empty())
        tell_("interception.listener", "no listener is called \"" + it_.listener + '"',
              "the name of a listener, or its address");
      return;
    }
    if (listener->address.port == 0)
      tell_("interception.listener", "listener " + listener->label() + " has no fixed port",
            "a port that connections can be brought to");
    const bool transparent = (from_clients() && it_.mode == InterceptionMode::tproxy) ||
                             it_.local == LocalCapture::tproxy;
    if (transparent && listener->transparent == Transparent::no)
      tell_("interception.listener", "listener " + listener->label() + " is not transparent",
            "transparent: yes, or redirect instead of tproxy");
  }

  const ListenerSettings* chosen() const {
    for (const ListenerSettings& listener : settings_.listeners) {
      if (it_.listener.empty() || listener.label() == it_.listener) return &listener;
    }
    return nullptr;
  }

  void check_ports() {
    if (it_.ports.empty() && (from_clients() || it_.local != LocalCapture::none))
      tell_("interception.ports", "interception.ports is empty", "the ports to be intercepted");
    if (!keeps_ports()) return;
    for (const std::uint16_t port : it_.ports) {
      const auto serves = [port](const ListenerSettings& listener) {
        return listener.address.port == port && listener.address.ip.is_unspecified();
      };
      if (std::any_of(settings_.listeners.begin(), settings_.listeners.end(), serves)) continue;
      tell_("interception.ports", "no listener for port " + std::to_string(port),
            "a listener on \"[::]:" + std::to_string(port) +
                "\": routing changes no ports, each needs its own");
    }
  }

  void check_local() {
    if (it_.local == LocalCapture::none) return;
    if (settings_.upstream.mark == 0)
      tell_("interception.local", "interception.local without upstream.mark",
            "upstream.mark: 0x200000, or the proxy's own connections would come back to it");
    if (it_.local == LocalCapture::routing && !it_.exempt.cgroups.empty())
      tell_("interception.exempt.cgroups", "routing rules know no control groups",
            "interception.local: tproxy or redirect");
  }

  void check_anyip() {
    const auto named = [](const ListenerSettings& listener) { return !listener.anyip.empty(); };
    if (it_.mode == InterceptionMode::anyip &&
        std::none_of(settings_.listeners.begin(), settings_.listeners.end(), named))
      tell_("interception.mode", "interception.mode is anyip, but no listener names destinations",
            "listeners[].anyip: the addresses that are to arrive here");
    else if (it_.mode == InterceptionMode::anyip)
      check_answers();
  }

  const Settings& settings_;
  const InterceptionSettings& it_;
  const TellMistake& tell_;
};

}  // namespace

void check_interception(const Settings& settings, const TellMistake& tell) {
  InterceptionChecker(settings, tell).check();
}

}  // namespace hyalite
