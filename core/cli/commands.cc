// One function per verb; the answer is the exit status.
// SPDX-License-Identifier: MIT
#include "cli/commands.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "admin/status.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/control_client.h"
#include "cli/status_text.h"
#include "doctor/connection.h"
#include "doctor/doctor.h"
#include "doctor/lab_trial.h"
#include "process/check.h"
#include "process/master.h"
#include "settings/json.h"
#include "settings/settings.h"

namespace hyalite {

namespace {

void print(std::FILE* to, std::string_view text) { std::fwrite(text.data(), 1, text.size(), to); }

int complain(std::string_view what) {
  print(stderr, "hyalite: " + std::string(what) + '\n');
  return kExitFailed;
}

std::string absolute(const std::string& path) {
  std::error_code failed;
  const auto whole = std::filesystem::absolute(path, failed);
  return failed ? path : whole.lexically_normal().string();
}

// Argv without what an earlier upgrade added.
std::vector<std::string> without_resume(const std::vector<std::string>& arguments) {
  std::vector<std::string> kept;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--resume") {
      ++i;
    } else {
      kept.push_back(arguments[i]);
    }
  }
  return kept;
}

std::string own_file() {
  std::error_code failed;
  return std::filesystem::read_symlink("/proc/self/exe", failed).string();
}

// What is answered at once by a service that works. A reload and an upgrade take as long as their plugins take to load.
constexpr Milliseconds kAnswerPatience = Seconds{10};

ControlRequest request_of(const ControlCommand& command) {
  switch (command.what) {
    case ControlCommand::What::reload:
      return {"POST", command.release ? "/reload?release=1" : "/reload", std::nullopt};
    case ControlCommand::What::forget:
      return {"POST", "/forget?name=" + command.name, kAnswerPatience};
    case ControlCommand::What::upgrade:
      return {"POST", "/upgrade", std::nullopt};
    case ControlCommand::What::reopen:
      return {"POST", "/reopen", kAnswerPatience};
    case ControlCommand::What::status:
      break;
  }
  return {"GET", "/status", kAnswerPatience};
}

// Another user's own service has another socket than the machine's.
std::string whom_to_ask(const ControlCommand& command) {
  const bool there = ::access("/run/hyalite", F_OK) == 0;
  if (!command.socket.empty() || ::geteuid() == 0 || !there) return {};
  return "; this machine's service is asked by root: sudo hyalite ...";
}

// As records of refusals have it: a host name or an address.
bool is_server_name(std::string_view name) {
  return !name.empty() && name.size() <= 253 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:") ==
             std::string_view::npos;
}

std::string changed_at(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return {};
  return iso_time(std::chrono::system_clock::from_time_t(status.st_mtime));
}

// {"done": ..., "text": ...}
int show_outcome(const ControlAnswer& answer) {
  const auto document = JsonDocument::parse(answer.body);
  const auto text = document ? document->root().member("text").string() : std::nullopt;
  const bool done = answer.status == 200;
  print(done ? stdout : stderr, text ? std::string(*text) : answer.body);
  return done ? kExitDone : kExitFailed;
}

int show_status(const ControlAnswer& answer) {
  const auto text = status_text(answer.body, changed_at);
  if (!text) return complain(text.error().text);
  print(stdout, *text);
  return kExitDone;
}

}  // namespace

int run(const RunCommand& command, std::vector<std::string> arguments) {
  Log log;
  log.set_process("master");
  MasterOptions options{absolute(command.settings_file), command.user, own_file(),
                        without_resume(arguments), std::getenv("NOTIFY_SOCKET")};
  Master master(std::move(options), log);
  return command.resume < 0 ? master.run() : master.resume(Fd(command.resume));
}

int check(const CheckCommand& command) {
  const std::string file = absolute(command.settings_file);
  const auto failure = check_settings(file, command.user);
  if (command.json) {
    print(stdout, std::string("{\"fine\":") + (failure ? "false" : "true") +
                      ",\"mistakes\":" + (failure ? failure->json : "[]") + "}\n");
  } else if (failure) {
    print(stderr, failure->text);
  } else {
    print(stdout, file + ": the settings are fine\n");
  }
  return failure ? kExitFailed : kExitDone;
}

int control(const ControlCommand& command) {
  // It goes into a request as it is.
  if (command.what == ControlCommand::What::forget && !is_server_name(command.name)) {
    complain("\"" + printable(command.name) + "\" is no server name");
    return kExitUsage;
  }
  const std::string path = command.socket.empty()
                               ? default_control_socket(::geteuid(), std::getenv("XDG_RUNTIME_DIR"),
                                                        std::getenv("RUNTIME_DIRECTORY"))
                               : command.socket;
  if (path.empty()) {
    complain("no control socket: give --socket PATH, as in control.socket of the settings" +
             whom_to_ask(command));
    return kExitUsage;
  }
  const auto answer = ask_control(path, request_of(command));
  if (!answer) {
    const int code = answer.error().code;
    const bool nobody = code == ENOENT || code == ECONNREFUSED;
    complain(nobody ? "the service is not running (nobody answers at " + path + ")" +
                          whom_to_ask(command)
                    : answer.error().text);
    return nobody ? kExitNotRunning : kExitFailed;
  }
  if (command.json) {
    print(stdout, answer->body);
    return answer->status == 200 ? kExitDone : kExitFailed;
  }
  if (answer->status != 200 && answer->status != 409) return complain(trim(answer->body));
  return command.what == ControlCommand::What::status ? show_status(*answer)
                                                      : show_outcome(*answer);
}

int doctor(const DoctorCommand& command) {
  if (command.inside_lab) return run_lab_trial(command.options.settings_file);
  if (!command.connect_to.empty()) {
    const auto destination = Address::parse(command.connect_to);
    if (!destination) return kExitUsage;
    print(stdout, to_line(try_connection(*destination)));
    return kExitDone;
  }
  return doctor(command.options);
}

}  // namespace hyalite
