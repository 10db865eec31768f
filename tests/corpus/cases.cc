// Reads the corpus: cases as text, one file per family.
// SPDX-License-Identifier: MIT
#include "cases.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace corpus {

namespace {

// ---- words

std::string_view take_word(std::string_view& rest) {
  const std::size_t end = std::min(rest.find(' '), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(end == rest.size() ? end : end + 1);
  return word;
}

std::size_t number(std::string_view word, int base = 10) {
  const std::string text(word);
  char* end = nullptr;
  const unsigned long value = std::strtoul(text.c_str(), &end, base);
  if (text.empty() || *end != '\0') throw std::string("no number: '" + text + "'");
  return value;
}

// "01-08 0b 7f": bytes in hexadecimal.
std::string byte_set(std::string_view text) {
  std::string set;
  while (!text.empty()) {
    const std::string_view word = take_word(text);
    const std::size_t dash = word.find('-');
    const std::size_t first = number(word.substr(0, dash), 16);
    const std::size_t last = dash == std::string_view::npos ? first : number(word.substr(dash + 1), 16);
    for (std::size_t c = first; c <= last; ++c) set += static_cast<char>(c);
  }
  return set;
}

// ---- escapes: \r \n \t \0 \s \\ \xNN, \*N{text} (N times), \@ (the byte of a family)

std::string unescape(std::string_view text, char byte);

// Of the first brace that opens.
std::size_t closing_brace(std::string_view text) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return i;
  }
  return std::string_view::npos;
}

std::string escape(std::string_view& rest, char byte) {
  const auto hex_byte = [&] {
    const char value = static_cast<char>(number(rest.substr(0, 2), 16));
    rest.remove_prefix(2);
    return std::string(1, value);
  };
  const char c = rest.empty() ? '?' : rest[0];
  rest.remove_prefix(rest.empty() ? 0 : 1);
  switch (c) {
    case 'r': return "\r";
    case 'n': return "\n";
    case 't': return "\t";
    case '0': return std::string(1, '\0');
    case 's': return " ";
    case '\\': return "\\";
    case '@': return std::string(1, byte);
    case 'x': return hex_byte();
    case '*': break;
    default: throw std::string("no such escape: \\") + c;
  }
  const std::size_t open = rest.find('{'), close = closing_brace(rest);
  if (open == std::string_view::npos || close == std::string_view::npos) throw std::string("\\*N{text} is not whole");
  const std::string piece = unescape(rest.substr(open + 1, close - open - 1), byte);
  std::string out;
  for (std::size_t n = number(rest.substr(0, open)); n > 0; --n) out += piece;
  rest.remove_prefix(close + 1);
  return out;
}

std::string unescape(std::string_view text, char byte) {
  std::string out;
  while (!text.empty()) {
    const char c = text[0];
    text.remove_prefix(1);
    if (c == '\\') {
      out += escape(text, byte);
    } else {
      out += c;
    }
  }
  return out;
}

// A line of bytes ends in CRLF, unless its last character is a backslash of its own.
std::string bytes_of_line(std::string_view line, char byte) {
  std::size_t slashes = 0;
  while (slashes < line.size() && line[line.size() - 1 - slashes] == '\\') ++slashes;
  const bool open = slashes % 2 == 1;
  return unescape(open ? line.substr(0, line.size() - 1) : line, byte) + (open ? "" : "\r\n");
}

// ---- the file

// A case as it is written; becomes as many cases as its family has bytes.
struct Written {
  Case made;
  std::vector<std::string> bytes, becomes;
  std::vector<std::vector<std::string>> asked, answers;
  std::string family;
};

void read_verdict(std::string_view kind, std::string_view rest, Verdict& verdict) {
  using Kind = Verdict::Kind;
  const std::vector<std::pair<std::string_view, Kind>> kinds = {
      {"pass", Kind::pass},     {"refused", Kind::refused},   {"cut", Kind::cut},          {"broken", Kind::broken},
      {"tunnel", Kind::tunnel}, {"answered", Kind::answered}, {"not-http", Kind::not_http},
      {"late", Kind::late}};
  verdict = {};
  for (const auto& [word, value] : kinds) {
    if (word == kind) verdict.kind = value;
  }
  if (verdict.kind == Kind::pass || verdict.kind == Kind::tunnel) verdict.complete = 1;
  if (verdict.kind == Kind::refused || verdict.kind == Kind::cut) verdict.refusal = take_word(rest);
  if (verdict.kind == Kind::refused || verdict.kind == Kind::answered) {
    const std::string_view status = take_word(rest);
    verdict.status = status == "close" ? 0 : static_cast<int>(number(status));
  }
  if (rest.empty()) return;
  if (verdict.kind == Kind::pass || verdict.kind == Kind::tunnel) {
    verdict.complete = number(rest);
    return;
  }
  if (take_word(rest) != "after") throw std::string("a verdict ends in 'after N'");
  verdict.complete = number(rest);
}

