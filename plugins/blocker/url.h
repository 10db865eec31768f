// URLs in the one form in which they are compared, and which beginnings of URLs are listed.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/cpp/name_set.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// A path with its query, as servers read it whatever way it is written (RFC 3986, section 6.2.2): escapes decoded but for
// those of / ? # in the path, of & = + ; # in the query, of %, and of what a URL cannot hold otherwise (controls, spaces,
// "<>\^`{|}[] and all beyond ASCII), which are escaped where they are not, in upper case; dot segments and doubled slashes
// gone from the path. Empty becomes "/".
std::string normal_path(std::string_view path_and_query);
// What else it is, normal, to servers that take an escaped slash in the path for a slash. Empty where there is none.
std::vector<std::string> paths_with_slashes(std::string_view path_and_query);

// How much of it is a scheme with its "://" (RFC 3986, section 3.1). 0: it begins with none, whatever stands further behind.
std::size_t scheme_size(std::string_view text);

// What comes after the beginning of a URL: anything; its end or what is no part of a word, so neither a letter nor a digit nor one of
// "_-.%" (Adblock's "^"); nothing (its "|").
enum class After { anything, separator, nothing };

// The beginning of a URL: "http://host/path", "host/path".
struct UrlPrefix {
  hyalite::HostName host;
  std::string path;  // normal
  After after = After::anything;
};
// Nothing when it is none; the scheme does not count.
std::optional<UrlPrefix> read_url_prefix(std::string_view text);

// Built once, then only read.
class UrlPrefixes {
 public:
  void add(const UrlPrefix& prefix, hyalite::NameSet::Covers covers, std::uint32_t value);
  // After the last one.
  void build();
  struct Match {
    std::string text;  // the listed beginning; with "^" or "|", where these are meant
    std::uint32_t value;
  };
  // `host` as ComparableName gives it, `path` normal, with the query.
  std::optional<Match> find(std::string_view host, std::string_view path) const;
  bool empty() const { return paths_.empty(); }

 private:
  struct Path {
    std::string begin;
    After after;
    hyalite::NameSet::Covers covers;
    std::uint32_t value;
  };
  hyalite::NameSet::Builder building_;
  hyalite::NameSet hosts_;                                // to an index of paths_
  std::vector<std::vector<Path>> paths_;                  // of a host
  std::unordered_map<std::string, std::size_t> indices_;  // of these, while it is built
};
