// What config/default.yaml and config/hyalite.schema.json must be: made from settings.h and the
// description. SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "settings/description.h"

namespace hyalite {

// settings.h as a person reads it.
class Manual {
 public:
  struct Member {
    std::string type;  // "LimitSettings" also for a list or an option of it
    std::string name;
    std::string comment;  // in one line
  };

  explicit Manual(std::string_view settings_h);

  const std::vector<Member>& members(const std::string& type) const;
  // The member at a path such as "listeners[].upgrades.h2c"; null when there is none.
  const Member* find(std::string_view path) const;

 private:
  std::map<std::string, std::vector<Member>> structs_;
};

// What stands in default.yaml for a setting that has no default; empty when it has one.
std::string_view example_of(std::string_view path);

// Every setting, commented out at its default.
std::string default_yaml(const Manual& manual);
// The same file with every setting taken in.
std::string taken_in(std::string_view default_yaml);
// JSON Schema, draft 7.
std::string schema_json(const Manual& manual);
// Every value that the settings hold, one line each.
std::string listing(Settings& settings);

namespace manual {

using Json = nlohmann::ordered_json;
using Kind = Shape::Kind;

inline std::string join(const std::string& parent, std::string_view name) {
  return parent.empty() ? std::string(name) : parent + '.' + std::string(name);
}

// The type inside of std::vector<> and std::optional<>.
inline std::string inner_type(std::string_view type) {
  for (std::string_view wrapper : {"std::vector<", "std::optional<"}) {
    if (type.starts_with(wrapper))
      return std::string(type.substr(wrapper.size(), type.size() - wrapper.size() - 1));
  }
  return std::string(type);
}

// "  TYPE NAME = DEFAULT;" or "  TYPE NAME{DEFAULT};" or "  TYPE NAME;": no function, no comment.
inline std::optional<Manual::Member> member_in(std::string_view line) {
  if (!line.starts_with("  ") || line.starts_with("   ") || !line.ends_with(';'))
    return std::nullopt;
  line = line.substr(2);
  const auto space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const std::string_view rest = line.substr(space + 1);
  const auto end = rest.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_");
  if (end == 0 || end == std::string_view::npos || rest[end] == '(') return std::nullopt;
  return Manual::Member{inner_type(line.substr(0, space)), std::string(rest.substr(0, end)), {}};
}

inline std::string wrapped(const std::string& comment, std::size_t indent) {
  constexpr std::size_t kWidth = 118;
  const std::string begins = std::string(indent, ' ') + '#';
  std::string out, line = begins;
  for (std::string_view word : split(comment, ' ')) {
    if (line.size() + 1 + word.size() > kWidth) {
      out += line + '\n';
      line = begins;
    }
    line += ' ' + std::string(word);
  }
  return out + line + '\n';
}

// The words that may stand there, where the comment does not tell them all by itself.
inline std::string with_words(std::string comment, const Shape& shape, const char* which) {
  std::string all;
  bool told = true;
  for (const std::string_view word : shape.words) {
    all += (all.empty() ? "" : ", ") + std::string(word);
    told = told && comment.find(word) != std::string::npos;
  }
  return told ? comment : comment + ' ' + which + ": " + all + '.';
}

// A describer that knows the path it is at.
class Walker : public Describer {
 public:
  void group(std::string_view name, const std::function<void(Describer&)>& members) override {
    enter(join(path_, name), members);
  }
  void groups(const GroupList& groups) override {
    enter(join(path_, groups.name) + "[]", groups.append);
  }

 protected:
  void enter(std::string path, const std::function<void(Describer&)>& members) {
    std::swap(path_, path);
    members(*this);
    std::swap(path_, path);
  }
  std::string path_;
};

class DefaultYaml : public Walker {
 public:
  explicit DefaultYaml(const Manual& manual) : manual_(manual) {}
  std::string text;

