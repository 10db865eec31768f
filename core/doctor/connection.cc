// One connection of a trial, seen from both ends.
// SPDX-License-Identifier: MIT
#include "doctor/connection.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/fd.h"
#include "base/text.h"

namespace hyalite {

namespace {

constexpr timeval kPatience{5, 0};
constexpr std::size_t kMostBytes = std::size_t{64} << 10;
// Unlike those of any program's packets: what arrives with nearly as many is the client's own.
constexpr int kHops = 200;
constexpr int kHopsOfOthers = 128;

Fd client_socket(const Address& destination) {
  const int family = destination.ip.is_v4() ? AF_INET : AF_INET6;
  Fd socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  if (family == AF_INET) {
    ::setsockopt(socket.get(), IPPROTO_IP, IP_TTL, &kHops, sizeof kHops);
  } else {
    ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_UNICAST_HOPS, &kHops, sizeof kHops);
  }
  return socket;
}

Address own_end(int socket) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  if (::getsockname(socket, address, &length) != 0) return {};
  return Address::from_sockaddr(address).value_or(Address{});
}

std::string why(const char* what) {
  return std::string(what) + ": " +
         (errno == EINPROGRESS || errno == EAGAIN ? "timed out" : std::strerror(errno));
}

// "seen ADDRESS", "hops NUMBER": as serve_web() answers.
std::string_view line_after(std::string_view text, std::string_view name) {
  const std::size_t begin = text.find("\n" + std::string(name) + " ");
  if (begin == std::string_view::npos) return {};
  const std::string_view rest = text.substr(begin + name.size() + 2);
  return rest.substr(0, rest.find('\n'));
}

void read_answer(int socket, TrialConnection& connection) {
  std::string answer;
  char bytes[4096];
  ssize_t size = 0;
  while (answer.size() < kMostBytes && (size = ::read(socket, bytes, sizeof bytes)) > 0)
    answer.append(bytes, static_cast<std::size_t>(size));
  const auto seen = Address::parse(line_after(answer, "seen"));
  if (!seen) {
    const std::string_view status = std::string_view(answer).substr(0, answer.find('\r'));
    connection.failure = size < 0 ? why("no answer") : "another answer: " + printable(status);
    return;
  }
  connection.seen = *seen;
  connection.direct =
      parse_decimal(line_after(answer, "hops")).value_or(0) > std::uint64_t{kHopsOfOthers};
}

}  // namespace

TrialConnection try_connection(const Address& destination) {
  TrialConnection connection;
  connection.destination = destination;
  const Fd socket = client_socket(destination);
  sockaddr_storage storage{};
  const socklen_t length =
      destination.to_sockaddr(storage, destination.ip.is_v4() ? AF_INET : AF_INET6);
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&storage), length) != 0) {
    connection.failure = why("cannot connect");
    return connection;
  }
  connection.client = own_end(socket.get());
  const std::string request =
      "GET / HTTP/1.1\r\nHost: " + destination.text() + "\r\nConnection: close\r\n\r\n";
  if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) {
    connection.failure = why("cannot send");
    return connection;
  }
  read_answer(socket.get(), connection);
  return connection;
}

std::string judge_connection(const TrialConnection& connection, const Settings& settings,
                             bool& passed) {
  std::string line = "  " + std::string(connection.destination.ip.is_v4() ? "IPv4" : "IPv6") +
                     " port " + std::to_string(connection.destination.port) + ": ";
  if (!connection.failure.empty()) {
    passed = false;
    return line + connection.failure + "\n";
  }
  if (connection.direct) {
    passed = false;
    return line + "it went by, uninspected: the origin saw the client's own packets\n";
  }
  const bool kept = connection.seen.ip == connection.client.ip;
  line += "through the proxy; the origin saw " + connection.seen.ip.text();
  if (kept) return line + ", the client\n";
  if (settings.upstream.source == UpstreamSource::proxy) return line + ", the gateway\n";
  passed = false;
  return line + " instead of the client, " + connection.client.ip.text() +
         " (masquerading, or upstream.fall_back_to_own_address)\n";
}

std::string to_line(const TrialConnection& it) {
  return it.destination.text() + "\t" + it.client.text() + "\t" + it.seen.text() + "\t" +
         (it.direct ? "direct" : "") + "\t" + it.failure + "\n";
}

TrialConnection from_line(const std::string& line) {
  const auto parts = split(line, '\t');
  TrialConnection connection;
  if (parts.size() != 5) {
    connection.failure = "the trial did not end in order";
    return connection;
  }
  connection.destination = Address::parse(parts[0]).value_or(Address{});
  connection.client = Address::parse(parts[1]).value_or(Address{});
  connection.seen = Address::parse(parts[2]).value_or(Address{});
  connection.direct = parts[3] == "direct";
  connection.failure = std::string(parts[4]);
  return connection;
}

}  // namespace hyalite
