// What one value in the settings file looks like: how it is read, written and asked for.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/clock.h"

namespace hyalite {

// A value as it stands in the file.
struct Scalar {
  std::string_view text;
  bool quoted = false;  // then it is text, even where it looks like a number
};

// A kind of value, with its bounds.
struct Shape {
  enum class Kind {
    boolean,     // true, false
    word,        // one of `words`
    count,       // 1234
    mark,        // 1234 or 0x4d2
    size,        // 64KiB; bounds in bytes
    duration,    // 50ms; bounds in milliseconds
    text,        // without control characters; bounds in bytes, as for all that follow and are text
    identifier,  // of a-z, 0-9 and "-"
    plugin,      // a name, or a path with a slash
    path,        // of a file or directory
    absolute_path,    // of a socket
    host_name,        // "example.com"; read in lower case
    interface,        // "eth0"
    sysctl,           // "net.ipv4.ip_forward=1"
    cgroup,           // "backup.slice"
    address,          // "[::]:8080"
    address_or_none,  // "127.0.0.1:80", or none
    network,          // "10.0.0.0/8", or one address
  };
  Kind kind = Kind::text;
  std::uint64_t least = 0;
  std::uint64_t most = 0;
  std::vector<std::string_view> words;

  // For "..., expected ": "a size from 1KiB to 1GiB, such as 64KiB".
  std::string expected() const;
  // The nearest value that would do, when the text looks like a slip; else empty.
  std::string suggestion(std::string_view text) const;
};

// Stores the value and says true; false, and nothing stored, when it is not of that shape.
// Which C++ type goes with which kind is what the overloads say.
bool parse(Scalar scalar, const Shape& shape, bool& value);
bool parse(Scalar scalar, const Shape& shape,
           std::size_t& value);  // count, size, or the index of a word
bool parse(Scalar scalar, const Shape& shape, std::uint32_t& value);  // mark
bool parse(Scalar scalar, const Shape& shape, std::uint16_t& value);  // count
bool parse(Scalar scalar, const Shape& shape, Milliseconds& value);
bool parse(Scalar scalar, const Shape& shape, std::string& value);  // text to cgroup
bool parse(Scalar scalar, const Shape& shape, Address& value);
bool parse(Scalar scalar, const Shape& shape, std::optional<Address>& value);
bool parse(Scalar scalar, const Shape& shape, Network& value);

// The shortest text that parses to that value.
std::string write(const Shape& shape, bool value);
std::string write(const Shape& shape, std::size_t value);
std::string write(const Shape& shape, std::uint32_t value);
std::string write(const Shape& shape, std::uint16_t value);
std::string write(const Shape& shape, Milliseconds value);
std::string write(const Shape& shape, const std::string& value);
std::string write(const Shape& shape, const Address& value);
std::string write(const Shape& shape, const std::optional<Address>& value);
std::string write(const Shape& shape, const Network& value);

std::string size_text(std::uint64_t bytes);
std::string duration_text(std::uint64_t milliseconds);

}  // namespace hyalite
