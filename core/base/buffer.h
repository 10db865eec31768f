// Bytes waiting to move: filled at the end, taken from the front.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "base/bytes.h"

namespace hyalite {

// Contiguous. Holds no memory while empty. Views into it die at the next change.
class Buffer {
 public:
  bool empty() const { return begin_ == end_; }
  std::size_t size() const { return end_ - begin_; }
  Bytes bytes() const { return {data_.get() + begin_, size()}; }

  void append(Bytes bytes);
  // `n` bytes at the end to be written into; commit(m), m <= n, makes the first m of them part of the buffer.
  char* reserve(std::size_t n);
  void commit(std::size_t m) { end_ += m; }
  // Takes `n` bytes from the front, n <= size(). Frees the memory when none is left.
  void consume(std::size_t n);
  void clear() { consume(size()); }
  // Memory held, in bytes.
  std::size_t capacity() const { return capacity_; }

 private:
  std::unique_ptr<char[]> data_;
  std::size_t begin_ = 0, end_ = 0, capacity_ = 0;
};

}  // namespace hyalite
