// Memory for one exchange: handed out in pieces, given back all at once.
// SPDX-License-Identifier: MIT
#include "base/arena.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

namespace hyalite {

namespace {
// Most flows need little for long: each block is twice the one before, up to the last of these.
constexpr std::size_t kFirstBlock = 1024, kBlockSize = 4096;
}

void* Arena::allocate(std::size_t size, std::size_t alignment) {
  if (!blocks_.empty()) {
    Block& last = blocks_.back();
    const auto base = reinterpret_cast<std::uintptr_t>(last.data.get());
    const std::size_t at = ((base + used_ + alignment - 1) & ~(alignment - 1)) - base;
    if (at <= last.size && size <= last.size - at) {
      used_ = at + size;
      return std::memset(last.data.get() + at, 0, size);
    }
  }
  const std::size_t next = blocks_.empty() ? kFirstBlock : std::min(2 * blocks_.back().size, kBlockSize);
  const std::size_t wanted = std::max(next, size + alignment);
  blocks_.push_back({std::unique_ptr<char[]>(new char[wanted]), wanted});
  used_ = 0;
  return allocate(size, alignment);
}

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) return {};
  auto* place = static_cast<char*>(allocate(text.size(), 1));
  std::memcpy(place, text.data(), text.size());
  return {place, text.size()};
}

void Arena::clear() {
  const auto usual = [](const Block& block) { return block.size <= kBlockSize; };
  const auto keep = std::find_if(blocks_.rbegin(), blocks_.rend(), usual);  // the last is the largest of them
  if (keep != blocks_.rend()) std::swap(blocks_.front(), *keep);
  if (blocks_.size() > 1) blocks_.resize(1);
  used_ = 0;
}

void Arena::bury() {
  for (Block& block : blocks_) std::memset(block.data.get(), 0xDD, block.size);
}

std::size_t Arena::held() const {
  std::size_t sum = 0;
  for (const Block& block : blocks_) sum += block.size;
  return sum;
}

}  // namespace hyalite
