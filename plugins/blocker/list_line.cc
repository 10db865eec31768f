// One line of a block list, in any of the formats that people have.
// SPDX-License-Identifier: MIT
#include "list_line.h"

#include <hyalite/network.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "list_file.h"
#include "shared/names.h"

namespace list_line {
namespace {

using hyalite::NameSet;

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto first = text.find_first_not_of(kBlank);
  return first == std::string_view::npos
             ? std::string_view()
             : text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!(text = trim(text)).empty()) {
    const auto end = std::min(text.find_first_of(" \t"), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

// An address, perhaps with its zone behind it (RFC 4007): fe80::1%lo0 begins lines of the machine's own.
bool is_address(std::string_view word, hyalite_network& out) {
  const auto percent = word.find('%');
  const std::string_view address = word.substr(0, percent);
  const bool parsed = address.find('/') == std::string_view::npos &&
                      hyalite_network_parse({address.data(), address.size()}, &out) == 1;
  return parsed && (percent == std::string_view::npos || (out.family == 6 && percent + 1 < word.size()));
}

// Where a blocked name is sent in a hosts file: nowhere, or to the machine itself.
bool leads_nowhere(const hyalite_network& address) {
  if (address.family == 4)
    return address.bytes[0] == 127 ||
           std::all_of(address.bytes, address.bytes + 4, [](auto b) { return b == 0; });
  return std::all_of(address.bytes, address.bytes + 15, [](auto b) { return b == 0; }) &&
         address.bytes[15] <= 1;
}

// What every hosts file begins with.
bool is_of_the_machine(std::string_view name) {
  constexpr std::string_view kNames[] = {"localhost",     "localhost.localdomain",
                                         "localhost6",    "localhost6.localdomain6",
                                         "local",         "broadcasthost",
                                         "ip6-localhost", "ip6-loopback",
                                         "ip6-localnet",  "ip6-mcastprefix",
                                         "ip6-allnodes",  "ip6-allrouters",
                                         "ip6-allhosts",  "0.0.0.0"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

Line hosts_line(const hyalite_network& address, const std::vector<std::string_view>& words) {
  Names out{{}, NameSet::itself};
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (is_of_the_machine(words[i])) continue;
    const hyalite::HostName name = read_name(words[i]);
    if (!name) return Wrong{"this is not a host name"};
    out.names.push_back(name);
  }
  if (words.size() == 1) return Wrong{"there is an address, but no name"};
  if (out.names.empty()) return Nothing{};
  if (!leads_nowhere(address)) return Wrong{"this sends a name to an address, and blocks nothing"};
  return out;
}

constexpr const char* kUnknownPattern = "patterns of this kind are not known; url_patterns may have what is meant";

bool take_off_the_end(std::string_view& text, char c) {
  const bool there = !text.empty() && text.back() == c;
  if (there) text.remove_suffix(1);
  return there;
}

// name/path of ||name/path^, without what is at its end.
Line adblock_url(std::string_view text, After after, NameSet::Covers covers, bool allowed) {
  auto prefix = read_url_prefix(text);
  if (!prefix) return Wrong{"this is not the beginning of a URL"};
  prefix->after = after;
  return Url{std::move(*prefix), covers, allowed};
}

// name of ||name^ or ||name.
Line adblock_name(std::string_view text, NameSet::Covers covers, bool allowed) {
  const hyalite::HostName name = read_name(text);
  if (!name) return Wrong{"this is not a host name"};
  return Names{{name}, covers, true, allowed};
}

// What follows || or |: name^ or name/path, perhaps with options.
Line adblock_line(std::string_view text, NameSet::Covers covers, bool allowed) {
  const auto dollar = text.find('$');
  const std::string_view options =
      dollar == std::string_view::npos ? std::string_view() : text.substr(dollar + 1);
  if (!options.empty() && options != "important" && options != "all")
    return Wrong{"its options cannot be honoured here"};
  text = text.substr(0, dollar);
  text.remove_prefix(scheme_size(text));
  const bool ends = take_off_the_end(text, '|'), caret = take_off_the_end(text, '^');
  if (text.find_first_of("*^|") != std::string_view::npos) return Wrong{kUnknownPattern};
  const bool name_alone = text.find('/') == std::string_view::npos;
  if (name_alone && !ends) return adblock_name(text, covers, allowed);
  if (name_alone && !caret) return Wrong{"no URL ends with its host; its first page alone is meant by \"^|\""};
  // The end, or one byte more and then the end.
  if (!name_alone && caret && ends) return Wrong{kUnknownPattern};
  // The caret of ||name^| is the slash of the first page.
  return adblock_url(text, ends ? After::nothing : caret ? After::separator : After::anything, covers, allowed);
}

// With a "|" or "@@" in front.
Line anchored_line(std::string_view text) {
  const bool allowed = text.substr(0, 2) == "@@";
  if (allowed) text.remove_prefix(2);
  if (text.substr(0, 2) == "||") return adblock_line(text.substr(2), NameSet::with_subdomains, allowed);
  // A URL from its first byte on.
  if (text.substr(0, 1) == "|" && scheme_size(text.substr(1)) > 0) return adblock_line(text.substr(1), NameSet::itself, allowed);
  return Wrong{kUnknownPattern};
}

}  // namespace

Line read(std::string_view line) {
  if (line.size() > kMostLineBytes) return Wrong{"this is longer than 64 KiB"};
  std::string_view text = trim(line);
  if (text.empty() || text[0] == '#' || text[0] == '!' || text[0] == '[') {
    const bool cosmetic =
        text.substr(0, 2) == "##" && text.size() > 2 && text[2] != '#' && text[2] != ' ';
    return cosmetic ? Line(Wrong{"this hides parts of pages, which is not done here"})
                    : Line(Nothing{});
  }
  if (text[0] == '|' || text.substr(0, 2) == "@@") return anchored_line(text);
  if (text.find("##") != std::string_view::npos || text.find("#@#") != std::string_view::npos)
    return Wrong{"this hides parts of pages, which is not done here"};
  text = trim(text.substr(0, text.find('#')));
  const std::vector<std::string_view> words = words_of(text);
  if (hyalite_network address{}; is_address(words[0], address)) {
    // An address alone is a host that is an address.
    if (words.size() > 1 || address.family == 6) return hosts_line(address, words);
  }
  if (words.size() > 1) return Wrong{"there is more than one word on the line"};
  if (scheme_size(text) > 0) {
    if (auto prefix = read_url_prefix(text)) return Url{std::move(*prefix), NameSet::itself};
    return Wrong{"this is not the beginning of a URL"};
  }
  Names out{{}, NameSet::with_subdomains};
  if (text.substr(0, 2) == "*.") text.remove_prefix(1);
  if (text[0] == '.') {
    text.remove_prefix(1);
    out.covers_is_meant = true;
  }
  const hyalite::HostName name = read_name(text);
  if (!name) return Wrong{"this is not a host name"};
  out.names.push_back(name);
  return out;
}

}  // namespace list_line
