// The origin's small web server.
// SPDX-License-Identifier: MIT
#include "lab/web.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <string_view>

namespace hyalite {

namespace {

constexpr int kBacklog = 128;
constexpr std::size_t kMostHeadBytes = 16384;
constexpr timeval kPatience{10, 0};

bool set(int fd, int level, int option, int value) {
  return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

Address name_of_end(int fd, int (*ask)(int, sockaddr*, socklen_t*)) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  if (ask(fd, address, &length) != 0) return {};
  return Address::from_sockaddr(address).value_or(Address{});
}

// The IP header of the SYN: RFC 791, section 3.1; RFC 8200, section 3.
int hops_of(int connection) {
  unsigned char syn[256];
  socklen_t length = sizeof syn;
  if (::getsockopt(connection, IPPROTO_TCP, TCP_SAVED_SYN, syn, &length) != 0 || length < 40) {
    return 0;
  }
  return syn[0] >> 4 == 4 ? syn[8] : syn[7];
}

bool read_head(int connection) {
  std::string head;
  char bytes[4096];
  while (head.size() < kMostHeadBytes && head.find("\r\n\r\n") == std::string::npos) {
    const ssize_t size = ::read(connection, bytes, sizeof bytes);
    if (size <= 0) return false;
    head.append(bytes, static_cast<std::size_t>(size));
  }
  return true;
}

void answer(int connection) {
  ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  ::setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  if (!read_head(connection)) return;
  const WebVisit visit = web_visit(connection);
  const std::string body = "seen " + visit.client.text() + "\nhere " + visit.origin.text() +
                           "\nhops " + std::to_string(visit.hops) + "\n";
  const std::string response =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body;
  if (::write(connection, response.data(), response.size()) > 0) {
    ::shutdown(connection, SHUT_WR);
    char rest[256];
    while (::read(connection, rest, sizeof rest) > 0) {
    }
  }
}

void accept_one(int listener, int& visits) {
  const Fd connection(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
  if (!connection) return;
  const pid_t child = ::fork();
  if (child < 0) return;
  if (child > 0) {
    ++visits;
    return;
  }
  answer(connection.get());
  ::_exit(0);
}

}  // namespace

Result<Fd> listen_for_web(std::uint16_t port) {
  Fd listener(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  if (!listener || !set(listener.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0) ||
      !set(listener.get(), SOL_SOCKET, SO_REUSEADDR, 1) ||
      !set(listener.get(), IPPROTO_TCP, TCP_SAVE_SYN, 1) ||
      ::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.get(), kBacklog) != 0) {
    return Error::system(Fault::us, "a web server on port " + std::to_string(port), errno);
  }
  return listener;
}

WebVisit web_visit(int connection) {
  return {name_of_end(connection, ::getpeername), name_of_end(connection, ::getsockname),
          hops_of(connection)};
}

void serve_web(const std::vector<Fd>& listeners) {
  std::signal(SIGPIPE, SIG_IGN);
  std::vector<pollfd> ready;
  for (const Fd& it : listeners) ready.push_back({it.get(), POLLIN, 0});
  int visits = 0;
  for (;;) {
    while (visits > 0 && ::waitpid(-1, nullptr, visits < kMostVisits ? WNOHANG : 0) > 0) --visits;
    if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) return;
    for (const pollfd& it : ready) {
      if (it.revents & (POLLERR | POLLHUP | POLLNVAL)) return;
      if (it.revents & POLLIN) accept_one(it.fd, visits);
    }
  }
}

}  // namespace hyalite
