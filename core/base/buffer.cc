// Bytes waiting to move: filled at the end, taken from the front.
// SPDX-License-Identifier: MIT
#include "base/buffer.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <new>

namespace hyalite {

void Buffer::append(Bytes bytes) {
  if (bytes.empty()) return;
  std::memcpy(reserve(bytes.size()), bytes.data(), bytes.size());
  commit(bytes.size());
}

char* Buffer::reserve(std::size_t n) {
  const std::size_t held = size();
  if (block_ && block_->capacity - block_->end >= n) return block_->data() + block_->end;
  if (block_ && block_->begin >= held && block_->capacity - held >= n) {
    // Room enough in front, and moving costs no more than was taken already.
    std::memcpy(block_->data(), block_->data() + block_->begin, held);
  } else {
    const std::size_t wanted = std::max<std::size_t>({held + n, 2 * held, 512});
    std::unique_ptr<Block, Free> bigger(::new (::operator new(sizeof(Block) + wanted)) Block{0, 0, wanted});
    if (held > 0) std::memcpy(bigger->data(), block_->data() + block_->begin, held);
    block_ = std::move(bigger);
  }
  block_->begin = 0;
  block_->end = held;
  return block_->data() + held;
}

void Buffer::consume(std::size_t n) {
  assert(n <= size());
  if (n < size()) {
    block_->begin += n;
  } else {
    block_.reset();
  }
}

}  // namespace hyalite
