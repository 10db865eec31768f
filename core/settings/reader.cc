// Text to Settings. Only reader.cc, yaml.cc and configuration.cc know that the text is YAML.
// SPDX-License-Identifier: MIT
#include "settings/reader.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "base/text.h"
#include "settings/check.h"
#include "settings/configuration.h"
#include "settings/description.h"
#include "settings/yaml.h"

namespace hyalite {

namespace {

using Kind = YamlNode::Kind;

std::string join(const std::string& parent, std::string_view name) {
  return parent.empty() ? std::string(name) : parent + '.' + std::string(name);
}

std::string item_path(const std::string& list, std::size_t index) {
  return list + '[' + std::to_string(index) + ']';
}

// Where each name may stand, to help with one that stands in the wrong group: "head_bytes" ->
// "limits.head_bytes".
class NameIndex : public Describer {
 public:
  NameIndex() {
    Settings settings;
    describe(*this, settings);
  }

  // The only place for a setting of that name; empty when there is none, or more than one.
  std::string place_of(std::string_view name) const {
    const auto found = places_.equal_range(name);
    if (found.first == found.second || std::next(found.first) != found.second) return {};
    return found.first->second;
  }

  void value(const Value& value) override { add(value.name); }
  void values(const ValueList& values) override { add(values.name); }
  void configuration(std::string_view name, PluginConfiguration&) override { add(name); }
  void group(std::string_view name, const std::function<void(Describer&)>& members) override {
    add(name);
    inside(join(path_, name), members);
  }
  void groups(const GroupList& groups) override {
    add(groups.name);
    inside(join(path_, groups.name) + "[]", groups.append);
  }

 private:
  void add(std::string_view name) { places_.emplace(name, join(path_, name)); }
  void inside(std::string path, const std::function<void(Describer&)>& members) {
    std::swap(path_, path);
    members(*this);
    std::swap(path_, path);
  }

  std::string path_;
  std::multimap<std::string, std::string, std::less<>> places_;
};

// Takes every setting from the tree, and notes whatever does not fit.
class Reader : public Describer {
 public:
  Reader(std::string_view file, Mistakes& mistakes, Positions& positions)
      : file_(file), mistakes_(mistakes), positions_(positions) {}

  void read(const YamlNode& root, Settings& settings) {
    if (root.kind != Kind::mapping && root.kind != Kind::null) {
      add(root.position, "", "the file is " + root.shown(), "settings, such as \"listeners:\"");
      return;
    }
    inside(root, "", [&](Describer& self) { describe(self, settings); });
  }

  void value(const Value& value) override {
    const YamlNode* node = find(value.name);
    if (node == nullptr) {
      if (value.required) miss(value);
      return;
    }
    take(*node, join(group_->path, value.name), value.shape, value.take);
  }

  void values(const ValueList& values) override {
    const YamlNode* node = find(values.name);
    if (node == nullptr || node->kind == Kind::null) return;  // with all of its items commented out
    const std::string path = join(group_->path, values.name);
    if (!is_list(*node, path)) return;
    values.clear();
    for (std::size_t i = 0; i < node->items.size(); ++i) {
      take(node->items[i], item_path(path, i), values.shape, values.append);
    }
  }

  void group(std::string_view name, const std::function<void(Describer&)>& members) override {
    const YamlNode* node = find(name);
    if (node == nullptr || node->kind == Kind::null)
      return;  // with all of its settings commented out
    group_of(*node, join(group_->path, name), members);
  }

  void groups(const GroupList& groups) override {
    static const YamlNode kNone;
    const YamlNode* node = find(groups.name);
    if (node == nullptr) node = &kNone;
    const std::string path = join(group_->path, groups.name);
    if (node->kind != Kind::null && !is_list(*node, path)) return;
    if (node->items.size() < groups.least || node->items.size() > groups.most) {
      const std::string number = node->items.empty() ? "no" : std::to_string(node->items.size());
      add(node->position, path, number + ' ' + path,
          std::to_string(groups.least) + " to " + std::to_string(groups.most));
      return;
    }
    for (std::size_t i = 0; i < node->items.size(); ++i) {
      group_of(node->items[i], item_path(path, i), groups.append);
    }
  }

  void configuration(std::string_view name, PluginConfiguration& configuration) override {
    const YamlNode* node = find(name);
    if (node == nullptr) {
      configuration.positions[""] = group_->node.position;
      return;
    }
    configuration = read_configuration(*node, join(group_->path, name), file_, mistakes_);
  }

 private:
  // The mapping whose settings are being read.
  struct Group {
    const YamlNode& node;
    std::string path;
    std::vector<std::string_view> known;  // the names that it may have
  };

  void inside(const YamlNode& node, const std::string& path,
              const std::function<void(Describer&)>& members) {
    positions_[path] = node.position;
    Group inner{node, path, {}};
    Group* const outer = std::exchange(group_, &inner);
    members(*this);
    refuse_unknown_names();
    group_ = outer;
  }

  void group_of(const YamlNode& node, const std::string& path,
                const std::function<void(Describer&)>& members) {
    if (node.kind == Kind::mapping) return inside(node, path, members);
    add(node.position, path, path + " is " + node.shown(), "a mapping");
  }

