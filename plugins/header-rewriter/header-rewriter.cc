// Sets, adds and removes headers of requests and responses.
// SPDX-License-Identifier: MIT
#include <hyalite/plugin.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace {

struct Edit {
  enum class Kind { set, add, remove } kind;
  hyalite::HeaderName name;
  std::string value;
};

}  // namespace

struct HeaderRewriter : hyalite::Plugin<HeaderRewriter> {
  static constexpr hyalite::Info info{"header-rewriter", "1.0.0", "Sets, adds and removes headers",
                                      "MIT"};
  static constexpr const char* settings_schema = R"({
    "type": "object", "additionalProperties": false,
    "definitions": {
      "edits": { "type": "array", "items": { "type": "object", "additionalProperties": false, "properties": {
        "set":    { "description": "all headers of this name become one with the value `to`", "type": "string" },
        "add":    { "description": "one more header of this name, with the value `to`", "type": "string" },
        "remove": { "description": "all headers of this name go", "type": "string" },
        "to":     { "description": "the value", "type": "string" } } } } },
    "properties": {
      "request":  { "description": "edits of every request, in this order", "$ref": "#/definitions/edits" },
      "response": { "description": "edits of every response, in this order", "$ref": "#/definitions/edits" } } })";

  void configure(const hyalite::Settings& settings) {
    read(settings["request"], request_);
    read(settings["response"], response_);
    define(edited_, "header_rewriter_edited_total", "Requests and responses that were edited.");
  }

  hyalite::Verdict on_request_head(hyalite::Request& request) { return apply(request_, request); }
  hyalite::Verdict on_response_head(hyalite::Response& response) {
    return apply(response_, response);
  }

 private:
  void read(const hyalite::Value& list, std::vector<Edit>& edits) {
    for (const hyalite::Value item : list) {
      const hyalite::Value set = item["set"], add = item["add"], remove = item["remove"],
                           to = item["to"];
      if (set.exists() + add.exists() + remove.exists() != 1) {
        item.mistake("says not one thing: expected one of set, add or remove");
        continue;
      }
      const hyalite::Value& name = set ? set : add ? add : remove;
      if (!remove && !to) item.mistake("does not say the value: expected `to`");
      if (remove && to) to.mistake("is not needed: what is removed has no value");
      if (!is_fine(name, to)) continue;
      const Edit::Kind kind = set ? Edit::Kind::set : add ? Edit::Kind::add : Edit::Kind::remove;
      edits.push_back({kind, intern(name.text()), std::string(to.text())});
    }
  }

  bool is_fine(const hyalite::Value& name, const hyalite::Value& to) const {
    const hyalite_status named = host().http->check_name(host().root, hyalite::bytes(name.text()));
    if (named == HYALITE_E_FORBIDDEN) {
      name.mistake(
          "belongs to the proxy: this header says where a message ends or how a connection is "
          "used, and must agree with what is sent");
    } else if (named != HYALITE_OK) {
      name.mistake("is not a header's name");
    }
    if (!to) return named == HYALITE_OK;
    const bool valid =
        host().http->check_value(host().root, hyalite::bytes(to.text())) == HYALITE_OK;
    if (!valid)
      to.mistake("is not a header's value: it has control characters, or white space at an end");
    return valid && named == HYALITE_OK;
  }

  hyalite::Verdict apply(const std::vector<Edit>& edits, hyalite::Message& message) {
    bool changed = false;
    for (const Edit& edit : edits) {
      const hyalite_status status = apply(edit, message);
      // Half of what the operator wants would be worse than what the failure policy says.
      if (status != HYALITE_OK && status != HYALITE_E_MISSING) return hyalite::Verdict::error;
      changed = changed || status == HYALITE_OK;
    }
    if (changed) edited_.add();
    return hyalite::Verdict::go_on;
  }

  static hyalite_status apply(const Edit& edit, hyalite::Message& message) {
    switch (edit.kind) {
      case Edit::Kind::set:
        return message.set(edit.name, edit.value);
      case Edit::Kind::add:
        return message.append(edit.name, edit.value);
      case Edit::Kind::remove:
        return message.remove(edit.name);
    }
    return HYALITE_E_INVALID;
  }

  std::vector<Edit> request_, response_;
  hyalite::Counter edited_;
};
HYALITE_PLUGIN(HeaderRewriter)
