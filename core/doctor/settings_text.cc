// Settings as a file.
// SPDX-License-Identifier: MIT
#include "doctor/settings_text.h"

#include "base/text.h"
#include "settings/description.h"

namespace hyalite {

namespace {

// Numbers and truth values stand without quotes, all else with.
std::string scalar(const std::string& text) {
  const bool plain = text == "true" || text == "false" || text.starts_with("0x") ||
                     parse_decimal(text).has_value();
  return plain ? text : json_string(text);
}

class Writer final : public Describer {
 public:
  void value(const Value& value) override {
    const std::string text = value.write();
    if (!text.empty()) add(value.name, scalar(text));
  }
  void values(const ValueList& values) override {
    std::string list;
    for (const std::string& it : values.write()) list += (list.empty() ? "" : ",") + scalar(it);
    add(values.name, "[" + list + "]");
  }
  void group(std::string_view name, const std::function<void(Describer&)>& members) override {
    Writer inner;
    members(inner);
    add(name, inner.text());
  }
  void groups(const GroupList& groups) override {
    if (groups.name == "plugins") return;
    std::string list;
    groups.each([&](const std::function<void(Describer&)>& members) {
      Writer inner;
      members(inner);
      list += (list.empty() ? "" : ",") + inner.text();
    });
    add(groups.name, "[" + list + "]");
  }
  void configuration(std::string_view, PluginConfiguration&) override {}

  std::string text() const { return "{" + members_ + "}"; }

 private:
  void add(std::string_view name, const std::string& json) {
    members_ += (members_.empty() ? "" : ",") + json_string(name) + ":" + json;
  }
  std::string members_;
};

}  // namespace

std::string settings_text(const Settings& settings) {
  Settings copy = settings;  // a describer may change what it describes
  Writer writer;
  describe(writer, copy);
  return writer.text() + "\n";
}

}  // namespace hyalite
