// What is listed: names, URLs, networks, methods and types of content.
// SPDX-License-Identifier: MIT
#include "rules.h"

#include <algorithm>

#include "shared/regex.h"

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

// The type in front of a list of types, with its parameters; takes it off the front. A comma in quotes is no end.
std::string_view take_type(std::string_view& list) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < list.size() && (quoted || list[end] != ','); ++end) {
    if (list[end] == '"') quoted = !quoted;
    if (quoted && list[end] == '\\') ++end;
  }
  end = std::min(end, list.size());
  const std::string_view type = list.substr(0, end);
  list.remove_prefix(std::min(end + 1, list.size()));
  return type;
}

// "Text/HTML; charset=x" -> "text/html".
std::string media_type(std::string_view value) {
  value = value.substr(0, value.find(';'));
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  return lower(value);
}

// "video/*", "*/*" or one type.
bool is_media_range(std::string_view text) {
  const auto slash = text.find('/');
  return slash != std::string_view::npos && slash > 0 && slash + 1 < text.size() &&
         text.find_first_of(" \t;,") == std::string_view::npos &&
         (text.find('*') == std::string_view::npos || text == "*/*" ||
          text.find('*') == text.size() - 1);
}

bool covers(const std::string& range, std::string_view type) {
  if (range == "*/*") return true;
  return range.back() == '*' ? type.substr(0, range.size() - 1) ==
                                   std::string_view(range).substr(0, range.size() - 1)
                             : type == range;
}

std::optional<Rule> first_that_contains(
    const std::vector<std::pair<hyalite_network, std::string>>& networks,
    const hyalite_address& address, const char* where) {
  for (const auto& [network, text] : networks) {
    if (hyalite_network_contains(&network, &address) != 0) return Rule{text, where};
  }
  return std::nullopt;
}

// As a URL has it: in brackets, where it is an IPv6 address; nothing else has colons.
std::string in_url(std::string_view host) {
  const bool address = host.find(':') != std::string_view::npos;
  return address ? "[" + std::string(host) + "]" : std::string(host);
}

constexpr int kPatternMemory = 16 << 20;  // of all patterns together, for each worker

}  // namespace

void Sources::begin(std::string name, bool has_lines) {
  begun_.push_back({next_, std::move(name), has_lines});
}

std::string Sources::where(std::uint32_t value) const {
  const auto after =
      std::upper_bound(begun_.begin(), begun_.end(), value,
                       [](std::uint32_t v, const Source& source) { return v <= source.first; });
  const Source& source = *(after - 1);
  return source.has_lines ? source.name + ":" + std::to_string(value - source.first) : source.name;
}

Asked::Asked(const hyalite::Request& request, bool with_url)
    : host(request.host_name()), method(request.method()) {
  if (!with_url) return;
  const std::string query(request.query());
  const std::string target = std::string(request.path()) + (query.empty() ? "" : "?" + query);
  const auto read = [this](std::string path) {
    std::string whole = "http://" + in_url(host.whole()) + path;
    return UrlReading{std::move(path), std::move(whole)};
  };
  url = read(normal_path(target));
  for (std::string& path : paths_with_slashes(target)) other.push_back(read(std::move(path)));
}

// ---- building

void Rules::add(const hyalite::Value& settings) {
  add_names(settings["hosts"], "hosts", hyalite::NameSet::with_subdomains);
  add_names(settings["exact_hosts"], "exact_hosts", hyalite::NameSet::itself);
  add_urls(settings["urls"]);
  add_patterns(settings["url_patterns"]);
  add_networks(settings["clients"], clients_);
  add_networks(settings["destinations"], destinations_);
  for (const hyalite::Value method : settings["methods"]) methods_.emplace_back(method.text());
  for (const hyalite::Value type : settings["content_types"]) {
    if (!is_media_range(type.text()))
      type.mistake("is not a type of content, such as application/zip or video/*");
    content_types_.push_back(lower(type.text()));
  }
}

void Rules::add_names(const hyalite::Value& list, const char* key,
                      hyalite::NameSet::Covers covers) {
  sources_.begin(key, false);
  for (const hyalite::Value item : list) {
    const hyalite::HostName name = read_name(item.text());
    if (name)
      add_name(name, covers, sources_.value(1));
    else
      item.mistake(covers == hyalite::NameSet::itself
                       ? "is not a host name"
                       : "is not a host name (a name stands for all that is below it, too)");
  }
}

void Rules::add_urls(const hyalite::Value& list) {
  sources_.begin("urls", false);
  for (const hyalite::Value item : list) {
    if (const auto prefix = read_url_prefix(item.text()))
      add_url(*prefix, hyalite::NameSet::itself, sources_.value(1));
    else
      item.mistake(
          "is not the beginning of a URL, such as http://host.example/path (without a port)");
  }
}

