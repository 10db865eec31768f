// Upstream connections on which nothing came back yet, of all workers: a client that is one of them
// is a loop. SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/address.h"

namespace hyalite {

// Lives in memory handed in by the caller: a MAP_SHARED mapping made before the fork, of
// bytes_for(n) bytes, zeroed. Make the table before the fork; the copies that the workers get speak
// about the same memory. Lock-free: a worker may die at any moment. Bounded: what finds no room is
// not guarded (Entry is empty), to be counted by the caller. Slots hold 54 bits of a keyed hash and
// the worker, not addresses: an innocent match is a matter of 1 in 10^15.
//
// The first kFront buckets take what they have room for, so that a table for many connections, of
// which few have no answer yet, is some pages that are in the processor's caches.
class LoopTable {
 public:
  static constexpr unsigned kMostWorkers = 1023;

  // Removes its connection when it ends. Give it up at the first byte from upstream. Must not
  // outlive the table.
  class Entry {
   public:
    Entry() = default;
    Entry(Entry&& other) noexcept;
    Entry& operator=(Entry&& other) noexcept;
    ~Entry() { remove(); }
    void remove();
    explicit operator bool() const { return table_ != nullptr; }

   private:
    friend class LoopTable;
    Entry(const LoopTable* table, std::uint64_t value) : table_(table), value_(value) {}
    const LoopTable* table_ = nullptr;
    std::uint64_t value_ = 0;
  };

  static std::size_t bytes_for(std::size_t connections);
  // An empty span: a table that knows nothing and records nothing.
  explicit LoopTable(std::span<std::byte> memory);

  // `worker` < kMostWorkers.
  Entry insert(unsigned worker, const Address& local, const Address& remote);
  // Does a connection of ours run from `local` to `remote`, without an answer yet?
  bool contains(const Address& local, const Address& remote) const;
  // Forgets everything of a worker that died. Called by its parent before the next one of this
  // index starts.
  void clear(unsigned worker);

 private:
  using Word = std::atomic<std::uint64_t>;
  static constexpr std::size_t kBucket = 8;   // words of one cache line
  static constexpr std::size_t kFront = 256;  // buckets
  struct Header;
  // Where something of this hash stands: a bucket in front, which counts what had to go on to one
  // behind.
  struct Place;

  // What a slot holds, but for the worker.
  std::uint64_t print(const Address& local, const Address& remote) const;
  Place place(std::uint64_t print) const;
  void remove(std::uint64_t value) const;

  std::uint64_t key_[2] = {};
  Word* words_ = nullptr;
  std::size_t front_ = 0, behind_ = 0;  // buckets
};

}  // namespace hyalite
