// Why a generation, a checker or an admin process did not come to serve: for the person who asked.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "process/channel.h"
#include "settings/mistake.h"

namespace hyalite {

struct Failure {
  std::string text;         // a line for each mistake, each ended
  std::string json = "[]";  // the same: an array of mistakes

  static Failure of(const Mistakes& mistakes);
  // Something that stands nowhere in the file.
  static Failure of(const Error& error, std::string_view file);
};

inline constexpr std::size_t kMostFailureBytes = std::size_t{4} << 20;

// Sends Failed; what does not get through is on the log all the same.
void tell_failure(const Channel& channel, const Failure& failure);
// What a Failed that arrived says; nothing when it is none.
std::optional<Failure> told_failure(const Received& received);

}  // namespace hyalite
