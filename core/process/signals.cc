// Signals as something to read, for processes without a loop.
// SPDX-License-Identifier: MIT
#include "process/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace hyalite {

Result<SignalReader> SignalReader::open(std::initializer_list<int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : signals) ::sigaddset(&set, signal);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0)
    return Error::system(Fault::us, "sigprocmask", errno);
  Fd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) return Error::system(Fault::us, "signalfd", errno);
  return SignalReader(std::move(fd));
}

std::optional<int> SignalReader::next() const {
  signalfd_siginfo info;
  ssize_t got;
  do {
    got = ::read(fd_.get(), &info, sizeof(info));
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(sizeof(info))) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

}  // namespace hyalite
