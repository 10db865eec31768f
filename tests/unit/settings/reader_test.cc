// SPDX-License-Identifier: MIT
#include "settings/reader.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

namespace hyalite {

namespace {

constexpr std::string_view kListener = "listeners: [{address: \"[::]:8080\"}]\n";

SettingsRead with_listener(std::string_view yaml) {
  return read_settings(std::string(kListener) + std::string(yaml), "g.yaml");
}

// The only mistake's text; what else there is, otherwise.
std::string mistake_in(std::string_view yaml) {
  const SettingsRead read = with_listener(yaml);
  std::string text = text_of(read.mistakes);
  if (read.mistakes.size() == 1) text.pop_back();
  return text;
}

// A file that ends with the test.
struct File {
  explicit File(std::string_view text) : path(testing::TempDir() + "hyalite_reader_test.yaml") {
    std::ofstream(path, std::ios::binary) << text;
  }
  ~File() { std::remove(path.c_str()); }
  std::string path;
};

}  // namespace

TEST(Reader, ReadsTheExampleOfTheManual) {
  const SettingsRead read = read_settings(R"(
    listeners:
      - address: "[::]:8080"
    upstream:
      source: client            # or: proxy
    plugins:                    # the chain, in order
      - name: audit
        use: http-logger
        settings: { file: /var/log/hyalite/http.ndjson }
      - name: ads
        use: blocker
        on_failure: open
        settings: { hosts: [ads.example], lists: [/etc/hyalite/lists/ads.txt] }
      - name: headers
        use: header-rewriter
        settings:
          request:  [ { remove: X-Debug }, { set: X-Checked, to: "yes" } ]
          response: [ { remove: Server } ]
)",
                                          "g.yaml");
  ASSERT_TRUE(read) << text_of(read.mistakes);
  const Settings& settings = read.settings;
  ASSERT_EQ(settings.listeners.size(), 1u);
  EXPECT_EQ(settings.listeners[0].address, Address::parse("[::]:8080"));
  EXPECT_EQ(settings.listeners[0].label(), "[::]:8080");
  EXPECT_EQ(settings.upstream.source, UpstreamSource::client);
  ASSERT_EQ(settings.plugins.size(), 3u);
  EXPECT_EQ(settings.plugins[0].failure_policy(), FailurePolicy::open);
  EXPECT_EQ(settings.plugins[1].use, "blocker");
  EXPECT_EQ(settings.plugins[1].failure_policy(), FailurePolicy::open);
  EXPECT_EQ(
      settings.plugins[2].settings.json,
      R"({"request":[{"remove":"X-Debug"},{"set":"X-Checked","to":"yes"}],"response":[{"remove":"Server"}]})");
}

TEST(Reader, LeavesTheBlockerClosedAndOthersOpenWhenNothingIsSaid) {
  const auto read =
      with_listener("plugins: [{name: a, use: blocker}, {name: b, use: http-logger}]");
  ASSERT_TRUE(read) << text_of(read.mistakes);
  EXPECT_EQ(read.settings.plugins[0].failure_policy(), FailurePolicy::closed);
  EXPECT_EQ(read.settings.plugins[1].failure_policy(), FailurePolicy::open);
}

TEST(Reader, KnowsTheBlockerByItsFile) {
  const auto policy = [](const std::string& use) {
    const auto read = with_listener("plugins: [{name: a, use: \"" + use + "\"}]");
    EXPECT_TRUE(read) << text_of(read.mistakes);
    return read.settings.plugins.at(0).failure_policy();
  };
  for (const char* use : {"./plugins/blocker.so", "/usr/lib/hyalite/plugins/blocker.so", "plugins/blocker"})
    EXPECT_EQ(policy(use), FailurePolicy::closed) << use;
  for (const char* use : {"./plugins/http-logger.so", "./blocker/other.so", "my-blocker", "./blocker.so/"})
    EXPECT_EQ(policy(use), FailurePolicy::open) << use;
}

