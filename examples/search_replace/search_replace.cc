// Replaces a text in the bodies of responses, wherever the network cut them, and whatever they were compressed with.
// SPDX-License-Identifier: MIT
#include <hyalite/plugin.hpp>

#include <algorithm>
#include <string>
#include <vector>

struct SearchReplace : hyalite::Plugin<SearchReplace> {
  static constexpr hyalite::Info info{"search-replace", "1.0.0", "Replaces a text in responses", "MIT"};
  static constexpr const char* settings_schema = R"({
    "type": "object", "additionalProperties": false, "required": ["search", "replace"],
    "properties": {
      "search": { "type": "string", "minLength": 1, "maxLength": 256 },
      "replace": { "type": "string", "maxLength": 4096 },
      "types": { "type": "array", "items": { "type": "string" }, "description": "beginnings of Content-Type; text/ when left out" } } })";

  void configure(const hyalite::Settings& settings) {
    search = settings["search"].text();
    replace = settings["replace"].text();
    for (const hyalite::Value type : settings["types"]) types.emplace_back(type.text());
    if (types.empty()) types.emplace_back("text/");
    define(replaced, "search_replace_replaced_total", "Places where the text was replaced.");
  }

  void on_response_head(hyalite::Response& response) {
    const std::string_view type = response.header(HYALITE_HEADER_CONTENT_TYPE);
    const auto begins = [&](const std::string& with) { return response.same_name(type.substr(0, with.size()), with); };
    if (std::none_of(types.begin(), types.end(), begins)) return;
    // As it comes, decoded; its size may change; so much may wait for the next piece.
    response.want_response_body(hyalite::BodyWish::resize(static_cast<std::uint32_t>(search.size() - 1)).decoded());
  }

  void on_response_body(hyalite::Response&, hyalite::Body& body) {
    const std::string_view text = body.text();
    std::size_t done = 0;
    for (std::size_t at = text.find(search); at != text.npos; at = text.find(search, done)) {
      body.pass(at - done);
      body.drop(search.size());
      body.write(replace);
      replaced.add();
      done = at + search.size();
    }
    if (!body.last()) body.keep(beginning_at_the_end_of(text.substr(done)));
  }

  // How many of the last bytes may be the beginning of what is searched for.
  std::size_t beginning_at_the_end_of(std::string_view text) const {
    std::size_t n = std::min(text.size(), search.size() - 1);
    while (n > 0 && text.substr(text.size() - n) != std::string_view(search).substr(0, n)) --n;
    return n;
  }

  std::string search, replace;
  std::vector<std::string> types;
  hyalite::Counter replaced;
};
HYALITE_PLUGIN(SearchReplace)
