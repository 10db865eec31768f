// A JSON document to read from.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hyalite {

// Deeper documents are refused.
inline constexpr std::size_t kMaxJsonDepth = 64;

// One value of a JsonDocument, or nothing. Small, copied freely; valid as long as its document
// lives.
class JsonView {
 public:
  enum class Type { absent, null, boolean, integer, number, string, array, object };

  JsonView() = default;  // absent
  Type type() const;
  bool is(Type type) const { return this->type() == type; }

  // The value at a JSON Pointer (RFC 6901) from here: "" is this one, "/hosts/0" an element; absent
  // when there is none.
  JsonView at(std::string_view pointer) const;

  // Nothing when the value is of another type; nothing is converted, but an integer is a number
  // too.
  std::optional<bool> boolean() const;
  std::optional<std::int64_t> integer() const;  // also nothing beyond 64 bits, signed
  std::optional<double> number() const;
  std::optional<std::string_view> string() const;

  // Elements of an array or members of an object; 0 for everything else.
  std::size_t size() const;
  // The element or the member's value; absent beyond the end.
  JsonView element(std::size_t index) const;
  // The member's name, in the order written; empty for what is no object or beyond the end.
  std::string_view key(std::size_t index) const;
  // The member of that name; absent when there is none.
  JsonView member(std::string_view name) const;
  // As JSON text, without spaces.
  std::string text() const;

 private:
  friend class JsonDocument;
  explicit JsonView(const void* value) : value_(value) {}
  const void* value_ = nullptr;  // of the library's type, which only json.cc knows
};

// The pointer to a member or element of what `parent` points to, and a pointer's steps (RFC 6901,
// sections 3 and 4).
std::string pointer_to(std::string_view parent, std::string_view step);
std::vector<std::string> pointer_steps(std::string_view pointer);

// Owns a parsed document. Moving it keeps its views valid.
class JsonDocument {
 public:
  // The operator's fault when the text is not JSON or too deep, with the byte at which it fails.
  static Result<JsonDocument> parse(std::string_view text);

  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;
  ~JsonDocument();

  JsonView root() const;

 private:
  struct Value;
  explicit JsonDocument(std::unique_ptr<Value> value);
  std::unique_ptr<Value> value_;
};

}  // namespace hyalite
