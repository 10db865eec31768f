// A private network of three hosts - client, gateway, origin - to show, test and try interception
// in. SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/fault.h"
#include "lab/hosts.h"

namespace hyalite {

// How connections reach the proxy: by the rules of `hyalite intercept` for the mode of that name.
// anyip names the lab's origin alone.
enum class LabMode { none, tproxy, routing, hybrid, redirect, anyip };

inline constexpr std::array kLabModes = {LabMode::none,   LabMode::tproxy,   LabMode::routing,
                                         LabMode::hybrid, LabMode::redirect, LabMode::anyip};

std::optional<LabMode> lab_mode_from(std::string_view name);
std::string_view name_of(LabMode mode);

struct LabOptions {
  LabMode mode = LabMode::tproxy;
  // Where the proxy will listen on the gateway. The modes routing, hybrid and anyip change no
  // ports: there the proxy must listen on each of `ports` itself.
  std::uint16_t proxy_port = 8080;
  // The destination ports whose connections are brought to the proxy.
  std::vector<std::uint16_t> ports = {80, 443};
  // What the gateway calls its interfaces.
  std::string lan = "lan", wan = "wan";
  // What is wrong in this lab.
  LabTrouble trouble;
  // The settings file of a proxy that runs on the gateway; empty: there is none, or with `proxy`
  // one that fits the mode ($HYALITE_LAB_SETTINGS).
  std::string settings_file;
  bool proxy = false;
  // An author's plugin in the proxy's chain, put there again whenever its file changes, and its settings as YAML in one line;
  // empty: none. Needs `proxy`.
  std::string plugin, plugin_settings;
  // Does a small web server answer on the origin, on each of `ports`? It says whom it sees.
  bool web = false;
  // What runs, and on which host; the lab lives as long as it does. Not empty.
  std::vector<std::string> command;
  LabHost host = LabHost::client;
};

// What lab_run() returns when this machine cannot have a lab: the code by which test runners know a
// skipped test.
constexpr int kLabImpossible = 77;

// Builds the lab, runs the command in it, and returns the command's exit status (128 + N
// when signal N killed it). When the command ends, or the caller dies, everything that was started
// in the lab ends, and the lab is gone.
//
// The machine's own network is neither seen nor touched: hosts are network namespaces. No file of
// the machine is changed: /run and /etc/hosts are the lab's own. None of it needs root: without the
// capabilities for it, the caller becomes root of a user namespace in which there is no other user.
//
// The command finds in its environment where it is:
//   HYALITE_LAB             the mode
//   HYALITE_LAB_HOST        client, gateway or origin
//   HYALITE_LAB_PROXY_PORT  as in the options, like the next
//   HYALITE_LAB_PORTS       "80 443"
//   HYALITE_LAB_SETTINGS    a settings file for a proxy that fits the mode, by which interception
//   was
//                           switched on: for `hyalite intercept`, `doctor` and `run`
//   HYALITE_LAB_CLIENT_4 and _6, and likewise LAN  (the gateway on the client's side), WAN (on the
//                           origin's side), ORIGIN, OTHER (the origin's second address)
// Names: client.lab, gateway.lab, origin.lab and www.lab, other.lab and ads.lab, in both families.
//
// Called with one thread. On errors it says why on stderr: returns kLabImpossible when the kernel,
// a container or a missing program is in the way, 1 when something else is.
int lab_run(const LabOptions& options);

// Runs a command on a host of a lab: of the one that this process is in, else of the one that the
// same user has running; `lab` (the number that `lab run` has, 0: the only one) picks one of
// several. Returns the command's exit status, or 1 after having said on stderr why there is no lab.
int lab_exec(LabHost host, const std::vector<std::string>& command, int lab = 0);

}  // namespace hyalite
