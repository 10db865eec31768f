// The decoders, each in the file that knows its library.
// SPDX-License-Identifier: MIT
#pragma once

#include "coding/decoder.h"

namespace hyalite {

std::unique_ptr<Decoder> make_zlib_decoder(Coding coding, const DecodeLimits& limits);
std::unique_ptr<Decoder> make_brotli_decoder(const DecodeLimits& limits);
std::unique_ptr<Decoder> make_zstd_decoder(const DecodeLimits& limits);

}  // namespace hyalite
