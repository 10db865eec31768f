// Listening unix sockets, by path.
// SPDX-License-Identifier: MIT
#include "process/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>

namespace hyalite {

namespace {

constexpr int kBacklog = 64;
// Whoever does not take a connection within that time answers all the same.
constexpr Milliseconds kProbe = Seconds{1};

Error trouble(const std::string& path, int code) {
  return Error::system(Fault::operator_, path, code);
}

std::optional<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) return std::nullopt;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

void make_directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos || slash == 0) return;
  // Whether it works shows when the socket is bound. The socket's own permissions decide who may
  // connect.
  ::mkdir(path.substr(0, slash).c_str(), ::geteuid() == 0 ? 0755 : 0700);
}

}  // namespace

Result<Fd> connect_to_path(const std::string& path, Milliseconds patience) {
  const auto address = address_of(path);
  if (!address) return trouble(path, ENAMETOOLONG);
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return trouble(path, errno);
  const auto micros = std::chrono::microseconds(patience).count();
  const timeval most{static_cast<time_t>(micros / 1'000'000),
                     static_cast<suseconds_t>(micros % 1'000'000)};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) != 0)
    return trouble(path, errno == EAGAIN ? ETIMEDOUT : errno);
  return fd;
}

Result<Fd> listen_on_path(const std::string& path, mode_t mode) {
  const auto probe = connect_to_path(path, kProbe);
  if (probe || probe.error().code == ETIMEDOUT) {
    return Error{
        Fault::operator_,
        path + ": another process answers there; stop it, or name another path in the settings"};
  }
  make_directory_of(path);
  // Bound under another name first: nobody ever finds the path without a socket that listens.
  const std::string fresh = path + "." + std::to_string(::getpid());
  const auto address = address_of(fresh);
  if (!address) return trouble(path, ENAMETOOLONG);
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return trouble(path, errno);
  ::unlink(fresh.c_str());
  const mode_t before = ::umask(0777 & ~mode);
  const int bound =
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address));
  const int why = errno;
  ::umask(before);
  if (bound != 0) return trouble(path, why);
  if (::listen(fd.get(), kBacklog) == 0 && ::rename(fresh.c_str(), path.c_str()) == 0) return fd;
  const int failed = errno;
  ::unlink(fresh.c_str());
  return trouble(path, failed);
}

}  // namespace hyalite
