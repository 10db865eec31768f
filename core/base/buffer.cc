// Bytes waiting to move: filled at the end, taken from the front.
// SPDX-License-Identifier: MIT
#include "base/buffer.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace hyalite {

void Buffer::append(Bytes bytes) {
  if (bytes.empty()) return;
  std::memcpy(reserve(bytes.size()), bytes.data(), bytes.size());
  commit(bytes.size());
}

char* Buffer::reserve(std::size_t n) {
  if (capacity_ - end_ >= n) return data_.get() + end_;
  const std::size_t held = size();
  if (begin_ >= held && capacity_ - held >= n) {
    // Room enough in front, and moving costs no more than was taken already.
    std::memcpy(data_.get(), data_.get() + begin_, held);
  } else {
    const std::size_t wanted = std::max<std::size_t>({held + n, 2 * held, 512});
    std::unique_ptr<char[]> bigger(new char[wanted]);
    if (held > 0) std::memcpy(bigger.get(), data_.get() + begin_, held);
    data_ = std::move(bigger);
    capacity_ = wanted;
  }
  begin_ = 0;
  end_ = held;
  return data_.get() + end_;
}

void Buffer::consume(std::size_t n) {
  assert(n <= size());
  begin_ += n;
  if (begin_ < end_) return;
  data_.reset();
  begin_ = end_ = capacity_ = 0;
}

}  // namespace hyalite
