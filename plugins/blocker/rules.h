// What is listed: names, URLs, networks, methods and types of content, from settings and from
// lists. SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/network.h>
#include <re2/set.h>
#include <hyalite/cpp/name_set.hpp>
#include <hyalite/plugin.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/names.h"
#include "url.h"

// What matched, and where it stands: "hosts" in the settings, or "list:line".
struct Rule {
  std::string text;
  std::string where;
};

// Where an entry of a set came from, in one number: lines of all lists, counted on.
class Sources {
 public:
  // The next entries are of this source.
  void begin(std::string name, bool has_lines);
  // Of entry `line` (from 1) of the source that was begun last; more than NameSet::kMostValue: too
  // many.
  std::uint64_t value(std::size_t line) { return next_ = begun_.back().first + line; }
  std::string where(std::uint32_t value) const;

 private:
  struct Source {
    std::uint64_t first;  // its entry 0
    std::string name;
    bool has_lines;
  };
  std::vector<Source> begun_;
  std::uint64_t next_ = 0;
};

// One way of reading the URL of a request.
struct UrlReading {
  std::string path;  // normal, with the query
  std::string url;   // http://host/path?query
};

// A request as rules see it: normal, and made once.
struct Asked {
  Asked(const hyalite::Request& request, bool with_url);
  ComparableName host;
  std::string_view method;
  UrlReading url;                 // empty when nobody asks for it
  std::vector<UrlReading> other;  // whether an escaped slash is one is up to the origin
};

// Of several readings of a URL: is one enough, or must each match?
enum class Readings { any, all };

// One set that blocks, and one that allows: each built in configure, then only read.
class Rules {
 public:
  // From settings; tells mistakes.
  void add(const hyalite::Value& settings);
  // From lists. False: no more fits.
  bool add_name(const hyalite::HostName& name, hyalite::NameSet::Covers covers,
                std::uint64_t value);
  bool add_url(const UrlPrefix& prefix, hyalite::NameSet::Covers covers, std::uint64_t value);
  Sources& sources() { return sources_; }
  void build();
  std::size_t names() const { return names_.size(); }

  std::optional<Rule> of_name(std::string_view host) const;
  // Of client and destination.
  std::optional<Rule> of_flow(const hyalite_flow_info& flow) const;
  // All that a request can match. `failed` becomes true when a pattern could not be tried for want of
  // memory.
  std::optional<Rule> of_request(const Asked& asked, const hyalite_flow_info& flow,
                                 Readings readings, bool& failed) const;
  // `value`: of one field; a list, too, of which each counts.
  std::optional<Rule> of_content_type(std::string_view value) const;
  bool looks_at_urls() const { return !urls_.empty() || patterns_ != nullptr; }
  bool has_content_types() const { return !content_types_.empty(); }

 private:
  void add_names(const hyalite::Value& list, const char* key, hyalite::NameSet::Covers covers);
  void add_urls(const hyalite::Value& list);
  void add_patterns(const hyalite::Value& list);
  void add_networks(const hyalite::Value& list,
                    std::vector<std::pair<hyalite_network, std::string>>& to);
  std::optional<Rule> of_readings(const Asked& asked, Readings readings, bool& failed) const;
  std::optional<Rule> of_reading(std::string_view host, const UrlReading& url, bool& failed) const;
  std::optional<Rule> of_pattern(const std::string& url, bool& failed) const;

  Sources sources_;
  hyalite::NameSet::Builder building_;
  hyalite::NameSet names_;
  UrlPrefixes urls_;
  std::unique_ptr<RE2::Set> patterns_;
  std::vector<std::unique_ptr<RE2>> each_pattern_;
  std::vector<std::pair<hyalite_network, std::string>> clients_, destinations_;
  std::vector<std::string> methods_, content_types_;
};
