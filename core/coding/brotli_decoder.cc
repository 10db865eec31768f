// Brotli (RFC 7932).
// SPDX-License-Identifier: MIT
#include <brotli/decode.h>

#include "coding/codings.h"

namespace hyalite {

namespace {

struct Destroy {
  void operator()(BrotliDecoderState* state) const { ::BrotliDecoderDestroyInstance(state); }
};

class BrotliDecoder final : public Decoder {
 public:
  explicit BrotliDecoder(const DecodeLimits& limits)
      : Decoder(limits), state_(::BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {}

 private:
  Step step(Bytes in, char* room, std::size_t size) override {
    if (!state_) return {0, 0, Step::State::corrupt};
    std::size_t left = in.size(), free = size;
    auto* next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    auto* next_out = reinterpret_cast<std::uint8_t*>(room);
    const BrotliDecoderResult result = ::BrotliDecoderDecompressStream(state_.get(), &left, &next_in, &free, &next_out, nullptr);
    Step step{in.size() - left, size - free, Step::State::going};
    if (result == BROTLI_DECODER_RESULT_SUCCESS) step.state = Step::State::ended;
    if (result == BROTLI_DECODER_RESULT_ERROR) step.state = Step::State::corrupt;
    return step;
  }
  bool begins_again(Bytes) override { return false; }

  std::unique_ptr<BrotliDecoderState, Destroy> state_;
};

}  // namespace

std::unique_ptr<Decoder> make_brotli_decoder(const DecodeLimits& limits) { return std::make_unique<BrotliDecoder>(limits); }

}  // namespace hyalite
