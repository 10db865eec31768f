// What doctor says.
// SPDX-License-Identifier: MIT
#include "doctor/report.h"

#include <algorithm>
#include <map>

#include "base/text.h"

namespace hyalite {

namespace {

using State = RowAnswer::State;

std::string_view name_of(Health verdict) {
  switch (verdict) {
    case Health::healthy:
      return "healthy";
    case Health::unhealthy:
      return "unhealthy";
    case Health::unknown:
      return "unknown";
  }
  return "";
}

std::string_view name_of(State state) {
  switch (state) {
    case State::fine:
      return "fine";
    case State::found:
      return "found";
    case State::not_looked_at:
      return "not looked at";
    case State::not_concerned:
      return "not concerned";
  }
  return "";
}

std::size_t count(const Report& report, State state) {
  return static_cast<std::size_t>(
      std::count_if(report.answers.begin(), report.answers.end(),
                    [&](const RowAnswer& it) { return it.state == state; }));
}

std::string counted(std::size_t number, const std::string& one, const std::string& many) {
  return std::to_string(number) + " " + (number == 1 ? one : many);
}

std::string headline(const Report& report) {
  std::string line(name_of(verdict_of(report)));
  line += ": " + counted(report.findings.size(), "finding", "findings") + ", " +
          std::to_string(count(report, State::fine)) + " checks fine, " +
          std::to_string(count(report, State::not_looked_at)) + " not looked at\n";
  return line;
}

std::string finding_text(const Diagnosis& it) {
  std::string text = "\n" + std::string(it.id) + ": " + it.what + "\n";
  text += "  why   " + std::string(row(it.id).why) + "\n";
  text += "  do    " + it.remedy + "\n";
  if (!it.shown.empty()) text += "  see   " + it.shown + "\n";
  return text;
}

// Many rows are not looked at for the same reason.
std::string unseen_text(const Report& report) {
  std::map<std::string, std::string> rows_by_reason;
  for (const RowAnswer& it : report.answers) {
    for (const std::string& why : it.not_seen)
      rows_by_reason[why] += (rows_by_reason[why].empty() ? "" : ", ") + std::string(it.id);
  }
  std::string text;
  for (const auto& [why, ids] : rows_by_reason)
    text += "\nnot looked at: " + ids + "\n  because " + why + "\n";
  return text;
}

std::string trial_text(const TrialAnswer& it) {
  if (!it.not_made.empty()) return "\nno trial (" + it.where + "): " + it.not_made + "\n";
  return "\ntrial (" + it.where + "): " + (it.passed ? "passed" : "FAILED") + "\n" + it.what;
}

std::string json_list(const std::vector<std::string>& items) {
  std::string json = "[";
  for (const std::string& it : items) json += (json.size() > 1 ? "," : "") + it;
  return json + "]";
}

std::string finding_json(const Diagnosis& it) {
  return "{\"id\":" + json_string(it.id) + ",\"question\":" + json_string(row(it.id).question) +
         ",\"finding\":" + json_string(it.what) + ",\"why\":" + json_string(row(it.id).why) +
         ",\"remedy\":" + json_string(it.remedy) + ",\"see\":" + json_string(it.shown) + "}";
}

std::string answer_json(const RowAnswer& it) {
  std::vector<std::string> reasons;
  for (const std::string& why : it.not_seen) reasons.push_back(json_string(why));
  return "{\"id\":" + json_string(it.id) + ",\"question\":" + json_string(row(it.id).question) +
         ",\"answer\":" + json_string(name_of(it.state)) + ",\"because\":" + json_list(reasons) +
         "}";
}

std::string trial_json(const TrialAnswer& it) {
  return "{\"where\":" + json_string(it.where) +
         ",\"made\":" + (it.not_made.empty() ? "true" : "false") +
         ",\"passed\":" + (it.passed ? "true" : "false") +
         ",\"what\":" + json_string(it.not_made.empty() ? it.what : it.not_made) + "}";
}

template <class T>
std::vector<std::string> each(const std::vector<T>& items, std::string (*write)(const T&)) {
  std::vector<std::string> all;
  for (const T& it : items) all.push_back(write(it));
  return all;
}

}  // namespace

Health verdict_of(const Report& report) {
  const bool failed = std::any_of(report.trials.begin(), report.trials.end(),
                                  [](const auto& it) { return it.not_made.empty() && !it.passed; });
  if (!report.findings.empty() || failed) return Health::unhealthy;
  const bool untried = std::any_of(report.trials.begin(), report.trials.end(),
                                   [](const auto& it) { return !it.not_made.empty(); });
  return untried || count(report, State::not_looked_at) > 0 ? Health::unknown : Health::healthy;
}

std::string report_text(const Report& report, bool all) {
  std::string text = headline(report);
  for (const Diagnosis& it : report.findings) text += finding_text(it);
  for (const TrialAnswer& it : report.trials) text += trial_text(it);
  text += unseen_text(report);
  for (const std::string& it : report.notes) text += "\nnote: " + it + "\n";
  if (!all) return text;
  text += "\n";
  for (const RowAnswer& it : report.answers) {
    std::string state(name_of(it.state));
    state.resize(14, ' ');
    text += state + std::string(it.id) + ": " + std::string(row(it.id).question) + "\n";
  }
  return text;
}

std::string report_json(const Report& report) {
  std::vector<std::string> notes;
  for (const std::string& it : report.notes) notes.push_back(json_string(it));
  return "{\"verdict\":" + json_string(name_of(verdict_of(report))) +
         ",\"settings\":" + json_string(report.settings_file) +
         ",\"findings\":" + json_list(each(report.findings, finding_json)) +
         ",\"answers\":" + json_list(each(report.answers, answer_json)) +
         ",\"trials\":" + json_list(each(report.trials, trial_json)) +
         ",\"notes\":" + json_list(notes) + "}\n";
}

}  // namespace hyalite