  void value(const Value& value) override {
    const std::string_view example = example_of(join(path_, value.name));
    line(value.name, scalar(value.shape, example.empty() ? value.write() : std::string(example)),
         with_words(comment(value.name), value.shape, "One of"));
    if (!example.empty() && !value.required) text.insert(text.size() - 1, "  # not set by default");
    if (value.required) text.insert(text.size() - 1, "  # required");
  }
  void values(const ValueList& values) override {
    std::string list;
    for (const std::string& item : values.write())
      list += (list.empty() ? "" : ", ") + scalar(values.shape, item);
    line(values.name, '[' + list + ']', with_words(comment(values.name), values.shape, "Any of"));
  }
  void configuration(std::string_view name, PluginConfiguration& configuration) override {
    line(name, configuration.json, comment(name));
  }
  void group(std::string_view name, const std::function<void(Describer&)>& members) override {
    line(name, "", comment(name));
    nest(1, [&] { Walker::group(name, members); });
  }
  void groups(const GroupList& groups) override {
    line(groups.name, "", comment(groups.name));
    nest(2, [&] {
      item_begins_ = true;
      Walker::groups(groups);
    });
  }

 private:
  static std::string scalar(const Shape& shape, const std::string& text) {
    return text.starts_with('[') && shape.kind != Kind::count ? '"' + text + '"' : text;
  }
  void nest(std::size_t levels, const std::function<void()>& inside) {
    indent_ += 2 * levels;
    inside();
    indent_ -= 2 * levels;
  }
  std::string comment(std::string_view name) const {
    const Manual::Member* member = manual_.find(join(path_, name));
    return member == nullptr ? "?" : member->comment;
  }
  // The first line of an item carries its dash.
  void line(std::string_view name, const std::string& value, const std::string& comment) {
    if (path_.empty()) text += '\n';
    text += wrapped(comment, indent_);
    text += std::string(item_begins_ ? indent_ - 2 : indent_, ' ') + '#' +
            (item_begins_ ? "- " : "") + std::string(name) + ':' +
            (value.empty() ? "" : ' ' + value) + '\n';
    item_begins_ = false;
  }

  const Manual& manual_;
  std::size_t indent_ = 0;
  bool item_begins_ = false;
};

class Schema : public Walker {
 public:
  explicit Schema(const Manual& manual) : manual_(manual) { open_.push_back(mapping()); }
  Json result() const { return open_.front(); }

  void value(const Value& value) override {
    Json json = of_shape(value.shape);
    const std::string text = value.required ? std::string() : value.write();
    if (!text.empty()) json["default"] = of_default(value.shape, text);
    if (value.required) open_.back()["required"].push_back(value.name);
    add(value.name, std::move(json));
  }
  void values(const ValueList& values) override {
    Json json = {
        {"type", {"array", "null"}}, {"items", of_shape(values.shape)}, {"default", Json::array()}};
    for (const std::string& item : values.write())
      json["default"].push_back(of_default(values.shape, item));
    add(values.name, std::move(json));
  }
  void configuration(std::string_view name, PluginConfiguration&) override {
    add(name, {{"type", {"object", "null"}}, {"default", Json::object()}});
  }
  void group(std::string_view name, const std::function<void(Describer&)>& members) override {
    open_.push_back(mapping());
    open_.back()["type"] = {"object", "null"};
    Walker::group(name, members);
    Json json = std::move(open_.back());
    open_.pop_back();
    add(name, std::move(json));
  }
  void groups(const GroupList& groups) override {
    open_.push_back(mapping());
    Walker::groups(groups);
    Json json = {
        {"type", {"array", "null"}}, {"minItems", groups.least}, {"maxItems", groups.most}};
    if (groups.least > 0) {
      json["type"] = "array";
      open_[open_.size() - 2]["required"].push_back(groups.name);
    }
    json["items"] = std::move(open_.back());
    open_.pop_back();
    add(groups.name, std::move(json));
  }

