// Upstream connections on which nothing came back yet, of all workers: a client that is one of them
// is a loop. SPDX-License-Identifier: MIT
#include "net/loop_table.h"

#include <sys/random.h>

#include <array>
#include <bit>
#include <cassert>
#include <cstring>
#include <utility>

namespace hyalite {

namespace {

constexpr std::size_t kLine = 64;
constexpr unsigned kWorkerBits = 10;
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

}  // namespace

struct LoopTable::Header {
  std::uint64_t key[2];
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free,
              "a worker may die while it holds a lock");

LoopTable::Entry::Entry(Entry&& other) noexcept
    : slot_(std::exchange(other.slot_, nullptr)), value_(other.value_) {}

LoopTable::Entry& LoopTable::Entry::operator=(Entry&& other) noexcept {
  if (this == &other) return *this;
  remove();
  slot_ = std::exchange(other.slot_, nullptr);
  value_ = other.value_;
  return *this;
}

void LoopTable::Entry::remove() {
  if (slot_ == nullptr) return;
  // Only if it is still ours: our parent may have thought us dead.
  std::uint64_t expected = value_;
  slot_->compare_exchange_strong(expected, 0);
  slot_ = nullptr;
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
  slots_ = reinterpret_cast<std::atomic<std::uint64_t>*>(memory.data() + kLine);
  buckets_ = (memory.size() - kLine) / kLine;
}

std::uint64_t LoopTable::fingerprint(const Address& local, const Address& remote) const {
  SipHash hash(key_[0], key_[1]);
  const Words words = pack(local, remote);
  for (const std::uint64_t word : words) hash.add(word);
  return hash.end(sizeof words);
}

std::atomic<std::uint64_t>* LoopTable::bucket(std::uint64_t fingerprint) const {
  return slots_ + fingerprint % buckets_ * kBucket;
}

LoopTable::Entry LoopTable::insert(unsigned worker, const Address& local, const Address& remote) {
  assert(worker < kMostWorkers);
  if (slots_ == nullptr) return {};
  const std::uint64_t print = fingerprint(local, remote);
  const std::uint64_t value = (print >> kWorkerBits << kWorkerBits) | (worker + 1);
  std::atomic<std::uint64_t>* slot = bucket(print);
  for (std::size_t i = 0; i < kBucket; ++i) {
    std::uint64_t free = 0;
    if (slot[i].compare_exchange_strong(free, value)) return {&slot[i], value};
  }
  return {};
}

bool LoopTable::contains(const Address& local, const Address& remote) const {
  if (slots_ == nullptr) return false;
  const std::uint64_t print = fingerprint(local, remote);
  const std::atomic<std::uint64_t>* slot = bucket(print);
  for (std::size_t i = 0; i < kBucket; ++i) {
    const std::uint64_t value = slot[i].load();
    if (value != 0 && value >> kWorkerBits == print >> kWorkerBits) return true;
  }
  return false;
}

void LoopTable::clear(unsigned worker) {
  for (std::size_t i = 0; i < buckets_ * kBucket; ++i) {
    std::uint64_t value = slots_[i].load();
    if (value != 0 && (value & ((1u << kWorkerBits) - 1)) == worker + 1)
      slots_[i].compare_exchange_strong(value, 0);
  }
}

}  // namespace hyalite
