// Millions of host names, built once and then only read: which of them covers a name? Header-only,
// C++17, and on its own: it needs nothing else of the SDK. SPDX-License-Identifier: MIT
//
// clang-format off
//     hyalite::NameSet::Builder builder;
//     builder.add(hyalite::HostName("ads.example").text(), hyalite::NameSet::with_subdomains, 7);
//     const hyalite::NameSet set = std::move(builder).build();
//     set.find(hyalite::HostName("WWW.ads.example.").text())    // -> { "ads.example", 7 }
// clang-format on
//
// Built before the workers are forked, it is in memory once for all of them: looking something up
// writes nothing and allocates nothing. A name takes its own bytes, 5 more, and about 7 of the
// table; tests/bench/micro measures the rest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace hyalite {
inline namespace v1 {

// A host name in the one form in which names are compared: lower case, without a final dot. It
// holds its bytes itself. Labels are of letters, digits, "-" and "_", 1 to 63 bytes each, 253
// together (RFC 1123, section 2.1; "_" is seen in practice). An IPv4 address looks like a name, and
// is compared like one; names in other scripts come as "xn--..." (RFC 5890).
class HostName {
 public:
  static constexpr std::size_t kMostBytes = 253;

  explicit HostName(std::string_view text) {
    if (!text.empty() && text.back() == '.') text.remove_suffix(1);
    if (text.size() > kMostBytes) return;
    std::size_t label = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = lower(text[i]);
      if (c == '.' ? label == 0 : !may_be_in_a_label(c) || label == 63) return;
      label = c == '.' ? 0 : label + 1;
      bytes_[i] = c;
    }
    if (label > 0) size_ = static_cast<unsigned char>(text.size());
  }

  // False: it was no host name.
  bool valid() const { return size_ > 0; }
  explicit operator bool() const { return valid(); }
  // Lives as long as this; empty when it is none.
  std::string_view text() const { return {bytes_, size_}; }

 private:
  static char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
  static bool may_be_in_a_label(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  }
  char bytes_[kMostBytes];  // only the first size_ were written
  unsigned char size_ = 0;
};

class NameSet {
 public:
  // What an entry covers: the name itself, or all that is below it, too.
  enum Covers { itself, with_subdomains };
  struct Match {
    std::string_view name;  // the entry's; lives as long as the set
    std::uint32_t value;    // as it was added
  };
  static constexpr std::uint32_t kMostValue = 0x7fff'ffff;
  class Builder;

  NameSet() = default;
  NameSet(NameSet&&) = default;
  NameSet& operator=(NameSet&&) = default;

  // The entry that covers `name` (as HostName gives it): its own, or that of the nearest name above
  // it that covers its subdomains. Of what is no host name, that of the name that it ends in, behind
  // a dot.
  std::optional<Match> find(std::string_view name) const {
    if (count_ == 0 || name.empty() || name.size() > HostName::kMostBytes) return std::nullopt;
    // From the end to the front: the hash of each name above is that of a part of the way. Their
    // places are fetched while the rest is hashed.
    struct Candidate {
      std::uint64_t hash;
      std::size_t start;
    } candidates[HostName::kMostBytes / 2 + 1];
    std::size_t found = 0, labels = 0;
    std::uint64_t state = kStart;
    for (std::size_t i = name.size(); i-- > 0;) {
      if (name[i] == '.' && ++labels <= most_labels_) {
        candidates[found] = {finish(state), i + 1};
        __builtin_prefetch(&buckets_[bucket_of(candidates[found++].hash)]);
      }
      state = step(state, name[i]);
    }
    if (++labels <= most_labels_) candidates[found++] = {finish(state), 0};
    while (found-- > 0) {
      const Candidate& at = candidates[found];
      const char* entry = lookup(name.substr(at.start), at.hash);
      if (entry != nullptr && (at.start == 0 || covers(entry) == with_subdomains))
        return Match{name_of(entry), value_of(entry)};
    }
    return std::nullopt;
  }

  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  // Memory that it takes.
  std::size_t bytes() const {
    return blocks_.size() * kBlockBytes + buckets_.size() * sizeof(Bucket);
  }

 private:
  // One cache line: where 12 entries lie, and a byte of each one's hash, so that most others are
  // told apart without being looked at.
  struct alignas(64) Bucket {
    std::uint32_t at[12];
    std::uint8_t tag[12];
    std::uint8_t count, overflows;  // overflows: some that belong here are in a bucket behind
    std::uint8_t unused[2];
  };
  static constexpr std::size_t kInBucket = 12;
  static constexpr std::size_t kFill = 9;  // of 12, on average
  static constexpr std::size_t kBlockBytes = std::size_t{1} << 20;
  static constexpr std::size_t kHeadBytes =
      5;  // of an entry: length, value and what it covers; then the name
  static constexpr std::size_t kMostBlocks = 4096;

