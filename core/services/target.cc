// Where a service is.
// SPDX-License-Identifier: MIT
#include "services/target.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "net/socket_options.h"

namespace hyalite {

namespace {

Result<Fd> connecting(Fd fd, const sockaddr* to, socklen_t size, const std::string& what) {
  if (::connect(fd.get(), to, size) != 0 && errno != EINPROGRESS) {
    return Error::system(Fault::operator_, "cannot connect to " + what, errno);
  }
  return fd;
}

}  // namespace

ServiceTarget target_of(const ServiceSettings& service) {
  constexpr std::string_view kUnix = "unix:";
  if (service.address.substr(0, kUnix.size()) == kUnix) return UnixSocket{service.address.substr(kUnix.size())};
  if (const auto address = Address::parse(service.address)) return *address;
  const std::size_t colon = service.address.rfind(':');
  NamedHost host{service.address.substr(0, colon)};
  std::from_chars(service.address.data() + colon + 1, service.address.data() + service.address.size(), host.port);
  return host;
}

std::string host_of(const ServiceSettings& service) {
  if (!service.host.empty()) return service.host;
  return service.address.substr(0, 5) == "unix:" ? "localhost" : service.address;
}

Result<Fd> begin_connect(const Address& address, const OwnMark& mark) {
  const int family = address.ip.is_v4() ? AF_INET : AF_INET6;
  Fd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return Error::system(Fault::us, "socket", errno);
  (void)set_no_delay(fd.get());
  if (mark.mark != 0) {
    // Where local traffic is intercepted, a connection without the mark would come back to us.
    if (auto marked = set_mark(fd.get(), mark.mark); !marked && mark.required) return marked.error();
  }
  sockaddr_storage storage;
  const socklen_t size = address.to_sockaddr(storage, family);
  return connecting(std::move(fd), reinterpret_cast<const sockaddr*>(&storage), size, address.text());
}

Result<Fd> begin_connect(const UnixSocket& socket) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (socket.path.size() >= sizeof to.sun_path) return Error{Fault::operator_, "the path of the socket is too long"};
  std::copy(socket.path.begin(), socket.path.end(), to.sun_path);
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return Error::system(Fault::us, "socket", errno);
  return connecting(std::move(fd), reinterpret_cast<const sockaddr*>(&to), sizeof to, socket.path);
}

}  // namespace hyalite
