// Bytes as they arrive: cut anywhere, at another place in memory with each arrival.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace hyalite {

// Input that nobody has taken yet. Each arrival moves it to memory of exactly its size, so that a
// view that was kept, or a byte read beyond the end, is seen by the address sanitizer.
class Arriving {
 public:
  void arrive(std::string_view bytes) { hold(std::string(this->bytes()).append(bytes)); }
  void take(std::size_t n) { hold(std::string(bytes().substr(n))); }
  Bytes bytes() const { return {data_.get(), size_}; }

 private:
  void hold(const std::string& bytes) {
    data_.reset(new char[bytes.size()]);
    std::memcpy(data_.get(), bytes.data(), bytes.size());
    size_ = bytes.size();
  }
  std::unique_ptr<char[]> data_ = std::make_unique<char[]>(0);
  std::size_t size_ = 0;
};

// Where a message is cut: positions in rising order, without 0 and the end.
using Cuts = std::vector<std::size_t>;

inline std::vector<std::string_view> pieces_of(std::string_view text, const Cuts& cuts) {
  std::vector<std::string_view> pieces;
  std::size_t at = 0;
  for (std::size_t cut : cuts) {
    pieces.push_back(text.substr(at, cut - at));
    at = cut;
  }
  pieces.push_back(text.substr(at));
  return pieces;
}

// Whole, byte by byte, in two at every place, and some at random (the same on every run).
inline std::vector<Cuts> cuttings_of(std::size_t size) {
  std::vector<Cuts> all = {{}};
  Cuts every;
  for (std::size_t i = 1; i < size; ++i) {
    every.push_back(i);
    all.push_back({i});
  }
  all.push_back(every);
  std::mt19937 random(static_cast<unsigned>(size));
  for (int i = 0; i < 8; ++i) {
    Cuts some;
    for (std::size_t at : every) {
      if (random() % 4 == 0) some.push_back(at);
    }
    all.push_back(some);
  }
  return all;
}

inline std::string show(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\r') {
      out += "\\r";
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e) {
      char hex[8];
      std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned char>(c));
      out += hex;
    } else {
      out += c;
    }
  }
  return out.size() > 300 ? out.substr(0, 300) + "..." : out;
}

}  // namespace hyalite
