// Content codings undone, piece by piece, within limits (RFC 9110, section 8.4.1; RFC 7932; RFC 8878).
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/buffer.h"
#include "base/bytes.h"

namespace hyalite {

enum class Coding { gzip, deflate, br, zstd };

// What a Content-Encoding names, case ignored; "x-gzip" is gzip. Nothing for what is not known, and for several at once.
std::optional<Coding> coding_of(std::string_view value);

struct DecodeLimits {
  std::uint64_t bytes = std::uint64_t{256} << 20;  // that may come out of one body
  std::uint64_t ratio = 200;                       // for each byte that went in ...
  std::uint64_t free = 64 * 1024;                  // ... beyond so many
};

enum class Decoded {
  going,      // all that was given was used; more may come
  ended,      // the coded bytes ended where they should
  corrupt,    // they are not what they claim to be, or something stands behind their end
  too_large,  // more came out than the limits allow: a bomb, or as good as one
};

// One body. After anything but `going` it is over.
class Decoder {
 public:
  static std::unique_ptr<Decoder> make(Coding coding, const DecodeLimits& limits);
  virtual ~Decoder() = default;

  // Appends what comes of `in` to `out`. `too_large`, too, as soon as there are more than `most` bytes in that.
  Decoded feed(Bytes in, Buffer& out, std::size_t most = SIZE_MAX);
  // Nothing follows. `ended`, or `corrupt` when the end is missing.
  Decoded finish();
  // Bytes of memory that its library has for it: mostly the window, up to 16 MiB. None when it is over.
  virtual std::size_t holds() const = 0;

 protected:
  explicit Decoder(const DecodeLimits& limits) : limits_(limits) {}

  struct Step {
    std::size_t taken = 0;  // of the input
    std::size_t made = 0;   // in the room
    enum class State { going, ended, corrupt } state = State::going;
  };
  // Decodes from the front of `in` into `room`.
  virtual Step step(Bytes in, char* room, std::size_t size) = 0;
  // The end came, and `rest` stands behind it. May begin anew: gzip and zstd may follow each other.
  virtual bool begins_again(Bytes rest) = 0;
  // It is over, and its memory goes.
  virtual void let_go() = 0;

 private:
  bool too_much() const;
  Decoded over(Decoded how);

  const DecodeLimits limits_;
  std::uint64_t in_ = 0, out_ = 0;
  Decoded state_ = Decoded::going;
};

}  // namespace hyalite
