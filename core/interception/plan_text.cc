// A plan for people, as a shell would take it, and for programs.
// SPDX-License-Identifier: MIT
#include "interception/plan_text.h"

#include <algorithm>

#include "base/text.h"
#include "interception/iptables_text.h"

namespace hyalite {

namespace {

bool is_plain(char c) {
  return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view("-_./:=,@+").find(c) != std::string_view::npos;
}

std::string shell_word(const std::string& word) {
  if (!word.empty() && std::all_of(word.begin(), word.end(), is_plain)) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + '\'';
}

template <class T, class Write>
std::string json_list(const std::vector<T>& items, Write write) {
  std::string text;
  for (const T& item : items) text += (text.empty() ? "" : ",") + write(item);
  return '[' + text + ']';
}

std::string json_of(const std::string& text) { return json_string(text); }

std::string json_of(const ToolCommand& command) {
  std::string text =
      "{\"command\":" + json_list(command.words, [](const auto& word) { return json_of(word); });
  if (!command.input.empty()) text += ",\"input\":" + json_string(command.input);
  return text + '}';
}

std::string json_of(const std::vector<ToolCommand>& commands) {
  return json_list(commands, [](const auto& command) { return json_of(command); });
}

}  // namespace

std::string shell_text(const std::vector<ToolCommand>& commands,
                       const std::vector<std::string>& notes) {
  std::string text;
  for (const std::string& note : notes) text += "# " + note + '\n';
  for (const ToolCommand& command : commands) {
    std::string line;
    for (const std::string& word : command.words)
      line += (line.empty() ? "" : " ") + shell_word(word);
    text += line;
    text += command.input.empty() ? "\n" : " <<'RULES'\n" + command.input + "RULES\n";
  }
  return text;
}

std::string plan_json(const Plan& plan, bool with_iptables) {
  const auto notes = with_iptables ? iptables_notes(plan) : plan.notes;
  return "{\"notes\":" + json_list(notes, [](const auto& note) { return json_of(note); }) +
         ",\"on\":" + json_of(with_iptables ? iptables_commands_on(plan) : commands_on(plan)) +
         ",\"off\":" + json_of(with_iptables ? iptables_commands_off(plan) : commands_off(plan)) +
         "}\n";
}

}  // namespace hyalite
