// Asks the running service, through its control socket.
// SPDX-License-Identifier: MIT
#include "cli/control_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>

#include "base/text.h"

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

Error too_late(const std::string& what, Milliseconds patience) {
  const auto seconds = std::chrono::ceil<Seconds>(patience).count();
  return Error{Fault::us,
               "the service does not answer: " + what + " within " + std::to_string(seconds) + " s",
               ETIMEDOUT};
}

// False: nothing can be read by then.
bool await_readable(int fd, std::optional<Monotonic> until) {
  const SystemClock clock;
  while (true) {
    const auto left =
        until ? std::chrono::ceil<Milliseconds>(*until - clock.now()) : Milliseconds{-1};
    if (until && left.count() <= 0) return false;
    pollfd watched{fd, POLLIN, 0};
    if (::poll(&watched, 1, static_cast<int>(left.count())) > 0) return true;
  }
}

Result<std::string> receive_all(int fd, std::optional<Milliseconds> patience) {
  const auto until =
      patience ? std::optional<Monotonic>(SystemClock().now() + *patience) : std::nullopt;
  std::string text;
  char piece[16'384];
  while (text.size() < kMostAnswerBytes) {
    if (!await_readable(fd, until)) return too_late("its answer did not come", *patience);
    const ssize_t got = ::recv(fd, piece, sizeof(piece), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error::system(Fault::us, "the service does not answer", errno);
    if (got == 0) return text;
    text.append(piece, static_cast<std::size_t>(got));
  }
  return odd_answer();
}

// Of the body, as the head says; nothing when it does not.
std::optional<std::uint64_t> told_length(std::string_view head) {
  constexpr std::string_view kName = "Content-Length:";
  for (const std::string_view line : split(head, '\n')) {
    if (equals_ignoring_case(line.substr(0, kName.size()), kName))
      return parse_decimal(trim(line.substr(kName.size())));
  }
  return std::nullopt;
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
  const std::string_view body = received.substr(end + 4);
  if (const auto length = told_length(received.substr(0, end)); length && *length != body.size())
    return Error{Fault::us, "the service ended in the middle of its answer"};
  return ControlAnswer{static_cast<int>(*status), std::string(body)};
}

Result<ControlAnswer> ask_control(const std::string& socket_path, const ControlRequest& request,
                                  Milliseconds connects) {
  const auto fd = connect_to_path(socket_path, connects);
  if (!fd && fd.error().code == ETIMEDOUT)
    return too_late("nobody took the connection at " + socket_path, connects);
  if (!fd) return fd.error();
  const std::string text =
      request.method + ' ' + request.target +
      " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  if (auto sent = send_all(fd->get(), text); !sent) return sent.error();
  const auto received = receive_all(fd->get(), request.patience);
  if (!received) return received.error();
  return parse_answer(*received);
}

}  // namespace hyalite
