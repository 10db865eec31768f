// Memory for one exchange: handed out in pieces, given back all at once.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace hyalite {

// Pieces live until clear() or the arena's end; nothing is destroyed for you. A pointer, while nothing was asked of it.
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
  // In front of its bytes.
  struct Block {
    Block* before;
    std::size_t size;
    std::size_t used;
    char* data() { return reinterpret_cast<char*>(this + 1); }
  };
  // With all before it.
  struct Free {
    void operator()(Block* last) const;
  };
  char* place(std::size_t size, std::size_t alignment);

  std::unique_ptr<Block, Free> last_;
};

}  // namespace hyalite
