// Opens a plugin's .so and checks that it is one. The only file that knows dlfcn.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/plugin.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plugin/elf_file.h"

namespace hyalite {

// Reads and checks the file, runs nothing: for lists of plugins. The error is a sentence with the
// file's name and a remedy.
Result<PluginIdentity> identify_plugin(const std::string& path);

// A word that tells the file's bytes from others; for comparing what was loaded, not against
// forgers.
Result<std::string> fingerprint(const std::string& path);

// The file that `use` means: a path when it has a slash, else NAME.so in the first of `directories`
// that has it. The error names what was looked at, and the nearest name that is there.
Result<std::string> find_plugin(std::string_view use, std::span<const std::string> directories);
// All NAME.so in the directories, by name; the first directory wins.
struct FoundPlugin {
  std::string name, path;
};
std::vector<FoundPlugin> list_plugins(std::span<const std::string> directories);

// A plugin in the memory of this process. Never unloaded: its process ends. The mapped code is a
// private sealed copy, so that what happens to the file afterwards does not matter.
class Library {
 public:
  // Checks, in this order: a regular file that only its owner (root or ourselves) may write, in a
  // directory of the same kind; the note and the ABI's version; then loads it (its static
  // constructors run here), calls its entry and checks the descriptor.
  static Result<Library> open(const std::string& path);
  // A plugin that is linked in; for tests. `descriptor` is for ever; `name` stands where paths do.
  static Result<Library> linked_in(const hyalite_descriptor* descriptor, std::string name);

  const std::string& path() const { return path_; }
  const PluginIdentity& identity() const { return identity_; }
  // Of the bytes that were loaded; empty when it was linked in.
  const std::string& fingerprint() const { return fingerprint_; }
  const hyalite_descriptor& descriptor() const { return descriptor_; }
  // Is this an address of its code?
  bool contains(const void* code) const;
  // JSON Schema of its settings; empty when it has none.
  std::string_view settings_schema() const;
  // The table of that id, zero where the plugin has none: what is missing at its end is null. What is longer than ours ends
  // with hooks that came later: they are not called.
  template <class Table>
  Table table(const char* id) const {
    Table out{};
    copy_table(descriptor_.get_interface(id), &out, sizeof out);
    return out;
  }

 private:
  Library() = default;
  static void copy_table(const void* from, void* to, std::size_t size);
  Result<void> take(const hyalite_descriptor* descriptor);

  std::string path_;
  PluginIdentity identity_;
  std::string fingerprint_;
  hyalite_descriptor descriptor_{};  // a copy: as much as it has, the rest zero
};

}  // namespace hyalite
