// Zstandard (RFC 8878), with the window that RFC 9659 allows in HTTP.
// SPDX-License-Identifier: MIT
#include <zstd.h>

#include "coding/codings.h"

namespace hyalite {

namespace {

constexpr int kLargestWindow = 23;  // 8 MiB (RFC 9659, section 3)

struct Free {
  void operator()(ZSTD_DStream* stream) const { ::ZSTD_freeDStream(stream); }
};

class ZstdDecoder final : public Decoder {
 public:
  explicit ZstdDecoder(const DecodeLimits& limits) : Decoder(limits), stream_(::ZSTD_createDStream()) {
    if (stream_) ::ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, kLargestWindow);
  }

  std::size_t holds() const override { return ::ZSTD_sizeof_DStream(stream_.get()); }

 private:
  Step step(Bytes in, char* room, std::size_t size) override {
    if (!stream_) return {0, 0, Step::State::corrupt};
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{room, size, 0};
    const std::size_t result = ::ZSTD_decompressStream(stream_.get(), &output, &input);
    Step step{input.pos, output.pos, Step::State::going};
    if (::ZSTD_isError(result) != 0) step.state = Step::State::corrupt;
    else if (result == 0) step.state = Step::State::ended;
    return step;
  }
  // Frames may follow each other (RFC 8878, section 3.1).
  bool begins_again(Bytes) override { return true; }
  void let_go() override { stream_.reset(); }

  std::unique_ptr<ZSTD_DStream, Free> stream_;
};

}  // namespace

std::unique_ptr<Decoder> make_zstd_decoder(const DecodeLimits& limits) { return std::make_unique<ZstdDecoder>(limits); }

}  // namespace hyalite
