// What one value in the settings file looks like: how it is read, written and asked for.
// SPDX-License-Identifier: MIT
#include "settings/shape.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "base/text.h"

namespace hyalite {

namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array kSizeUnits = {Unit{"GiB", 1u << 30}, Unit{"MiB", 1u << 20},
                                   Unit{"KiB", 1u << 10}, Unit{"B", 1}};
constexpr std::array kDurationUnits = {Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1'000},
                                       Unit{"ms", 1}};

bool in_bounds(std::uint64_t value, const Shape& shape) {
  return value >= shape.least && value <= shape.most;
}

std::optional<std::uint64_t> parse_with_unit(std::string_view text, std::span<const Unit> units) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_decimal(text.substr(0, digits));
  for (const Unit& unit : units) {
    if (!number || text.substr(digits) != unit.name || *number > UINT64_MAX / unit.factor) continue;
    return *number * unit.factor;
  }
  return std::nullopt;
}

std::string write_with_unit(std::uint64_t value, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (value % unit.factor == 0 && value != 0)
      return std::to_string(value / unit.factor) + std::string(unit.name);
  }
  return "0" + std::string(units.back().name);
}

std::optional<std::uint64_t> parse_number(Scalar scalar, Shape::Kind kind) {
  using Kind = Shape::Kind;
  if (kind == Kind::size) return parse_with_unit(scalar.text, kSizeUnits);
  if (kind == Kind::duration) return parse_with_unit(scalar.text, kDurationUnits);
  if (scalar.quoted) return std::nullopt;
  if (kind != Kind::mark || !scalar.text.starts_with("0x")) return parse_decimal(scalar.text);
  std::uint64_t value = 0;
  const char* end = scalar.text.data() + scalar.text.size();
  const auto [stop, error] = std::from_chars(scalar.text.data() + 2, end, value, 16);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

template <class Number>
bool parse_bounded(Scalar scalar, const Shape& shape, Number& value) {
  const auto number = parse_number(scalar, shape.kind);
  if (!number || !in_bounds(*number, shape)) return false;
  value = static_cast<Number>(*number);
  return true;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), is_control);
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

bool is_identifier(std::string_view text) {
  const auto fits = [](char c) { return is_lower(c) || is_digit(c) || c == '-'; };
  return text.front() != '-' && std::all_of(text.begin(), text.end(), fits);
}

bool is_plugin(std::string_view text) {
  if (text.find('/') != std::string_view::npos) return true;
  const auto fits = [](char c) {
    return is_lower(lower(c)) || is_digit(c) || c == '-' || c == '_';
  };
  return std::all_of(text.begin(), text.end(), fits);
}

bool is_host_label(std::string_view label) {
  const auto fits = [](char c) { return is_lower(c) || is_digit(c) || c == '-' || c == '_'; };
  return !label.empty() && label.size() <= 63 && std::all_of(label.begin(), label.end(), fits);
}

bool is_host_name(std::string_view text) {
  if (IpAddress::parse(text)) return false;
  const auto labels = split(text, '.');
  return std::all_of(labels.begin(), labels.end(), is_host_label);
}

// What the kernel takes (dev_valid_name), less what rules would read as something else: '*' at the
// end is a pattern to nft, '"' ends a name.
bool is_interface(std::string_view text) {
  const auto fits = [](char c) {
    return is_lower(lower(c)) || is_digit(c) ||
           std::string_view("._-@+").find(c) != std::string_view::npos;
  };
  return text != "." && text != ".." && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), fits);
}

bool is_sysctl(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals + 1 == text.size()) return false;
  const std::string_view name = text.substr(0, equals);
  const bool of_network = name.starts_with("net.") || name.starts_with("net/");
  const auto fits = [](char c) {
    return is_lower(lower(c)) || is_digit(c) ||
           std::string_view("._-/@+").find(c) != std::string_view::npos;
  };
  return of_network && name.find("..") == std::string_view::npos &&
         std::all_of(name.begin(), name.end(), fits);
}

bool is_cgroup(std::string_view text) {
  return text.front() != '/' && text.back() != '/' && text.find('"') == std::string_view::npos &&
         text.find("..") == std::string_view::npos;
}

