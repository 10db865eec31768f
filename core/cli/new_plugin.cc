// A project for a plugin of one's own, from the SDK's templates.
// SPDX-License-Identifier: MIT
#include "cli/new_plugin.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "cli/commands.h"
#include "lab/program.h"

namespace hyalite {

namespace {

constexpr std::size_t kMostNameBytes = 40;
// Words of C, C++ and Rust, names of their libraries, and targets that build systems have already.
constexpr std::string_view kTaken[] = {
    "all",    "alloc",  "as",     "asm",      "async", "auto",     "await", "bool",    "break",   "case",    "char",  "clean",   "class",
    "const",  "core",   "crate",  "default",  "delete", "do",      "double", "dyn",    "else",    "enum",    "extern", "false",  "float",
    "fn",     "for",    "friend", "goto",     "help",  "hyalite",  "if",    "impl",    "in",      "inline",  "install", "int",   "let",
    "long",   "loop",   "match",  "mod",      "move",  "mut",      "new",   "operator", "package", "plugin", "private", "proc-macro", "pub",
    "public", "ref",    "return", "self",     "short", "signed",   "sizeof", "static", "std",     "struct",  "super", "switch",  "template",
    "test",   "this",   "throw",  "trait",    "true",  "try",      "type",  "typedef", "union",   "unsafe",  "unsigned", "use",  "using",
    "virtual", "void",  "volatile", "where",  "while"};

bool is_letter(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string identifier(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::string type_name(std::string_view name) {
  std::string out;
  bool begins = true;
  for (const char c : name) {
    if (c != '-') out += begins && is_letter(c) ? static_cast<char>(c - 'a' + 'A') : c;
    begins = c == '-';
  }
  return out;
}

std::string filled(std::string text, std::string_view word, const std::string& with) {
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + with.size())) text.replace(at, word.size(), with);
  return text;
}

// As a shell reads it, whatever is in it.
std::string for_a_shell(const std::string& path) {
  const auto is_plain = [](char c) { return is_letter(c) || is_digit(c) || (c >= 'A' && c <= 'Z') || c == '/' || c == '.' || c == '-' || c == '_'; };
  if (!path.starts_with('-') && std::all_of(path.begin(), path.end(), is_plain)) return path;
  return "'" + filled(path, "'", "'\\''") + "'";
}

const char* how_to_build(PluginLanguage language) {
  return language == PluginLanguage::rust ? "cargo build && cargo test" : "cmake -B build && cmake --build build && ctest --test-dir build";
}

int complain(const std::string& text) {
  std::fprintf(stderr, "hyalite: %s\n", text.c_str());
  return kExitFailed;
}

}  // namespace

std::string bad_plugin_name(std::string_view name) {
  const auto may_stand = [](char c) { return is_letter(c) || is_digit(c) || c == '-'; };
  const bool sound = !name.empty() && name.size() <= kMostNameBytes && is_letter(name.front()) && name.back() != '-' &&
                     name.find("--") == std::string_view::npos && std::all_of(name.begin(), name.end(), may_stand);
  if (!sound) {
    return "\"" + printable(name, 100) + "\" is no name for a plugin: up to 40 of a-z, 0-9 and single \"-\", a letter first, e.g. my-plugin";
  }
  if (std::find(std::begin(kTaken), std::end(kTaken), name) == std::end(kTaken)) return {};
  return "\"" + std::string(name) + "\" means something else to compilers or build systems; call it my-" + std::string(name);
}

std::vector<MadeFile> project_of(PluginLanguage language, const std::string& name) {
  const auto fill = [&](std::string_view text) {
    return filled(filled(filled(std::string(text), "@NAME@", name), "@IDENT@", identifier(name)), "@CLASS@", type_name(name));
  };
  std::vector<MadeFile> files;
  for (const TemplateFile& file : template_files()) {
    if (file.language == language) files.push_back({fill(file.path), fill(file.text)});
  }
  return files;
}

Result<void> write_project(const std::string& directory, const std::vector<MadeFile>& files) {
  if (::mkdir(directory.c_str(), 0755) != 0) {
    if (errno == EEXIST) return Error{Fault::operator_, directory + " is there already; nothing was written"};
    return Error::system(Fault::operator_, directory, errno);
  }
  for (const MadeFile& file : files) {
    const std::filesystem::path path = std::filesystem::path(directory) / file.path;
    std::error_code failed;
    std::filesystem::create_directories(path.parent_path(), failed);
    std::ofstream out(path, std::ios::binary);
    out << file.text;
    out.close();
    if (!out) return Error::system(Fault::operator_, path.string(), errno);
  }
  return {};
}

int plugin_new(const PluginNewCommand& command) {
  if (const std::string why = bad_plugin_name(command.name); !why.empty()) return complain(why);
  if (command.language == PluginLanguage::rust && find_program("cargo").empty()) {
    return complain("there is no cargo on the PATH (package cargo): a plugin in Rust could not be built");
  }
  const std::string directory = command.directory.empty() ? command.name : command.directory;
  const auto files = project_of(command.language, command.name);
  if (const auto written = write_project(directory, files); !written) return complain(written.error().text);
  for (const MadeFile& file : files) std::printf("%s/%s\n", directory.c_str(), file.path.c_str());
  std::printf("\nNow: cd %s && %s\n", for_a_shell(directory).c_str(), how_to_build(command.language));
  return kExitDone;
}

}  // namespace hyalite
