// Millions of host names, compact and read-only once they are in.
// SPDX-License-Identifier: MIT
#include "domain_set.h"

#include <functional>
#include <utility>

namespace {

bool is_label_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

}  // namespace

std::optional<std::string> normal_host(std::string_view text) {
  if (!text.empty() && text.back() == '.') text.remove_suffix(1);
  if (text.empty() || text.size() > 253) return std::nullopt;
  std::string out;
  out.reserve(text.size());
  std::size_t label = 0;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    if (c == '.' ? label == 0 : !is_label_byte(c) || label == 63) return std::nullopt;
    label = c == '.' ? 0 : label + 1;
    out += c;
  }
  if (label == 0) return std::nullopt;
  return out;
}

DomainSet::Entry DomainSet::entry_at(std::uint32_t offset) const {
  const auto length = static_cast<unsigned char>(text_[offset + 1]);
  return {std::string_view(text_).substr(offset + 2, length),
          static_cast<std::uint8_t>(text_[offset])};
}

// The slot of the name, or the free one where it would go. There is always a free one.
std::size_t DomainSet::slot_of(std::string_view name) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = std::hash<std::string_view>{}(name)&mask;
  while (slots_[slot] != 0 && entry_at(slots_[slot] - 1).name != name) slot = (slot + 1) & mask;
  return slot;
}

void DomainSet::grow() {
  const std::vector<std::uint32_t> old =
      std::exchange(slots_, std::vector<std::uint32_t>(slots_.empty() ? 64 : slots_.size() * 2));
  for (const std::uint32_t offset : old) {
    if (offset != 0) slots_[slot_of(entry_at(offset - 1).name)] = offset;
  }
}

bool DomainSet::add(std::string_view name, std::uint8_t source) {
  if (count_ * 4 >= slots_.size() * 3) grow();
  const std::size_t slot = slot_of(name);
  if (slots_[slot] != 0) return false;
  slots_[slot] = static_cast<std::uint32_t>(text_.size() + 1);
  text_ += static_cast<char>(source);
  text_ += static_cast<char>(name.size());
  text_ += name;
  ++count_;
  return true;
}

std::optional<DomainSet::Entry> DomainSet::find(std::string_view name) const {
  if (slots_.empty()) return std::nullopt;
  for (;;) {
    const std::uint32_t found = slots_[slot_of(name)];
    if (found != 0) return entry_at(found - 1);
    const auto dot = name.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    name.remove_prefix(dot + 1);
  }
}
