// URLs in the one form in which they are compared, and which beginnings of URLs are listed.
// SPDX-License-Identifier: MIT
#include "url.h"

#include <algorithm>

#include "shared/names.h"

namespace {

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool may_be_in_a_scheme(char c) { return is_letter(c) || std::string_view("0123456789+-.").find(c) != std::string_view::npos; }

// Neither in a path nor in a query does a URL hold these but escaped.
bool is_always_escaped(unsigned char c) {
  return c <= ' ' || c >= 0x7f || std::string_view("\"<>\\^`{|}[]%").find(static_cast<char>(c)) != std::string_view::npos;
}

// What is one thing escaped, and another as it is.
constexpr std::string_view kSaysMoreInPath = "/?#", kSaysMoreInQuery = "&=+;#";

// Each byte in the one of its two forms: as it is, unless that would say something else.
std::string normal_escapes(std::string_view text, std::string_view says_more) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  const auto escape = [&](unsigned char c) { out.append(1, '%').append(1, kHex[c >> 4]).append(1, kHex[c & 15]); };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      const auto c = static_cast<unsigned char>(text[i]);
      is_always_escaped(c) ? escape(c) : out.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size() || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0) {
      out += "%25";  // it escapes nothing, and must not once its neighbours are decoded
      continue;
    }
    const auto value = static_cast<unsigned char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
    const bool stays = is_always_escaped(value) || says_more.find(static_cast<char>(value)) != std::string_view::npos;
    stays ? escape(value) : out.push_back(static_cast<char>(value));
    i += 2;
  }
  return out;
}

// Of a path without its query.
std::string without_dots(std::string_view path) {
  std::string out;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view segment = path.substr(at, end - at);
    if (segment == "..") {
      out.resize(out.empty() ? 0 : out.rfind('/', out.size() - 2) + 1);
    } else if (segment != "." && !segment.empty()) {
      out.append(segment).append(end < path.size() ? "/" : "");
    }
    at = end + 1;
    if (out.empty() || out[0] != '/') out.insert(0, "/");
  }
  return out.empty() ? "/" : out;
}

bool is_in_a_word(char c) { return is_letter(c) || std::string_view("0123456789_-.%").find(c) != std::string_view::npos; }

bool may_come(After after, std::string_view rest) {
  return rest.empty() || after == After::anything || (after == After::separator && !is_in_a_word(rest[0]));
}

const char* sign_of(After after) { return after == After::separator ? "^" : after == After::nothing ? "|" : ""; }

constexpr std::string_view kEscapedSlash = "%2F";

// Of normal escapes.
std::string with_slashes(std::string_view path) {
  std::string out;
  out.reserve(path.size());
  for (auto at = path.find(kEscapedSlash); at != std::string_view::npos; at = path.find(kEscapedSlash)) {
    out.append(path.substr(0, at)).append("/");
    path.remove_prefix(at + kEscapedSlash.size());
  }
  return out.append(path);
}

std::string_view path_of(std::string_view path_and_query) { return path_and_query.substr(0, path_and_query.find('?')); }

// With its "?"; empty when there is none.
std::string normal_query(std::string_view path_and_query) {
  return normal_escapes(path_and_query.substr(path_of(path_and_query).size()), kSaysMoreInQuery);
}

}  // namespace

std::string normal_path(std::string_view path_and_query) {
  return without_dots(normal_escapes(path_of(path_and_query), kSaysMoreInPath)) + normal_query(path_and_query);
}

std::vector<std::string> paths_with_slashes(std::string_view path_and_query) {
  const std::string_view path = path_of(path_and_query);
  if (path.find(kEscapedSlash) == std::string_view::npos && path.find("%2f") == std::string_view::npos) return {};
  const std::string escaped = normal_escapes(path, kSaysMoreInPath), query = normal_query(path_and_query);
  std::string at_once = without_dots(with_slashes(escaped)) + query;
  // Somebody in front of the server may have taken dots away before slashes were decoded.
  std::string later = without_dots(with_slashes(without_dots(escaped))) + query;
  if (later == at_once) return {std::move(at_once)};
  return {std::move(at_once), std::move(later)};
}

std::size_t scheme_size(std::string_view text) {
  const std::size_t end = std::min(text.find("://"), text.size());
  const bool is_one = end > 0 && end < text.size() && is_letter(text[0]) && std::all_of(text.begin(), text.begin() + end, may_be_in_a_scheme);
  return is_one ? end + 3 : 0;
}

std::optional<UrlPrefix> read_url_prefix(std::string_view text) {
  text.remove_prefix(scheme_size(text));
  const auto slash = text.find('/');
  UrlPrefix prefix{read_name(text.substr(0, slash)),
                   slash == std::string_view::npos ? "/" : normal_path(text.substr(slash))};
  if (!prefix.host.valid()) return std::nullopt;
  return prefix;
}

void UrlPrefixes::add(const UrlPrefix& prefix, hyalite::NameSet::Covers covers,
                      std::uint32_t value) {
  const std::string_view host = prefix.host.text();
  const std::size_t index = indices_.try_emplace(std::string(host), paths_.size()).first->second;
  if (index == paths_.size()) paths_.emplace_back();
  building_.add(host, covers, static_cast<std::uint32_t>(index));
  paths_[index].push_back({prefix.path, prefix.after, covers, value});
}

void UrlPrefixes::build() {
  hosts_ = std::move(building_).build();
  indices_.clear();
}

std::optional<UrlPrefixes::Match> UrlPrefixes::find(std::string_view host,
                                                    std::string_view path) const {
  for (std::string_view at = host; !at.empty();) {
    const auto found = hosts_.find(at);
    if (!found) return std::nullopt;
    for (const Path& one : paths_[found->value]) {
      const bool covered =
          found->name.size() == host.size() || one.covers == hyalite::NameSet::with_subdomains;
      const bool begins = path.substr(0, one.begin.size()) == one.begin;
      if (covered && begins && may_come(one.after, path.substr(one.begin.size())))
        return Match{std::string(found->name) + one.begin + sign_of(one.after), one.value};
    }
    const auto dot = found->name.find('.');
    at = dot == std::string_view::npos ? std::string_view() : found->name.substr(dot + 1);
  }
  return std::nullopt;
}
