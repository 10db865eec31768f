// `hyalite check`: every mistake in a settings file, in plugins' settings too.
// SPDX-License-Identifier: MIT
#include "cli/check.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <iostream>
#include <new>

#include "base/text.h"
#include "cli/exit_status.h"
#include "cli/flow_program.h"
#include "settings/reader.h"

namespace hyalite {

namespace {

struct Outcome {
  bool fine = false;
  std::string text, json;
};

Outcome outcome_of(const Mistakes& mistakes) { return {mistakes.empty(), text_of(mistakes), json_of(mistakes)}; }

// In the child: everything that loading finds.
Outcome load(const Settings& settings, const std::string& file, CallSlot& calls) {
  Log log(settings.log.level);
  Layout layout;
  FlowProgram program(own_plugin_directories());
  const Mistakes mistakes = program.load({settings, file, {}, layout, calls, log});
  program.unload();
  return outcome_of(mistakes);
}

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

struct Said {
  std::string text;
  bool ended = false;  // in time
};

Said read_until(int fd, Monotonic until) {
  Said said;
  char buffer[65536];
  for (;;) {
    const auto left = std::chrono::ceil<Milliseconds>(until - SystemClock{}.now());
    pollfd ready{fd, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) return said;
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    said.ended = n <= 0;
    if (said.ended) return said;
    said.text.append(buffer, static_cast<std::size_t>(n));
  }
}

std::string culprit(const Settings& settings, const CallSlot& calls) {
  const std::uint32_t instance = calls.instance.load();
  if (instance == 0 || instance > settings.plugins.size()) return "A plugin";
  return "The plugin " + settings.plugins[instance - 1].name;
}

Outcome failure(const std::string& file, const std::string& sentence) {
  Mistake mistake;
  mistake.file = file;
  mistake.what = sentence;
  return outcome_of({mistake});
}

Outcome load_in_child(const Settings& settings, const std::string& file) {
  void* shared = ::mmap(nullptr, sizeof(CallSlot), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int ends[2];
  if (shared == MAP_FAILED || ::pipe2(ends, O_CLOEXEC) != 0) return failure(file, "cannot start a process to load plugins in");
  CallSlot& calls = *new (shared) CallSlot;
  Fd mine(ends[0]), theirs(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return failure(file, "cannot start a process to load plugins in");
  if (child == 0) {
    const Outcome found = load(settings, file, calls);
    write_all(theirs.get(), (found.fine ? "1" : "0") + std::to_string(found.text.size()) + "\n" + found.text + found.json);
    ::_exit(0);
  }
  theirs.reset();
  const Said said = read_until(mine.get(), SystemClock{}.now() + settings.timeouts.load);
  if (!said.ended) ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!said.ended) return failure(file, culprit(settings, calls) + " does not finish loading");
  if (said.text.empty()) {
    const std::string how = WIFSIGNALED(status) ? ::strsignal(WTERMSIG(status)) : "it ended the process";
    return failure(file, culprit(settings, calls) + " crashes while it is loaded: " + how);
  }
  const auto line = said.text.find('\n');
  const auto size = static_cast<std::size_t>(parse_decimal(said.text.substr(1, line - 1)).value_or(0));
  return {said.text[0] == '1', said.text.substr(line + 1, size), said.text.substr(line + 1 + size)};
}

}  // namespace

int check(const CheckCommand& command) {
  const SettingsRead read = read_settings_file(command.config);
  Outcome outcome = outcome_of(read.mistakes);
  if (read.mistakes.empty()) outcome = load_in_child(read.settings, command.config);
  if (command.json) {
    std::cout << outcome.json << "\n";
  } else if (outcome.fine) {
    std::cout << command.config << ": fine, with " << read.settings.plugins.size()
              << (read.settings.plugins.size() == 1 ? " plugin\n" : " plugins\n");
  } else {
    std::cerr << outcome.text;
  }
  return outcome.fine ? kDone : kFailed;
}

}  // namespace hyalite