bool is_text_of_kind(std::string_view text, Shape::Kind kind) {
  switch (kind) {
    case Shape::Kind::identifier:
      return is_identifier(text);
    case Shape::Kind::plugin:
      return is_plugin(text);
    case Shape::Kind::absolute_path:
      return text.front() == '/';
    case Shape::Kind::host_name:
      return is_host_name(text);
    case Shape::Kind::interface:
      return is_interface(text);
    case Shape::Kind::sysctl:
      return is_sysctl(text);
    case Shape::Kind::cgroup:
      return is_cgroup(text);
    default:
      return true;
  }
}

// "10.0.0.5/8" may mean 10.0.0.0/8 or 10.0.0.5/32: nobody but its writer can tell.
bool has_host_bits(std::string_view network) {
  const auto slash = network.find('/');
  const auto ip = IpAddress::parse(network.substr(0, slash));
  if (!ip || slash == std::string_view::npos) return false;
  const auto prefix_bits = parse_decimal(network.substr(slash + 1)).value_or(0);
  const std::string_view bytes = ip->bytes();
  for (std::size_t i = prefix_bits / 8; i < bytes.size(); ++i) {
    const unsigned host_mask = i == prefix_bits / 8 ? 0xffu >> (prefix_bits % 8) : 0xffu;
    if ((static_cast<unsigned char>(bytes[i]) & host_mask) != 0) return true;
  }
  return false;
}

std::string between(const Shape& shape, std::string (*write)(std::uint64_t)) {
  return "from " + write(shape.least) + " to " + write(shape.most);
}

std::string decimal(std::uint64_t number) { return std::to_string(number); }

std::string one_of(const std::vector<std::string_view>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += words[i];
  }
  return out;
}

// "64k", "64KB", "64 kib": what was meant is plain enough to be offered, and too vague to be taken.
std::string suggested_size(std::string_view text) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string unit = to_lower(trim(text.substr(digits)));
  if (digits == 0 || unit.size() > 5) return {};
  for (const Unit& known : kSizeUnits) {
    const char first = lower(known.name.front());
    const bool meant = unit.empty() ? first == 'b' : unit.front() == first;
    if (meant) return std::string(text.substr(0, digits)) + std::string(known.name);
  }
  return {};
}

std::string suggested_address(std::string_view text) {
  const std::string_view port = text.starts_with(":") ? text.substr(1) : text;
  const auto number = parse_decimal(port);
  return number && *number <= 65535 ? "[::]:" + std::string(port) : std::string{};
}

std::string suggested_boolean(std::string_view text) {
  const std::string word = to_lower(text);
  if (word == "true" || word == "yes" || word == "on") return "true";
  if (word == "false" || word == "no" || word == "off") return "false";
  return {};
}

}  // namespace

std::string size_text(std::uint64_t bytes) { return write_with_unit(bytes, kSizeUnits); }
std::string duration_text(std::uint64_t milliseconds) {
  return write_with_unit(milliseconds, kDurationUnits);
}

std::string Shape::expected() const {
  switch (kind) {
    case Kind::boolean:
      return "true or false";
    case Kind::word:
      return one_of(words);
    case Kind::count:
      return "a number " + between(*this, decimal);
    case Kind::mark:
      return "a mark from 0 to 0xffffffff, such as 0x200000";
    case Kind::size:
      return "a size " + between(*this, size_text) + ", such as 64KiB";
    case Kind::duration:
      return "a time " + between(*this, duration_text) + ", such as 50ms, 10s or 2m";
    case Kind::text:
      return "text of " + between(*this, decimal).substr(5) + " bytes in one line";
    case Kind::identifier:
      return "a name of a-z, 0-9 and \"-\", up to " + decimal(most) + " bytes";
    case Kind::plugin:
      return "a plugin's name, such as http-logger, or the path of its .so file";
    case Kind::path:
      return "a path";
    case Kind::absolute_path:
      return "an absolute path of at most " + decimal(most) + " bytes";
    case Kind::host_name:
      return "a host name, such as example.com (its subdomains are meant too)";
    case Kind::interface:
      return "the name of a network interface, such as eth0";
    case Kind::sysctl:
      return "a setting of the kernel's network, such as net.ipv4.ip_forward=1";
    case Kind::cgroup:
      return "a control group, such as backup.slice";
    case Kind::address:
      return "an address and a port, such as \"[::]:8080\" or 192.0.2.1:8080";
    case Kind::address_or_none:
      return "an address and a port, such as 127.0.0.1:9180 or \"[::1]:9180\", or none";
    case Kind::network:
      return "a network or an address, such as 10.0.0.0/8 or 2001:db8::1 (no bits beyond the "
             "prefix)";
  }
  return {};
}

