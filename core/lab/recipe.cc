// The recipes of config/recipes, by which connections reach the proxy.
// SPDX-License-Identifier: MIT
#include "lab/recipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>

#include "base/fd.h"
#include "lab/program.h"

namespace hyalite {

namespace {

constexpr char kEnvironmentFile[] = "/run/hyalite-lab/environment";

std::string recipe_path(LabMode mode) {
  return "/run/hyalite-lab/" + std::string(name_of(mode)) + ".sh";
}

std::string words(const std::vector<std::uint16_t>& ports) {
  std::string text;
  for (const std::uint16_t port : ports) text += (text.empty() ? "" : " ") + std::to_string(port);
  return text;
}

// The expressions that come in kernel modules of their own, which small kernels lack.
std::string_view rules_that_must_load(LabMode mode) {
  switch (mode) {
    case LabMode::tproxy:
      return "type filter hook prerouting priority mangle; socket wildcard 1 accept; meta l4proto "
             "tcp socket transparent 1 "
             "fib daddr type local tproxy to :1 accept; meta l4proto tcp reject with tcp reset;";
    case LabMode::hybrid:
      return "type filter hook prerouting priority mangle; socket wildcard 1 accept; socket "
             "transparent 1 accept;";
    case LabMode::redirect:
      return "type nat hook prerouting priority dstnat; fib daddr type local accept; tcp dport 1 "
             "redirect to :1;";
    case LabMode::routing:
    case LabMode::none:
      return "";
  }
  return "";
}

}  // namespace

std::vector<std::pair<std::string, std::string>> lab_environment(const LabOptions& options) {
  std::vector<std::pair<std::string, std::string>> all = {
      {"HYALITE_LAB", std::string(name_of(options.mode))},
      {"HYALITE_LAB_HOST", std::string(name_of(options.host))},
      {"HYALITE_LAB_PROXY_PORT", std::to_string(options.proxy_port)},
      {"HYALITE_LAB_PORTS", words(options.ports)},
      {"HYALITE_LAB_RECIPE", options.mode == LabMode::none ? "" : recipe_path(options.mode)},
      {"LAN", options.lan},
      {"WAN", options.wan},
      {"PORT", std::to_string(options.proxy_port)},
      {"PORTS", words(options.ports)},
      {"MARK", "0x100000"},
      {"TABLE", "100"},
  };
  for (const LabAddress& it : kLabAddresses) {
    all.emplace_back("HYALITE_LAB_" + std::string(it.variable) + "_4", it.v4);
    all.emplace_back("HYALITE_LAB_" + std::string(it.variable) + "_6", it.v6);
  }
  return all;
}

Result<void> set_lab_environment(const LabOptions& options) {
  std::string text;
  for (const auto& [name, value] : lab_environment(options)) {
    ::setenv(name.c_str(), value.c_str(), 1);
    text += name + "=" + value + "\n";
  }
  const Fd file(::open(kEnvironmentFile, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return Error::system(Fault::us, kEnvironmentFile, errno);
  }
  return {};
}

Result<void> take_lab_environment() {
  std::ifstream file(kEnvironmentFile);
  if (!file) return Error{Fault::operator_, "the lab is not complete yet", 0};
  for (std::string line; std::getline(file, line);) {
    const std::size_t equals = line.find('=');
    if (equals != std::string::npos)
      ::setenv(line.substr(0, equals).c_str(), line.substr(equals + 1).c_str(), 1);
  }
  return {};
}

Result<void> probe_kernel(LabMode mode) {
  const std::string_view rules = rules_that_must_load(mode);
  if (rules.empty()) return {};
  const std::string probe = "table inet probe {\nchain probe {\n" + std::string(rules) +
                            "\n}\n}\ndelete table inet probe\n";
  const Result<void> loaded = run_on(LabHost::gateway, {"nft", "-f", "-"}, probe);
  if (loaded) return {};
  return Error{Fault::operator_,
               "this kernel cannot do what mode " + std::string(name_of(mode)) +
                   " needs (nft says above what it lacks)",
               0};
}

Result<void> install_recipe(LabMode mode) {
  const std::string_view text = recipe_text(mode);
  if (text.empty()) return {};
  const std::string path = recipe_path(mode);
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755));
  if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return Error::system(Fault::us, path, errno);
  }
  return run_on(LabHost::gateway, {"sh", path, "on"});
}

}  // namespace hyalite
