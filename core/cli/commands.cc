<<<<<<< HEAD
// One function per verb.
=======
// One function per verb; the answer is the exit status.
>>>>>>> process
// SPDX-License-Identifier: MIT
#include "cli/commands.h"

#include <unistd.h>

<<<<<<< HEAD
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "process/admin_process.h"
#include "base/text.h"
#include "cli/control_client.h"
#include "cli/exit_status.h"
#include "cli/flow_program.h"
#include "cli/status_text.h"
#include "cli/versions.h"
#include "plugin/library.h"
#include "process/generation.h"
#include "process/master.h"
#include "settings/json.h"
=======
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "cli/control_client.h"
#include "cli/status_text.h"
#include "process/check.h"
#include "process/master.h"
#include "settings/json.h"
#include "settings/settings.h"
>>>>>>> process

namespace hyalite {

namespace {

<<<<<<< HEAD
// Reloading may take as long as loading may (Settings::timeouts.load), and somebody may have asked before us.
constexpr Milliseconds kPatience = std::chrono::minutes{5};

std::vector<std::string> directories_of(const std::vector<std::string>& first) {
  std::vector<std::string> all = first;
  const auto own = own_plugin_directories();
  all.insert(all.end(), own.begin(), own.end());
  return all;
}

// What an upgrade will execute: the name we were started by, found again, as the file behind it may be another then.
std::string program_of(const char* name) {
  const std::string given(name);
  std::error_code failed;
  if (given.find('/') != std::string::npos) return std::filesystem::absolute(given, failed).string();
  const char* path = std::getenv("PATH");
  for (std::string_view directory : split(path ? path : "", ':')) {
    const auto candidate = std::filesystem::path(directory) / given;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate.string();
  }
  return std::filesystem::read_symlink("/proc/self/exe", failed).string();
}

int tell_outcome(const ControlAnswer& answer, bool json) {
  const auto document = JsonDocument::parse(answer.body);
  const bool done = answer.status == 200;
  if (json) {
    std::cout << answer.body;
  } else if (document) {
    (done ? std::cout : std::cerr) << document->root().member("text").string().value_or(answer.body);
  } else {
    std::cerr << answer.body;
  }
  return done ? kDone : kFailed;
}

int tell_status(const ControlAnswer& answer, bool json) {
  const std::string text = json ? answer.body : status_text(answer.body);
  (text.empty() ? std::cerr << answer.body : std::cout << text);
  return answer.status == 200 && !text.empty() ? kDone : kFailed;
}

std::string path_of(const ControlCommand& command) {
  switch (command.what) {
    case ControlCommand::What::reload: return command.release ? "/reload?release=1" : "/reload";
    case ControlCommand::What::upgrade: return "/upgrade";
    case ControlCommand::What::reopen: return "/reopen";
    case ControlCommand::What::status: break;
  }
  return "/status";
=======
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

ControlRequest request_of(ControlCommand::What what, bool release) {
  switch (what) {
    case ControlCommand::What::reload: return {"POST", release ? "/reload?release=1" : "/reload"};
    case ControlCommand::What::upgrade: return {"POST", "/upgrade"};
    case ControlCommand::What::reopen: return {"POST", "/reopen"};
    case ControlCommand::What::status: break;
  }
  return {"GET", "/status"};
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
  const auto text = status_text(answer.body);
  if (!text) return complain(text.error().text);
  print(stdout, *text);
  return kExitDone;
>>>>>>> process
}

}  // namespace

<<<<<<< HEAD
int run(const RunCommand& command, char** argv) {
  Log log;
  log.set_process("master");
  std::error_code failed;
  MasterOptions options;
  options.settings_file = std::filesystem::absolute(command.config, failed).string();
  options.user = command.user;
  options.program = program_of(argv[0]);
  options.arguments = {argv[0], "run", "--config", options.settings_file};
  if (!command.user.empty()) options.arguments.insert(options.arguments.end(), {"--user", command.user});
  options.notify_socket = std::getenv("NOTIFY_SOCKET");
  Master master(std::move(options), log);
  return command.resume >= 0 ? master.resume(Fd(command.resume)) : master.run();
}

int run_part(std::string_view part) {
  Log log;
  log.set_process(std::string(part));
  FlowProgram program(own_plugin_directories());
  if (part == "generation") return run_generation(program, log);
  if (part == "checker") return run_checker(program, log);
  if (part == "admin") return run_admin(log);
  std::cerr << "hyalite: no part of the service is called " << printable(part) << "\n";
  return kUsage;
}

int control(const ControlCommand& command) {
  const std::string socket = command.socket.empty()
                                 ? default_control_socket(::getuid(), std::getenv("XDG_RUNTIME_DIR"))
                                 : command.socket;
  const bool status = command.what == ControlCommand::What::status;
  const auto answer = ask_service(socket, status ? "GET" : "POST", path_of(command), kPatience);
  if (!answer) {
    std::cerr << "hyalite: " << answer.error().text << "\n";
    return kNotRunning;
  }
  return status ? tell_status(*answer, command.json) : tell_outcome(*answer, command.json);
}

int list_plugins(const PluginListCommand& command) {
  const auto found = list_plugins(directories_of(command.directories));
  std::string json = "[";
  for (const FoundPlugin& plugin : found) {
    const auto identity = identify_plugin(plugin.path);
    if (command.json) {
      json += (json.size() > 1 ? ",{" : "{") + ("\"name\":" + json_string(plugin.name)) + ",\"path\":" + json_string(plugin.path);
      json += identity ? ",\"version\":" + json_string(identity->version) : ",\"error\":" + json_string(identity.error().text);
      json += "}";
    } else {
      std::cout << plugin.name << "  " << (identity ? identity->version : "unusable: " + identity.error().text) << "  "
                << plugin.path << "\n";
    }
  }
  if (command.json) std::cout << json << "]\n";
  return kDone;
}

int tell_plugin(const PluginInfoCommand& command) {
  const auto path = find_plugin(command.file, directories_of(command.directories));
  const auto library = path ? Library::open(*path) : Result<Library>(path.error());
  if (!library) {
    std::cerr << "hyalite: " << library.error().text << "\n";
    return kFailed;
  }
  const PluginIdentity& identity = library->identity();
  const hyalite_descriptor& descriptor = library->descriptor();
  const std::string abi = std::to_string(identity.abi_major) + "." + std::to_string(identity.abi_minor);
  const std::string schema(library->settings_schema());
  if (command.json) {
    std::cout << "{\"id\":" << json_string(identity.id) << ",\"version\":" << json_string(identity.version)
              << ",\"license\":" << json_string(identity.license) << ",\"abi\":" << json_string(abi)
              << ",\"summary\":" << json_string(descriptor.summary ? descriptor.summary : "")
              << ",\"path\":" << json_string(*path) << ",\"settings_schema\":" << (schema.empty() ? "null" : schema)
              << "}\n";
    return kDone;
  }
  std::cout << identity.id << " " << identity.version << ": " << (descriptor.summary ? descriptor.summary : "") << "\n"
            << "file     " << *path << "\n"
            << "license  " << identity.license << "\n"
            << "ABI      " << abi << "\n"
            << "settings " << (schema.empty() ? "none" : schema) << "\n";
  return kDone;
}

int tell_version() {
  std::cout << versions();
  return kDone;
=======
int run(const RunCommand& command, std::vector<std::string> arguments) {
  Log log;
  log.set_process("master");
  MasterOptions options{absolute(command.settings_file), command.user, own_file(), without_resume(arguments),
                        std::getenv("NOTIFY_SOCKET")};
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
  const std::string path =
      command.socket.empty() ? default_control_socket(::geteuid(), std::getenv("XDG_RUNTIME_DIR")) : command.socket;
  if (path.empty()) {
    complain("no control socket: give --socket PATH, as in control.socket of the settings");
    return kExitUsage;
  }
  const auto answer = ask_control(path, request_of(command.what, command.release));
  if (!answer) {
    const int code = answer.error().code;
    const bool nobody = code == ENOENT || code == ECONNREFUSED;
    complain(nobody ? "the service is not running (nobody answers at " + path + ")" : answer.error().text);
    return nobody ? kExitNotRunning : kExitFailed;
  }
  if (command.json) {
    print(stdout, answer->body);
    return answer->status == 200 ? kExitDone : kExitFailed;
  }
  if (answer->status != 200 && answer->status != 409) return complain(trim(answer->body));
  return command.what == ControlCommand::What::status ? show_status(*answer) : show_outcome(*answer);
>>>>>>> process
}

}  // namespace hyalite
