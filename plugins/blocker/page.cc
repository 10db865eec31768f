// The page that a client gets instead of what was blocked.
// SPDX-License-Identifier: MIT
#include "page.h"

#include <algorithm>

namespace {

constexpr std::string_view kPage = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Blocked</title>
<meta name="viewport" content="width=device-width">
<style>body{font-family:sans-serif;max-width:40em;margin:4em auto;padding:0 1em}</style></head>
<body><h1>This site is blocked</h1>
<p>The network you are in does not allow <strong>{{host}}</strong>.</p>
<p>Rule: <code>{{rule}}</code>. Reference: <code>{{reference}}</code></p></body></html>
)";

}  // namespace

Page Page::usual() {
  return parse(kPage, [](std::size_t, const std::string&) {});
}

Page Page::parse(std::string_view html,
                 const std::function<void(std::size_t, const std::string&)>& mistake) {
  Page page;
  std::size_t line = 1;
  while (!html.empty()) {
    const auto open = html.find("{{");
    const std::string_view text = html.substr(0, open);
    if (!text.empty()) page.parts_.emplace_back(std::string(text));
    line += static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    if (open == std::string_view::npos) break;
    const auto close = html.find("}}", open);
    if (close == std::string_view::npos) {
      mistake(line, "\"{{\" without \"}}\"");
      break;
    }
    std::string word(html.substr(open + 2, close - open - 2));
    word.erase(std::remove(word.begin(), word.end(), ' '), word.end());
    const auto known = std::find(kWords.begin(), kWords.end(), word);
    if (known == kWords.end())
      mistake(line,
              "\"{{" + word.substr(0, 30) +
                  "}}\" is not known: expected host, url, rule, list, reference, client or time");
    else
      page.parts_.emplace_back(static_cast<Word>(known - kWords.begin()));
    html.remove_prefix(close + 2);
  }
  return page;
}

std::string Page::with(const std::function<std::string(Word)>& value) const {
  std::string out;
  for (const auto& part : parts_) {
    if (const auto* text = std::get_if<std::string>(&part))
      out += *text;
    else
      out += escape_html(value(std::get<Word>(part)));
  }
  return out;
}

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '`':
        out += "&#96;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    }
  }
  return out;
}
