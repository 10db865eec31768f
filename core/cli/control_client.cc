// Asks the running service, through its control socket.
// SPDX-License-Identifier: MIT
#include "cli/control_client.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "process/unix_socket.h"

namespace hyalite {

namespace {

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
}

}  // namespace

Result<ControlAnswer> parse_answer(std::string_view received) {
  if (received.empty()) return Error{Fault::us, "the service ended before it answered"};
  const std::size_t end = received.find("\r\n\r\n");
  // "HTTP/1.1 200 OK"
  if (!received.starts_with("HTTP/1.") || received.size() < 12 || end == std::string_view::npos)
    return odd_answer();
  const auto status = parse_decimal(received.substr(9, 3));
  if (!status) return odd_answer();
  return ControlAnswer{static_cast<int>(*status), std::string(received.substr(end + 4))};
}

Result<ControlAnswer> ask_control(const std::string& socket_path, const ControlRequest& request) {
  const auto fd = connect_to_path(socket_path);
  if (!fd) return fd.error();
  const std::string text =
      request.method + ' ' + request.target +
      " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  if (auto sent = send_all(fd->get(), text); !sent) return sent.error();
  const auto received = receive_all(fd->get());
  if (!received) return received.error();
  return parse_answer(*received);
}

}  // namespace hyalite
