// Watches the beginning of a tunnel that nobody could name: is it a request after all?
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

#include "base/bytes.h"
#include "flow/reason.h"

namespace hyalite {

// What is sniffed must be decided at once, or protocols whose clients send a few binary bytes and wait would stand still. So
// "G\x01T" is no HTTP; but some servers take any word for a method or skip control characters, and the rest of the line may
// come later. Until the first line ends, or the server has answered what it read, two things give the request away: a version of
// HTTP in the line, and not as the end of a word ("okhttp/4"); or a first word that, less its control characters, is a method,
// with something behind it (HTTP/0.9). Libraries of Python and Java split lines at more than white space of ASCII: where a method ends
// at one of these, what is behind it has to look like a target, as binary protocols name their commands, too. A line of nothing but
// control characters is no first line: some servers skip them all.
class LateRequest {
 public:
  // What passes uninspected, and why. Behind what began like TLS only the first word counts: a ClientHello names "http/1.1".
  explicit LateRequest(Uninspected why);

  // The client's next bytes. True: with them a request shows; they must not go on.
  bool shows_in(Bytes bytes);
  // A server that answers in the middle of a line reads no HTTP (a SOCKS server does, and then a request may well follow).
  void server_spoke() { watch_ = Watch::nothing; }
  // Does it matter what comes next?
  bool watches() const { return watch_ != Watch::nothing; }

 private:
  enum class Watch { nothing, first_word, behind_it, target /* may it be one? */, rest_of_line };

  bool shows_with(char c);
  bool ends_word(char c) const;
  void begin_line();
  bool is_version_with(char c);
  bool is_method_before(char c);
  bool begins_second_word(char c);
  bool is_scheme_with(char c);

  Watch watch_;
  bool versions_count_;
  std::string word_;         // the first one so far, without its control characters; as much as a method can have
  bool as_it_is_ = true;     // nothing was left out of it
  bool split_oddly_ = false;  // where not all see its end
  std::size_t matched_ = 0;  // of "http/"
  std::size_t scheme_matched_ = 0;  // of "://"
  bool within_word_ = false;        // of letters and digits
  std::size_t seen_ = 0;     // bytes, but for white space before the line
};

}  // namespace hyalite
