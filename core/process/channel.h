// Small messages and descriptors between two processes of ours.
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace hyalite {

// A message is a trivially copyable struct of fixed size with a number of its own (messages.h).
template <class M>
concept FixedMessage = std::is_trivially_copyable_v<M> && requires {
  { M::kType } -> std::convertible_to<std::uint16_t>;
};

// What arrived; not yet believed.
struct Received {
  std::uint16_t type = 0;
  std::string body;
  std::vector<Fd> fds;
  // It had descriptors for which this process had no place left, and has none now: it is a message of no type.
  bool cut = false;

  // The message, when it is one of type M, of exactly its size, with exactly that many descriptors.
  template <FixedMessage M>
  std::optional<M> as(std::size_t descriptors = 0) const {
    if (cut || type != M::kType || body.size() != sizeof(M) || fds.size() != descriptors)
      return std::nullopt;
    M message;
    std::memcpy(&message, body.data(), sizeof(M));
    return message;
  }
};

// One end of a SOCK_SEQPACKET pair; a message arrives whole or not at all. Neither end ever blocks.
class Channel {
 public:
  static constexpr std::size_t kMostBytes = std::size_t{128} << 10;  // of a message's body
  static constexpr std::size_t kMostFds = 8;
  // Messages that are taken of one peer before the next one's turn: who floods must not starve others.
  static constexpr int kInARow = 16;

  Channel() = default;
  explicit Channel(Fd fd) : fd_(std::move(fd)) {}
  // Both ends are closed on exec.
  static Result<std::pair<Channel, Channel>> pair();

  int fd() const { return fd_.get(); }
  explicit operator bool() const { return static_cast<bool>(fd_); }
  void close() { fd_.reset(); }
  // More room for what is sent from here while the peer is busy; before a confinement (confinement.h).
  void widen() const;

  // The descriptors stay the caller's. Fails when the peer is gone, or does not read and its queue
  // is full.
  template <FixedMessage M>
  Result<void> send(const M& message, std::span<const int> fds = {}) const {
    return send_bytes(M::kType, {reinterpret_cast<const char*>(&message), sizeof(M)}, fds);
  }
  template <FixedMessage M>
  Result<void> send(const M& message, std::initializer_list<int> fds) const {
    return send(message, std::span<const int>(fds.begin(), fds.size()));
  }
  // A body that has no fixed size: text.
  Result<void> send_bytes(std::uint16_t type, std::string_view body,
                          std::span<const int> fds = {}) const;

  // The next message, its descriptors closed on exec; nothing when none has come yet. An error
  // means that the peer is lost: it closed its end, or sent what is no message of ours. One that was cut is lost alone.
  Result<std::optional<Received>> receive() const;

 private:
  Fd fd_;
};

}  // namespace hyalite
