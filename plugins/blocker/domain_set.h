// Millions of host names, compact and read-only once they are in; a name covers what is below it.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// A host name as it is compared: lower case, without a final dot. Nothing when it is none: labels
// of letters, digits, "-" and "_", 1 to 63 bytes each, 253 together (RFC 1123, section 2.1). An
// IPv4 address looks like a name, and is compared like one.
std::optional<std::string> normal_host(std::string_view text);

class DomainSet {
 public:
  struct Entry {
    std::string_view name;  // good as long as the set does not change
    std::uint8_t source = 0;
  };

  // `name` is normal; `source` says where it came from. False: it was there already.
  bool add(std::string_view name, std::uint8_t source);
  // The entry that covers `name` (normal): itself, or the nearest name above it.
  std::optional<Entry> find(std::string_view name) const;
  std::size_t size() const { return count_; }
  // No more than this fits: add() must not be called then.
  bool full() const { return text_.size() > (std::size_t{1} << 31); }

 private:
  // At `slot`, the offset of an entry in text_ plus one; 0: free.
  std::size_t slot_of(std::string_view name) const;
  Entry entry_at(std::uint32_t offset) const;
  void grow();

  std::string text_;  // entries, one after the other: source, length, name
  std::vector<std::uint32_t> slots_;
  std::size_t count_ = 0;
};
