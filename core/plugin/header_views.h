// Our fields as the ABI's tables: built once per round of a hook, only when somebody looks.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/plugin.h>

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/fields.h"
#include "http/message.h"

namespace hyalite {

// How many names the ABI numbers itself, 0 (other) among them.
inline constexpr std::size_t kWellKnownHeaders = HYALITE_HEADER_X_FORWARDED_PROTO + 1;

// Which number a header's name has in views: the ABI's well-known ones, then what plugins interned.
class HeaderNames {
 public:
  static constexpr std::size_t kMostInterned = 4'096;
  HeaderNames();

  // 0: not a name, or too many.
  std::uint16_t intern(Bytes name);
  // 0: nobody knows it.
  std::uint16_t id_of(const Field& field) const {
    if (field.id != Name::other) return well_known_[static_cast<std::size_t>(field.id)];
    return by_hash_.empty() ? std::uint16_t{0} : find_interned(field.name, field.hash);
  }
  std::uint16_t id_of(Bytes name) const;
  // Empty for an id that nobody has.
  Bytes text(std::uint16_t id) const;
  // All ids are below.
  std::size_t count() const { return kWellKnownHeaders + interned_.size(); }

 private:
  std::uint16_t find_interned(Bytes name, std::uint32_t hash) const;

  std::array<std::uint16_t, kNames> well_known_{};                         // by http's number
  std::array<Bytes, kWellKnownHeaders> well_known_texts_{};  // by the ABI's
  std::vector<std::string> interned_;
  std::unordered_multimap<std::uint32_t, std::uint16_t> by_hash_;
};

// Fields as one table. The bytes stay where they are.
class HeaderView {
 public:
  const hyalite_headers& fill(const Fields& fields, const HeaderNames& names);
  bool shows(const Fields& fields) const {
    return fields_ == &fields && headers_.generation == fields.generation();
  }
  const hyalite_headers& headers() const { return headers_; }
  std::size_t bytes() const { return items_.size() * sizeof(hyalite_header) + first_.size() * sizeof(std::int32_t); }
  // Whoever still reads it reads kDead, and follows a pointer that leads nowhere.
  void paint();
  static constexpr int kDead = 0xDD;

 private:
  const Fields* fields_ = nullptr;
  hyalite_headers headers_{};
  std::vector<hyalite_header> items_;
  std::vector<std::int32_t> first_;
};

// The views of the hook that is running. One per worker: hooks do not nest.
class Views {
 public:
  // All views of one call stay readable, so they are bounded: so many are always to be had, more until they take so many bytes. For
  // edits of 200 fields, each of which looks at what the one before made of them, that is some 2000.
  static constexpr std::size_t kAlwaysInOneCall = 64, kMostBytesInOneCall = std::size_t{16} << 20;

  // A hook goes through the chain: nothing of an earlier hook is shown again.
  void begin_round() {
    forget_many();
    used_ = 0;
    bytes_ = 0;
    line_of_ = nullptr;
  }
  // The next plugin is asked: what earlier ones saw may go, but for what is still true.
  void begin_call();
  // The current view of these fields; null when one call asked for more than it may have. That call has failed, then: its plugin
  // saw no headers where there are some.
  const hyalite_headers* of(const Fields& fields, const HeaderNames& names);
  // Was this call refused a view?
  bool refused() const { return refused_; }
  const hyalite_request_line* request_line(const RequestHead& head, bool secure);
  const hyalite_response_line* response_line(const ResponseHead& head);
  // For validation: all that was shown is painted, and its memory is not used again for a while.
  void bury();

 private:
  static constexpr std::size_t kMostBuried = 256;

  // Few calls need the memory of many views.
  void forget_many() {
    if (views_.size() > kAlwaysInOneCall) views_.resize(kAlwaysInOneCall);
  }
  std::vector<std::unique_ptr<HeaderView>> views_;
  std::size_t used_ = 0;
  std::size_t bytes_ = 0;  // of these
  bool refused_ = false;
  std::deque<std::unique_ptr<HeaderView>> buried_;
  hyalite_request_line request_line_{};
  const RequestHead* line_of_ = nullptr;  // in request_line_
  std::uint32_t line_generation_ = 0;
  hyalite_response_line response_line_{};
};

}  // namespace hyalite
