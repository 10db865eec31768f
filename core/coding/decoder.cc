// Content codings undone, piece by piece, within limits.
// SPDX-License-Identifier: MIT
#include "coding/decoder.h"

#include "base/text.h"
#include "coding/codings.h"

namespace hyalite {

namespace {

constexpr std::size_t kRoom = 16 * 1024;

}  // namespace

std::optional<Coding> coding_of(std::string_view value) {
  if (equals_ignoring_case(value, "gzip") || equals_ignoring_case(value, "x-gzip")) return Coding::gzip;
  if (equals_ignoring_case(value, "deflate")) return Coding::deflate;
  if (equals_ignoring_case(value, "br")) return Coding::br;
  if (equals_ignoring_case(value, "zstd")) return Coding::zstd;
  return std::nullopt;
}

std::unique_ptr<Decoder> Decoder::make(Coding coding, const DecodeLimits& limits) {
  switch (coding) {
    case Coding::gzip:
    case Coding::deflate: return make_zlib_decoder(coding, limits);
    case Coding::br: return make_brotli_decoder(limits);
    case Coding::zstd: break;
  }
  return make_zstd_decoder(limits);
}

bool Decoder::too_much() const {
  if (out_ > limits_.bytes) return true;
  return out_ > limits_.free && (out_ - limits_.free) / limits_.ratio > in_;
}

Decoded Decoder::over(Decoded how) {
  let_go();
  return state_ = how;
}

Decoded Decoder::finish() { return over(state_ == Decoded::ended || in_ == 0 ? Decoded::ended : Decoded::corrupt); }

Decoded Decoder::feed(Bytes in, Buffer& out, std::size_t most) {
  while (state_ == Decoded::going || (state_ == Decoded::ended && !in.empty())) {
    if (state_ == Decoded::ended) {
      if (!begins_again(in)) return over(Decoded::corrupt);
      state_ = Decoded::going;
    }
    char* room = out.reserve(kRoom);
    const Step step = this->step(in, room, kRoom);
    out.commit(step.made);
    in.remove_prefix(step.taken);
    in_ += step.taken;
    out_ += step.made;
    if (step.state == Step::State::corrupt) return over(Decoded::corrupt);
    if (too_much() || out.size() > most) return over(Decoded::too_large);
    if (step.state == Step::State::ended) state_ = Decoded::ended;
    // A full room may hide more.
    else if (in.empty() && step.made < kRoom) return state_;
    else if (step.taken == 0 && step.made == 0) return over(Decoded::corrupt);
  }
  return state_;
}

}  // namespace hyalite
