// Bytes from one thread to another: bounded, and neither ever waits for the other.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

// One thread puts, one thread takes. Memory that was never filled takes none; and what finds
// nothing before it begins in front again, in memory that the processor still has at hand.
class Ring {
 public:
  explicit Ring(std::size_t bytes) : size_(bytes), bytes_(new char[bytes]) {}

  // ---- the thread that puts
  // All of it or nothing.
  bool put(std::string_view bytes) {
    const std::uint64_t put = put_.load(std::memory_order_relaxed);
    const std::uint64_t waiting = put - taken_.load(std::memory_order_acquire);
    if (bytes.size() > size_ - waiting) return false;
    // The other thread looks for where things are only behind something that waits.
    if (waiting == 0) front_.store(put, std::memory_order_relaxed);
    const std::size_t at = place(put), first = std::min(bytes.size(), size_ - at);
    std::memcpy(bytes_.get() + at, bytes.data(), first);
    std::memcpy(bytes_.get(), bytes.data() + first, bytes.size() - first);
    put_.store(put + bytes.size());
    return true;
  }

  // ---- the thread that takes
  // Adds to `out` what lies in front, up to `most` bytes.
  void peek(std::size_t most, std::string& out) const {
    const std::uint64_t taken = taken_.load(std::memory_order_relaxed);
    const std::size_t n = std::min<std::uint64_t>(most, put_.load() - taken);
    if (n == 0) return;
    const std::size_t at = place(taken), first = std::min(n, size_ - at);
    out.append(bytes_.get() + at, first).append(bytes_.get(), n - first);
  }
  void take(std::size_t bytes) {
    taken_.store(taken_.load(std::memory_order_relaxed) + bytes, std::memory_order_release);
  }

  // ---- both
  std::size_t used() const {
    return static_cast<std::size_t>(put_.load() - taken_.load(std::memory_order_acquire));
  }
  std::size_t size() const { return size_; }
  // All that was ever put, and taken.
  std::uint64_t put_bytes() const { return put_.load(); }
  std::uint64_t taken_bytes() const { return taken_.load(std::memory_order_acquire); }

 private:
  std::size_t place(std::uint64_t at) const {
    return (at - front_.load(std::memory_order_relaxed)) % size_;
  }

  const std::size_t size_;
  const std::unique_ptr<char[]> bytes_;
  alignas(64) std::atomic<std::uint64_t> put_{0};
  std::atomic<std::uint64_t> front_{0};  // what lies at the beginning of the memory
  alignas(64) std::atomic<std::uint64_t> taken_{0};
};