 private:
  static Json mapping() {
    return {{"type", "object"}, {"additionalProperties", false}, {"properties", Json::object()}};
  }
  void add(std::string_view name, Json json) {
    const Manual::Member* member = manual_.find(join(path_, name));
    Json described = {{"description", member == nullptr ? "?" : member->comment}};
    described.update(json);
    open_.back()["properties"][std::string(name)] = std::move(described);
  }

  static Json text_with_pattern(const char* pattern) {
    return {{"type", "string"}, {"pattern", pattern}};
  }
  static Json of_shape(const Shape& shape) {
    switch (shape.kind) {
      case Kind::boolean:
        return {{"type", "boolean"}};
      case Kind::word:
        return {{"enum", shape.words}};
      case Kind::count:
      case Kind::mark:
        return {{"type", "integer"}, {"minimum", shape.least}, {"maximum", shape.most}};
      case Kind::size:
        return text_with_pattern("^[0-9]+(B|KiB|MiB|GiB)$");
      case Kind::duration:
        return text_with_pattern("^[0-9]+(ms|s|m|h)$");
      case Kind::identifier:
        return text_with_pattern("^[a-z0-9][a-z0-9-]*$");
      case Kind::plugin:
        return text_with_pattern("^([A-Za-z0-9_-]+|.*/.*)$");
      case Kind::absolute_path:
        return text_with_pattern("^/");
      case Kind::host_name:
        return text_with_pattern("^[A-Za-z0-9_-]+([.][A-Za-z0-9_-]+)*$");
      case Kind::interface:
        return text_with_pattern("^[A-Za-z0-9._@+][A-Za-z0-9._@+-]{0,14}$");
      case Kind::sysctl:
        return text_with_pattern("^net[./][A-Za-z0-9._@+/-]+=.+$");
      case Kind::cgroup:
        return text_with_pattern("^[^/\"]([^\"]*[^/\"])?$");
      case Kind::address:
        return text_with_pattern("^([0-9.]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]+$");
      case Kind::address_or_none:
        return text_with_pattern("^(none|([0-9.]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]+)$");
      case Kind::network:
        return text_with_pattern("^[0-9A-Fa-f:.]+(/[0-9]+)?$");
      case Kind::text:
      case Kind::path:
        break;
    }
    return {{"type", "string"}, {"minLength", shape.least}, {"maxLength", shape.most}};
  }
  static Json of_default(const Shape& shape, const std::string& text) {
    if (shape.kind == Kind::boolean) return text == "true";
    if (shape.kind == Kind::count) return *parse_decimal(text);
    if (shape.kind == Kind::mark) return std::stoul(text, nullptr, 0);
    return text;
  }

  const Manual& manual_;
  std::vector<Json> open_;
};

class Listing : public Walker {
 public:
  std::string text;
  void value(const Value& value) override { add(value.name, value.write()); }
  void values(const ValueList& values) override {
    std::string list;
    for (const std::string& item : values.write()) list += item + ' ';
    add(values.name, list);
  }
  void configuration(std::string_view name, PluginConfiguration& configuration) override {
    add(name, configuration.json);
  }

