// Are config/ and the description what settings.h says?
// With HYALITE_WRITE_CONFIG=1 in the environment this test writes config/default.yaml,
// config/hyalite.schema.json and docs/man/hyalite.yaml.5 anew.
// SPDX-License-Identifier: MIT
#include "manual.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "man_page.h"
#include "settings/configuration.h"
#include "settings/plugin_settings.h"
#include "settings/reader.h"

namespace hyalite {

namespace {

const std::string kSource = HYALITE_SOURCE_DIR;

std::string content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

Manual manual_of_source() { return Manual(content(kSource + "/core/settings/settings.h")); }

std::string committed(const std::string& name, const std::string& expected) {
  const std::string path = kSource + '/' + name;
  if (std::getenv("HYALITE_WRITE_CONFIG") != nullptr)
    std::ofstream(path, std::ios::binary) << expected;
  return content(path);
}

// The names that the description tells, struct by struct, in their order.
class Names : public manual::Walker {
 public:
  std::vector<std::string> paths;
  void value(const Value& value) override { add(value.name); }
  void values(const ValueList& values) override { add(values.name); }
  void configuration(std::string_view name, PluginConfiguration&) override { add(name); }
  void group(std::string_view name, const std::function<void(Describer&)>& members) override {
    add(name);
    Walker::group(name, members);
  }
  void groups(const GroupList& groups) override {
    add(groups.name);
    Walker::groups(groups);
  }

 private:
  void add(std::string_view name) { paths.push_back(manual::join(path_, name)); }
};

// The same, as settings.h has them.
void add_paths(const Manual& book, const std::string& type, const std::string& path,
               std::vector<std::string>& paths) {
  for (const Manual::Member& member : book.members(type)) {
    paths.push_back(manual::join(path, member.name));
    const bool list = member.name == "listeners" || member.name == "plugins" || member.name == "services" ||
                      member.name == "rules" || member.name == "certificates";
    if (member.type != "PluginConfiguration")
      add_paths(book, member.type, paths.back() + (list ? "[]" : ""), paths);
  }
}

std::vector<std::string> config_files() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kSource + "/config")) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path().string());
  }
  return files;
}

// Settings as a plugin named `use` would have them, so that they can be checked against a schema.
PluginSettings as_plugin(const std::string& yaml, Mistakes& mistakes) {
  PluginSettings plugin;
  plugin.settings = read_configuration(read_yaml(yaml, "g.yaml").root, "", "g.yaml", mistakes);
  return plugin;
}

}  // namespace

TEST(Manual, ReadsTheCommentAboveAMember) {
  const Manual book(
      "struct Settings {\n  // The most\n  // of everything.\n  std::vector<LimitSettings> "
      "limits;\n  int function() const;\n};\n"
      "struct LimitSettings {\n  // How many.\n  std::size_t flows = 3;\n};\n");
  ASSERT_NE(book.find("limits"), nullptr);
  EXPECT_EQ(book.find("limits")->comment, "The most of everything.");
  EXPECT_EQ(book.find("limits[].flows")->comment, "How many.");
  EXPECT_EQ(book.find("limits.flow"), nullptr);
  EXPECT_EQ(book.members("Settings").size(), 1u);
}

TEST(Manual, EverySettingInTheHeaderIsDescribedInItsOrder) {
  Names names;
  Settings settings;
  describe(names, settings);
  std::vector<std::string> paths;
  add_paths(manual_of_source(), "Settings", "", paths);
  EXPECT_EQ(names.paths, paths);
}

TEST(Manual, EverySettingHasASentence) {
  const Manual book = manual_of_source();
  Names names;
  Settings settings;
  describe(names, settings);
  for (const std::string& path : names.paths) {
    const Manual::Member* member = book.find(path);
    ASSERT_NE(member, nullptr) << path;
    EXPECT_FALSE(member->comment.empty()) << path;
    EXPECT_EQ(member->comment.back(), '.') << path;
  }
}

TEST(Manual, DefaultYamlIsWhatTheHeaderSays) {
  const std::string expected = default_yaml(manual_of_source());
  EXPECT_EQ(committed("config/default.yaml", expected), expected)
      << "HYALITE_WRITE_CONFIG=1 writes it anew";
}

