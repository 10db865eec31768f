// The settings in force, for people to look at.
// SPDX-License-Identifier: MIT
#include "admin/settings_view.h"

#include "admin/json_writer.h"
#include "base/text.h"
#include "settings/description.h"
#include "settings/json.h"

namespace hyalite {

namespace {

constexpr char kLeftOut[] = "(left out)";

void write_without_secrets(JsonWriter& json, const JsonView& view) {
  if (view.is(JsonView::Type::array)) {
    json.open_array();
    for (std::size_t i = 0; i < view.size(); ++i) write_without_secrets(json, view.element(i));
    json.close_array();
    return;
  }
  if (!view.is(JsonView::Type::object)) {
    json.raw(view.text());
    return;
  }
  json.open_object();
  for (std::size_t i = 0; i < view.size(); ++i) {
    json.name(view.key(i));
    if (names_a_secret(view.key(i))) {
      json.value(kLeftOut);
    } else {
      write_without_secrets(json, view.element(i));
    }
  }
  json.close_object();
}

class View final : public Describer {
 public:
  View(JsonWriter& json, Onlooker onlooker) : json_(json), onlooker_(onlooker) {}

  void value(const Value& value) override { json_.member(value.name, value.write()); }
  void values(const ValueList& values) override {
    json_.name(values.name).open_array();
    for (const std::string& one : values.write()) json_.value(one);
    json_.close_array();
  }
  void group(std::string_view name, const std::function<void(Describer&)>& members) override {
    json_.name(name).open_object();
    members(*this);
    json_.close_object();
  }
  void groups(const GroupList& groups) override {
    json_.name(groups.name).open_array();
    groups.each([this](const std::function<void(Describer&)>& members) {
      json_.open_object();
      members(*this);
      json_.close_object();
    });
    json_.close_array();
  }
  void configuration(std::string_view name, PluginConfiguration& configuration) override {
    json_.name(name);
    if (onlooker_ == Onlooker::anybody) return void(json_.value(kLeftOut));
    const auto document = JsonDocument::parse(configuration.json);
    document ? write_without_secrets(json_, document->root()) : void(json_.null());
  }

 private:
  JsonWriter& json_;
  Onlooker onlooker_;
};

}  // namespace

bool names_a_secret(std::string_view name) {
  const std::string lower = to_lower(name);
  for (const std::string_view word :
       {"password", "passwd", "passphrase", "secret", "token", "credential", "api_key", "api-key",
        "apikey", "private_key", "private-key", "authorization"}) {
    if (lower.find(word) != std::string::npos) return true;
  }
  return false;
}

std::string settings_json(const Settings& settings, Onlooker onlooker) {
  Settings copy = settings;  // a describer may change what it describes
  JsonWriter json;
  View view(json, onlooker);
  json.open_object();
  describe(view, copy);
  return json.close_object().text();
}

}  // namespace hyalite
