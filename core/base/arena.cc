// Memory for one exchange: handed out in pieces, given back all at once.
// SPDX-License-Identifier: MIT
#include "base/arena.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

namespace hyalite {

namespace {
// Most flows need very little for long: each block is several times the one before, up to the last of these.
constexpr std::size_t kFirstBlock = 32, kGrowth = 4, kBlockSize = 4096;
}  // namespace

void Arena::Free::operator()(Block* last) const {
  while (last != nullptr) ::operator delete(std::exchange(last, last->before));
}

char* Arena::place(std::size_t size, std::size_t alignment) {
  if (last_) {
    const auto base = reinterpret_cast<std::uintptr_t>(last_->data());
    const std::size_t at = ((base + last_->used + alignment - 1) & ~(alignment - 1)) - base;
    if (at <= last_->size && size <= last_->size - at) {
      last_->used = at + size;
      return last_->data() + at;
    }
  }
  const std::size_t next = last_ ? std::min(kGrowth * last_->size, kBlockSize) : kFirstBlock;
  const std::size_t wanted = std::max(next, size + alignment);
  void* memory = ::operator new(sizeof(Block) + wanted);
  last_.reset(::new (memory) Block{last_.release(), wanted, 0});
  return place(size, alignment);
}

void* Arena::allocate(std::size_t size, std::size_t alignment) { return std::memset(place(size, alignment), 0, size); }

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) return {};
  char* const at = place(text.size(), 1);
  std::memcpy(at, text.data(), text.size());
  return {at, text.size()};
}

void Arena::clear() {
  // The last of the usual ones is the largest of them.
  Block* keep = nullptr;
  for (Block* block = last_.release(); block != nullptr;) {
    Block* const before = block->before;
    if (keep == nullptr && block->size <= kBlockSize) {
      keep = block;
    } else {
      ::operator delete(block);
    }
    block = before;
  }
  if (keep != nullptr) *keep = {nullptr, keep->size, 0};
  last_.reset(keep);
}

void Arena::bury() {
  for (Block* block = last_.get(); block != nullptr; block = block->before) std::memset(block->data(), 0xDD, block->size);
}

std::size_t Arena::held() const {
  std::size_t sum = 0;
  for (const Block* block = last_.get(); block != nullptr; block = block->before) sum += block->size;
  return sum;
}

}  // namespace hyalite
