// Watches the beginning of a tunnel that nobody could name: is it a request after all?
// SPDX-License-Identifier: MIT
#include "flow/late_request.h"

#include "base/text.h"

namespace hyalite {

namespace {

constexpr Bytes kVersion = "http/";
// No server reads a longer request line.
constexpr std::size_t kMostBytes = std::size_t{64} << 10;

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

bool LateRequest::shows_in(Bytes bytes) {
  for (std::size_t i = 0; watching_ && i < bytes.size(); ++i) {
    const char c = lower(bytes[i]);
    if (!begun_ && is_space(c)) continue;
    begun_ = true;
    if (c == '\n' || ++seen_ > kMostBytes) {
      watching_ = false;
    } else if (c == kVersion[matched_]) {
      if (++matched_ == kVersion.size()) return true;
    } else {
      matched_ = c == kVersion[0] ? 1 : 0;
    }
  }
  return false;
}

}  // namespace hyalite
