// A private network of three hosts - client, gateway, origin - to show, test and try interception
// in. SPDX-License-Identifier: MIT
#include "lab/lab.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "lab/environment.h"
#include "lab/author.h"
#include "lab/helpers.h"
#include "lab/joining.h"
#include "lab/namespaces.h"
#include "lab/network.h"
#include "lab/program.h"
#include "lab/rules.h"

namespace hyalite {

namespace {

int complain(const std::string& text, int status) {
  std::fprintf(stderr, "hyalite lab: %s\n", text.c_str());
  return status;
}

// What the machine forbids is not our failure, and a test that needs a lab is skipped; what else
// goes wrong is.
int complain(const Error& error) {
  const bool forbidden = error.fault == Fault::operator_ || error.code == EPERM ||
                         error.code == EACCES || error.code == EROFS;
  return complain(error.text, forbidden ? kLabImpossible : 1);
}

// The programs that do not come with every system, and the Debian package each is in.
std::string missing_program() {
  if (find_program("ip").empty()) return "the program ip is missing (package iproute2)";
  if (find_program("nft").empty()) return "the program nft is missing (package nftables)";
  return {};
}

// The interrupt key speaks to the command; who waits for it lives on to report its end.
void leave_keys_to_command(sighandler_t handler) {
  std::signal(SIGINT, handler);
  std::signal(SIGQUIT, handler);
}

// Becomes the command, on its host.
[[noreturn]] void become_on(LabHost host, const std::vector<std::string>& command) {
  const Result<void> entered = enter_network(host);
  if (!entered) ::_exit(complain(entered.error().text, 1));
  ::setenv("HYALITE_LAB_HOST", std::string(name_of(host)).c_str(), 1);
  become(command);
}

// Runs it to its end; what else ends meanwhile is waited for, too: no zombie stays.
int run_command(LabHost host, const std::vector<std::string>& command) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) return complain(Error::system(Fault::us, "fork", errno));
  if (child == 0) {
    leave_keys_to_command(SIG_DFL);
    become_on(host, command);
  }
  int status = 0;
  for (pid_t ended = 0; ended != child;) {
    ended = ::waitpid(-1, &status, 0);
    if (ended < 0 && errno != EINTR)
      return complain(Error::system(Fault::us, "wait", errno).text, 1);
  }
  return exit_status(status);
}

Result<void> build(const LabOptions& options) {
  if (Result<void> files = make_private_files(lab_hosts_file()); !files) return files;
  if (Result<void> set = set_lab_environment(options); !set) return set;
  if (Result<void> network = build_network(options); !network) return network;
  if (Result<void> placed = options.plugin.empty() ? Result<void>() : place_plugin(options); !placed) return placed;
  if (Result<void> rules = install_rules(options); !rules) return rules;
  if (Result<void> web = options.web ? start_web(options) : Result<void>(); !web) return web;
  return make_trouble(options);
}

// The first process of the lab: when it ends, the kernel ends all others.
int live(const LabOptions& options) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_NAME, kLabProcessName);
  const Result<void> built = build(options);
  if (!built) return complain(built.error());
  const std::string settings = options.proxy ? kLabSettingsFile : options.settings_file;
  if (settings.empty()) return run_command(options.host, options.command);
  const Result<pid_t> proxy = start_proxy(settings);
  if (!proxy) return complain(proxy.error());
  if (const Result<void> watched = options.plugin.empty() ? Result<void>() : watch_plugin(options, *proxy); !watched)
    return complain(watched.error());
  const int status = run_command(options.host, options.command);
  stop_proxy(*proxy);
  return status;
}

// In the lab that this user has running.
int exec_in_running(LabHost host, const std::vector<std::string>& command, int lab) {
  widen_path();
  std::vector<pid_t> labs = lab != 0 ? std::vector<pid_t>{lab} : running_labs();
  if (labs.empty()) {
    return complain("no lab is running; \"hyalite lab run\" makes one, and runs a command there",
                    1);
  }
  if (labs.size() > 1) {
    std::string numbers;
    for (const pid_t it : labs) numbers += " " + std::to_string(it);
    return complain("several labs are running; choose one with --lab:" + numbers, 1);
  }
  const Result<void> joined = join_lab(labs.front());
  if (!joined) return complain(joined.error().text, 1);
  const Result<void> environment = take_lab_environment();
  if (!environment) return complain(environment.error().text, 1);
  leave_keys_to_command(SIG_IGN);
  return run_command(host, command);
}

}  // namespace

std::optional<LabMode> lab_mode_from(std::string_view name) {
  for (const LabMode mode : kLabModes) {
    if (name_of(mode) == name) return mode;
  }
  return std::nullopt;
}

std::string_view name_of(LabMode mode) {
  switch (mode) {
    case LabMode::none:
      return "none";
    case LabMode::tproxy:
      return "tproxy";
    case LabMode::routing:
      return "routing";
    case LabMode::hybrid:
      return "hybrid";
    case LabMode::redirect:
      return "redirect";
    case LabMode::anyip:
      return "anyip";
  }
  return "";
}

int lab_run(const LabOptions& options) {
  widen_path();
  if (const std::string missing = missing_program(); !missing.empty())
    return complain(missing, kLabImpossible);
  const Result<void> entered = enter_private_namespaces();
  if (!entered) return complain(entered.error());
  std::fflush(nullptr);
  leave_keys_to_command(SIG_IGN);
  const pid_t lab = ::fork();
  if (lab < 0) return complain(Error::system(Fault::us, "fork", errno));
  if (lab == 0) ::_exit(live(options));
  int status = 0;
  while (::waitpid(lab, &status, 0) < 0) {
    if (errno != EINTR) return complain(Error::system(Fault::us, "wait", errno).text, 1);
  }
  return exit_status(status);
}

int lab_exec(LabHost host, const std::vector<std::string>& command, int lab) {
  if (std::getenv("HYALITE_LAB") != nullptr && lab == 0) become_on(host, command);
  return exec_in_running(host, command, lab);
}

}  // namespace hyalite
