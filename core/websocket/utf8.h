// Is a text UTF-8 (RFC 3629)? Asked piece by piece.
// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"

namespace hyalite {

class Utf8Check {
 public:
  // False: it is not, whatever follows.
  bool feed(Bytes bytes) {
    for (const char c : bytes) {
      if (!step(static_cast<unsigned char>(c))) return false;
    }
    return true;
  }
  // Could the text end here?
  bool whole() const { return missing_ == 0; }

 private:
  bool step(unsigned c) {
    if (missing_ > 0) {
      if (c < lowest_ || c > highest_) return false;
      lowest_ = 0x80, highest_ = 0xbf;
      --missing_;
      return true;
    }
    if (c < 0x80) return true;
    // Never longer than needed, never a surrogate, never beyond U+10FFFF.
    if (c < 0xc2 || c > 0xf4) return false;
    missing_ = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    lowest_ = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    highest_ = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    return true;
  }

  unsigned missing_ = 0, lowest_ = 0x80, highest_ = 0xbf;
};

}  // namespace hyalite
