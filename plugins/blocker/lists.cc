// Reads lists into rules.
// SPDX-License-Identifier: MIT
#include "lists.h"

#include <optional>
#include <string>
#include <string_view>

#include "list_file.h"
#include "list_line.h"

namespace {

constexpr unsigned kMostTold = 10;  // mistakes of one list

using hyalite::NameSet;

// What can be shown of a line in a message.
std::string shown(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  std::string out(line.substr(0, 60));
  for (char& c : out) {
    if (c < ' ' || c > '~') c = '?';
  }
  return out + (line.size() > 60 ? "..." : "");
}

class Reading {
 public:
  Reading(const hyalite::Value& list, Rules& rules, Rules* excepted)
      : list_(list),
        path_(list.is(HYALITE_VALUE_MAP) ? list["file"].text() : list.text()),
        rules_(rules),
        excepted_(excepted) {
    if (const auto covers = list["covers"].text(); !covers.empty())
      covers_ = covers == "exact" ? NameSet::itself : NameSet::with_subdomains;
    skips_ = list["wrong_lines"].text() == "skip";
  }

  void read(ListsRead& told) {
    rules_.sources().begin(path_, true);
    if (excepted_ != nullptr) excepted_->sources().begin(path_, true);
    const std::string why = read_lines(
        path_, [this](std::size_t number, std::string_view line) { take(number, line); });
    if (!why.empty()) list_.mistake(why);
    if (wrong_ > kMostTold && !skips_)
      list_.mistake(path_ + ": " + std::to_string(wrong_ - kMostTold) + " more lines are wrong");
    if (skips_) told.skipped += wrong_;
    const bool has_mistakes = !why.empty() || full_ || (wrong_ > 0 && !skips_);
    if (!has_rules_ && !has_mistakes) told.without_rules.push_back(path_);
  }

 private:
  void take(std::size_t number, std::string_view text) {
    if (full_) return;
    const list_line::Line line = list_line::read(text);
    if (const auto* wrong = std::get_if<list_line::Wrong>(&line))
      return refuse(number, text, wrong->why);
    if (const auto* names = std::get_if<list_line::Names>(&line)) {
      Rules* to = rules_for(names->allowed);
      if (to == nullptr) return refuse(number, text, "exceptions belong into a list that blocks");
      const NameSet::Covers covers =
          names->covers_is_meant ? names->covers : covers_.value_or(names->covers);
      for (const hyalite::HostName& name : names->names)
        took(number, to->add_name(name, covers, to->sources().value(number)));
    } else if (const auto* url = std::get_if<list_line::Url>(&line)) {
      Rules* to = rules_for(url->allowed);
      if (to == nullptr) return refuse(number, text, "exceptions belong into a list that blocks");
      took(number, to->add_url(url->prefix, url->covers, to->sources().value(number)));
    }
  }

  Rules* rules_for(bool allowed) const { return allowed ? excepted_ : &rules_; }

  void refuse(std::size_t number, std::string_view text, const std::string& why) {
    if (++wrong_ > kMostTold || skips_) return;
    list_.mistake(path_ + ":" + std::to_string(number) + ": \"" + shown(text) + "\": " + why);
  }

  void took(std::size_t number, bool fits) {
    has_rules_ |= fits;
    if (fits) return;
    full_ = true;
    list_.mistake(path_ + ":" + std::to_string(number) + ": all lists together are too large");
  }

  const hyalite::Value& list_;
  const std::string path_;
  Rules& rules_;
  Rules* const excepted_;
  std::optional<NameSet::Covers> covers_;  // as the list's settings say
  bool skips_ = false, full_ = false, has_rules_ = false;
  std::size_t wrong_ = 0;
};

}  // namespace

ListsRead read_lists(const hyalite::Value& lists, Rules& rules, Rules* excepted) {
  ListsRead told;
  for (const hyalite::Value list : lists) Reading(list, rules, excepted).read(told);
  return told;
}