class Reader {
 public:
  Reader(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  std::vector<Case> read() {
    while (!text_.empty()) {
      const std::size_t end = std::min(text_.find('\n'), text_.size());
      const std::string_view line = text_.substr(0, end);
      text_.remove_prefix(end == text_.size() ? end : end + 1);
      ++line_;
      try {
        take(line);
      } catch (const std::string& why) {
        std::fprintf(stderr, "%s:%d: %s\n", file_.c_str(), line_, why.c_str());
        std::exit(2);
      }
    }
    close();
    return std::move(cases_);
  }

 private:
  void take(std::string_view line) {
    if (line.empty() || line[0] == '#') return;
    const std::string_view block = line.size() > 1 ? line.substr(2) : std::string_view{};
    switch (line[0]) {
      case '|': return now().bytes.push_back(std::string(block));
      case '>': return now().becomes.push_back(std::string(block));
      case '?': return now().asked.back().push_back(std::string(block));
      case '!': return now().answers.back().push_back(std::string(block));
      case '~': return now().made.edits.push_back(std::string(block));
      default: break;
    }
    std::string_view rest = line;
    directive(take_word(rest), rest);
  }

  void directive(std::string_view word, std::string_view rest) {
    if (word == "section") {
      close();
      defaults_ = {};
      defaults_.made.section = rest;
    } else if (word == "case") {
      close();
      written_ = defaults_;
      open_ = true;
      written_.made.name = rest;
      written_.made.line = line_;
    } else {
      detail(word, rest, open_ ? written_ : defaults_);
    }
  }

  void detail(std::string_view word, std::string_view rest, Written& to) {
    if (word == "request" || word == "response") {
      to.made.tested = word == "request" ? Tested::request : Tested::response;
    } else if (word == "source") {
      to.made.source = rest;
    } else if (word == "asked") {
      to.asked.emplace_back();
    } else if (word == "answer") {
      to.answers.emplace_back();
    } else if (word == "early") {
      to.made.early = true;
    } else if (word == "ends") {
      to.made.ends = true;
    } else if (word == "skips") {
      to.made.skipped = number(rest);
    } else if (word == "unusual") {
      to.made.unusual = true;
    } else if (word == "stricter") {
      to.made.stricter = rest;
    } else if (word == "perhaps") {
      to.made.perhaps = rest;
    } else if (word == "each") {
      to.family = byte_set(rest);
    } else {
      constexpr std::string_view kKinds[] = {"pass", "refused", "cut", "broken", "tunnel", "answered", "not-http", "late"};
      if (std::find(std::begin(kKinds), std::end(kKinds), word) == std::end(kKinds)) {
        throw std::string("no such word: '" + std::string(word) + "'");
      }
      read_verdict(word, rest, to.made.verdict);
    }
  }

  Written& now() {
    if (!open_) throw std::string("bytes outside of a case");
    return written_;
  }

  void close() {
    if (!open_) return;
    open_ = false;
    const std::string family = written_.family.empty() ? std::string(1, '\0') : written_.family;
    for (std::size_t i = 0; i < family.size(); ++i) add(family[i], i > 0);
  }

  void add(char byte, bool variant) {
    Case made = written_.made;
    made.file = file_;
    made.variant = variant;
    if (!written_.family.empty()) {
      char suffix[8];
      std::snprintf(suffix, sizeof suffix, " %02x", static_cast<unsigned>(static_cast<unsigned char>(byte)));
      made.name += suffix;
    }
    const auto joined = [&](const std::vector<std::string>& lines) {
      std::string out;
      for (const std::string& line : lines) out += bytes_of_line(line, byte);
      return out;
    };
    made.bytes = joined(written_.bytes);
    made.becomes = joined(written_.becomes);
    for (const auto& lines : written_.asked) made.asked.push_back(joined(lines));
    for (const auto& lines : written_.answers) made.answers.push_back(joined(lines));
    for (std::string& edit : made.edits) edit = unescape(edit, byte);
    cases_.push_back(std::move(made));
  }

  std::string_view text_;
  const std::string& file_;
  int line_ = 0;
  bool open_ = false;
  Written defaults_, written_;
  std::vector<Case> cases_;
};

}  // namespace

std::vector<Case> read_cases(std::string_view text, const std::string& file) { return Reader(text, file).read(); }

std::vector<Case> read_corpus(const std::string& directory) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".cases") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<Case> all;
  for (const std::string& file : files) {
    std::ifstream in(file, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    for (Case& made : read_cases(text.str(), std::filesystem::path(file).filename())) all.push_back(std::move(made));
  }
  return all;
}

}  // namespace corpus
