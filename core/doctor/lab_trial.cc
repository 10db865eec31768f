// The rules of the settings and the proxy, tried in a private lab.
// SPDX-License-Identifier: MIT
#include "doctor/lab_trial.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "doctor/connection.h"
#include "doctor/output_of.h"
#include "doctor/settings_text.h"
#include "interception/installer.h"
#include "interception/machine.h"
#include "interception/plan.h"
#include "lab/hosts.h"
#include "lab/lab.h"
#include "settings/reader.h"

namespace hyalite {

namespace {

constexpr std::size_t kMostPorts = 8;
// A lab, a start of the proxy and its end, on a busy machine.
constexpr unsigned kMostSeconds = 120;

// The only destinations of a lab.
void name_the_origin(Settings& settings) {
  settings.interception.ports.clear();
  for (ListenerSettings& listener : settings.listeners) {
    if (listener.anyip.empty()) continue;
    listener.anyip.clear();
    for (const LabAddress& it : kLabAddresses) {
      if (it.variable != "ORIGIN") continue;
      listener.anyip = {*Network::parse(it.v4), *Network::parse(it.v6)};
    }
    settings.interception.ports.push_back(listener.address.port);
    return;
  }
}

// One interface on each side, as the lab has them; nothing that other programs would see.
Settings for_the_lab(const Settings& settings, const std::string& directory) {
  Settings some = settings;
  some.plugins.clear();
  some.plugin_dirs.clear();
  InterceptionSettings& interception = some.interception;
  if (interception.client_interfaces.empty()) interception.client_interfaces = {"hyalite-lan"};
  interception.client_interfaces.resize(1);
  if (interception.mode == InterceptionMode::anyip) name_the_origin(some);
  std::string wan = interception.origin_interfaces.empty() ? "" : interception.origin_interfaces[0];
  if (wan.empty() || wan == interception.client_interfaces[0]) wan = "hyalite-wan";
  interception.origin_interfaces = {wan};
  if (interception.ports.size() > kMostPorts) interception.ports.resize(kMostPorts);
  // Users and groups of the machine are not those of the lab.
  interception.exempt = {};
  interception.sysctls.clear();
  some.workers.count = 1;
  some.admin.address.reset();
  some.admin.socket.clear();
  some.control.socket = directory + "/control.sock";
  some.timeouts.stop = Milliseconds{100};
  return some;
}

LabOptions options_for(const Settings& settings, const std::string& file) {
  LabOptions options;
  options.mode = LabMode::none;
  options.host = LabHost::gateway;
  options.lan = settings.interception.client_interfaces[0];
  options.wan = settings.interception.origin_interfaces[0];
  options.ports = settings.interception.ports;
  options.settings_file = file;
  options.web = true;
  std::error_code failed;
  options.command = {std::filesystem::read_symlink("/proc/self/exe", failed).string(), "doctor",
                     "--inside-lab", "--config", file};
  return options;
}

// Everything that the lab says, and its exit status.
Said run_lab(const LabOptions& options) {
  Said said;
  const std::string output = options.settings_file + ".out";
  std::fflush(nullptr);
  const pid_t lab = ::fork();
  if (lab == 0) {
    ::alarm(kMostSeconds);
    if (std::freopen(output.c_str(), "w", stdout) == nullptr ||
        std::freopen((output + ".err").c_str(), "w", stderr) == nullptr)
      ::_exit(1);
    ::_exit(lab_run(options));
  }
  int status = 0;
  while (::waitpid(lab, &status, 0) < 0 && errno == EINTR) {
  }
  said.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  const auto read = [](const std::string& path) {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  said.output = read(output);
  said.complaint = read(output + ".err");
  return said;
}

// The last line that is not a message of the proxy's about its life.
std::string last_line(std::string_view text) {
  std::string last;
  for (const std::string_view line : split(text, '\n')) {
    if (!line.empty() && line.find("] info ") == std::string_view::npos) last = line;
  }
  return last;
}

TrialAnswer judge_trial(const Said& said, const Settings& settings) {
  TrialAnswer answer;
  answer.where = "lab";
  if (said.status == kLabImpossible || said.status < 0) {
    answer.not_made = said.status < 0 ? "the lab did not end in time" : last_line(said.complaint);
    return answer;
  }
  answer.passed = said.status == 0;
  for (const std::string_view line : split(said.output, '\n')) {
    if (!line.empty())
      answer.what += judge_connection(from_line(std::string(line)), settings, answer.passed);
  }
  if (said.status != 0) answer.what += "  " + last_line(said.complaint) + "\n";
  if (answer.what.empty()) answer.passed = false;
  return answer;
}

// The origin is the lab's Internet: what the gateway itself sends needs a source.
void set_default_routes() {
  for (const LabAddress& it : kLabAddresses) {
    if (it.variable != "ORIGIN") continue;
    output_of({"ip", "route", "add", "default", "via", std::string(it.v4)});
    output_of({"ip", "-6", "route", "add", "default", "via", std::string(it.v6)});
  }
}

// On a host of the lab; what it prints is ours.
void connect_from_client(const Address& destination) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    std::error_code failed;
    const std::string self = std::filesystem::read_symlink("/proc/self/exe", failed).string();
    ::_exit(lab_exec(LabHost::client, {self, "doctor", "--connect-to", destination.text()}));
  }
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

TrialAnswer try_in_lab(const Settings& settings) {
  if (settings.interception.client_interfaces.empty() &&
      settings.interception.mode != InterceptionMode::anyip)
    return {"lab", false, "", "the settings name no client_interfaces"};
  char directory[] = "/tmp/hyalite-doctor-XXXXXX";
  if (::mkdtemp(directory) == nullptr) return {"lab", false, "", "no directory in /tmp"};
  ::chmod(directory, 0755);
  const std::string file = std::string(directory) + "/hyalite.yaml";
  const Settings some = for_the_lab(settings, directory);
  std::ofstream(file) << settings_text(some);
  const TrialAnswer answer = judge_trial(run_lab(options_for(some, file)), some);
  std::error_code failed;
  std::filesystem::remove_all(directory, failed);
  return answer;
}

int run_lab_trial(const std::string& settings_file) {
  const SettingsRead read = read_settings_file(settings_file);
  if (!read) return 1;
  set_default_routes();
  const Result<Plan> plan = make_plan(read.settings, look_at_machine(read.settings));
  const Result<void> on =
      plan ? switch_on({read.settings, *plan, settings_file, false}) : Result<void>(plan.error());
  if (!on) {
    std::fprintf(stderr, "%s\n", on.error().text.c_str());
    return 1;
  }
  for (const LabAddress& it : kLabAddresses) {
    if (it.variable != "ORIGIN") continue;
    for (const std::string_view host : {it.v4, it.v6}) {
      for (const std::uint16_t port : read.settings.interception.ports)
        connect_from_client({*IpAddress::parse(host), port});
    }
  }
  return 0;
}

}  // namespace hyalite
