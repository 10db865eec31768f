// Brotli (RFC 7932).
// SPDX-License-Identifier: MIT
#include <brotli/decode.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "coding/codings.h"

namespace hyalite {

namespace {

// What the library takes, counted: it says what it gives back, but not how much that is. So each piece begins with its size.
class Memory {
 public:
  std::size_t bytes() const { return bytes_; }
  static void* take(void* self, std::size_t size) {
    auto* const piece = static_cast<char*>(std::malloc(kFront + size));
    if (piece == nullptr) return nullptr;
    std::memcpy(piece, &size, sizeof size);
    static_cast<Memory*>(self)->bytes_ += size;
    return piece + kFront;
  }
  static void give_back(void* self, void* at) {
    if (at == nullptr) return;
    char* const piece = static_cast<char*>(at) - kFront;
    std::size_t size = 0;
    std::memcpy(&size, piece, sizeof size);
    static_cast<Memory*>(self)->bytes_ -= size;
    std::free(piece);
  }

 private:
  static constexpr std::size_t kFront = alignof(std::max_align_t);
  static_assert(kFront >= sizeof(std::size_t));
  std::size_t bytes_ = 0;
};

struct Destroy {
  void operator()(BrotliDecoderState* state) const { ::BrotliDecoderDestroyInstance(state); }
};

class BrotliDecoder final : public Decoder {
 public:
  explicit BrotliDecoder(const DecodeLimits& limits)
      : Decoder(limits), state_(::BrotliDecoderCreateInstance(&Memory::take, &Memory::give_back, &memory_)) {}
  std::size_t holds() const override { return memory_.bytes(); }

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
  void let_go() override { state_.reset(); }

  Memory memory_;  // outlives the state
  std::unique_ptr<BrotliDecoderState, Destroy> state_;
};

}  // namespace

std::unique_ptr<Decoder> make_brotli_decoder(const DecodeLimits& limits) { return std::make_unique<BrotliDecoder>(limits); }

}  // namespace hyalite
