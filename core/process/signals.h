// Signals as something to read, for processes without a loop.
// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <optional>
#include <utility>

#include "base/fd.h"
#include "base/result.h"

namespace hyalite {

// Blocks the signals in this process and reads them instead.
class SignalReader {
 public:
  static Result<SignalReader> open(std::initializer_list<int> signals);
  SignalReader() = default;  // reads nothing
  int fd() const { return fd_.get(); }
  // The next one that came; nothing when there is none. Several of a kind may be told as one.
  std::optional<int> next() const;

 private:
  explicit SignalReader(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace hyalite
