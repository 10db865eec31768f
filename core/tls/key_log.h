// The secrets of connections, for Wireshark: off unless a rule asks for it.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace hyalite {

// What the file may come to. No setting: who needs more than the secrets of 30,000 connections at a time wants another tool.
inline constexpr std::size_t kMostKeyLogBytes = std::size_t{64} << 20;

// Lines in the format of NSS (draft-ietf-tls-keylogfile), one write each: several processes append to one file.
class KeyLog {
 public:
  // Makes the file with mode 0600, or appends to it. Refuses what others may read, what is no regular file, and a link.
  // Nothing is written once it has kMostKeyLogBytes, until somebody makes it shorter.
  static Result<std::unique_ptr<KeyLog>> open(const std::string& path);

  bool full() const;
  // False: it is not in the file.
  bool write(std::string_view line) const;

 private:
  explicit KeyLog(Fd file) : file_(std::move(file)) {}

  Fd file_;
};

}  // namespace hyalite
