// gzip (RFC 1952) and deflate (RFC 1950; the bare RFC 1951 that some send instead, too).
// SPDX-License-Identifier: MIT
#include <zlib.h>

#include <utility>

#include "coding/codings.h"

namespace hyalite {

namespace {

constexpr int kWindowBits = 15;
// What stands beside the window (zconf.h).
constexpr std::size_t kBesides = 7 * 1024;

class ZlibDecoder final : public Decoder {
 public:
  ZlibDecoder(Coding coding, const DecodeLimits& limits) : Decoder(limits), coding_(coding) {}
  ~ZlibDecoder() override { end(); }
  std::size_t holds() const override { return begun_ ? (std::size_t{1} << kWindowBits) + kBesides : 0; }

 private:
  void let_go() override { end(); }
  void end() {
    if (std::exchange(begun_, false)) ::inflateEnd(&stream_);
  }

  // What begins like no zlib header is bare deflate: the method is 8, and the first two bytes divide by 31.
  int window_bits(Bytes in) const {
    if (coding_ == Coding::gzip) return kWindowBits + 16;
    return (static_cast<unsigned char>(in[0]) & 0x0f) == Z_DEFLATED ? kWindowBits : -kWindowBits;
  }

  Step step(Bytes in, char* room, std::size_t size) override {
    if (!begun_) {
      if (in.empty()) return {};
      if (::inflateInit2(&stream_, window_bits(in)) != Z_OK) return {0, 0, Step::State::corrupt};
      begun_ = true;
    }
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(room);
    stream_.avail_out = static_cast<uInt>(size);
    const int result = ::inflate(&stream_, Z_NO_FLUSH);
    Step step{in.size() - stream_.avail_in, size - stream_.avail_out, Step::State::going};
    if (result == Z_STREAM_END) step.state = Step::State::ended;
    // Z_BUF_ERROR: it needs more input or more room, which is no fault.
    else if (result != Z_OK && result != Z_BUF_ERROR) step.state = Step::State::corrupt;
    return step;
  }

  // Members may follow each other (RFC 1952, section 2.2).
  bool begins_again(Bytes) override { return coding_ == Coding::gzip && ::inflateReset(&stream_) == Z_OK; }

  const Coding coding_;
  z_stream stream_{};
  bool begun_ = false;
};

}  // namespace

std::unique_ptr<Decoder> make_zlib_decoder(Coding coding, const DecodeLimits& limits) {
  return std::make_unique<ZlibDecoder>(coding, limits);
}

}  // namespace hyalite
