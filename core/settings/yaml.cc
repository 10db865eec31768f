// YAML text as a tree that knows where everything stands. yaml.cc is the only file that includes
// yaml-cpp. SPDX-License-Identifier: MIT
#include "settings/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

#include "base/text.h"

namespace hyalite {

namespace {

constexpr std::string_view kStringTag = "tag:yaml.org,2002:str";

Position position_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column) + 1};
}

struct Weight {
  std::size_t nodes = 0;
  std::size_t text_bytes = 0;
};

void add_weight(const YamlNode& node, Weight& weight) {
  ++weight.nodes;
  weight.text_bytes += node.text.size();
  for (const YamlNode& item : node.items) add_weight(item, weight);
  for (const YamlEntry& entry : node.entries) {
    weight.text_bytes += entry.name.size();
    add_weight(entry.value, weight);
  }
}

std::size_t depth_of(const YamlNode& node) {
  std::size_t deepest = 0;
  for (const YamlNode& item : node.items) deepest = std::max(deepest, depth_of(item));
  for (const YamlEntry& entry : node.entries) deepest = std::max(deepest, depth_of(entry.value));
  return deepest + 1;
}

// Builds the tree from the parser's events. After the first thing that is too much, it only waits
// for the end.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(YamlRead& read, std::string_view file) : read_(read), file_(file) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    node.position = position_of(mark);
    complete(std::move(node), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (!read_.complete) return;
    YamlNode node;
    node.kind = YamlNode::Kind::scalar;
    node.position = position_of(mark);
    node.quoted = tag == "!" || tag == kStringTag;
    if (!node.quoted && tag != "?" && !tag.empty()) refuse_tag(node.position, tag);
    node.text = value;
    complete(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (!read_.complete) return;
    const auto found = anchored_.find(anchor);
    if (found == anchored_.end()) {
      add({"an alias stands inside of what it names", "an alias after it"}, position_of(mark));
      return complete(YamlNode{}, 0);
    }
    if (open_.size() + depth_of(found->second) > kMaxYamlDepth) return too_deep(position_of(mark));
    // The copy is only made when there is room for it.
    if (has_room(found->second)) complete(YamlNode(found->second), 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::list, mark, tag, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::mapping, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  // A list or mapping whose end is still to come.
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor;
    bool awaits_value = false;                   // of a mapping: its name has come
    YamlEntry entry = {};                        // then: that name
    bool entry_counts = true;                    // false for a name that is a mistake
    std::map<std::string, Position> names = {};  // that have come
  };

  struct Sentence {
    std::string what;
    std::string expected;
  };

  void add(Sentence sentence, Position position) {
    read_.mistakes.push_back(
        {file_, position, path(), std::move(sentence.what), std::move(sentence.expected), {}});
  }

  // Of what comes next.
  std::string path() const {
    std::string out;
    for (const Open& open : open_) {
      if (open.node.kind == YamlNode::Kind::list) {
        out += '[' + std::to_string(open.node.items.size()) + ']';
      } else if (open.awaits_value) {
        out += (out.empty() ? "" : ".") + open.entry.name;
      }
    }
    return out;
  }

  void give_up(Sentence sentence, Position position) {
    add(std::move(sentence), position);
    read_.complete = false;
  }

  void too_deep(Position position) {
    give_up({"too deep", "at most " + std::to_string(kMaxYamlDepth) + " levels"}, position);
  }

  void refuse_tag(Position position, const std::string& tag) {
    add({"the tag \"" + tag + "\" is not understood", "no tag, or !!str"}, position);
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    if (!read_.complete) return;
    if (open_.size() == kMaxYamlDepth) return too_deep(position_of(mark));
    if (tag != "?" && !tag.empty()) refuse_tag(position_of(mark), tag);
    YamlNode node;
    node.kind = kind;
    node.position = position_of(mark);
    open_.push_back({std::move(node), anchor});
  }

  void close() {
    if (!read_.complete) return;
    Open done = std::move(open_.back());
    open_.pop_back();
    complete(std::move(done.node), done.anchor);
  }

  bool has_room(const YamlNode& added) {
    add_weight(added, total_);
    if (total_.nodes <= kMaxYamlNodes && total_.text_bytes <= kMaxYamlTextBytes) return true;
    give_up({"too much for a settings file",
             "at most " + std::to_string(kMaxYamlNodes) +
                 " values, aliases counted as "
                 "what they stand for; long lists belong in files of their own"},
            added.position);
    return false;
  }

  // The items of a list were counted as they came, but what has an anchor is kept a second time.
  bool has_room_for_completed(const YamlNode& node, YAML::anchor_t anchor) {
    if (anchor != 0 || (node.items.empty() && node.entries.empty())) return has_room(node);
    ++total_.nodes;
    return true;
  }

  void complete(YamlNode node, YAML::anchor_t anchor) {
    if (!read_.complete) return;
    if (!has_room_for_completed(node, anchor)) return;
    if (anchor != 0) anchored_[anchor] = node;
    if (open_.empty()) {
      read_.root = std::move(node);
    } else if (Open& parent = open_.back(); parent.node.kind == YamlNode::Kind::list) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.awaits_value) {
      take_name(parent, std::move(node));
    } else {
      take_value(parent, std::move(node));
    }
  }

  void take_name(Open& parent, YamlNode name) {
    parent.awaits_value = true;
    parent.entry_counts = name.kind == YamlNode::Kind::scalar;
    if (!parent.entry_counts) {
      add({"a name is " + name.shown(), "text before the colon"}, name.position);
      return;
    }
    parent.entry = {std::move(name.text), name.position, {}};
    const auto [first, is_new] = parent.names.emplace(parent.entry.name, parent.entry.position);
    if (is_new) return;
    parent.entry_counts = false;
    add({"\"" + parent.entry.name + "\" is set twice",
         "it once; the first stands in line " + std::to_string(first->second.line)},
        parent.entry.position);
  }

  void take_value(Open& parent, YamlNode value) {
    parent.awaits_value = false;
    if (!parent.entry_counts) return;
    // The parser places what is not there at whatever comes next.
    if (value.kind == YamlNode::Kind::null) value.position = parent.entry.position;
    parent.entry.value = std::move(value);
    parent.node.entries.push_back(std::move(parent.entry));
  }

  YamlRead& read_;
  std::string file_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, YamlNode> anchored_;
  Weight total_;
};

