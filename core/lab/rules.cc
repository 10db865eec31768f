// How connections reach the proxy in a lab: by the rules of `hyalite intercept`.
// SPDX-License-Identifier: MIT
#include "lab/rules.h"

#include <cerrno>
#include <fstream>

#include "base/text.h"
#include "interception/installer.h"
#include "lab/author.h"
#include "settings/reader.h"

namespace hyalite {

namespace {

// The modes that change no port: the proxy listens on each.
bool keeps_ports(LabMode mode) {
  return mode == LabMode::routing || mode == LabMode::hybrid || mode == LabMode::anyip;
}

// Only redirect's way leads answers to the proxy's own address, and anyip's destinations are
// addresses of the gateway's.
bool needs_transparent_listeners(LabMode mode) {
  return mode != LabMode::redirect && mode != LabMode::anyip;
}

std::string list_of(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return '[' + text + ']';
}

// The lab's origin, and not its other address, is named.
std::string named_destinations() {
  for (const LabAddress& it : kLabAddresses) {
    if (it.variable == "ORIGIN") return list_of({json_string(it.v4), json_string(it.v6)});
  }
  return {};
}

std::string listener(const LabOptions& options, std::uint16_t port, const std::string& name) {
  std::string text =
      "{\"address\": \"[::]:" + std::to_string(port) + "\", \"name\": " + json_string(name) +
      ", \"transparent\": " + (needs_transparent_listeners(options.mode) ? "\"yes\"" : "\"no\"");
  if (options.mode == LabMode::anyip) text += ", \"anyip\": " + named_destinations();
  return text + '}';
}

std::string listeners(const LabOptions& options) {
  if (!keeps_ports(options.mode)) return list_of({listener(options, options.proxy_port, "all")});
  std::vector<std::string> all;
  for (const std::uint16_t port : options.ports)
    all.push_back(listener(options, port, "port-" + std::to_string(port)));
  return list_of(all);
}

std::string interception(const LabOptions& options) {
  std::vector<std::string> ports;
  for (const std::uint16_t port : options.ports) ports.push_back(std::to_string(port));
  const std::string clients = options.mode == LabMode::anyip ? "" : json_string(options.lan);
  return "{\"mode\": " + json_string(name_of(options.mode)) + ", \"client_interfaces\": [" +
         clients + "], \"origin_interfaces\": [" + json_string(options.wan) +
         "], \"ports\": " + list_of(ports) + '}';
}

}  // namespace

std::string lab_settings(const LabOptions& options) {
  // The user: whom every system has, also where no other user is mapped.
  std::string text =
      "{\"listeners\": " + listeners(options) + ",\n \"workers\": {\"user\": \"nobody\"}";
  if (options.mode != LabMode::none) text += ",\n \"interception\": " + interception(options);
  if (options.mode == LabMode::redirect) text += ",\n \"upstream\": {\"source\": \"proxy\"}";
  if (const std::string plugin = author_settings(options); !plugin.empty()) text += ",\n \"plugins\": [" + plugin + ']';
  return text + "}\n";
}

Result<void> install_rules(const LabOptions& options) {
  const std::string text = lab_settings(options);
  if (!(std::ofstream(kLabSettingsFile) << text << std::flush))
    return Error::system(Fault::us, kLabSettingsFile, errno);
  if (options.mode == LabMode::none) return {};
  const SettingsRead read = read_settings(text, kLabSettingsFile);
  if (!read) return Error{Fault::us, text_of(read.mistakes)};
  const Result<Plan> plan = make_plan(read.settings, look_at_machine(read.settings));
  if (!plan) return plan.error();
  const Result<void> on = switch_on({read.settings, *plan, kLabSettingsFile, false, text});
  if (on) return {};
  // A kernel that lacks what the rules need is nobody's failure; whatever else goes wrong is ours.
  const bool lacking = on.error().code == EOPNOTSUPP;
  return Error{lacking ? Fault::operator_ : Fault::us,
               "mode " + std::string(name_of(options.mode)) + ": " + on.error().text,
               on.error().code};
}

}  // namespace hyalite
