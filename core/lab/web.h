// The origin's small web server.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "base/address.h"
#include "base/fd.h"
#include "base/result.h"

namespace hyalite {

// A listening socket for both families, that keeps what connections began with.
Result<Fd> listen_for_web(std::uint16_t port);

// How a connection looks from the origin.
struct WebVisit {
  Address client;  // where it comes from
  Address origin;  // where it was going
  int hops = 0;    // TTL or hop limit of its SYN as it arrived; 0: not known
};

// Of a connection that listen_for_web()'s socket accepted.
WebVisit web_visit(int connection);

// Answers each connection's first request with three lines of text,
//   seen 10.71.1.2:40000
//   here 10.71.2.2:80
//   hops 64
// and closes it. Returns only when none of the sockets can accept any more. One child per
// connection, of which there are at most kMostVisits at once.
constexpr int kMostVisits = 64;
void serve_web(const std::vector<Fd>& listeners);

}  // namespace hyalite
