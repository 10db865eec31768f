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

constexpr char kLan[] = "hyalite-lan", kWan[] = "hyalite-wan";

const LabAddress& origin() {
  const auto* found = std::find_if(kLabAddresses.begin(), kLabAddresses.end(),
                                   [](const LabAddress& it) { return it.variable == "ORIGIN"; });
  return *found;
}

bool holds(const std::vector<Network>& networks, const IpAddress& ip) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Network& it) { return it.contains(ip); });
}

// The only destination of a lab, in the families that are named.
void name_the_origin(Settings& settings) {
  std::vector<std::uint16_t>& ports = settings.interception.ports;
  ports.clear();
  for (ListenerSettings& listener : settings.listeners) {
    if (listener.anyip.empty()) continue;
    std::vector<Network> named;
    for (const std::string_view address : {origin().v4, origin().v6}) {
      const Network here = *Network::parse(address);
      const auto alike = [&](const Network& it) { return it.is_v4() == here.is_v4(); };
      if (std::any_of(listener.anyip.begin(), listener.anyip.end(), alike)) named.push_back(here);
    }
    listener.anyip = named;
    if (std::find(ports.begin(), ports.end(), listener.address.port) == ports.end())
      ports.push_back(listener.address.port);
  }
}

// Is a connection there among those that the settings want to have? Named destinations are those of
// the listener on that port.
bool is_wanted(const Settings& settings, const Address& destination) {
  if (settings.interception.mode != InterceptionMode::anyip) return true;
  const auto takes = [&](const ListenerSettings& it) {
    return it.address.port == destination.port && holds(it.anyip, destination.ip);
  };
  return std::any_of(settings.listeners.begin(), settings.listeners.end(), takes);
}

// One interface on each side, as the lab has them; nothing that other programs would see. TLS and
// services name files, users and addresses of the machine: the trial asks for none of them.
Settings for_the_lab(const Settings& settings, const std::string& directory) {
  Settings some = settings;
  some.plugins.clear();
  some.plugin_dirs.clear();
  some.services.clear();
  some.tls = {};
  InterceptionSettings& interception = some.interception;
  if (!interception.client_interfaces.empty()) interception.client_interfaces.resize(1);
  if (interception.mode == InterceptionMode::anyip) name_the_origin(some);
  if (!interception.origin_interfaces.empty()) {
    const std::string wan = interception.origin_interfaces[0];
    const bool one_armed = interception.client_interfaces == std::vector<std::string>{wan};
    interception.origin_interfaces = {one_armed ? kWan : wan};
  }
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
  const InterceptionSettings& interception = settings.interception;
  options.lan = interception.client_interfaces.empty() ? kLan : interception.client_interfaces[0];
  options.wan = interception.origin_interfaces.empty() ? kWan : interception.origin_interfaces[0];
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
  output_of({"ip", "route", "add", "default", "via", std::string(origin().v4)});
  output_of({"ip", "-6", "route", "add", "default", "via", std::string(origin().v6)});
}

// On a host of the lab; what it prints is ours.
void connect_from(LabHost host, const Address& destination) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    std::error_code failed;
    const std::string self = std::filesystem::read_symlink("/proc/self/exe", failed).string();
    ::_exit(lab_exec(host, {self, "doctor", "--connect-to", destination.text()}));
  }
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

// Nobody is behind this machine: only what it opens itself is brought to the proxy.
bool only_own(const Settings& settings) {
  return settings.interception.client_interfaces.empty() &&
         settings.interception.mode != InterceptionMode::anyip;
}

}  // namespace

TrialAnswer try_in_lab(const Settings& settings) {
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
  const LabHost from = only_own(read.settings) ? LabHost::gateway : LabHost::client;
  for (const std::string_view host : {origin().v4, origin().v6}) {
    for (const std::uint16_t port : read.settings.interception.ports) {
      const Address destination{*IpAddress::parse(host), port};
      if (is_wanted(read.settings, destination)) connect_from(from, destination);
    }
  }
  return 0;
}

}  // namespace hyalite