TEST(Reader, ReadsEveryKindOfValue) {
  const auto read = with_listener(R"(
upstream: { source: proxy, mark: 0x200000, mark_required: false, on_timeout: reset }
limits: { head_bytes: 128KiB, fields: 77 }
timeouts: { sniff_silence: 75ms, drain: 1h }
bypass: { clients: [10.0.0.0/8, "2001:db8::1"], names: [Bank.Example] }
admin: { address: none, socket: /run/a.sock }
log: { level: debug, format: journal }
containment: { worker_crashes: { count: 9, within: 5m } }
plugin_dirs: [/opt/plugins]
)");
  ASSERT_TRUE(read) << text_of(read.mistakes);
  const Settings& s = read.settings;
  EXPECT_EQ(s.upstream.source, UpstreamSource::proxy);
  EXPECT_EQ(s.upstream.mark, 0x200000u);
  EXPECT_FALSE(s.upstream.mark_required);
  EXPECT_EQ(s.upstream.on_timeout, TimeoutAnswer::reset);
  EXPECT_EQ(s.limits.head_bytes, 128u << 10);
  EXPECT_EQ(s.limits.fields, 77u);
  EXPECT_EQ(s.timeouts.sniff_silence, Milliseconds{75});
  EXPECT_EQ(s.timeouts.drain, std::chrono::hours{1});
  ASSERT_EQ(s.bypass.clients.size(), 2u);
  EXPECT_EQ(s.bypass.clients[1].text(), "2001:db8::1/128");
  EXPECT_EQ(s.bypass.names, std::vector<std::string>{"bank.example"});
  EXPECT_FALSE(s.admin.address.has_value());
  EXPECT_EQ(s.admin.socket, "/run/a.sock");
  EXPECT_EQ(s.log.level, LogLevel::debug);
  EXPECT_EQ(s.log.format, LogFormat::journal);
  EXPECT_EQ(s.containment.worker_crashes.count, 9u);
  EXPECT_EQ(s.containment.worker_crashes.within, std::chrono::minutes{5});
  EXPECT_EQ(s.plugin_dirs, std::vector<std::string>{"/opt/plugins"});
}

TEST(Reader, ReplacesADefaultListByTheOneGiven) {
  const auto read = read_settings(
      "listeners: [{address: 0.0.0.0:1, server_first_ports: [22]}, "
      "{address: 0.0.0.0:2, server_first_ports: []}, {address: 0.0.0.0:3}]",
      "g.yaml");
  ASSERT_TRUE(read) << text_of(read.mistakes);
  EXPECT_EQ(read.settings.listeners[0].server_first_ports, std::vector<std::uint16_t>{22});
  EXPECT_TRUE(read.settings.listeners[1].server_first_ports.empty());
  EXPECT_EQ(read.settings.listeners[2].server_first_ports, ListenerSettings{}.server_first_ports);
}

TEST(Reader, FindsEveryMistakeAtOnceInTheOrderOfTheFile) {
  const auto read = read_settings(R"(listeners:
  - address: ":8080"
    nam: x
    transparent: maybe
head_bytes: 12
limits: { head_bytes: 64kb, fields: "12", flows: 0 }
upstream:
  source: client
  source: proxy
timeouts: 3
plugins:
  - name: audit
    use: http-logger
    settings: { file: a, n: 012 }
  - use: blocker
    on_failure: opn
)",
                                  "g.yaml");
  EXPECT_EQ(
      text_of(read.mistakes),
      "g.yaml:2:14: listeners[0].address is \":8080\", expected an address and a port, such as "
      "\"[::]:8080\" or "
      "192.0.2.1:8080 (did you mean \"[::]:8080\"?)\n"
      "g.yaml:3:5: unknown setting \"nam\" (did you mean \"name\"?)\n"
      "g.yaml:4:18: listeners[0].transparent is \"maybe\", expected auto, yes or no\n"
      "g.yaml:5:1: unknown setting \"head_bytes\" (did you mean \"limits.head_bytes\"?)\n"
      "g.yaml:6:23: limits.head_bytes is \"64kb\", expected a size from 1KiB to 16MiB, such as "
      "64KiB (did you mean "
      "\"64KiB\"?)\n"
      "g.yaml:6:37: limits.fields is \"12\", expected a number from 10 to 100000, without quotes\n"
      "g.yaml:6:50: limits.flows is \"0\", expected a number from 1 to 10000000\n"
      "g.yaml:9:3: \"source\" is set twice, expected it once; the first stands in line 8\n"
      "g.yaml:10:11: timeouts is \"3\", expected a mapping\n"
      "g.yaml:14:29: plugins[0].settings.n is \"012\", expected quotes, or no leading zero: some "
      "read it as octal\n"
      "g.yaml:15:5: plugins[1] has no \"name\", expected a name of a-z, 0-9 and \"-\", up to 64 "
      "bytes\n"
      "g.yaml:16:17: plugins[1].on_failure is \"opn\", expected open or closed (did you mean "
      "\"open\"?)\n");
}

