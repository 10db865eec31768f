// Watches the beginning of a tunnel that nobody could name: is it a request after all?
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "base/bytes.h"

namespace hyalite {

// What is sniffed must be decided at once, or protocols whose clients send a few binary bytes and wait would stand still. So
// "G\x01T" is no HTTP; but some servers take any word for a method, and the rest of the line may come later. Until the
// first line ends, or the server has answered what it read, a version of HTTP in it gives the request away.
class LateRequest {
 public:
  explicit LateRequest(bool watching) : watching_(watching) {}

  // The client's next bytes. True: with them its first line has a version of HTTP in it; they must not go on.
  bool shows_in(Bytes bytes);
  // A server that answers in the middle of a line reads no HTTP (a SOCKS server does, and then a request may well follow).
  void server_spoke() { watching_ = false; }

 private:
  bool watching_;
  bool begun_ = false;       // a byte came that is no white space: empty lines before a request do not count
  std::size_t matched_ = 0;  // of "http/"
  std::size_t seen_ = 0;
};

}  // namespace hyalite