std::string Shape::suggestion(std::string_view text) const {
  switch (kind) {
    case Kind::boolean:
      return suggested_boolean(text);
    case Kind::word:
      return std::string(did_you_mean(text, words));
    case Kind::size: {
      const std::string size = suggested_size(text);
      const auto bytes = parse_with_unit(size, kSizeUnits);
      return size != text && bytes && in_bounds(*bytes, *this) ? size : std::string{};
    }
    case Kind::address:
    case Kind::address_or_none:
      return suggested_address(text);
    default:
      return {};
  }
}

bool parse(Scalar scalar, const Shape&, bool& value) {
  if (scalar.quoted || (scalar.text != "true" && scalar.text != "false")) return false;
  value = scalar.text == "true";
  return true;
}

bool parse(Scalar scalar, const Shape& shape, std::size_t& value) {
  if (shape.kind != Shape::Kind::word) return parse_bounded(scalar, shape, value);
  const auto found = std::find(shape.words.begin(), shape.words.end(), scalar.text);
  if (found == shape.words.end()) return false;
  value = static_cast<std::size_t>(found - shape.words.begin());
  return true;
}

bool parse(Scalar scalar, const Shape& shape, std::uint32_t& value) {
  return parse_bounded(scalar, shape, value);
}
bool parse(Scalar scalar, const Shape& shape, std::uint16_t& value) {
  return parse_bounded(scalar, shape, value);
}

bool parse(Scalar scalar, const Shape& shape, Milliseconds& value) {
  std::uint64_t number = 0;
  if (!parse_bounded(scalar, shape, number)) return false;
  value = Milliseconds(number);
  return true;
}

bool parse(Scalar scalar, const Shape& shape, std::string& value) {
  if (scalar.text.empty() || !in_bounds(scalar.text.size(), shape)) return false;
  if (has_control(scalar.text)) return false;
  const bool name = shape.kind == Shape::Kind::host_name;
  std::string text = name ? to_lower(scalar.text) : std::string(scalar.text);
  if (!is_text_of_kind(text, shape.kind)) return false;
  value = std::move(text);
  return true;
}

bool parse(Scalar scalar, const Shape&, Address& value) {
  const auto address = Address::parse(scalar.text);
  if (!address || has_control(scalar.text)) return false;
  value = *address;
  return true;
}

bool parse(Scalar scalar, const Shape& shape, std::optional<Address>& value) {
  if (scalar.text == "none") {
    value.reset();
    return true;
  }
  Address address;
  if (!parse(scalar, shape, address)) return false;
  value = address;
  return true;
}

bool parse(Scalar scalar, const Shape&, Network& value) {
  const auto network = Network::parse(scalar.text);
  if (!network || has_control(scalar.text) || has_host_bits(scalar.text)) return false;
  value = *network;
  return true;
}

std::string write(const Shape&, bool value) { return value ? "true" : "false"; }

std::string write(const Shape& shape, std::size_t value) {
  if (shape.kind == Shape::Kind::word) return std::string(shape.words[value]);
  return shape.kind == Shape::Kind::size ? size_text(value) : decimal(value);
}

std::string write(const Shape&, std::uint32_t value) {
  if (value == 0) return "0";
  std::array<char, 8> digits{};
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return "0x" + std::string(digits.data(), result.ptr);
}

std::string write(const Shape&, std::uint16_t value) { return decimal(value); }
std::string write(const Shape&, Milliseconds value) {
  return duration_text(static_cast<std::uint64_t>(value.count()));
}
std::string write(const Shape&, const std::string& value) { return value; }
std::string write(const Shape&, const Address& value) { return value.text(); }
std::string write(const Shape&, const std::optional<Address>& value) {
  return value ? value->text() : "none";
}
std::string write(const Shape&, const Network& value) { return value.text(); }

}  // namespace hyalite
