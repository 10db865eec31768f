// Projects for plugins of one's own.
// SPDX-License-Identifier: MIT
#include "cli/new_plugin.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "cli/arguments.h"
#include "unit/plugin/scratch.h"

namespace hyalite {
namespace {

TEST(NewPlugin, HasANameThatEveryToolTakes) {
  for (const char* good : {"a", "my-plugin", "x2", "long-but-still-quite-within-the-limit-40"}) EXPECT_EQ(bad_plugin_name(good), "") << good;
  for (const char* bad : {"", "My", "2x", "-x", "x-", "a--b", "a_b", "a/b", "..", "a b", "x\n", "int", "test", "hyalite", "std",
                          "one-that-is-longer-than-the-forty-that-fit"}) {
    EXPECT_NE(bad_plugin_name(bad), "") << bad;
  }
}

// `struct register`, or `struct 1`: the file's first lines would not compile.
TEST(NewPlugin, IsNotCalledWhatMeansSomethingToACompiler) {
  for (const char* word :
       {"alignas", "alignof", "asm", "auto", "bool", "break", "case", "char", "const", "constexpr", "continue", "default", "do", "double",
        "else", "enum", "extern", "false", "float", "for", "goto", "if", "inline", "int", "long", "nullptr", "register", "restrict", "return",
        "short", "signed", "sizeof", "static", "static-assert", "struct", "switch", "thread-local", "true", "typedef", "typeof",
        "typeof-unqual", "union", "unsigned", "void", "volatile", "while", "linux", "unix", "i386", "namespace", "yield", "proc-macro"}) {
    EXPECT_NE(bad_plugin_name(word).find(std::string("call it my-") + word), std::string::npos) << word;
    EXPECT_EQ(bad_plugin_name(std::string("my-") + word), "") << word;
  }
  EXPECT_EQ(bad_plugin_name("registers"), "");
}

TEST(NewPlugin, CallsItsPartsByItsName) {
  for (const PluginLanguage language : {PluginLanguage::cxx, PluginLanguage::c, PluginLanguage::rust}) {
    bool has_ci = false, has_readme = false;
    for (const MadeFile& file : project_of(language, "my-plugin")) {
      for (const char* left : {"@NAME@", "@IDENT@", "@CLASS@"}) {
        EXPECT_EQ(file.text.find(left), std::string::npos) << file.path;
        EXPECT_EQ(file.path.find(left), std::string::npos) << file.path;
      }
      has_ci |= file.path == ".github/workflows/test.yml";
      has_readme |= file.path == "README.md" && file.text.starts_with("# my-plugin\n");
    }
    EXPECT_TRUE(has_ci);
    EXPECT_TRUE(has_readme);
  }
}

TEST(NewPlugin, NeverTouchesWhatIsThere) {
  const Scratch scratch;
  const std::vector<MadeFile> files = {{"deep/file", "text"}};
  EXPECT_TRUE(write_project(scratch.path() + "/made", files));
  EXPECT_EQ(read_file(scratch.path() + "/made/deep/file"), "text");
  const auto again = write_project(scratch.path() + "/made", {{"deep/file", "other"}});
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().text.find("is there already"), std::string::npos);
  EXPECT_EQ(read_file(scratch.path() + "/made/deep/file"), "text");
  EXPECT_FALSE(write_project(scratch.path() + "/no/such/place", files));
}

}  // namespace
}  // namespace hyalite
