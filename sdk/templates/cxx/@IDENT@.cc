// @NAME@: marks every request, and counts how many it marked. Make it yours.
#include <hyalite/plugin.hpp>

struct @CLASS@ : hyalite::Plugin<@CLASS@> {
  static constexpr hyalite::Info info{"@NAME@", "0.1.0", "Marks every request", "MIT"};
  // What operators may write under `settings:`; checked before configure is called.
  static constexpr const char* settings_schema = R"({
    "type": "object", "additionalProperties": false,
    "properties": { "mark": { "type": "string", "description": "the value of X-Marked" } } })";

  // Once per configuration, before there are workers: build what all of them only read.
  void configure(const hyalite::Settings& settings) {
    mark = settings["mark"].text("yes");
    define(marked, "@IDENT@_marked_total", "Requests that were marked.");
  }

  // The head of a request is whole; nothing of it went upstream yet.
  void on_request_head(hyalite::Request& request) {
    if (request.set("X-Marked", mark) == HYALITE_OK) marked.add();
  }

  std::string mark;
  hyalite::Counter marked;
};
HYALITE_PLUGIN(@CLASS@)
