// The reference of all commands and their options, in mdoc(7).
// SPDX-License-Identifier: MIT
#include "cli/manual.h"

#include <CLI/CLI.hpp>
#include <string_view>

namespace hyalite {

namespace {

// What troff would take for its own.
std::string plain(std::string_view text) {
  std::string out;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) out += "\\&";
    // Every sentence on a line of its own, so that troff spaces them.
    const bool sentence_begins = c == ' ' && (out.ends_with('.') || out.ends_with(';'));
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += sentence_begins ? '\n' : c;
    }
    line_begins = out.ends_with('\n');
  }
  return out;
}

std::string sentence(const std::string& text) { return plain(text) + (text.ends_with('.') ? "\n" : ".\n"); }

// One argument of a macro.
std::string argument(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') {
      out += "\\(dq";
    } else if (c == '\\') {
      out += "\\e";
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string name_of(const CLI::Option& option) {
  if (option.get_positional()) return ".It Ar " + argument(option.get_single_name());
  std::string out = ".It";
  for (const std::string& name : option.get_snames()) out += " Fl " + name + " ,";
  for (const std::string& name : option.get_lnames()) out += " Fl \\-" + name;
  // CLI11 writes "TEXT:{tproxy,routing}".
  std::string type = option.get_type_name();
  if (const auto choice = type.find(":{"); choice != std::string::npos) type = type.substr(choice + 1);
  if (option.get_items_expected_max() > 0) out += " Ar " + argument(type);
  return out;
}

void add_options(const CLI::App& app, std::string& out) {
  bool any = false;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty() || option->check_lname("help")) continue;
    if (!any) out += ".Bl -tag -width Ds -compact\n";
    any = true;
    out += name_of(*option) + '\n' + sentence(option->get_description());
    if (!option->get_default_str().empty()) out += "Default:\n.Ql " + argument(option->get_default_str()) + " .\n";
  }
  if (any) out += ".El\n";
}

void add_commands(const CLI::App& app, const std::string& path, std::string& out) {
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_group().empty()) continue;
    const std::string name = path.empty() ? command->get_name() : path + ' ' + command->get_name();
    out += ".It Cm " + name + '\n' + sentence(command->get_description());
    // A command without a footer of its own has its parent's.
    if (command->get_footer() != app.get_footer()) out += plain(command->get_footer()) + '\n';
    add_options(*command, out);
    add_commands(*command, name, out);
  }
}

}  // namespace

std::string manual_of_commands(const CLI::App& app) {
  std::string out;
  add_commands(app, "", out);
  return out;
}

}  // namespace hyalite
