// Holds bodies of more than 20 bytes in the way that its settings name, and changes nothing.
// SPDX-License-Identifier: MIT
#include <hyalite/plugin.hpp>

#include <string>

struct Holds : hyalite::Plugin<Holds> {
  static constexpr hyalite::Info info{"holds", "1.0.0", "Holds bodies, and changes nothing", "MIT"};
  static constexpr const char* settings_schema = R"({
    "type": "object", "additionalProperties": false, "required": [ "how" ],
    "properties": { "how": { "enum": [ "peek", "degrade", "skip", "reject" ] } } })";

  void configure(const hyalite::Settings& settings) { how_ = settings["how"].text(); }
  void on_request_head(hyalite::Request& request) {
    request.want_request_body(wish());
    request.want_response_body(wish());
  }
  hyalite::Verdict on_request_body(hyalite::Request&, hyalite::Body&) { return hyalite::Verdict::go_on; }
  hyalite::Verdict on_response_body(hyalite::Response&, hyalite::Body&) { return hyalite::Verdict::go_on; }

 private:
  hyalite::BodyWish wish() const {
    if (how_ == "peek") return hyalite::BodyWish::peek(20);
    return hyalite::BodyWish::full(20, how_ == "degrade" ? HYALITE_OVERFLOW_DEGRADE : how_ == "skip" ? HYALITE_OVERFLOW_SKIP : HYALITE_OVERFLOW_REJECT);
  }

  std::string how_;
};
HYALITE_PLUGIN(Holds)
