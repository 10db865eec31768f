<<<<<<< HEAD
// Asks the running service over its control socket.
=======
// Asks the running service, through its control socket.
>>>>>>> process
// SPDX-License-Identifier: MIT
#include "cli/control_client.h"

#include <sys/socket.h>
<<<<<<< HEAD
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "base/fd.h"
#include "base/text.h"
=======
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "process/unix_socket.h"
>>>>>>> process

namespace hyalite {

namespace {

<<<<<<< HEAD
constexpr std::size_t kMostAnswerBytes = std::size_t{16} << 20;

Result<Fd> connect_to(const std::string& path, Milliseconds at_most) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return Error{Fault::operator_, path + ": longer than a socket's path may be"};
  std::memcpy(address.sun_path, path.data(), path.size());
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return Error::system(Fault::us, "cannot make a socket", errno);
  const timeval limit{at_most.count() / 1000, (at_most.count() % 1000) * 1000};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return Error::system(Fault::operator_, "no service answers on " + path, errno);
  }
  return fd;
}

// HTTP/1.0 without keep-alive: the answer ends with the connection.
Result<std::string> converse(const Fd& fd, std::string_view request) {
  if (::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
    return Error::system(Fault::operator_, "the service does not listen", errno);
  }
  std::string answer;
  char buffer[65536];
  for (;;) {
    const ssize_t n = ::recv(fd.get(), buffer, sizeof buffer, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error::system(Fault::operator_, "the service does not answer", errno);
    if (n == 0) return answer;
    answer.append(buffer, static_cast<std::size_t>(n));
    if (answer.size() > kMostAnswerBytes) return Error{Fault::us, "the service answers too much"};
  }
=======
constexpr std::size_t kMostAnswerBytes = std::size_t{64} << 20;

Error odd_answer() { return Error{Fault::us, "the service gave an answer that is none"}; }

Result<void> send_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return Error::system(Fault::us, "cannot ask the service", errno);
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<std::string> receive_all(int fd) {
  std::string text;
  char piece[16'384];
  while (text.size() < kMostAnswerBytes) {
    const ssize_t got = ::recv(fd, piece, sizeof(piece), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error::system(Fault::us, "the service does not answer", errno);
    if (got == 0) return text;
    text.append(piece, static_cast<std::size_t>(got));
  }
  return odd_answer();
>>>>>>> process
}

}  // namespace

<<<<<<< HEAD
Result<ControlAnswer> ask_service(const std::string& socket_path, std::string_view method, std::string_view path,
                                  Milliseconds at_most) {
  auto fd = connect_to(socket_path, at_most);
  if (!fd) return fd.error();
  const std::string request = std::string(method) + " " + std::string(path) + " HTTP/1.0\r\nContent-Length: 0\r\n\r\n";
  auto answer = converse(*fd, request);
  if (!answer) return answer.error();
  const auto head = answer->find("\r\n\r\n");
  const auto status = answer->size() > 12 ? parse_decimal(std::string_view(*answer).substr(9, 3)) : std::nullopt;
  if (head == std::string::npos || !status) return Error{Fault::us, "the service's answer cannot be read"};
  return ControlAnswer{static_cast<int>(*status), answer->substr(head + 4)};
=======
Result<ControlAnswer> parse_answer(std::string_view received) {
  if (received.empty()) return Error{Fault::us, "the service ended before it answered"};
  const std::size_t end = received.find("\r\n\r\n");
  // "HTTP/1.1 200 OK"
  if (!received.starts_with("HTTP/1.") || received.size() < 12 || end == std::string_view::npos) return odd_answer();
  const auto status = parse_decimal(received.substr(9, 3));
  if (!status) return odd_answer();
  return ControlAnswer{static_cast<int>(*status), std::string(received.substr(end + 4))};
}

Result<ControlAnswer> ask_control(const std::string& socket_path, const ControlRequest& request) {
  const auto fd = connect_to_path(socket_path);
  if (!fd) return fd.error();
  const std::string text = request.method + ' ' + request.target +
                           " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  if (auto sent = send_all(fd->get(), text); !sent) return sent.error();
  const auto received = receive_all(fd->get());
  if (!received) return received.error();
  return parse_answer(*received);
>>>>>>> process
}

}  // namespace hyalite
