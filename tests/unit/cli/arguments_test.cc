// Arguments, and the commands they choose.
// SPDX-License-Identifier: MIT
#include "cli/arguments.h"

#include <gtest/gtest.h>

#include <vector>

namespace hyalite {

namespace {

Invocation invoked(std::vector<std::string> words, std::string* complaint = nullptr) {
  words.insert(words.begin(), "hyalite");
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Invocation invocation = parse_arguments(static_cast<int>(pointers.size()), pointers.data());
  testing::internal::GetCapturedStdout();
  const std::string said = testing::internal::GetCapturedStderr();
  if (complaint != nullptr) *complaint = said;
  return invocation;
}

int exit_of(std::vector<std::string> words) {
  const Invocation invocation = invoked(std::move(words));
  const auto* exit = std::get_if<Exit>(&invocation);
  return exit == nullptr ? -1 : exit->status;
}

}  // namespace

TEST(Arguments, ChooseTheCommandWithItsOptions) {
  const Invocation run = invoked({"run", "--config", "h.yaml", "--user", "web"});
  ASSERT_TRUE(std::holds_alternative<RunCommand>(run));
  EXPECT_EQ(std::get<RunCommand>(run).settings_file, "h.yaml");
  EXPECT_EQ(std::get<RunCommand>(run).user, "web");
  EXPECT_EQ(std::get<RunCommand>(invoked({"run"})).settings_file, "/etc/hyalite/hyalite.yaml");

  const Invocation reload = invoked({"reload", "--release", "--socket", "/s", "--json"});
  ASSERT_TRUE(std::holds_alternative<ControlCommand>(reload));
  const ControlCommand& asked = std::get<ControlCommand>(reload);
  EXPECT_TRUE(asked.what == ControlCommand::What::reload && asked.release && asked.json &&
              asked.socket == "/s");
  EXPECT_EQ(std::get<ControlCommand>(invoked({"upgrade"})).what, ControlCommand::What::upgrade);

  EXPECT_TRUE(std::get<CheckCommand>(invoked({"check", "-c", "x", "--json"})).json);
  EXPECT_EQ(std::get<PluginInfoCommand>(invoked({"plugin", "info", "./x.so"})).plugin, "./x.so");
  EXPECT_EQ(std::get<PluginListCommand>(invoked({"plugin", "list", "--dir", "a", "--dir", "b"}))
                .directories.size(),
            2u);
}

TEST(Arguments, OffTakesTheSettingsFileThatItDoesNotNeed) {
  for (const auto& words : {std::vector<std::string>{"intercept", "off"},
                            {"intercept", "off", "--config", "h.yaml", "--drain", "0"},
                            {"intercept", "off", "-c", "not-there.yaml"}}) {
    const Invocation off = invoked(words);
    ASSERT_TRUE(std::holds_alternative<InterceptCommand>(off));
    EXPECT_EQ(std::get<InterceptCommand>(off).what, InterceptCommand::What::off);
  }
}

TEST(Arguments, LeaveACommandForTheLabAlone) {
  const Invocation run =
      invoked({"lab", "run", "--mode", "redirect", "--port", "25", "--", "curl", "--json", "-v"});
  ASSERT_TRUE(std::holds_alternative<LabRunCommand>(run));
  const LabOptions& options = std::get<LabRunCommand>(run).options;
  EXPECT_EQ(options.mode, LabMode::redirect);
  EXPECT_EQ(options.ports, (std::vector<std::uint16_t>{25}));
  EXPECT_EQ(options.command, (std::vector<std::string>{"curl", "--json", "-v"}));
  const Invocation exec = invoked({"lab", "exec", "origin", "--", "ls", "-l"});
  ASSERT_TRUE(std::holds_alternative<LabExecCommand>(exec));
  EXPECT_EQ(std::get<LabExecCommand>(exec).host, LabHost::origin);
  EXPECT_EQ(std::get<LabExecCommand>(exec).command, (std::vector<std::string>{"ls", "-l"}));
}

TEST(Arguments, EndWithTwoWhenTheyAreWrong) {
  EXPECT_EQ(exit_of({}), kExitUsage);
  EXPECT_EQ(exit_of({"unknown"}), kExitUsage);
  EXPECT_EQ(exit_of({"run", "--confg", "x"}), kExitUsage);
  EXPECT_EQ(exit_of({"plugin"}), kExitUsage);
  EXPECT_EQ(exit_of({"plugin", "info"}), kExitUsage);
  EXPECT_EQ(exit_of({"lab", "run", "--mode", "magic"}), kExitUsage);
  EXPECT_EQ(exit_of({"lab", "exec", "mars", "--", "ls"}), kExitUsage);
}

TEST(Arguments, AreNamedWhenNobodyKnowsThem) {
  const auto said = [](std::vector<std::string> words) {
    std::string complaint;
    invoked(std::move(words), &complaint);
    return complaint;
  };
  EXPECT_EQ(said({"relaod"}),
            "hyalite: there is no command \"relaod\" (did you mean \"reload\"?); `hyalite --help` lists them all\n");
  EXPECT_EQ(said({"plugin", "lisst"}),
            "hyalite: there is no command \"lisst\" (did you mean \"list\"?); `hyalite --help` lists them all\n");
  EXPECT_EQ(said({"--versio"}), "hyalite: there is no option \"--versio\"; `hyalite --help` lists them all\n");
}

TEST(Arguments, EndWellAfterHelp) {
  EXPECT_EQ(exit_of({"--help"}), kExitDone);
  EXPECT_EQ(exit_of({"--version"}), kExitDone);
  for (const char* command :
       {"run", "check", "reload", "upgrade", "status", "reopen", "plugin", "lab"}) {
    EXPECT_EQ(exit_of({command, "--help"}), kExitDone) << command;
  }
}

}  // namespace hyalite
