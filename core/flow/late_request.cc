// Watches the beginning of a tunnel that nobody could name: is it a request after all?
// SPDX-License-Identifier: MIT
#include "flow/late_request.h"

#include <utility>

#include "base/text.h"
#include "sniff/protocol.h"

namespace hyalite {

namespace {

constexpr Bytes kVersion = "http/", kBehindScheme = "://";
constexpr std::size_t kLongestMethod = 32;
// No server reads a longer request line.
constexpr std::size_t kMostBytes = std::size_t{64} << 10;

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r' || c == '\n'; }
constexpr bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
// Python's str.split(), for which bytes are Latin-1 here, and Java's Character.isWhitespace().
constexpr bool is_space_to_some(char c) { return (c >= '\x1c' && c <= '\x1f') || c == '\x85' || c == '\xa0'; }
constexpr bool is_word_character(char c) { return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9'); }

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
  within_word_ = false;
  matched_ = 0;
}

// Where only some see white space, a method has to stand there plainly: what is encrypted may begin with anything.
bool LateRequest::ends_word(char c) const {
  return is_space(c) || (versions_count_ && as_it_is_ && is_space_to_some(c) && is_known_method(word_));
}

bool LateRequest::is_method_before(char c) {
  if (watch_ == Watch::first_word) {
    if (ends_word(c)) {
      watch_ = Watch::behind_it;
      split_oddly_ = !is_space(c);
    } else if (is_control(c) || is_space_to_some(c)) {
      as_it_is_ = as_it_is_ && word_.empty();
    } else if (word_.size() < kLongestMethod) {
      word_ += c;
    }
    return false;
  }
  // Behind what all take for white space anything may be a target.
  if (is_space(c)) split_oddly_ = false;
  const bool begins = !is_space(c) && !(split_oddly_ && (is_control(c) || is_space_to_some(c)));
  if (watch_ == Watch::behind_it && begins) return begins_second_word(c);
  return watch_ == Watch::target && is_scheme_with(c);
}

bool LateRequest::begins_second_word(char c) {
  watch_ = Watch::rest_of_line;
  if (!is_known_method(word_)) return false;
  if (!split_oddly_ || c == '/' || c == '*') return true;
  watch_ = Watch::target;
  return false;
}

bool LateRequest::is_scheme_with(char c) {
  if (is_space(c) || is_space_to_some(c)) watch_ = Watch::rest_of_line;
  scheme_matched_ = c == kBehindScheme[scheme_matched_] ? scheme_matched_ + 1 : 0;
  return scheme_matched_ == kBehindScheme.size();
}

// No beginning of it begins again within it.
bool LateRequest::is_version_with(char c) {
  const bool behind_word = std::exchange(within_word_, is_word_character(c));
  const bool begins = c == kVersion[0] && !behind_word;
  matched_ = begins ? 1 : matched_ > 0 && c == kVersion[matched_] ? matched_ + 1 : 0;
  return matched_ == kVersion.size();
}

}  // namespace hyalite
