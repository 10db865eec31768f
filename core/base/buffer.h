// Bytes waiting to move: filled at the end, taken from the front.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>

#include "base/bytes.h"

namespace hyalite {

// Contiguous. Holds no memory while empty, and is then a pointer. Views into it die at the next change.
class Buffer {
 public:
  bool empty() const { return !block_ || block_->begin == block_->end; }
  std::size_t size() const { return block_ ? block_->end - block_->begin : 0; }
  Bytes bytes() const { return block_ ? Bytes(block_->data() + block_->begin, size()) : Bytes(); }

  void append(Bytes bytes);
  // `n` bytes at the end to be written into; commit(m), m <= n, makes the first m of them part of the buffer.
  char* reserve(std::size_t n);
  void commit(std::size_t m) {
    if (m > 0) block_->end += m;
  }
  // Takes `n` bytes from the front, n <= size(). Frees the memory when none is left.
  void consume(std::size_t n);
  void clear() { block_.reset(); }
  // Memory held, in bytes.
  std::size_t capacity() const { return block_ ? block_->capacity : 0; }

 private:
  // In front of the bytes.
  struct Block {
    std::size_t begin, end, capacity;
    char* data() { return reinterpret_cast<char*>(this + 1); }
  };
  struct Free {
    void operator()(Block* block) const { ::operator delete(block); }
  };
  std::unique_ptr<Block, Free> block_;
};

}  // namespace hyalite
