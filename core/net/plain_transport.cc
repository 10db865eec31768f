// A transport without encryption: a TCP socket.
// SPDX-License-Identifier: MIT
#include "net/plain_transport.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "net/socket_options.h"

namespace hyalite {

namespace {

Moved failure(int error) {
  const bool transient = error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
  return {transient ? Moved::State::later : Moved::State::broken, 0, error};
}

}  // namespace

Moved PlainTransport::read(std::span<char> room) {
  const ssize_t n = ::recv(fd_.get(), room.data(), room.size(), 0);
  if (n < 0) return failure(errno);
  if (n == 0) return {Moved::State::ended, 0, 0};
  const auto bytes = static_cast<std::size_t>(n);
  return {Moved::State::moved, bytes, 0, bytes < room.size()};
}

Moved PlainTransport::write(std::span<const Bytes> pieces, bool more) {
  std::array<iovec, 64> vectors;
  const std::size_t count = std::min(pieces.size(), vectors.size());
  for (std::size_t i = 0; i < count; ++i) {
    vectors[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
  }
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = count;
  const bool follows = more || count < pieces.size();
  const ssize_t n = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL | (follows ? MSG_MORE : 0));
  if (n < 0) return failure(errno);
  return {Moved::State::moved, static_cast<std::size_t>(n), 0};
}

void PlainTransport::end_writing() { ::shutdown(fd_.get(), SHUT_WR); }

void PlainTransport::abort_on_close() {
  (void)set_reset_on_close(fd_.get());
}

int PlainTransport::take_error() { return take_socket_error(fd_.get()); }

}  // namespace hyalite
