// One line of a block list, in any of the formats that people have.
// SPDX-License-Identifier: MIT
#include "list_line.h"

#include <hyalite/network.h>

#include <algorithm>
#include <iterator>
#include <utility>

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

bool is_address(std::string_view word, hyalite_network& out) {
  return word.find('/') == std::string_view::npos &&
         hyalite_network_parse({word.data(), word.size()}, &out) == 1;
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

// ||name^ or ||name/path, perhaps with options.
Line adblock_line(std::string_view text, bool allowed) {
  const auto dollar = text.find('$');
  const std::string_view options =
      dollar == std::string_view::npos ? std::string_view() : text.substr(dollar + 1);
  if (!options.empty() && options != "important" && options != "all")
    return Wrong{"its options cannot be honoured here"};
  text = text.substr(0, dollar);
  if (!text.empty() && text.back() == '|') text.remove_suffix(1);
  if (!text.empty() && text.back() == '^') text.remove_suffix(1);
  if (text.find_first_of("*^|") != std::string_view::npos)
    return Wrong{"patterns of this kind are not known; url_patterns may have what is meant"};
  if (text.find('/') != std::string_view::npos) {
    if (auto prefix = read_url_prefix(text))
      return Url{std::move(*prefix), NameSet::with_subdomains, allowed};
    return Wrong{"this is not the beginning of a URL"};
  }
  const hyalite::HostName name = read_name(text);
  if (!name) return Wrong{"this is not a host name"};
  return Names{{name}, NameSet::with_subdomains, true, allowed};
}

}  // namespace

Line read(std::string_view line) {
  std::string_view text = trim(line);
  if (text.empty() || text[0] == '#' || text[0] == '!' || text[0] == '[') {
    const bool cosmetic =
        text.substr(0, 2) == "##" && text.size() > 2 && text[2] != '#' && text[2] != ' ';
    return cosmetic ? Line(Wrong{"this hides parts of pages, which is not done here"})
                    : Line(Nothing{});
  }
  if (text.substr(0, 4) == "@@||") return adblock_line(text.substr(4), true);
  if (text.substr(0, 2) == "||") return adblock_line(text.substr(2), false);
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
