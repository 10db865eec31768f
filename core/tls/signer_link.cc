// A worker's way to the signer.
// SPDX-License-Identifier: MIT
#include "tls/signer_link.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace hyalite {

namespace {

// A message of no bytes looks like an end.
bool has_hung_up(int socket) {
  pollfd about = {socket, POLLRDHUP, 0};
  return ::poll(&about, 1, 0) > 0 && (about.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

}  // namespace

Result<std::optional<std::string_view>> receive_message(int socket, std::string& buffer) {
  buffer.resize(kMostSignerBytes);
  while (true) {
    // MSG_TRUNC: the real size, so that what was cut off is not taken for a message.
    const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT | MSG_TRUNC);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return std::optional<std::string_view>();
    if (got < 0) return Error::system(Fault::us, "the signer's socket", errno);
    if (got == 0 && has_hung_up(socket)) return Error{Fault::us, "the other end of the signer's socket is gone"};
    if (static_cast<std::size_t>(got) > buffer.size()) return std::optional(std::string_view());
    return std::optional(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
  }
}

Result<void> send_message(int socket, std::string_view message) {
  while (::send(socket, message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return Error::system(Fault::us, "the signer is not reached", errno);
  }
  return {};
}

SignerSocket::SignerSocket(Loop& loop, Fd socket)
    : socket_(std::move(socket)), watch_(loop, callback<&SignerSocket::on_readable>(*this)) {}

void SignerSocket::listen(Answers answers) {
  answers_ = answers;
  (void)watch_.start(socket_.get());
}

Result<void> SignerSocket::send(std::string_view request) {
  return send_message(socket_.get(), request);
}

void SignerSocket::on_readable() {
  while (true) {
    const auto message = receive_message(socket_.get(), buffer_);
    if (!message) return watch_.stop();
    if (!*message) return;
    if (!(*message)->empty()) (*answers_)(**message);
  }
}

Result<void> LocalSigner::send(std::string_view request) {
  loop_.post([this, answer = signer_.answer(request)] {
    if (answers_ && !answer.empty()) (*answers_)(answer);
  });
  return {};
}

}  // namespace hyalite
