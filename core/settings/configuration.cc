// A plugin's settings: YAML to canonical JSON, with the place of every value.
// SPDX-License-Identifier: MIT
#include "settings/configuration.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <system_error>

#include "base/text.h"
#include "settings/json.h"

namespace hyalite {

namespace {

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  for (std::string_view word : words) {
    if (text == word) return true;
  }
  return false;
}

std::string_view without_sign(std::string_view text) {
  return text.starts_with('-') || text.starts_with('+') ? text.substr(1) : text;
}

std::string_view take_digits(std::string_view& text) {
  const std::string_view digits =
      text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size()));
  text.remove_prefix(digits.size());
  return digits;
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool looks_like_a_number(std::string_view text) {
  text = without_sign(text);
  const bool whole = !take_digits(text).empty();
  bool fraction = false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = !take_digits(text).empty();
  }
  if (!whole && !fraction) return false;
  if (text.starts_with('e') || text.starts_with('E')) {
    text = without_sign(text.substr(1));
    if (take_digits(text).empty()) return false;
  }
  return text.empty();
}

bool is_all_digits(std::string_view text) {
  return !text.empty() && take_digits(text).size() > 0 && text.empty();
}

// JSON text, or what is wrong.
struct Resolved {
  std::string json;
  std::string expected;  // empty: nothing is wrong
};

template <class Number>
std::string number_text(Number number) {
  std::array<char, 32> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  return {buffer.data(), result.ptr};
}

Resolved resolve_integer(std::string_view text, int base) {
  const bool negative = text.starts_with('-');
  const std::string_view digits = without_sign(text);
  std::uint64_t value = 0;
  const auto [stop, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc{} || stop != digits.data() + digits.size())
    return {{}, "a number of at most 64 bits, or quotes"};
  constexpr std::uint64_t kMostNegative = std::uint64_t{1} << 63;
  if (negative && value > kMostNegative) return {{}, "a number of at most 64 bits, or quotes"};
  return {(negative && value != 0 ? "-" : "") + number_text(value), {}};
}

Resolved resolve_real(std::string_view text) {
  const std::string_view number = text.starts_with('+') ? text.substr(1) : text;
  double value = 0;
  const auto [stop, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc{} || !std::isfinite(value))
    return {{}, "a number that a double holds, or quotes"};
  std::string json = number_text(value);
  if (json.find_first_of(".e") == std::string::npos) json += ".0";
  return {json, {}};
}

Resolved resolve_number(std::string_view text) {
  const std::string_view digits = without_sign(text);
  const bool leading_zero =
      digits.size() > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9';
  if (leading_zero) return {{}, "quotes, or no leading zero: some read it as octal"};
  return is_all_digits(digits) ? resolve_integer(text, 10) : resolve_real(text);
}

bool has_digits_of_base(std::string_view text, std::string_view prefix, std::string_view digits) {
  return text.size() > prefix.size() && text.starts_with(prefix) &&
         text.find_first_not_of(digits, prefix.size()) == std::string_view::npos;
}

// YAML 1.2, section 10.3.2. A null is not a scalar here.
Resolved resolve(const YamlNode& scalar) {
  const std::string_view text = scalar.text;
  if (scalar.quoted) return {json_string(text), {}};
  if (is_one_of(text, {"true", "True", "TRUE"})) return {"true", {}};
  if (is_one_of(text, {"false", "False", "FALSE"})) return {"false", {}};
  if (looks_like_a_number(text)) return resolve_number(text);
  if (has_digits_of_base(text, "0x", "0123456789abcdefABCDEF"))
    return resolve_integer(text.substr(2), 16);
  if (has_digits_of_base(text, "0o", "01234567")) return resolve_integer(text.substr(2), 8);
  const bool endless = is_one_of(without_sign(text), {".inf", ".Inf", ".INF"});
  if (endless || is_one_of(text, {".nan", ".NaN", ".NAN"}))
    return {{}, "a number that JSON knows, or quotes"};
  return {json_string(text), {}};
}

class Writer {
 public:
  Writer(std::string_view file, PluginConfiguration& out, Mistakes& mistakes)
      : file_(file), out_(out), mistakes_(mistakes) {}

  void write(const YamlNode& node, const std::string& pointer, const std::string& path) {
    out_.positions[pointer] = node.position;
    switch (node.kind) {
      case YamlNode::Kind::null:
        out_.json += "null";
        return;
      case YamlNode::Kind::scalar:
        return write_scalar(node, path);
      case YamlNode::Kind::list:
        return write_list(node, pointer, path);
      case YamlNode::Kind::mapping:
        return write_mapping(node, pointer, path);
    }
  }

 private:
  void write_scalar(const YamlNode& node, const std::string& path) {
    Resolved resolved = resolve(node);
    if (node.text.size() > kMaxPluginTextBytes) {
      resolved = {"\"\"", "at most " + std::to_string(kMaxPluginTextBytes) +
                              " bytes; longer text belongs in a file"};
    }
    if (!resolved.expected.empty()) {
      mistakes_.push_back(
          {file_, node.position, path, path + " is " + node.shown(), resolved.expected, {}});
    }
    out_.json += resolved.json.empty() ? "null" : resolved.json;
  }

  void check_name(const YamlEntry& entry, const std::string& path) {
    if (entry.name.size() <= kMaxPluginNameBytes) return;
    mistakes_.push_back({file_,
                         entry.position,
                         path,
                         path + " has a name of " + std::to_string(entry.name.size()) + " bytes",
                         "at most " + std::to_string(kMaxPluginNameBytes),
                         {}});
  }

  void write_list(const YamlNode& node, const std::string& pointer, const std::string& path) {
    out_.json += '[';
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      if (i > 0) out_.json += ',';
      const std::string index = std::to_string(i);
      write(node.items[i], pointer + '/' + index, path + '[' + index + ']');
    }
    out_.json += ']';
  }

  void write_mapping(const YamlNode& node, const std::string& pointer, const std::string& path) {
    out_.json += '{';
    bool first = true;
    for (const YamlEntry& entry : node.entries) {
      if (!first) out_.json += ',';
      first = false;
      check_name(entry, path);
      const std::string inner = pointer_to(pointer, entry.name);
      out_.names[inner] = entry.position;
      out_.json += json_string(entry.name) + ':';
      write(entry.value, inner, path + '.' + entry.name);
    }
    out_.json += '}';
  }

  std::string file_;
  PluginConfiguration& out_;
  Mistakes& mistakes_;
};

}  // namespace

PluginConfiguration read_configuration(const YamlNode& node, std::string_view path,
                                       std::string_view file, Mistakes& mistakes) {
  PluginConfiguration result;
  result.positions[""] = node.position;
  if (node.kind == YamlNode::Kind::null) return result;
  const std::string path_text(path);
  if (node.kind != YamlNode::Kind::mapping) {
    mistakes.push_back({std::string(file),
                        node.position,
                        path_text,
                        path_text + " is " + node.shown(),
                        "a mapping",
                        {}});
    return result;
  }
  result.json.clear();
  Writer(file, result, mistakes).write(node, "", path_text);
  return result;
}

}  // namespace hyalite