  static constexpr std::uint64_t kStart = 0x9e37'79b9'7f4a'7c15;
  static std::uint64_t step(std::uint64_t state, char c) {
    return (state ^ static_cast<unsigned char>(c)) * 0xd6e8'feb8'6659'fd93;
  }
  static std::uint64_t finish(std::uint64_t state) {
    state ^= state >> 32;
    state *= 0xd6e8'feb8'6659'fd93;
    return state ^ state >> 29;
  }
  static std::uint64_t hash_of(std::string_view name) {
    std::uint64_t state = kStart;
    for (std::size_t i = name.size(); i-- > 0;) state = step(state, name[i]);
    return finish(state);
  }
  std::size_t bucket_of(std::uint64_t hash) const {
    return static_cast<std::size_t>((hash >> 32) * buckets_.size() >> 32);
  }
  static std::uint8_t tag_of(std::uint64_t hash) { return static_cast<std::uint8_t>(hash); }
  std::size_t after(std::size_t bucket) const {
    return bucket + 1 == buckets_.size() ? 0 : bucket + 1;
  }

  const char* entry_at(std::uint32_t at) const {
    return blocks_[at / kBlockBytes].get() + at % kBlockBytes;
  }
  static std::string_view name_of(const char* entry) {
    return {entry + kHeadBytes, static_cast<unsigned char>(*entry)};
  }
  static std::uint32_t word_of(const char* entry) {
    std::uint32_t word = 0;
    std::memcpy(&word, entry + 1, sizeof word);
    return word;
  }
  static std::uint32_t value_of(const char* entry) { return word_of(entry) & kMostValue; }
  static Covers covers(const char* entry) {
    return word_of(entry) > kMostValue ? with_subdomains : itself;
  }

  const char* lookup(std::string_view name, std::uint64_t hash) const {
    for (std::size_t bucket = bucket_of(hash);; bucket = after(bucket)) {
      const Bucket& here = buckets_[bucket];
      for (std::size_t i = 0; i < here.count; ++i) {
        if (here.tag[i] != tag_of(hash)) continue;
        const char* entry = entry_at(here.at[i]);
        if (name_of(entry) == name) return entry;
      }
      if (here.overflows == 0) return nullptr;
    }
  }

  std::vector<std::unique_ptr<char[]>>
      blocks_;  // entries, one after the other; none lies in two blocks
  std::vector<Bucket> buckets_;
  std::size_t count_ = 0;
  std::size_t most_labels_ = 0;  // of any name
};

class NameSet::Builder {
 public:
  enum Result {
    added,
    known,  // it was there: what it covers may have grown, nothing else changed
    full,   // no more fits (4 GiB)
  };

  // `name` as HostName gives it; `value` at most kMostValue. The first value of a name stays;
  // covering its subdomains wins.
  Result add(std::string_view name, Covers covers, std::uint32_t value) {
    if (set_.count_ >= set_.buckets_.size() * kFill)
      rebuild(set_.buckets_.empty() ? 8 : set_.buckets_.size() * 2);
    const std::uint64_t hash = hash_of(name);
    if (const char* entry = set_.lookup(name, hash)) {
      if (covers == with_subdomains) write(const_cast<char*>(entry), name, covers, value_of(entry));
      return known;
    }
    const std::size_t size = kHeadBytes + name.size();
    if (left_ < size && !add_block()) return full;
    const std::size_t offset = kBlockBytes - left_;
    write(set_.blocks_.back().get() + offset, name, covers, value);
    left_ -= size;
    place(static_cast<std::uint32_t>((set_.blocks_.size() - 1) * kBlockBytes + offset), hash);
    ++set_.count_;
    std::size_t labels = 1;
    for (const char c : name) labels += c == '.' ? 1u : 0u;
    if (labels > set_.most_labels_) set_.most_labels_ = labels;
    return added;
  }
  std::size_t size() const { return set_.count_; }

  NameSet build() && {
    if (set_.count_ > 0) rebuild(set_.count_ / kFill + 1);
    return std::move(set_);
  }

 private:
  static void write(char* entry, std::string_view name, Covers covers, std::uint32_t value) {
    const std::uint32_t word =
        (value & kMostValue) | (covers == with_subdomains ? kMostValue + 1 : 0);
    *entry = static_cast<char>(name.size());
    std::memcpy(entry + 1, &word, sizeof word);
    std::memcpy(entry + kHeadBytes, name.data(), name.size());
  }
  bool add_block() {
    if (set_.blocks_.size() == kMostBlocks) return false;
    set_.blocks_.emplace_back(
        new char[kBlockBytes]);  // not zeroed: what is not written takes no memory
    left_ = kBlockBytes;
    return true;
  }
  void place(std::uint32_t at, std::uint64_t hash) {
    std::size_t bucket = set_.bucket_of(hash);
    for (; set_.buckets_[bucket].count == kInBucket; bucket = set_.after(bucket))
      set_.buckets_[bucket].overflows = 1;
    Bucket& here = set_.buckets_[bucket];
    here.at[here.count] = at;
    here.tag[here.count++] = tag_of(hash);
  }
  void rebuild(std::size_t buckets) {
    const std::vector<Bucket> old = std::exchange(set_.buckets_, std::vector<Bucket>(buckets));
    for (const Bucket& from : old) {
      for (std::size_t i = 0; i < from.count; ++i)
        place(from.at[i], hash_of(name_of(set_.entry_at(from.at[i]))));
    }
  }

  NameSet set_;
  std::size_t left_ = 0;  // of the last block
};

}  // namespace v1
}  // namespace hyalite
