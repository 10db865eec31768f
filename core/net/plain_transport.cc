// A transport without encryption: a TCP socket.
// SPDX-License-Identifier: MIT
#include "net/plain_transport.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "net/socket_options.h"

namespace hyalite {

namespace {

bool is_transient(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

Moved failure(int error) { return {is_transient(error) ? Moved::State::later : Moved::State::broken, 0, error}; }

// EPIPE: the peer had ended before it broke, or what broke it was told before. The others are no peer's: a call that cannot be had.
bool cuts_short(int error) {
  return !is_transient(error) && error != EPIPE && error != EINVAL && error != ENOMEM && error != ENOSYS && error != EPERM;
}

}  // namespace

// The kernel tells an error once, to whichever call comes first, and an end from then on: what was cut short would be taken for
// whole.
Moved PlainTransport::read(std::span<char> room) {
  const ssize_t n = ::recv(fd_.get(), room.data(), room.size(), 0);
  if (n < 0) return failure(errno);
  if (n == 0) return {broke_ == 0 ? Moved::State::ended : Moved::State::broken, 0, broke_};
  const auto bytes = static_cast<std::size_t>(n);
  return {Moved::State::moved, bytes, 0, bytes < room.size()};
}

namespace {

constexpr std::size_t kMostPieces = 64;  // at once

// Copying what is small is cheaper than having the kernel read a list of where it lies: about 0.4 us of the 6 that a call takes.
constexpr std::size_t kSmall = 4096;

std::size_t size_of(std::span<const Bytes> pieces) {
  std::size_t size = 0;
  for (Bytes piece : pieces) size += piece.size();
  return size;
}

ssize_t send_copied(int fd, std::span<const Bytes> pieces, int flags) {
  std::array<char, kSmall> copy;
  char* at = copy.data();
  for (Bytes piece : pieces) at = std::copy(piece.begin(), piece.end(), at);
  return ::send(fd, copy.data(), static_cast<std::size_t>(at - copy.data()), flags);
}

ssize_t send_as_they_lie(int fd, std::span<const Bytes> pieces, int flags) {
  std::array<iovec, kMostPieces> vectors;
  std::transform(pieces.begin(), pieces.end(), vectors.begin(), [](Bytes piece) {
    return iovec{const_cast<char*>(piece.data()), piece.size()};
  });
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = pieces.size();
  return ::sendmsg(fd, &message, flags);
}

ssize_t send_all(int fd, std::span<const Bytes> pieces, int flags) {
  if (pieces.size() == 1) return ::send(fd, pieces[0].data(), pieces[0].size(), flags);
  return size_of(pieces) <= kSmall ? send_copied(fd, pieces, flags) : send_as_they_lie(fd, pieces, flags);
}

}  // namespace

Moved PlainTransport::write(std::span<const Bytes> pieces, bool more) {
  const std::span<const Bytes> now = pieces.first(std::min(pieces.size(), kMostPieces));
  const bool follows = more || now.size() < pieces.size();
  const ssize_t n = send_all(fd_.get(), now, MSG_NOSIGNAL | (follows ? MSG_MORE : 0));
  if (n < 0) {
    const int error = errno;
    met(error);
    return failure(error);
  }
  return {Moved::State::moved, static_cast<std::size_t>(n), 0};
}

// tcp(7), SIOCOUTQ: what is not acknowledged; a FIN is counted as a byte.
std::size_t PlainTransport::undelivered() const {
  int bytes = 0;
  return ::ioctl(fd_.get(), SIOCOUTQ, &bytes) == 0 && bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

void PlainTransport::end_writing() { ::shutdown(fd_.get(), SHUT_WR); }

void PlainTransport::abort_on_close() {
  (void)set_reset_on_close(fd_.get());
}

int PlainTransport::take_error() { return take_socket_error(fd_.get()); }

void PlainTransport::met(int error) {
  if (cuts_short(error)) broke_ = error;
}

}  // namespace hyalite
