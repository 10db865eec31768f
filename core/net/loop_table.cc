// Upstream connections on which nothing came back yet, of all workers: a client that is one of them
// is a loop. SPDX-License-Identifier: MIT
#include "net/loop_table.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>
#include <utility>

namespace hyalite {

namespace {

constexpr std::size_t kLine = 64;
constexpr unsigned kWorkerBits = 10;
constexpr std::uint64_t kWorkerMask = (std::uint64_t{1} << kWorkerBits) - 1;
constexpr std::size_t kSlotsPerConnection = 4;  // so that a bucket is hardly ever full

using Words = std::array<std::uint64_t, 5>;

Words pack(const Address& local, const Address& remote) {
  Words words{};
  std::memcpy(&words[0], local.ip.bytes().data(), local.ip.bytes().size());
  std::memcpy(&words[2], remote.ip.bytes().data(), remote.ip.bytes().size());
  words[4] = std::uint64_t{local.port} | std::uint64_t{remote.port} << 16 |
             std::uint64_t{local.ip.is_v4()} << 32 | std::uint64_t{remote.ip.is_v4()} << 33;
  return words;
}

// SipHash-2-4 (Aumasson, Bernstein 2012) of whole words: nobody without the key can choose
// addresses that meet.
class SipHash {
 public:
  SipHash(std::uint64_t k0, std::uint64_t k1)
      : a_(k0 ^ 0x736f6d6570736575),
        b_(k1 ^ 0x646f72616e646f6d),
        c_(k0 ^ 0x6c7967656e657261),
        d_(k1 ^ 0x7465646279746573) {}

  void add(std::uint64_t word) {
    d_ ^= word;
    round();
    round();
    a_ ^= word;
  }
  std::uint64_t end(std::size_t bytes) {
    add(std::uint64_t{bytes} << 56);
    c_ ^= 0xff;
    for (int i = 0; i < 4; ++i) round();
    return a_ ^ b_ ^ c_ ^ d_;
  }

 private:
  void round() {
    a_ += b_, c_ += d_;
    b_ = std::rotl(b_, 13) ^ a_, d_ = std::rotl(d_, 16) ^ c_;
    a_ = std::rotl(a_, 32);
    c_ += b_, a_ += d_;
    b_ = std::rotl(b_, 17) ^ c_, d_ = std::rotl(d_, 21) ^ a_;
    c_ = std::rotl(c_, 32);
  }

  std::uint64_t a_, b_, c_, d_;
};

using Slots = std::span<std::atomic<std::uint64_t>>;

// Puts the value where nothing is.
bool put(Slots slots, std::uint64_t value) {
  return std::any_of(slots.begin(), slots.end(), [&](auto& slot) {
    std::uint64_t free = 0;
    return slot.compare_exchange_strong(free, value);
  });
}

bool take_away(Slots slots, std::uint64_t value) {
  return std::any_of(slots.begin(), slots.end(), [&](auto& slot) {
    std::uint64_t expected = value;
    return slot.load() == value && slot.compare_exchange_strong(expected, 0);
  });
}

bool holds(Slots slots, std::uint64_t print) {
  return std::any_of(slots.begin(), slots.end(),
                     [&](const auto& slot) { return (slot.load() & ~kWorkerMask) == print; });
}

}  // namespace

struct LoopTable::Header {
  std::uint64_t key[2];
};

struct LoopTable::Place {
  Slots front;
  Word& gone_on;
  Slots behind;
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free,
              "a worker may die while it holds a lock");

LoopTable::Entry::Entry(Entry&& other) noexcept
    : table_(std::exchange(other.table_, nullptr)), value_(other.value_) {}

LoopTable::Entry& LoopTable::Entry::operator=(Entry&& other) noexcept {
  if (this == &other) return *this;
  remove();
  table_ = std::exchange(other.table_, nullptr);
  value_ = other.value_;
  return *this;
}

void LoopTable::Entry::remove() {
  if (table_ != nullptr) std::exchange(table_, nullptr)->remove(value_);
}

std::size_t LoopTable::bytes_for(std::size_t connections) {
  const std::size_t buckets = (connections * kSlotsPerConnection + kBucket - 1) / kBucket;
  return kLine + buckets * kLine;
}

LoopTable::LoopTable(std::span<std::byte> memory) {
  if (memory.size() < 2 * kLine) return;
  assert(reinterpret_cast<std::uintptr_t>(memory.data()) % kLine == 0);
  auto* header = reinterpret_cast<Header*>(memory.data());
  if (header->key[0] == 0 && getrandom(header->key, sizeof header->key, 0) != sizeof header->key)
    return;
  std::memcpy(key_, header->key, sizeof key_);
  // Zeroed memory of a lock-free atomic is one that holds zero.
  words_ = reinterpret_cast<Word*>(memory.data() + kLine);
  const std::size_t buckets = (memory.size() - kLine) / kLine;
  front_ = std::min(kFront, (buckets + 1) / 2);
  behind_ = buckets - front_;
}

std::uint64_t LoopTable::print(const Address& local, const Address& remote) const {
  SipHash hash(key_[0], key_[1]);
  const Words words = pack(local, remote);
  for (const std::uint64_t word : words) hash.add(word);
  return std::max(hash.end(sizeof words) & ~kWorkerMask,
                  kWorkerMask + 1);  // a slot that holds 0 is free
}

LoopTable::Place LoopTable::place(std::uint64_t print) const {
  const std::uint64_t hash = print >> kWorkerBits;
  Word* const front = words_ + hash % front_ * kBucket;
  const Slots behind =
      behind_ == 0 ? Slots() : Slots(words_ + (front_ + hash % behind_) * kBucket, kBucket);
  return {Slots(front, kBucket - 1), front[kBucket - 1], behind};
}

LoopTable::Entry LoopTable::insert(unsigned worker, const Address& local, const Address& remote) {
  assert(worker < kMostWorkers);
  if (words_ == nullptr) return {};
  const std::uint64_t value = print(local, remote) | (worker + 1);
  const Place there = place(value);
  if (put(there.front, value)) return {this, value};
  ++there.gone_on;  // first, or somebody would not look behind
  if (put(there.behind, value)) return {this, value};
  --there.gone_on;
  return {};
}

void LoopTable::remove(std::uint64_t value) const {
  // Only what is still ours: our parent may have thought us dead.
  const Place there = place(value);
  if (!take_away(there.front, value) && take_away(there.behind, value)) --there.gone_on;
}

bool LoopTable::contains(const Address& local, const Address& remote) const {
  if (words_ == nullptr) return false;
  const std::uint64_t wanted = print(local, remote);
  const Place there = place(wanted);
  return holds(there.front, wanted) || (there.gone_on.load() != 0 && holds(there.behind, wanted));
}

void LoopTable::clear(unsigned worker) {
  for (std::size_t bucket = 0; bucket < front_ + behind_; ++bucket) {
    const bool is_front = bucket < front_;
    for (Word& slot : Slots(words_ + bucket * kBucket, is_front ? kBucket - 1 : kBucket)) {
      std::uint64_t value = slot.load();
      if ((value & kWorkerMask) != worker + 1 || !slot.compare_exchange_strong(value, 0)) continue;
      if (!is_front) --place(value).gone_on;
    }
  }
}

}  // namespace hyalite
