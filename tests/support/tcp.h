// Plain blocking sockets for tests.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

#include "base/address.h"
#include "base/fd.h"

namespace hyalite {

inline Address at(const char* text) { return Address::parse(text).value(); }

inline Address own_address(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size), 0);
  return Address::from_sockaddr(reinterpret_cast<sockaddr*>(&storage)).value();
}

inline int family_of(const Address& address) { return address.ip.is_v4() ? AF_INET : AF_INET6; }

// Port 0: any.
inline Fd listen_at(const Address& address, int backlog = 16) {
  Fd fd(socket(family_of(address), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_storage storage;
  const socklen_t size = address.to_sockaddr(storage, family_of(address));
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&storage), size), 0) << address.text();
  EXPECT_EQ(listen(fd.get(), backlog), 0);
  return fd;
}

// Waits until it is connected.
inline Fd connect_to(const Address& address) {
  Fd fd(socket(family_of(address), SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage storage;
  const socklen_t size = address.to_sockaddr(storage, family_of(address));
  EXPECT_EQ(connect(fd.get(), reinterpret_cast<sockaddr*>(&storage), size), 0)
      << address.text() << " errno " << errno;
  return fd;
}

}  // namespace hyalite
