// The libraries' own words. SPDX-License-Identifier: MIT
#include "coding/versions.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdint>

namespace hyalite {

std::string coding_versions() {
  const std::uint32_t brotli = BrotliDecoderVersion();  // 8, 12 and 12 bits
  return std::string("zlib ") + zlibVersion() + ", brotli " + std::to_string(brotli >> 24) + '.' +
         std::to_string((brotli >> 12) & 0xfff) + '.' + std::to_string(brotli & 0xfff) + ", zstd " +
         ZSTD_versionString();
}

}  // namespace hyalite
