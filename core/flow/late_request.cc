// Watches the beginning of a tunnel that nobody could name: is it a request after all?
// SPDX-License-Identifier: MIT
#include "flow/late_request.h"

#include "base/text.h"
#include "sniff/protocol.h"

namespace hyalite {

namespace {

constexpr Bytes kVersion = "http/";
constexpr std::size_t kLongestMethod = 32;
// No server reads a longer request line.
constexpr std::size_t kMostBytes = std::size_t{64} << 10;

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r' || c == '\n'; }
constexpr bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
// NEL and NBSP of Latin-1, which is what bytes of a request line are to many.
constexpr bool is_blank_to_some(char c) { return is_control(c) || c == '\x85' || c == '\xa0'; }

}  // namespace

LateRequest::LateRequest(Uninspected why)
    : watch_(why == Uninspected::other || why == Uninspected::tls ? Watch::first_word : Watch::nothing),
      versions_count_(why == Uninspected::other) {}

bool LateRequest::shows_in(Bytes bytes) {
  for (char c : bytes) {
    if (watch_ == Watch::nothing) return false;
    if (shows_with(c)) return true;
  }
  return false;
}

bool LateRequest::shows_with(char c) {
  if (watch_ == Watch::first_word && word_.empty() && is_space(c)) {
    if (c == '\n') begin_line();
    return false;
  }
  ++seen_;
  if (versions_count_ && is_version_with(lower(c))) return true;
  if (is_method_before(c)) return true;
  const bool over = c == '\n' || seen_ > kMostBytes || (watch_ == Watch::rest_of_line && !versions_count_);
  if (over) watch_ = Watch::nothing;
  return false;
}

void LateRequest::begin_line() {
  as_it_is_ = true;
  matched_ = 0;
}

// For whom only some see white space, a method has to stand there plainly: what is encrypted may begin with anything.
bool LateRequest::ends_word(char c) const {
  return is_space(c) || (versions_count_ && as_it_is_ && is_blank_to_some(c) && is_known_method(word_));
}

bool LateRequest::is_method_before(char c) {
  if (watch_ == Watch::first_word) {
    if (ends_word(c)) {
      watch_ = Watch::behind_it;
    } else if (is_blank_to_some(c)) {
      as_it_is_ = as_it_is_ && word_.empty();
    } else if (word_.size() < kLongestMethod) {
      word_ += c;
    }
  } else if (watch_ == Watch::behind_it && !is_space(c) && !is_blank_to_some(c)) {
    watch_ = Watch::rest_of_line;
    return is_known_method(word_);
  }
  return false;
}

bool LateRequest::is_version_with(char c) {
  if (c != kVersion[matched_]) {
    matched_ = c == kVersion[0] ? 1 : 0;
    return false;
  }
  return ++matched_ == kVersion.size();
}

}  // namespace hyalite
