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
// As identifiers: words of C, C++ and Rust, names of their libraries, what C compilers define on one machine or another (linux is 1),
// and targets that build systems have already.
constexpr std::string_view kTaken[] = {
    "abstract", "alignas", "alignof", "all", "alloc", "and", "and_eq", "as", "asm", "async", "auto", "await", "become", "bitand", "bitor",
    "bool", "box", "break", "case", "catch", "char", "char16_t", "char32_t", "char8_t", "class", "clean", "co_await", "co_return",
    "co_yield", "compl", "concept", "const", "const_cast", "consteval", "constexpr", "constinit", "continue", "core", "crate", "decltype",
    "default", "delete", "do", "double", "dyn", "dynamic_cast", "edit_cache", "else", "enum", "explicit", "export", "extern", "false",
    "final", "float", "fn", "for", "friend", "gen", "goto", "help", "hyalite", "i386", "if", "impl", "in", "inline", "install", "int",
    "let", "linux", "long", "loop", "macro", "match", "mips", "mod", "move", "mut", "mutable", "namespace", "new", "noexcept", "not",
    "not_eq", "nullptr", "operator", "or", "or_eq", "override", "package", "package_source", "plugin", "preinstall", "priv", "private",
    "proc_macro", "protected", "pub", "public", "rebuild_cache", "ref", "register", "reinterpret_cast", "requires", "restrict", "return",
    "self", "short", "signed", "sizeof", "sparc", "static", "static_assert", "static_cast", "std", "struct", "sun", "super", "switch",
    "template", "test", "this", "thread_local", "throw", "trait", "true", "try", "type", "typedef", "typeid", "typename", "typeof",
    "typeof_unqual", "union", "unix", "unsafe", "unsigned", "unsized", "use", "using", "virtual", "void", "volatile", "wchar_t", "where",
    "while", "xor", "xor_eq", "yield"};

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
  if (std::find(std::begin(kTaken), std::end(kTaken), identifier(std::string(name))) == std::end(kTaken)) return {};
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
