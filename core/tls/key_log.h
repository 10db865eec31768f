// The secrets of connections, for Wireshark: off unless a rule asks for it.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace hyalite {

// Lines in the format of NSS (draft-ietf-tls-keylogfile), one write each: several processes append to one file.
class KeyLog {
 public:
  // Makes the file with mode 0600, or appends to it. Refuses what others may read, what is no regular file, and a link.
  static Result<std::unique_ptr<KeyLog>> open(const std::string& path);

  // False: it is not in the file.
  bool write(std::string_view line) const;

 private:
  explicit KeyLog(Fd file) : file_(std::move(file)) {}

  Fd file_;
};

}  // namespace hyalite
