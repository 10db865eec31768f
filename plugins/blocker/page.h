// The page that a client gets instead of what was blocked: a template, with everything that is put
// in escaped. SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

class Page {
 public:
  // What {{word}} in a template may be.
  enum class Word { host, url, rule, list, reference, client, time };
  static constexpr std::array<std::string_view, 7> kWords{"host",      "url",    "rule", "list",
                                                          "reference", "client", "time"};
  static constexpr std::size_t kMostBytes = std::size_t{64} << 10;

  // The one that comes with the plugin.
  static Page usual();
  // Tells every mistake, with the line.
  static Page parse(std::string_view html,
                    const std::function<void(std::size_t line, const std::string& what)>& mistake);

  std::string with(const std::function<std::string(Word)>& value) const;

 private:
  std::vector<std::variant<std::string, Word>> parts_;
};

// Harmless between tags and in quoted attributes, whatever it is.
std::string escape_html(std::string_view text);
