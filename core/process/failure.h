// Why a generation, a checker or an admin process did not come to serve: for the person who asked.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "process/channel.h"
#include "process/memory_file.h"
#include "process/messages.h"
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

// Sends the message with what there is to tell as its descriptors (Failed, Outcome). False: it did
// not get through; it is on the log all the same.
template <FixedMessage M>
bool tell(const Channel& channel, const M& message, const Failure& failure) {
  const auto text =
      sealed_text(std::string_view(failure.text).substr(0, kMostFailureBytes), "hyalite-outcome");
  const auto json =
      sealed_text(failure.json.size() > kMostFailureBytes ? "[]" : failure.json, "hyalite-outcome");
  return text && json && channel.send(message, {text->get(), json->get()}).has_value();
}
// What such a message says; nothing when it is none.
std::optional<Failure> told(const Received& received, std::uint16_t type);
inline std::optional<Failure> told_failure(const Received& received) {
  return told(received, Failed::kType);
}

}  // namespace hyalite
