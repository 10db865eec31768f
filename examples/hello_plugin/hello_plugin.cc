// A first plugin: greets the origin, and counts how often.
// SPDX-License-Identifier: MIT
#include <hyalite/plugin.hpp>

struct Hello : hyalite::Plugin<Hello> {
  static constexpr hyalite::Info info{"hello-plugin", "1.0.0", "Adds a header to every request",
                                      "MIT"};
  static constexpr const char* settings_schema = R"({
    "type": "object", "additionalProperties": false,
    "properties": { "greeting": { "type": "string", "description": "the header's value" } } })";

  void configure(const hyalite::Settings& settings) {
    greeting = settings["greeting"].text("hello");
    define(greeted, "hello_greeted_total", "Requests that were greeted.");
  }

  void on_request_head(hyalite::Request& request) {
    if (request.set("X-Hello", greeting) == HYALITE_OK) greeted.add();
  }

  std::string greeting;
  hyalite::Counter greeted;
};
HYALITE_PLUGIN(Hello)
