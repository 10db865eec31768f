// Tells the service manager how we are: the protocol of sd_notify(3).
// SPDX-License-Identifier: MIT
#include "process/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "base/fd.h"

namespace hyalite {

namespace {

// One assignment per line: what we are told to tell must not make a second one.
std::string one_line(std::string_view text) {
  std::string line(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

std::string main_pid() { return "MAINPID=" + std::to_string(::getpid()); }

}  // namespace

Notifier::Notifier(const char* socket) : socket_(socket == nullptr ? "" : socket) {}

void Notifier::ready(std::string_view status) const {
  send("READY=1\n" + main_pid() + "\nSTATUS=" + one_line(status));
}

void Notifier::reloading(Monotonic now) const {
  const auto us =
      std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(us) + "\n" + main_pid());
}

void Notifier::stopping(Milliseconds most) const {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(most).count();
  send("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + std::to_string(us));
}

void Notifier::status(std::string_view status) const { send("STATUS=" + one_line(status)); }

void Notifier::send(std::string text) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.empty() || socket_.size() >= sizeof(address.sun_path)) return;
  if (socket_[0] != '/' && socket_[0] != '@') return;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_[0] == '@') address.sun_path[0] = '\0';
  const Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  if (::sendto(fd.get(), text.data(), text.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&address), length) < 0) {
    return;
  }
}

}  // namespace hyalite
