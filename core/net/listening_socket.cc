// Opens the sockets on which clients arrive.
// SPDX-License-Identifier: MIT
#include "net/listening_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "net/socket_options.h"

namespace hyalite {

namespace {

Error trouble(const ListenSpec& spec, const std::string& what, int code,
              const std::string& remedy = {}) {
  Error error = Error::system(Fault::operator_,
                              "cannot listen on " + spec.address.text() + ": " + what, code);
  if (!remedy.empty()) error.text += "; " + remedy;
  return error;
}

std::string remedy_for_bind(const ListenSpec& spec, int code) {
  switch (code) {
    case EACCES:
      return "a port below net.ipv4.ip_unprivileged_port_start needs CAP_NET_BIND_SERVICE";
    case EADDRINUSE:
      return "another process listens there: see `ss -lntp sport = :" +
             std::to_string(spec.address.port) + "`";
    case EADDRNOTAVAIL:
      return "this machine has no such address: use [::] for all of them";
    default:
      return {};
  }
}

struct Opened {
  Fd fd;
  int family;
};

Result<Opened> open_socket(const ListenSpec& spec) {
  const int kind = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  if (!spec.address.ip.is_v4()) {
    if (Fd six(socket(AF_INET6, kind, 0)); six) return Opened{std::move(six), AF_INET6};
    // Without IPv6 in the kernel (ipv6.disable=1) "every address" is every IPv4 address. Where a
    // sysctl switches IPv6 off, a socket on [::] works and serves IPv4.
    if (errno != EAFNOSUPPORT || !spec.address.ip.is_unspecified())
      return trouble(spec, "socket", errno);
  }
  if (Fd four(socket(AF_INET, kind, 0)); four) return Opened{std::move(four), AF_INET};
  return trouble(spec, "socket", errno);
}

Result<void> prepare(const ListenSpec& spec, const Opened& opened) {
  const int fd = opened.fd.get();
  if (auto done = set_reuse_address(fd); !done)
    return trouble(spec, "SO_REUSEADDR", done.error().code);
  if (opened.family == AF_INET6) {
    if (auto done = set_ipv6_only(fd, false); !done)
      return trouble(spec, "IPV6_V6ONLY", done.error().code);
  }
  if (spec.reuse_port) {
    if (auto done = set_reuse_port(fd); !done)
      return trouble(spec, "SO_REUSEPORT", done.error().code);
  }
  // Accepted sockets inherit it.
  if (auto done = set_no_delay(fd); !done) return trouble(spec, "TCP_NODELAY", done.error().code);
  if (!spec.transparent) return {};
  if (auto done = set_transparent(fd, opened.family); !done) {
    return trouble(
        spec, "transparent", done.error().code,
        "it needs CAP_NET_RAW in the user namespace that owns this network namespace (systemd: "
        "AmbientCapabilities=CAP_NET_RAW and no PrivateUsers=; containers: a network of their "
        "own)");
  }
  // A listener that is not transparent gets nothing, and nft lets its clients pass unfiltered: so
  // never believe, ask.
  if (!is_transparent(fd, opened.family))
    return trouble(spec, "the kernel did not keep the option transparent", EPROTO);
  return {};
}

bool bind_to(const Opened& opened, Address address) {
  if (opened.family == AF_INET && !address.ip.is_v4()) address.ip = IpAddress{};
  sockaddr_storage storage;
  const socklen_t size = address.to_sockaddr(storage, opened.family);
  return bind(opened.fd.get(), reinterpret_cast<sockaddr*>(&storage), size) == 0;
}

}  // namespace

Result<Fd> open_listening_socket(const ListenSpec& spec) {
  auto opened = open_socket(spec);
  if (!opened) return opened.error();
  if (auto done = prepare(spec, *opened); !done) return done.error();
  if (!bind_to(*opened, spec.address)) {
    const int code = errno;
    return trouble(spec, "bind", code, remedy_for_bind(spec, code));
  }
  if (listen(opened->fd.get(), spec.backlog) != 0) {
    return trouble(spec, "listen", errno, remedy_for_bind(spec, errno));
  }
  return std::move(opened->fd);
}

Result<Address> listening_address(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
    return Error::system(Fault::us, "getsockname", errno);
  }
  const auto address = Address::from_sockaddr(reinterpret_cast<sockaddr*>(&storage));
  if (!address) return Error{Fault::operator_, "not a socket of the Internet", EAFNOSUPPORT};
  return *address;
}

}  // namespace hyalite
