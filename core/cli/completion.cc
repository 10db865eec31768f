// What may stand at the end of an unfinished command line.
// SPDX-License-Identifier: MIT
#include "cli/completion.h"

#include <CLI/CLI.hpp>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace hyalite {

namespace {

// An option that is not meant for people has no group.
bool is_shown(const std::string& group) { return !group.empty(); }

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// CLI11 tells the values that an option is limited to only in words: "{tproxy,routing}", perhaps after its type.
std::vector<Candidate> values_of(const CLI::Option& option, std::string_view begin) {
  const std::string type = option.get_type_name();
  const auto open = type.find('{'), close = type.find('}');
  if (open == std::string::npos || close == std::string::npos || close < open) return {};
  std::vector<Candidate> values;
  for (const std::string_view value : split(std::string_view(type).substr(open + 1, close - open - 1), ',')) {
    if (value.starts_with(begin)) values.push_back({std::string(value), {}});
  }
  return values;
}

const CLI::Option* option_named(const CLI::App& app, const std::string& word) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->check_name(word)) return option;
  }
  return nullptr;
}

std::vector<const CLI::App*> commands_in(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

const CLI::App* command_named(const CLI::App& app, const std::string& word) {
  for (const CLI::App* command : commands_in(app)) {
    if (command->get_name() == word) return command;
  }
  return nullptr;
}

std::vector<Candidate> options_of(const CLI::App& app, std::string_view begin) {
  std::vector<Candidate> found;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional() || !is_shown(option->get_group())) continue;
    for (const std::string& name : option->get_lnames()) {
      if (const std::string word = "--" + name; word.starts_with(begin))
        found.push_back({word, first_line(option->get_description())});
    }
  }
  return found;
}

std::vector<Candidate> commands_of(const CLI::App& app, std::string_view begin) {
  std::vector<Candidate> found;
  for (const CLI::App* command : commands_in(app)) {
    if (is_shown(command->get_group()) && command->get_name().starts_with(begin))
      found.push_back({command->get_name(), first_line(command->get_description())});
  }
  return found;
}

// How far the finished words lead.
struct Place {
  const CLI::App* app;
  const CLI::Option* awaits_value = nullptr;
  std::size_t positionals = 0;  // given already
  bool ours = true;             // not behind "--": what follows is somebody else's command
};

Place after(const CLI::App& app, const std::vector<std::string>& words) {
  Place place{&app};
  for (std::size_t i = 0; i + 1 < words.size() && place.ours; ++i) {
    if (std::exchange(place.awaits_value, nullptr) != nullptr) continue;
    if (words[i] == "--") {
      place.ours = false;
    } else if (words[i].starts_with('-')) {
      const CLI::Option* option = option_named(*place.app, words[i]);
      if (option != nullptr && option->get_items_expected_max() > 0) place.awaits_value = option;
    } else if (const CLI::App* command = command_named(*place.app, words[i])) {
      place = Place{command};
    } else {
      ++place.positionals;
    }
  }
  return place;
}

const CLI::Option* positional(const CLI::App& app, std::size_t index) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional() && index-- == 0) return option;
  }
  return nullptr;
}

}  // namespace

std::vector<Candidate> completions(const CLI::App& app, const std::vector<std::string>& words) {
  const std::string begin = words.empty() ? std::string() : words.back();
  const Place place = after(app, words);
  if (!place.ours) return {};
  if (place.awaits_value != nullptr) return values_of(*place.awaits_value, begin);
  if (begin.starts_with('-')) return options_of(*place.app, begin);
  const CLI::Option* argument = positional(*place.app, place.positionals);
  std::vector<Candidate> found = argument == nullptr ? std::vector<Candidate>{} : values_of(*argument, begin);
  for (Candidate& command : commands_of(*place.app, begin)) found.push_back(std::move(command));
  return found;
}

}  // namespace hyalite
