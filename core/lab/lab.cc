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

#include "lab/namespaces.h"
#include "lab/network.h"
#include "lab/program.h"
#include "lab/recipe.h"

namespace hyalite {

namespace {

constexpr LabMode kModes[] = {LabMode::none, LabMode::tproxy, LabMode::routing, LabMode::hybrid,
                              LabMode::redirect};

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

int run_command(const std::vector<std::string>& command) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) return complain(Error::system(Fault::us, "fork", errno));
  if (child == 0) {
    leave_keys_to_command(SIG_DFL);
    become(command);
  }
  // Everything that loses its parent here becomes our child: no zombie stays.
  int status = 0;
  for (pid_t ended = 0; ended != child;) {
    ended = ::waitpid(-1, &status, 0);
    if (ended < 0 && errno != EINTR)
      return complain(Error::system(Fault::us, "wait", errno).text, 1);
  }
  return exit_status(status);
}

// The first process of the lab: when it ends, the kernel ends all others.
int live(const LabOptions& options) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  set_lab_environment(options);
  const Result<void> files = make_private_files(lab_hosts_file());
  if (!files) return complain(files.error());
  const Result<void> network = build_network();
  if (!network) return complain(network.error());
  const Result<void> able = probe_kernel(options.mode);
  if (!able) return complain(able.error());
  const Result<void> recipe = install_recipe(options.mode);
  if (!recipe) return complain(recipe.error());
  return run_command(options.command);
}

}  // namespace

std::optional<LabMode> lab_mode_from(std::string_view name) {
  for (const LabMode mode : kModes) {
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

int lab_exec(LabHost host, const std::vector<std::string>& command) {
  if (std::getenv("HYALITE_LAB") == nullptr) {
    return complain(
        "not in a lab; \"hyalite lab run -- COMMAND\" makes one and runs a command there", 1);
  }
  const Result<void> entered = enter_network(host);
  if (!entered) return complain(entered.error().text, 1);
  ::setenv("HYALITE_LAB_HOST", std::string(name_of(host)).c_str(), 1);
  become(command);
}

}  // namespace hyalite