  const YamlNode* find(std::string_view name) {
    group_->known.push_back(name);
    for (const YamlEntry& entry : group_->node.entries) {
      if (entry.name == name) return &entry.value;
    }
    return nullptr;
  }

  void take(const YamlNode& node, const std::string& path, const Shape& shape,
            const std::function<bool(Scalar)>& store) {
    positions_[path] = node.position;
    const bool scalar = node.kind == Kind::scalar;
    if (scalar && store(Scalar{node.text, node.quoted})) return;
    const bool only_quotes = scalar && node.quoted && store(Scalar{node.text, false});
    add(node.position, path, path + " is " + node.shown(),
        shape.expected() + (only_quotes ? ", without quotes" : ""), shape.suggestion(node.text));
  }

  bool is_list(const YamlNode& node, const std::string& path) {
    positions_[path] = node.position;
    if (node.kind == Kind::list) return true;
    add(node.position, path, path + " is " + node.shown(), "a list");
    return false;
  }

  void miss(const Value& value) {
    const std::string path = join(group_->path, value.name);
    add(group_->node.position, path, group_->path + " has no \"" + std::string(value.name) + '"',
        value.shape.expected());
  }

  void refuse_unknown_names() {
    for (const YamlEntry& entry : group_->node.entries) {
      const auto& known = group_->known;
      if (std::find(known.begin(), known.end(), entry.name) == known.end()) refuse_name(entry);
    }
  }

  void refuse_name(const YamlEntry& entry) {
    std::string suggestion(did_you_mean(entry.name, group_->known));
    if (suggestion.empty()) suggestion = names_.place_of(entry.name);
    std::string expected;
    for (std::string_view name : group_->known)
      expected += (expected.empty() ? "one of " : ", ") + std::string(name);
    if (!suggestion.empty()) expected.clear();
    add(entry.position, join(group_->path, entry.name), "unknown setting \"" + entry.name + '"',
        expected, suggestion);
  }

  void add(Position position, std::string path, std::string what, std::string expected,
           std::string suggestion = {}) {
    mistakes_.push_back({file_, position, std::move(path), std::move(what), std::move(expected),
                         std::move(suggestion)});
  }

  std::string file_;
  Mistakes& mistakes_;
  Positions& positions_;
  NameIndex names_;
  Group* group_ = nullptr;
};

std::string beside(std::string_view file, const std::string& path) {
  const auto slash = file.rfind('/');
  if (path.starts_with('/') || slash == std::string_view::npos) return path;
  return std::string(file.substr(0, slash + 1)) + path;
}

// Paths count from the settings file, not from wherever the reader happens to run.
void resolve_paths(std::string_view file, Settings& settings) {
  for (std::string& directory : settings.plugin_dirs) directory = beside(file, directory);
  for (PluginSettings& plugin : settings.plugins) {
    if (plugin.use.find('/') != std::string::npos) plugin.use = beside(file, plugin.use);
  }
  CaSettings& ca = settings.tls.ca;
  for (std::string* path : {&ca.certificate, &ca.key, &ca.passphrase_file}) {
    if (!path->empty()) *path = beside(file, *path);
  }
}

SettingsRead unreadable(std::string_view file, std::string what, std::string expected) {
  SettingsRead read;
  read.mistakes.push_back({std::string(file), {}, {}, std::move(what), std::move(expected), {}});
  return read;
}

SettingsRead too_large(std::string_view file) {
  return unreadable(
      file, "too large",
      "at most " + size_text(kMaxSettingsFileBytes) + "; long lists belong in files of their own");
}

void keep_first_ones(std::string_view file, Mistakes& mistakes) {
  if (mistakes.size() <= kMaxMistakes) return;
  const std::size_t more = mistakes.size() - kMaxMistakes;
  mistakes.resize(kMaxMistakes);
  mistakes.push_back({std::string(file),
                      mistakes.back().position,
                      {},
                      std::to_string(more) + " more mistakes",
                      {},
                      {}});
}

}  // namespace

SettingsRead read_settings(std::string_view yaml, std::string_view file) {
  if (yaml.size() > kMaxSettingsFileBytes) return too_large(file);
  YamlRead tree = read_yaml(yaml, file);
  SettingsRead result;
  result.mistakes = std::move(tree.mistakes);
  if (!tree.complete) {
    keep_first_ones(file, result.mistakes);
    return result;
  }
  Reader(file, result.mistakes, result.positions).read(tree.root, result.settings);
  resolve_paths(file, result.settings);
  Mistakes between = check_settings(result.settings, result.positions, file);
  std::move(between.begin(), between.end(), std::back_inserter(result.mistakes));
  sort_by_position(result.mistakes);
  keep_first_ones(file, result.mistakes);
  return result;
}

SettingsRead read_settings_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
      (status.st_mode & S_IWOTH) != 0) {
    return unreadable(path, "everybody may write to it: chmod o-w " + path, {});
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxSettingsFileBytes + 1, '\0');
  // A directory opens, and only then cannot be read.
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (!file && !file.eof())) {
    return unreadable(path, std::string("cannot be read: ") + std::strerror(errno),
                      "a settings file");
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return read_settings(text, path);
}

}  // namespace hyalite
