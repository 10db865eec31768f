// Opens plugins that are fine, and many that are not.
// SPDX-License-Identifier: MIT
#include "plugin/library.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "plugin/abi.h"
#include "plugin/abi_version.h"
#include "unit/plugin/scratch.h"

namespace hyalite {
namespace {

std::string plugin(const std::string& name) { return PLUGIN_DIR "/" + name + ".so"; }
std::string bad_plugin(const std::string& name) { return BAD_PLUGIN_DIR "/" + name + ".so"; }

std::string why_not(const std::string& path) {
  const auto library = Library::open(path);
  return library ? "" : library.error().text;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Library, OpensAPluginWrittenInCpp) {
  const auto library = Library::open(plugin("hello_plugin"));
  ASSERT_TRUE(library) << library.error().text;
  EXPECT_EQ(library->identity().id, "hello-plugin");
  EXPECT_EQ(library->identity().license, "MIT");
  EXPECT_TRUE(contains(std::string(library->settings_schema()), "greeting"));
  EXPECT_NE(library->table<hyalite_http_hooks>(HYALITE_HTTP_ID).request_head, nullptr);
  EXPECT_EQ(library->table<hyalite_http_hooks>(HYALITE_HTTP_ID).response_head, nullptr);
}

TEST(Library, OpensAPluginWrittenInC) {
  const auto library = Library::open(plugin("hello_plugin_c"));
  ASSERT_TRUE(library) << library.error().text;
  EXPECT_NE(library->table<hyalite_http_hooks>(HYALITE_HTTP_ID).request_head, nullptr);
  EXPECT_EQ(library->table<hyalite_flow_hooks>(HYALITE_FLOW_ID).flow_open, nullptr);
}

TEST(Library, KnowsWhoAPluginIsWithoutRunningIt) {
  const auto identity = identify_plugin(plugin("hello_plugin"));
  ASSERT_TRUE(identity) << identity.error().text;
  EXPECT_EQ(identity->id, "hello-plugin");
  EXPECT_EQ(identity->version, "1.0.0");
}

TEST(Library, RefusesAFileWithoutTheNote) {
  EXPECT_TRUE(contains(why_not(bad_plugin("missing_note")), "has no note .note.hyalite"));
}

// Its constructor aborts: that we are still here shows that nothing of it ran.
TEST(Library, RefusesAnotherVersionWithoutRunningAnything) {
  const std::string why = why_not(bad_plugin("old_abi"));
  EXPECT_TRUE(contains(why, "built for version 0.0 of the plugin interface")) << why;
  EXPECT_TRUE(contains(why, "rebuild it")) << why;
}

TEST(AbiVersion, FromOneOnWhatNeedsNoMoreThanThereIsIsTaken) {
  const auto refused = [](unsigned major, unsigned minor, unsigned needs, AbiVersion host) {
    return why_refused({major, minor, needs, "org.example.a", "1", "MIT"}, host);
  };
  EXPECT_EQ(refused(1, 0, 0, {1, 2}), "");
  EXPECT_EQ(refused(1, 2, 2, {1, 2}), "");
  EXPECT_EQ(refused(1, 5, 2, {1, 2}), "");  // it asks before it uses what came later
  EXPECT_TRUE(contains(refused(1, 3, 3, {1, 2}), "needs 1.3 at least; install a newer Hyalite, or build it with -DHYALITE_ABI_MINOR=2"));
  EXPECT_TRUE(contains(refused(2, 0, 0, {1, 2}), "version 2.0 of the plugin interface, this is 1.2: rebuild it"));
  EXPECT_TRUE(contains(refused(0, 1, 1, {1, 2}), "rebuild it"));
  EXPECT_TRUE(contains(refused(0, 2, 1, {0, 1}), "rebuild it"));
  EXPECT_EQ(refused(0, 1, 1, {0, 1}), "");
}

TEST(AbiStruct, AnOlderPluginIsGivenWhatItKnows) {
  struct Grown {
    std::uint32_t size, first;
    std::uint64_t later;
  };
  Grown plugins{offsetof(Grown, later), 0, 7};
  write_struct(Grown{0, 5, 9}, plugins);
  EXPECT_EQ(plugins.size, offsetof(Grown, later));
  EXPECT_EQ(plugins.first, 5u);
  EXPECT_EQ(plugins.later, 7u);
}

// What is reserved may mean something one day: whoever sets it means something that we do not know.
TEST(Library, RefusesWhatIsReserved) {
  const Scratch scratch;
  std::string bytes = read_file(plugin("hello_plugin"));
  const std::size_t note = bytes.find(std::string("Hyalite\0\1\0\0\0", 12));
  ASSERT_NE(note, std::string::npos);
  bytes[note + sizeof hyalite_elf_note::name + offsetof(hyalite_elf_note, reserved) - offsetof(hyalite_elf_note, abi_major)] = 1;
  EXPECT_TRUE(contains(why_not(scratch.write("noted.so", bytes)), "something in the `reserved` of its note"));

  static hyalite_http_hooks hooks{};
  hyalite_descriptor d = Library::open(plugin("hello_plugin"))->descriptor();
  d.get_interface = [](const char* id) -> const void* { return std::string_view(id) == HYALITE_HTTP_ID ? &hooks : nullptr; };
  const auto why = [&](std::uint32_t size, std::uint32_t reserved) {
    hooks.size = size;
    hooks.reserved = reserved;
    const auto library = Library::linked_in(&d, "made");
    return library ? "" : library.error().text;
  };
  EXPECT_EQ(why(sizeof hooks, 0), "");
  EXPECT_EQ(why(sizeof hooks + 8, 0), "") << "a newer plugin's";
  EXPECT_TRUE(contains(why(sizeof hooks, 1), "made gives a table for \"hyalite.http/1\""));
  for (const std::uint32_t size : {0u, 4u, 12u}) EXPECT_TRUE(contains(why(size, 0), "without its size")) << size;
}

TEST(Library, RefusesAFileWithoutTheEntry) {
  EXPECT_TRUE(contains(why_not(bad_plugin("no_entry")), "does not export hyalite_plugin_entry"));
}

TEST(Library, RefusesAnEntryWithoutADescriptor) {
  EXPECT_TRUE(contains(why_not(bad_plugin("no_descriptor")), "gives no descriptor"));
}

TEST(Library, RefusesAFileThatExportsMore) {
  const std::string why = why_not(bad_plugin("exports_too_much"));
  EXPECT_TRUE(contains(why, "exports 1 name beside hyalite_plugin_entry (\"SSL_read\"...)"))
      << why;
  EXPECT_TRUE(contains(why, "hyalite_add_plugin")) << why;
}

TEST(Library, RefusesAMissingFunctionWhenItIsLoaded) {
  const std::string why = why_not(bad_plugin("unresolved"));
  EXPECT_TRUE(contains(why, "nobody_has_this")) << why;
  EXPECT_TRUE(contains(why, "unresolved.so cannot be loaded")) << why;
}

TEST(Library, RefusesWhatOthersMayWrite) {
  const Scratch scratch;
  const std::string bytes = read_file(plugin("hello_plugin"));
  EXPECT_TRUE(contains(why_not(scratch.write("group.so", bytes, 0664)),
                       "may be written by others: chmod go-w"));
  EXPECT_TRUE(contains(why_not(scratch.write("world.so", bytes, 0646)),
                       "may be written by others: chmod go-w"));
  const std::string fine = scratch.write("fine.so", bytes);
  EXPECT_EQ(why_not(fine), "");
  ::chmod(scratch.path().c_str(), 0775);
  EXPECT_TRUE(contains(why_not(fine), "lies in a directory that others may write to"));
  ::chmod(scratch.path().c_str(), 0777 | S_ISVTX);
  EXPECT_EQ(why_not(fine), "");
}

TEST(Library, RefusesWhatIsNoPluginAtAll) {
  const Scratch scratch;
  EXPECT_TRUE(contains(why_not(scratch.path() + "/absent.so"), "No such file"));
  EXPECT_TRUE(contains(why_not(scratch.path()), "is not a file"));
  EXPECT_TRUE(contains(why_not(scratch.write("empty.so", "")), "is not an ELF file"));
  EXPECT_TRUE(
      contains(why_not(scratch.write("text.so", "#!/bin/sh\necho\n")), "is not an ELF file"));
  std::string other = read_file(plugin("hello_plugin"));
  other[18] = 0x28;  // e_machine: 32-bit ARM
  EXPECT_TRUE(contains(why_not(scratch.write("arm.so", other)), "another machine"));
}

// What happens to the file later does not reach the process: it runs a copy.
TEST(Library, RunsAPrivateCopy) {
  const Scratch scratch;
  const std::string path = scratch.write("hello.so", read_file(plugin("hello_plugin")));
  const auto library = Library::open(path);
  ASSERT_TRUE(library) << library.error().text;
  ASSERT_EQ(::truncate(path.c_str(), 0), 0);
  EXPECT_STREQ(library->descriptor().id, "hello-plugin");
  EXPECT_NE(library->table<hyalite_http_hooks>(HYALITE_HTTP_ID).request_head, nullptr);
}

TEST(Library, SeesAReplacedFileAsANewOne) {
  const Scratch scratch;
  const std::string path = scratch.write("p.so", read_file(plugin("hello_plugin")));
  const auto first = Library::open(path);
  scratch.write("p.so", read_file(plugin("hello_plugin_c")));
  const auto second = Library::open(path);
  ASSERT_TRUE(first && second);
  EXPECT_STREQ(first->descriptor().id, "hello-plugin");
  EXPECT_STREQ(second->descriptor().id, "hello-plugin-c");
}

// Whatever is cut off or turned over in a file, reading it ends with a sentence.
TEST(ElfFile, SurvivesDamage) {
  const std::string whole = read_file(plugin("hello_plugin_c"));
  ASSERT_TRUE(read_note(whole));
  for (std::size_t n = 0; n < whole.size(); n = n < 4'096 ? n + 1 : n + 97) {
    const std::string_view cut(whole.data(), n);
    (void)read_note(cut);
    (void)read_exports(cut);
  }
  for (std::size_t at = 0; at < 1'024; ++at) {
    for (const char value : {'\x00', '\x7f', '\xff'}) {
      std::string turned = whole;
      turned[at] = value;
      (void)read_note(turned);
      (void)read_exports(turned);
    }
  }
}

TEST(FindPlugin, LooksThroughTheDirectoriesInOrder) {
  const Scratch first, second;
  first.write("a.so", "");
  second.write("a.so", "");
  const std::string b = second.write("b.so", "");
  const std::vector<std::string> directories{first.path(), "/nowhere", second.path()};
  EXPECT_EQ(*find_plugin("a", directories), first.path() + "/a.so");
  EXPECT_EQ(*find_plugin("b", directories), b);
  EXPECT_EQ(*find_plugin("./own/c.so", directories), "./own/c.so");
  EXPECT_EQ(list_plugins(directories).size(), 2u);
}

TEST(FindPlugin, NamesWhereItLookedAndTheNearestName) {
  const std::vector<std::string> directories{PLUGIN_DIR};
  const auto found = find_plugin("hello_plugn", directories);
  ASSERT_FALSE(found);
  EXPECT_TRUE(contains(found.error().text, "looked for hello_plugn.so in " PLUGIN_DIR))
      << found.error().text;
  EXPECT_TRUE(contains(found.error().text, "did you mean \"hello_plugin\"?")) << found.error().text;
}

}  // namespace
}  // namespace hyalite
