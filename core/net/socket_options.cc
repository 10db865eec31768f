// The options of sockets that we use: one name each.
// SPDX-License-Identifier: MIT
#include "net/socket_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

namespace hyalite {

namespace {

template <class T>
Result<void> set(int fd, int level, int option, const T& value, const char* what) {
  if (setsockopt(fd, level, option, &value, sizeof value) == 0) return {};
  return Error::system(Fault::us, what, errno);
}

}  // namespace

Result<void> set_transparent(int fd, int family) {
  // On an AF_INET6 socket this serves both families.
  if (family == AF_INET6) return set(fd, SOL_IPV6, IPV6_TRANSPARENT, 1, "IPV6_TRANSPARENT");
  return set(fd, SOL_IP, IP_TRANSPARENT, 1, "IP_TRANSPARENT");
}

bool is_transparent(int fd, int family) {
  int value = 0;
  socklen_t size = sizeof value;
  const int level = family == AF_INET6 ? SOL_IPV6 : SOL_IP;
  const int option = family == AF_INET6 ? IPV6_TRANSPARENT : IP_TRANSPARENT;
  return getsockopt(fd, level, option, &value, &size) == 0 && value != 0;
}

Result<void> set_mark(int fd, std::uint32_t mark) {
  return set(fd, SOL_SOCKET, SO_MARK, mark, "SO_MARK");
}

Result<void> set_bind_address_no_port(int fd) {
  // Of the IP level also on an AF_INET6 socket.
  return set(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1, "IP_BIND_ADDRESS_NO_PORT");
}

Result<void> set_reuse_address(int fd) {
  return set(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
}
Result<void> set_reuse_port(int fd, bool on) {
  return set(fd, SOL_SOCKET, SO_REUSEPORT, on ? 1 : 0, "SO_REUSEPORT");
}

Result<void> set_ipv6_only(int fd, bool only) {
  return set(fd, SOL_IPV6, IPV6_V6ONLY, only ? 1 : 0, "IPV6_V6ONLY");
}

Result<void> set_no_delay(int fd) { return set(fd, SOL_TCP, TCP_NODELAY, 1, "TCP_NODELAY"); }
Result<void> set_quick_ack(int fd, bool on) {
  return set(fd, SOL_TCP, TCP_QUICKACK, on ? 1 : 0, "TCP_QUICKACK");
}

Result<void> set_keep_alive(int fd, const KeepAlive& keep_alive) {
  const auto idle = static_cast<int>(keep_alive.idle.count());
  const auto interval = static_cast<int>(keep_alive.interval.count());
  if (auto done = set(fd, SOL_TCP, TCP_KEEPIDLE, idle, "TCP_KEEPIDLE"); !done) return done;
  if (auto done = set(fd, SOL_TCP, TCP_KEEPINTVL, interval, "TCP_KEEPINTVL"); !done) return done;
  if (auto done = set(fd, SOL_TCP, TCP_KEEPCNT, keep_alive.probes, "TCP_KEEPCNT"); !done)
    return done;
  return set(fd, SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE");
}

Result<void> set_reset_on_close(int fd) {
  return set(fd, SOL_SOCKET, SO_LINGER, linger{.l_onoff = 1, .l_linger = 0}, "SO_LINGER");
}

int take_socket_error(int fd) {
  int code = 0;
  socklen_t size = sizeof code;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) != 0) return errno;
  return code;
}

}  // namespace hyalite
