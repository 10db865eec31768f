// Writes DER, the one encoding that certificates have (X.690, chapter 10).
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace hyalite {

// Identifier octets (X.690, section 8.1.2).
enum class DerTag : unsigned char {
  boolean = 0x01,
  integer = 0x02,
  bit_string = 0x03,
  octet_string = 0x04,
  object = 0x06,
  utf8_string = 0x0c,
  utc_time = 0x17,
  generalized_time = 0x18,
  sequence = 0x30,
  set = 0x31,
  // Context-specific ones: [0] with something inside, [2] with bytes inside.
  inside_0 = 0xa0,
  inside_3 = 0xa3,
  bytes_2 = 0x82,
  bytes_7 = 0x87,
};

// Grows to the right. Contents are given as they are encoded.
class Der {
 public:
  explicit Der(std::size_t expected_bytes = 0) { bytes_.reserve(expected_bytes); }

  // Encoded already.
  Der& raw(std::string_view encoded) {
    bytes_ += encoded;
    return *this;
  }
  Der& put(DerTag tag, std::string_view content) {
    bytes_ += static_cast<char>(tag);
    bytes_ += Length(content.size()).bytes();
    bytes_ += content;
    return *this;
  }
  // What `write` writes becomes the content.
  template <class Write>
  Der& nest(DerTag tag, Write write) {
    bytes_ += static_cast<char>(tag);
    const std::size_t start = bytes_.size();
    write();
    bytes_.insert(start, Length(bytes_.size() - start).bytes());
    return *this;
  }
  // A positive INTEGER of these octets, the highest first; none of them is superfluous.
  Der& positive(std::string_view magnitude) {
    return nest(DerTag::integer, [&] {
      if ((static_cast<unsigned char>(magnitude.front()) & 0x80) != 0) bytes_ += '\0';
      bytes_ += magnitude;
    });
  }

  std::string_view bytes() const { return bytes_; }
  std::string take() { return std::move(bytes_); }

 private:
  // As few octets as possible (section 10.1); what is written here is shorter than 2^24 bytes.
  class Length {
   public:
    explicit Length(std::size_t size) {
      const std::size_t octets = size < 0x80 ? 0 : size < 0x100 ? 1 : size < 0x10000 ? 2 : 3;
      add(octets == 0 ? size : 0x80 | octets);
      for (std::size_t i = octets; i-- > 0;) add(size >> (8 * i));
    }
    std::string_view bytes() const { return {octets_.data(), count_}; }

   private:
    void add(std::size_t octet) { octets_[count_++] = static_cast<char>(octet & 0xff); }
    std::array<char, 4> octets_{};
    std::size_t count_ = 0;
  };

  std::string bytes_;
};

}  // namespace hyalite