TEST(Manual, DefaultYamlWithEverythingTakenInIsTheDefault) {
  SettingsRead read =
      read_settings(taken_in(content(kSource + "/config/default.yaml")), "default.yaml");
  ASSERT_TRUE(read) << text_of(read.mistakes);
  ASSERT_EQ(read.settings.listeners.size(), 1u);
  ASSERT_EQ(read.settings.plugins.size(), 1u);
  EXPECT_EQ(read.settings.listeners[0].server_first_ports, ListenerSettings{}.server_first_ports);
  EXPECT_EQ(read.settings.listeners[0].upgrades.h2c, Treatment::refuse);
  EXPECT_EQ(read.settings.plugins[0].settings.json, "{}");
  // The rest, but for what has no default.
  EXPECT_EQ(read.settings.workers.group, example_of("workers.group"));
  read.settings.workers.group.clear();
  read.settings.interception.listener.clear();
  read.settings.admin.socket.clear();
  read.settings.tls.ca.certificate.clear();
  read.settings.tls.ca.key.clear();
  read.settings.tls.ca.passphrase_file.clear();
  read.settings.tls.key_log.clear();
  read.settings.control.socket.clear();
  Settings defaults;
  EXPECT_EQ(listing(read.settings), listing(defaults));
}

TEST(Manual, DefaultYamlChangesNothingAsItStands) {
  EXPECT_EQ(
      text_of(read_settings(content(kSource + "/config/default.yaml"), "default.yaml").mistakes),
      "default.yaml: no listeners, expected 1 to 64\n");
}

TEST(Manual, SchemaIsWhatTheHeaderSays) {
  const std::string expected = schema_json(manual_of_source());
  EXPECT_EQ(committed("config/hyalite.schema.json", expected), expected)
      << "HYALITE_WRITE_CONFIG=1 writes it anew";
}

TEST(Manual, ManPageIsWhatTheHeaderSays) {
  const std::string expected = settings_man_page(manual_of_source());
  EXPECT_EQ(committed("docs/man/hyalite.yaml.5", expected), expected)
      << "HYALITE_WRITE_CONFIG=1 writes it anew";
}

TEST(Manual, SchemaAllowsEveryFileThatIsShipped) {
  const std::string schema = content(kSource + "/config/hyalite.schema.json");
  std::vector<std::string> texts = {taken_in(content(kSource + "/config/default.yaml"))};
  for (const std::string& file : config_files()) {
    if (!file.ends_with("/default.yaml")) texts.push_back(content(file));
  }
  for (const std::string& text : texts) {
    Mistakes mistakes;
    const PluginSettings plugin = as_plugin(text, mistakes);
    EXPECT_TRUE(mistakes.empty()) << text_of(mistakes);
    EXPECT_EQ(text_of(check_plugin_settings(plugin, 0, schema, "g.yaml")), "") << text;
  }
}

TEST(Manual, SchemaRefusesWhatTheReaderRefuses) {
  const std::string schema = content(kSource + "/config/hyalite.schema.json");
  for (const char* text :
       {"{}", "listeners: []", "listeners: [{}]", "listeners: [{address: \":80\"}]",
        "listeners: [{address: 0.0.0.0:80}]\nlimit: {}",
        "listeners: [{address: 0.0.0.0:80}]\nlimits: {fields: 1}",
        "listeners: [{address: 0.0.0.0:80}]\nlimits: {head_bytes: 64kb}",
        "listeners: [{address: 0.0.0.0:80}]\nlog: {level: loud}"}) {
    Mistakes mistakes;
    EXPECT_FALSE(check_plugin_settings(as_plugin(text, mistakes), 0, schema, "g.yaml").empty())
        << text;
    EXPECT_FALSE(read_settings(text, "g.yaml")) << text;
  }
}

TEST(Manual, EveryFileThatIsShippedIsFreeOfMistakes) {
  for (const std::string& file : config_files()) {
    if (file.ends_with("/default.yaml")) continue;
    const SettingsRead read = read_settings_file(file);
    EXPECT_TRUE(read) << text_of(read.mistakes);
    // Whoever makes a directory there first takes what is meant for us.
    for (const std::string& socket : {read.settings.control.socket, read.settings.admin.socket})
      EXPECT_FALSE(socket.starts_with("/tmp/")) << file;
  }
}

}  // namespace hyalite
