// Small messages and descriptors between two processes of ours.
// SPDX-License-Identifier: MIT
#include "process/channel.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cassert>
#include <cerrno>
#include <utility>

namespace hyalite {

namespace {

struct Head {
  std::uint32_t magic;
  std::uint16_t version;
  std::uint16_t type;
};
constexpr std::uint32_t kMagic = 0x6c617948;  // "Hyal"
// After an upgrade a new master speaks with a generation of the old program: what such a pair says
// to each other (Drain, Stop, Reopen, the end of the channel) keeps its number and form for ever.
constexpr std::uint16_t kVersion = 1;

constexpr std::size_t kControlBytes = CMSG_SPACE(sizeof(int) * Channel::kMostFds);
// What waits for a peer that is busy.
constexpr int kQueueBytes = 4 << 20;

void attach(msghdr& header, char (&control)[kControlBytes], std::span<const int> fds) {
  if (fds.empty()) return;
  assert(fds.size() <= Channel::kMostFds);
  header.msg_control = control;
  header.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
  cmsghdr* first = CMSG_FIRSTHDR(&header);
  first->cmsg_level = SOL_SOCKET;
  first->cmsg_type = SCM_RIGHTS;
  first->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
  std::memcpy(CMSG_DATA(first), fds.data(), sizeof(int) * fds.size());
}

std::vector<Fd> attached(msghdr& header) {
  std::vector<Fd> fds;
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
      fds.emplace_back(fd);
    }
  }
  return fds;
}

Error lost(std::string why) { return Error{Fault::us, std::move(why)}; }

}  // namespace

Result<std::pair<Channel, Channel>> Channel::pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    return Error::system(Fault::us, "socketpair", errno);
  }
  return std::pair{Channel(Fd(ends[0])), Channel(Fd(ends[1]))};
}

// More than net.core.wmem_max needs CAP_NET_ADMIN; who has not got it takes what there is.
void Channel::widen() const {
  const int fd = fd_.get();
  if (::setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &kQueueBytes, sizeof(kQueueBytes)) != 0)
    (void)::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kQueueBytes, sizeof(kQueueBytes));
}

Result<void> Channel::send_bytes(std::uint16_t type, std::string_view body,
                                 std::span<const int> fds) const {
  if (body.size() > kMostBytes) return lost("the message is too long");
  Head head{kMagic, kVersion, type};
  iovec pieces[] = {{&head, sizeof(head)}, {const_cast<char*>(body.data()), body.size()}};
  msghdr header{};
  header.msg_iov = pieces;
  header.msg_iovlen = 2;
  alignas(cmsghdr) char control[kControlBytes] = {};
  attach(header, control, fds);
  ssize_t sent;
  do {
    sent = ::sendmsg(fd_.get(), &header, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return Error::system(Fault::us, "cannot send to another process", errno);
  return {};
}

Result<std::optional<Received>> Channel::receive() const {
  char probe;
  ssize_t size;
  // A peer that went without having read all of ours leaves a reset, told once; what it said before
  // is still to come.
  bool reset = false;
  do {
    size = ::recv(fd_.get(), &probe, 1, MSG_PEEK | MSG_TRUNC);
  } while (size < 0 && (errno == EINTR || (errno == ECONNRESET && !std::exchange(reset, true))));
  if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return std::optional<Received>();
  if (size < 0) return Error::system(Fault::us, "the channel failed", errno);
  if (size == 0) return lost("the other end is closed");
  const auto bytes = static_cast<std::size_t>(size);
  if (bytes < sizeof(Head) || bytes > sizeof(Head) + kMostBytes)
    return lost("a message has an odd size");

  Received received;
  received.body.resize(bytes - sizeof(Head));
  Head head{};
  iovec pieces[] = {{&head, sizeof(head)}, {received.body.data(), received.body.size()}};
  alignas(cmsghdr) char control[kControlBytes];
  msghdr header{};
  header.msg_iov = pieces;
  header.msg_iovlen = 2;
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  if (::recvmsg(fd_.get(), &header, MSG_CMSG_CLOEXEC) != size) return lost("the channel failed");
  received.fds = attached(header);
  if ((header.msg_flags & MSG_TRUNC) != 0) return lost("a message has an odd size");
  received.cut = (header.msg_flags & MSG_CTRUNC) != 0;
  if (received.cut) received.fds.clear();
  if (head.magic != kMagic || head.version != kVersion) return lost("it speaks another protocol");
  received.type = head.type;
  return std::optional<Received>(std::move(received));
}

}  // namespace hyalite
