// Listening unix sockets, by path.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace hyalite {

// A listening, non-blocking socket at `path`, with these permission bits. Its directory is made
// when it does not exist (not those above it). A socket that nobody answers any more is replaced;
// one that somebody answers is the operator's mistake.
Result<Fd> listen_on_path(const std::string& path, mode_t mode);
// A connected, blocking socket. Whoever listens but takes nobody is waited for so long: ETIMEDOUT. What is sent waits as long,
// too.
inline constexpr Milliseconds kConnectPatience = Seconds{10};
Result<Fd> connect_to_path(const std::string& path, Milliseconds patience = kConnectPatience);

}  // namespace hyalite
