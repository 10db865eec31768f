// Which libraries undo the codings, as this program has loaded them. SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace hyalite {

// "zlib 1.2.13, brotli 1.0.9, zstd 1.5.4"
std::string coding_versions();

}  // namespace hyalite
