// Memory for one exchange: handed out in pieces, given back all at once.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace hyalite {

// Pieces live until clear() or the arena's end; nothing is destroyed for you.
class Arena {
 public:
  // Aligned for any type up to `alignment` (a power of two); zeroed.
  void* allocate(std::size_t size, std::size_t alignment = alignof(std::max_align_t));
  std::string_view copy(std::string_view text);
  // Forgets everything; keeps a block of the usual size for the next exchange.
  void clear();
  // Nobody may look at it any more: what was handed out shows that at once (0xDD).
  void bury();
  // Memory held, in bytes.
  std::size_t held() const;

 private:
  struct Block {
    std::unique_ptr<char[]> data;
    std::size_t size;
  };
  std::vector<Block> blocks_;
  std::size_t used_ = 0;  // in the last block
};

}  // namespace hyalite