void Rules::add_patterns(const hyalite::Value& list) {
  if (list.size() == 0) return;
  RE2::Options options = regex_options();
  options.set_max_mem(kPatternMemory);
  patterns_ = std::make_unique<RE2::Set>(options, RE2::UNANCHORED);
  for (const hyalite::Value item : list) {
    auto regex = read_regex(item);
    if (!regex) continue;
    patterns_->Add(piece(item.text()), nullptr);
    each_pattern_.push_back(std::move(regex));
  }
  if (!patterns_->Compile()) list.mistake("are together too large for memory");
}

void Rules::add_networks(const hyalite::Value& list,
                         std::vector<std::pair<hyalite_network, std::string>>& to) {
  for (const hyalite::Value item : list) {
    hyalite_network network{};
    if (hyalite_network_parse(hyalite::bytes(item.text()), &network) == 0)
      item.mistake("is not a network or an address, such as 10.0.0.0/8");
    to.emplace_back(network, item.text());
  }
}

bool Rules::add_name(const hyalite::HostName& name, hyalite::NameSet::Covers covers,
                     std::uint64_t value) {
  return value <= hyalite::NameSet::kMostValue &&
         building_.add(name.text(), covers, static_cast<std::uint32_t>(value)) !=
             hyalite::NameSet::Builder::full;
}

bool Rules::add_url(const UrlPrefix& prefix, hyalite::NameSet::Covers covers, std::uint64_t value) {
  if (value > hyalite::NameSet::kMostValue) return false;
  urls_.add(prefix, covers, static_cast<std::uint32_t>(value));
  return true;
}

void Rules::build() {
  names_ = std::move(building_).build();
  urls_.build();
}

// ---- looking up

std::optional<Rule> Rules::of_name(std::string_view host) const {
  const auto found = names_.find(host);
  if (!found) return std::nullopt;
  return Rule{std::string(found->name), sources_.where(found->value)};
}

std::optional<Rule> Rules::of_flow(const hyalite_flow_info& flow) const {
  if (auto rule = first_that_contains(destinations_, flow.destination, "destinations")) return rule;
  return first_that_contains(clients_, flow.client, "clients");
}

std::optional<Rule> Rules::of_request(const Asked& asked, const hyalite_flow_info& flow,
                                      Readings readings, bool& failed) const {
  if (auto rule = of_name(asked.host.text())) return rule;
  if (auto rule = of_flow(flow)) return rule;
  if (auto rule = of_readings(asked, readings, failed)) return rule;
  if (std::find(methods_.begin(), methods_.end(), asked.method) != methods_.end())
    return Rule{std::string(asked.method), "methods"};
  return std::nullopt;
}

std::optional<Rule> Rules::of_readings(const Asked& asked, Readings readings, bool& failed) const {
  auto rule = of_reading(asked.host.text(), asked.url, failed);
  for (const UrlReading& url : asked.other) {
    const bool decided = rule.has_value() == (readings == Readings::any);
    if (decided) return rule;
    rule = of_reading(asked.host.text(), url, failed);
  }
  return rule;
}

std::optional<Rule> Rules::of_reading(std::string_view host, const UrlReading& url,
                                      bool& failed) const {
  if (!urls_.empty()) {
    if (auto found = urls_.find(host, url.path))
      return Rule{std::move(found->text), sources_.where(found->value)};
  }
  return of_pattern(url.url, failed);
}

std::optional<Rule> Rules::of_pattern(const std::string& url, bool& failed) const {
  if (!patterns_) return std::nullopt;
  std::vector<int> found;
  RE2::Set::ErrorInfo error{};
  if (patterns_->Match(url, &found, &error))
    return Rule{
        each_pattern_[static_cast<std::size_t>(*std::min_element(found.begin(), found.end()))]
            ->pattern(),
        "url_patterns"};
  if (error.kind == RE2::Set::kNoError) return std::nullopt;
  // The set is too large for its memory on this URL: one pattern after the other takes little.
  for (const auto& regex : each_pattern_) {
    if (found_in(*regex, url)) return Rule{regex->pattern(), "url_patterns"};
  }
  failed = failed || error.kind != RE2::Set::kOutOfMemory;
  return std::nullopt;
}

std::optional<Rule> Rules::of_content_type(std::string_view value) const {
  for (std::string_view left = value; !left.empty();) {
    const std::string type = media_type(take_type(left));
    for (const std::string& range : content_types_) {
      if (!type.empty() && covers(range, type)) return Rule{range, "content_types"};
    }
  }
  return std::nullopt;
}