TEST(Reader, KeepsWhatItUnderstoodSoThatPluginsCanStillBeChecked) {
  const auto read = with_listener(
      "limits: {fields: 77, flows: x}\nplugins: [{name: a, use: blocker, settings: {b: 1}}]");
  EXPECT_EQ(read.mistakes.size(), 1u);
  EXPECT_EQ(read.settings.limits.fields, 77u);
  EXPECT_EQ(read.settings.limits.flows, LimitSettings{}.flows);
  EXPECT_EQ(read.settings.plugins.at(0).settings.json, R"({"b":1})");
  EXPECT_EQ(read.positions.at("plugins[0].use").line, 3u);
}

TEST(Reader, WantsAListener) {
  const std::string wants = "g.yaml: no listeners, expected 1 to 64\n";
  EXPECT_EQ(text_of(read_settings("", "g.yaml").mistakes), wants);
  EXPECT_EQ(text_of(read_settings("# nothing yet\n", "g.yaml").mistakes), wants);
  EXPECT_EQ(text_of(read_settings("listeners: []", "g.yaml").mistakes),
            "g.yaml:1:12: no listeners, expected 1 to 64\n");
}

TEST(Reader, TakesAGroupWhoseSettingsAreAllCommentedOutAsUntouched) {
  const auto read = with_listener("limits:\n  # flows: 3\nplugins:\nbypass:\n  names:\n");
  EXPECT_TRUE(read) << text_of(read.mistakes);
}

TEST(Reader, RefusesASettingWithoutAValue) {
  EXPECT_EQ(mistake_in("limits: {flows: }"),
            "g.yaml:2:10: limits.flows is empty, expected a number from 1 to 10000000");
}

TEST(Reader, RefusesTheWrongKindOfStructure) {
  EXPECT_EQ(mistake_in("limits: [1]"), "g.yaml:2:9: limits is a list, expected a mapping");
  EXPECT_EQ(mistake_in("plugins: {name: a}"), "g.yaml:2:10: plugins is a mapping, expected a list");
  EXPECT_EQ(mistake_in("plugins: [a]"), "g.yaml:2:11: plugins[0] is \"a\", expected a mapping");
  EXPECT_EQ(mistake_in("bypass: {clients: 10.0.0.0/8}"),
            "g.yaml:2:19: bypass.clients is \"10.0.0.0/8\", expected a list");
  EXPECT_EQ(mistake_in("bypass: {clients: [[1]]}"),
            "g.yaml:2:20: bypass.clients[0] is a list, expected a network or an address, such as "
            "10.0.0.0/8 or "
            "2001:db8::1 (no bits beyond the prefix)");
  EXPECT_EQ(text_of(read_settings("- a", "g.yaml").mistakes),
            "g.yaml:1:1: the file is a list, expected settings, such as \"listeners:\"\n");
}

TEST(Reader, RefusesTheWordsOfOldYamlForTruths) {
  EXPECT_EQ(mistake_in("admin: {allow_remote: yes}"),
            "g.yaml:2:23: admin.allow_remote is \"yes\", expected true or false (did you mean "
            "\"true\"?)");
}

TEST(Reader, NamesTheKnownNamesWhenNoneIsNear) {
  EXPECT_EQ(mistake_in("policy: {zebra: 1}"),
            "g.yaml:2:10: unknown setting \"zebra\", expected one of host_mismatch, no_server_name, encrypted_hello");
}

TEST(Reader, PrintsAMistakeInOneLineWhateverTheFileHolds) {
  const std::string text = mistake_in("\"a\\nforged.yaml:1:1: b\\e[0m\": 1");
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_NE(text.find("a\\x0aforged.yaml"), std::string::npos) << text;
  EXPECT_NE(text.find("b\\x1b[0m"), std::string::npos) << text;
}

