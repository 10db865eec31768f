// What the lab's commands find in their environment.
// SPDX-License-Identifier: MIT
#include "lab/environment.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>

#include "base/fd.h"
#include "lab/rules.h"

namespace hyalite {

namespace {

constexpr char kEnvironmentFile[] = "/run/hyalite-lab/environment";

std::string words(const std::vector<std::uint16_t>& ports) {
  std::string text;
  for (const std::uint16_t port : ports) text += (text.empty() ? "" : " ") + std::to_string(port);
  return text;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> lab_environment(const LabOptions& options) {
  std::vector<std::pair<std::string, std::string>> all = {
      {"HYALITE_LAB", std::string(name_of(options.mode))},
      {"HYALITE_LAB_HOST", std::string(name_of(options.host))},
      {"HYALITE_LAB_PROXY_PORT", std::to_string(options.proxy_port)},
      {"HYALITE_LAB_PORTS", words(options.ports)},
      {"HYALITE_LAB_SETTINGS", kLabSettingsFile},
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

}  // namespace hyalite
