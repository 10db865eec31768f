// The options of sockets that we use: one name each.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/result.h"

namespace hyalite {

// `family` is the one the socket was made with (AF_INET or AF_INET6); errors carry the errno.

// May accept connections to, and bind to, addresses that are not ours. Needs CAP_NET_RAW (or
// CAP_NET_ADMIN) in the user namespace that owns the network namespace.
Result<void> set_transparent(int fd, int family);
bool is_transparent(int fd, int family);
// Marks every packet of the socket, for `ip rule` and nft. Needs the same capability (before
// Linux 5.17: CAP_NET_ADMIN).
Result<void> set_mark(int fd, std::uint32_t mark);
// bind() to an address without taking a port: connect() picks one per destination.
Result<void> set_bind_address_no_port(int fd);
Result<void> set_reuse_address(int fd);
// Other sockets of the same user may listen on the same port, if they have it, too.
Result<void> set_reuse_port(int fd, bool on = true);
// false: an AF_INET6 socket serves IPv4 too.
Result<void> set_ipv6_only(int fd, bool only);
// Small writes leave at once.
Result<void> set_no_delay(int fd);
// false: the kernel may hold back an acknowledgement to send it with data; only when data follows
// at once.
Result<void> set_quick_ack(int fd, bool on);

struct KeepAlive {
  Seconds idle{60};
  Seconds interval{10};
  int probes = 6;
};
Result<void> set_keep_alive(int fd, const KeepAlive& keep_alive);
// close() sends a reset and leaves nothing behind: how a refusal of the origin is passed on.
Result<void> set_reset_on_close(int fd);
// The error that waits on a socket (SO_ERROR), cleared by asking; 0 = none.
int take_socket_error(int fd);

}  // namespace hyalite
