// Names for what is under way: good exactly as long as it is, and never taken for anything later.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace hyalite {

// 4 bits of kind, 28 of the place's generation, 32 of the place. 0 names nothing.
using Ref = std::uint64_t;
enum class RefKind : std::uint64_t { pause = 1, timer = 2, work = 3, fetch = 4, channel = 5 };
inline RefKind kind_of(Ref ref) { return static_cast<RefKind>(ref >> 60); }

// Places that are used again, each time under another name: whoever comes with an old name is told so. A name comes
// back after 2^28 uses of one place. Not safe for threads by itself.
template <class T>
class RefTable {
 public:
  RefTable(RefKind kind, std::size_t most) : kind_(kind), most_(most) {}

  bool full() const { return size_ == most_; }
  std::size_t size() const { return size_; }
  // Not when full.
  Ref add(T value) {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(places_.size()));
      places_.emplace_back();
    }
    const std::uint32_t at = free_.back();
    free_.pop_back();
    Place& place = places_[at];
    place.generation = (place.generation + 1) & kGenerations;
    if (place.generation == 0) place.generation = 1;
    place.value.emplace(std::move(value));
    ++size_;
    return name(at);
  }
  // Null: the name is old, or was never given.
  T* find(Ref ref) {
    const auto at = static_cast<std::uint32_t>(ref);
    if (kind_of(ref) != kind_ || at >= places_.size() || !places_[at].value || name(at) != ref) return nullptr;
    return &*places_[at].value;
  }
  // Nothing, when the name is old.
  std::optional<T> take(Ref ref) {
    T* found = find(ref);
    if (found == nullptr) return std::nullopt;
    std::optional<T> taken(std::move(*found));
    const auto at = static_cast<std::uint32_t>(ref);
    places_[at].value.reset();
    free_.push_back(at);
    --size_;
    return taken;
  }
  std::vector<Ref> all() const {
    std::vector<Ref> refs;
    for (std::uint32_t at = 0; at < places_.size(); ++at) {
      if (places_[at].value) refs.push_back(name(at));
    }
    return refs;
  }

 private:
  static constexpr std::uint32_t kGenerations = (1u << 28) - 1;
  struct Place {
    std::uint32_t generation = 0;
    std::optional<T> value;
  };
  Ref name(std::uint32_t at) const {
    return static_cast<Ref>(kind_) << 60 | static_cast<Ref>(places_[at].generation) << 32 | at;
  }

  const RefKind kind_;
  const std::size_t most_;
  std::size_t size_ = 0;
  std::vector<Place> places_;
  std::vector<std::uint32_t> free_;
};

}  // namespace hyalite
