// Would the service start with these settings? Asked without starting it.
// SPDX-License-Identifier: MIT
#include "process/check.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "metrics/board.h"
#include "process/child.h"
#include "process/memory_file.h"
#include "process/refusals_memory.h"
#include "settings/reader.h"

namespace hyalite {

namespace {

// What the checker says last: fine, or a failure; nothing when it died.
struct Verdict {
  bool fine = false;
  std::optional<Failure> failure;
};

Verdict listen_to(const Channel& checker) {
  Verdict verdict;
  while (true) {
    const auto received = checker.receive();
    if (!received) return verdict;
    if (*received) {
      verdict.fine |= (*received)->as<Ready>().has_value();
      if (auto failure = told_failure(**received)) verdict.failure = std::move(failure);
      continue;
    }
    pollfd watched{checker.fd(), POLLIN, 0};
    ::poll(&watched, 1, -1);
  }
}

Result<std::optional<Failure>> check(const std::string& file, const std::string& user) {
  const auto text = read_settings_file(file, kMaxSettingsFileBytes);
  if (!text) return text.error();
  const auto sealed = sealed_text(*text, "hyalite-settings");
  if (!sealed) return sealed.error();
  Fd memory(::memfd_create("hyalite-loading", MFD_CLOEXEC));
  if (!memory || ::ftruncate(memory.get(), sizeof(LoadNote)) != 0)
    return Error::system(Fault::us, "memfd_create", errno);
  const auto note = SharedMemory::map(memory.get(), sizeof(LoadNote), false);
  if (!note) return note.error();
  const Fd refusals = refusals_memory();
  int life[2];
  if (::pipe2(life, O_CLOEXEC) != 0) return Error::system(Fault::us, "pipe", errno);
  const Fd life_read(life[0]), life_write(life[1]);

  auto child = start_child(kThisProgram, "checker", "check");
  if (!child) return child.error();
  Begin begin;
  begin.file = FixedText<4'096>(file);
  begin.user = FixedText<64>(user);
  auto sent =
      child->channel.send(begin, {sealed->get(), life_read.get(), memory.get(), refusals.get()});
  Verdict verdict = sent ? listen_to(child->channel) : Verdict{};
  int status = 0;
  while (::waitpid(child->pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (verdict.failure) return verdict.failure;
  if (verdict.fine) return std::optional<Failure>();
  return std::optional(
      died_loading(reinterpret_cast<const LoadNote*>(note->bytes().data()), status, file));
}

}  // namespace

std::optional<Failure> check_settings(const std::string& settings_file, const std::string& user) {
  auto checked = check(settings_file, user);
  return checked ? *checked : Failure::of(checked.error(), settings_file);
}

Failure died_loading(const LoadNote* note, int status, const std::string& settings_file) {
  std::string what = "the process that loads the settings ended by itself";
  if (WIFSIGNALED(status)) {
    what = WTERMSIG(status) == SIGALRM ? "loading took longer than timeouts.load"
                                       : std::string("the process that loads the settings died: ") +
                                             ::strsignal(WTERMSIG(status));
  }
  const LoadNote::Running running = note == nullptr ? LoadNote::Running() : note->running();
  if (!running.instance.empty()) {
    what += ", while the code of the plugin \"" + running.instance + "\" was running (" + running.hook + ")";
  }
  return Failure::of(Error{Fault::plugin, what}, settings_file);
}

}  // namespace hyalite