std::string_view line_of(std::string_view text, std::size_t number) {
  for (std::size_t at = 0; number > 0; --number) {
    const auto end = text.find('\n', at);
    if (number == 1) return text.substr(at, end - at);
    if (end == std::string_view::npos) return {};
    at = end + 1;
  }
  return {};
}

// The number of the first line that is not UTF-8; 0: there is none.
std::size_t first_bad_line(std::string_view text) {
  std::size_t number = 0;
  for (std::string_view line : split(text, '\n')) {
    ++number;
    if (!is_utf8(line)) return number;
  }
  return 0;
}

Mistake syntax_mistake(std::string_view file, std::string_view text, const YAML::Exception& error) {
  const Position position = position_of(error.mark);
  const std::string_view line = line_of(text, position.line);
  const auto indented_to = line.find_first_not_of(" \t");
  const bool tab = line.substr(0, indented_to).find('\t') != std::string_view::npos;
  return {std::string(file),
          position,
          {},
          "not YAML: " + error.msg,
          tab ? "spaces: YAML does not allow tabs before the first word of a line" : "",
          {}};
}

void parse(std::string_view text, std::string_view file, YamlRead& read) {
  std::istringstream stream{std::string(text)};
  YAML::Parser parser(stream);
  TreeBuilder first(read, file);
  if (!parser.HandleNextDocument(first) || !read.complete) return;
  YamlRead rest;
  TreeBuilder second(rest, file);
  if (!parser.HandleNextDocument(second)) return;
  read.mistakes.push_back(
      {std::string(file), rest.root.position, {}, "a second document", "one document", {}});
}

}  // namespace

std::string YamlNode::shown() const {
  switch (kind) {
    case Kind::null:
      return "empty";
    case Kind::list:
      return "a list";
    case Kind::mapping:
      return "a mapping";
    case Kind::scalar:
      break;
  }
  constexpr std::size_t kMost = 60;
  if (text.size() <= kMost) return "\"" + text + "\"";
  std::size_t end = kMost;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;  // not inside of a UTF-8 character
  return "\"" + text.substr(0, end) + "...\"";
}

YamlRead read_yaml(std::string_view text, std::string_view file) {
  YamlRead read;
  if (const std::size_t line = first_bad_line(text); line != 0) {
    read.complete = false;
    read.mistakes.push_back(
        {std::string(file), {line, 1}, {}, "bytes that are no text", "UTF-8", {}});
    return read;
  }
  try {
    parse(text, file, read);
  } catch (const YAML::Exception& error) {
    read.complete = false;
    read.mistakes.push_back(syntax_mistake(file, text, error));
  } catch (const std::exception& error) {
    read.complete = false;
    read.mistakes.push_back({std::string(file),
                             {},
                             {},
                             std::string("cannot be read as YAML: ") + error.what(),
                             {},
                             {}});
  }
  return read;
}

}  // namespace hyalite