TEST(Reader, SaysWhereTheSyntaxBreaks) {
  EXPECT_EQ(text_of(read_settings("a: [1\nb: {", "g.yaml").mistakes).substr(0, 9), "g.yaml:2:");
}

TEST(Reader, CountsPathsFromTheSettingsFile) {
  const auto read =
      read_settings(std::string(kListener) +
                        "plugin_dirs: [build, /opt]\nplugins: [{name: a, use: ./a.so},"
                        "{name: b, use: blocker}, {name: c, use: /opt/c.so}]",
                    "/etc/hyalite/g.yaml");
  ASSERT_TRUE(read) << text_of(read.mistakes);
  EXPECT_EQ(read.settings.plugin_dirs, (std::vector<std::string>{"/etc/hyalite/build", "/opt"}));
  EXPECT_EQ(read.settings.plugins[0].use, "/etc/hyalite/./a.so");
  EXPECT_EQ(read.settings.plugins[1].use, "blocker");
  EXPECT_EQ(read.settings.plugins[2].use, "/opt/c.so");
}

TEST(Reader, ReadsAFile) {
  const File file{kListener};
  const SettingsRead read = read_settings_file(file.path);
  EXPECT_TRUE(read) << text_of(read.mistakes);
  EXPECT_EQ(read.settings.listeners.size(), 1u);
}

TEST(Reader, SaysWhyAFileCannotBeRead) {
  EXPECT_EQ(text_of(read_settings_file("/does/not/exist.yaml").mistakes),
            "/does/not/exist.yaml: cannot be read: No such file or directory, expected a settings "
            "file\n");
  EXPECT_EQ(text_of(read_settings_file("/").mistakes),
            "/: cannot be read: Is a directory, expected a settings file\n");
}

TEST(Reader, RefusesAFileThatEverybodyMayWriteTo) {
  const File file{kListener};
  ASSERT_EQ(::chmod(file.path.c_str(), 0646), 0);
  EXPECT_EQ(text_of(read_settings_file(file.path).mistakes),
            file.path + ": everybody may write to it: chmod o-w " + file.path + "\n");
  ASSERT_EQ(::chmod(file.path.c_str(), 0664), 0);
  EXPECT_TRUE(read_settings_file(file.path));
}

TEST(Reader, RefusesAFileThatIsTooLargeUnread) {
  const File file{std::string(kMaxSettingsFileBytes + 1, '#')};
  const auto mistakes = read_settings_file(file.path).mistakes;
  ASSERT_EQ(mistakes.size(), 1u);
  EXPECT_EQ(mistakes[0].what, "too large");
  EXPECT_EQ(mistakes[0].expected, "at most 1MiB; long lists belong in files of their own");
}

TEST(Reader, KeepsTheNumberOfMistakesReadable) {
  std::string yaml;
  for (int i = 0; i < 500; ++i) yaml += "unknown" + std::to_string(i) + ": 1\n";
  const auto read = with_listener(yaml);
  ASSERT_EQ(read.mistakes.size(), kMaxMistakes + 1);
  EXPECT_EQ(read.mistakes.back().what, "400 more mistakes");
  // Those that are found before it is seen that it is no YAML, too.
  std::string twice;
  for (int i = 0; i < 500; ++i) twice += "timeouts:\n";
  const auto broken = with_listener(twice + "}");
  ASSERT_EQ(broken.mistakes.size(), kMaxMistakes + 1);
  EXPECT_EQ(broken.mistakes.back().what, "400 more mistakes");
}

TEST(Reader, KnowsWhereTheControlSocketIs) {
  EXPECT_EQ(default_control_socket(0, "/run/user/0"), "/run/hyalite/control.sock");
  EXPECT_EQ(default_control_socket(1000, "/run/user/1000"), "/run/user/1000/hyalite/control.sock");
  EXPECT_EQ(default_control_socket(1000, nullptr), "");
  EXPECT_EQ(default_control_socket(1000, ""), "");
  EXPECT_EQ(default_control_socket(990, nullptr, "/run/hyalite:/run/other"),
            "/run/hyalite/control.sock");
  EXPECT_EQ(default_control_socket(0, nullptr, ""), "/run/hyalite/control.sock");
}

}  // namespace hyalite