 private:
  void add(std::string_view name, const std::string& value) {
    text += join(path_, name) + " = " + value + '\n';
  }
};

}  // namespace manual

inline Manual::Manual(std::string_view settings_h) {
  constexpr std::string_view kComment = "  // ", kStruct = "struct ";
  std::string type, comment;
  for (std::string_view line : split(settings_h, '\n')) {
    if (line.starts_with(kStruct) && line.ends_with(" {")) {
      type = line.substr(kStruct.size(), line.size() - kStruct.size() - 2);
    } else if (line.starts_with(kComment)) {
      comment += (comment.empty() ? "" : " ") + std::string(line.substr(kComment.size()));
    } else {
      if (auto member = manual::member_in(line))
        structs_[type].push_back({member->type, member->name, comment});
      comment.clear();
    }
  }
}

inline const std::vector<Manual::Member>& Manual::members(const std::string& type) const {
  static const std::vector<Member> none;
  const auto found = structs_.find(type);
  return found == structs_.end() ? none : found->second;
}

inline const Manual::Member* Manual::find(std::string_view path) const {
  std::string type = "Settings";
  const Member* at = nullptr;
  for (std::string_view step : split(path, '.')) {
    if (step.ends_with("[]")) step.remove_suffix(2);
    at = nullptr;
    for (const Member& member : members(type)) {
      if (member.name == step) at = &member;
    }
    if (at == nullptr) return nullptr;
    type = at->type;
  }
  return at;
}

inline std::string_view example_of(std::string_view path) {
  static const std::map<std::string_view, std::string_view> examples = {
      {"listeners[].address", "[::]:8080"},
      {"listeners[].name", "lan"},
      {"interception.listener", "lan"},
      {"plugins[].name", "audit"},
      {"plugins[].use", "http-logger"},
      {"plugins[].on_failure", "open"},
      {"services[].name", "look-up"},
      {"services[].address", "127.0.0.1:8081"},
      {"services[].host", "look-up.example"},
      {"services[].tls.enabled", "true"},
      {"services[].tls.server_name", "look-up.example"},
      {"tls.rules[].name", "banks"},
      {"tls.rules[].action", "redirect"},
      {"tls.rules[].to", "192.0.2.1:443"},
      {"tls.upstream.certificates[].certificate", "client.pem"},
      {"tls.upstream.certificates[].key", "client.key"},
      {"workers.group", "hyalite"},
      {"tls.ca.certificate", "/etc/hyalite/ca/ca.pem"},
      {"tls.ca.key", "/etc/hyalite/ca/ca.key"},
      {"tls.ca.passphrase_file", "/etc/hyalite/ca/passphrase"},
      {"tls.key_log", "/run/hyalite/keys.log"},
      {"admin.socket", "/run/hyalite/admin.sock"},
      {"control.socket", "/run/hyalite/control.sock"}};
  const auto found = examples.find(path);
  return found == examples.end() ? std::string_view() : found->second;
}

inline std::string default_yaml(const Manual& book) {
  manual::DefaultYaml writer(book);
  writer.text =
      "# yaml-language-server: $schema=hyalite.schema.json\n"
      "# Every setting of Hyalite, commented out at its default. To change one, take the \"#\" "
      "from its line and from the\n"
      "# lines that it is indented under. Names and values follow a \"#\" at once; a \"# \" begins "
      "an explanation.\n"
      "# Durations are written 50ms, 10s, 2m, 1h; sizes 512B, 64KiB, 1MiB, 1GiB. minimal.yaml is a "
      "file to start from, and\n"
      "# `hyalite check --config FILE` finds every mistake in one.\n";
  Settings settings;
  describe(writer, settings);
  return writer.text;
}

inline std::string taken_in(std::string_view default_yaml) {
  std::string out;
  for (std::string_view line : split(default_yaml, '\n')) {
    const auto hash = line.find_first_not_of(' ');
    std::string text(line);
    const bool setting =
        hash != std::string_view::npos && line[hash] == '#' && !line.substr(hash).starts_with("# ");
    out += (setting ? text.erase(hash, 1) : text) + '\n';
  }
  return out;
}

inline std::string schema_json(const Manual& book) {
  manual::Schema schema(book);
  Settings settings;
  describe(schema, settings);
  manual::Json json = {
      {"$schema", "http://json-schema.org/draft-07/schema#"},
      {"title", "Settings of Hyalite"},
      {"description",
       "Helps editors; `hyalite check` is stricter, and also knows the settings of plugins."}};
  json.update(schema.result());
  return json.dump(2) + '\n';
}

inline std::string listing(Settings& settings) {
  manual::Listing writer;
  describe(writer, settings);
  return writer.text;
}

}  // namespace hyalite
