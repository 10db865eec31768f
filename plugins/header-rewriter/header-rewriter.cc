// Sets, adds, removes, renames and replaces headers of requests and responses.
// SPDX-License-Identifier: MIT
#include <hyalite/plugin.hpp>

#include <utility>
#include <vector>

#include "edit.h"

struct HeaderRewriter : hyalite::Plugin<HeaderRewriter> {
  static constexpr hyalite::Info info{"header-rewriter", "1.0.0",
                                      "Sets, adds, removes, renames and replaces headers", "MIT"};
  static constexpr const char* settings_schema = R"json({
    "type": "object", "additionalProperties": false,
    "definitions": {
      "condition": { "type": "object", "additionalProperties": false, "properties": {
        "host":         { "description": "hosts of requests, each with all that is below it", "type": "array", "items": { "type": "string" } },
        "exact_host":   { "description": "hosts of requests, without what is below them", "type": "array", "items": { "type": "string" } },
        "path":         { "description": "what the path begins with, as it stands", "type": "array", "items": { "type": "string" } },
        "path_matches": { "description": "a regular expression that is found in the path", "type": "string" },
        "method":       { "description": "the request's methods", "type": "array", "items": { "type": "string" } },
        "status":       { "description": "of responses: 404, \"5xx\", \"200-299\"", "type": "array", "items": { "type": ["integer", "string"] } },
        "client":       { "description": "networks or addresses of clients", "type": "array", "items": { "type": "string" } },
        "header":       { "description": "headers of the message that are there; all of these", "type": "array", "items": {
          "type": "object", "additionalProperties": false, "required": ["name"], "properties": {
            "name":     { "description": "the header's name", "type": "string" },
            "matches":  { "description": "a regular expression that is found in one's value", "type": "string" } } } } } },
      "edits": { "type": "array", "items": { "type": "object", "additionalProperties": false, "properties": {
        "set":     { "description": "all headers of this name become one with the value `to`", "type": "string" },
        "add":     { "description": "one more header of this name, with the value `to`", "type": "string" },
        "remove":  { "description": "all headers of this name go", "type": "string" },
        "rename":  { "description": "all headers of this name get the name `to`", "type": "string" },
        "replace": { "description": "in all headers of this name, each match of `pattern` becomes `with`", "type": "string" },
        "to":      { "description": "the new value or name", "type": "string" },
        "pattern": { "description": "a regular expression (RE2)", "type": "string" },
        "with":    { "description": "what a match becomes; \\1 is its first group", "type": "string" },
        "when":    { "description": "only when all of this holds; of a list, one item", "$ref": "#/definitions/condition" },
        "unless":  { "description": "not when all of this holds", "$ref": "#/definitions/condition" } } } } },
    "properties": {
      "request":  { "description": "edits of requests, in this order", "$ref": "#/definitions/edits" },
      "response": { "description": "edits of responses, in this order", "$ref": "#/definitions/edits" } } })json";

  void configure(const hyalite::Settings& settings) {
    read(settings["request"], Condition::Of::requests, request_);
    read(settings["response"], Condition::Of::responses, response_);
    define(edited_, "header_rewriter_edited_total", "Requests and responses that were edited.");
  }

  hyalite::Verdict on_request_head(hyalite::Request& request) {
    return apply(request_, request, request, 0);
  }
  hyalite::Verdict on_response_head(hyalite::Response& response) {
    return apply(response_, response.request(), response, response.status());
  }

 private:
  void read(const hyalite::Value& list, Condition::Of of, std::vector<Edit>& edits) const {
    for (const hyalite::Value item : list) {
      if (auto edit = Edit::read(item, of, host())) edits.push_back(std::move(*edit));
    }
  }

  hyalite::Verdict apply(const std::vector<Edit>& edits, const hyalite::Request& request,
                         hyalite::Message& message, std::uint32_t status) {
    bool changed = false;
    for (const Edit& edit : edits) {
      const Edit::Done done = edit.apply(request, message, status, host());
      // Half of what the operator wants would be worse than what the failure policy says.
      if (done == Edit::Done::failed) return hyalite::Verdict::error;
      changed = changed || done == Edit::Done::changed;
    }
    if (changed) edited_.add();
    return hyalite::Verdict::go_on;
  }

  std::vector<Edit> request_, response_;
  hyalite::Counter edited_;
};
HYALITE_PLUGIN(HeaderRewriter)
