// What doctor can find, and what it says about it.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hyalite {

// A row of the table in docs/operating.md, which a test compares with this one.
struct Row {
  std::string_view id;
  std::string_view question;  // with the answer yes all is well
  std::string_view why;       // why clients suffer when it is no
  // Why doctor cannot tell by looking; empty: it can.
  std::string_view hidden = {};
};

// In the order in which a packet meets them: the first that is broken explains those after it.
std::span<const Row> rows();
// Only for an id of the table.
const Row& row(std::string_view id);

struct Diagnosis {
  std::string_view id;
  std::string what;    // one sentence about this machine, without a trailing dot
  std::string remedy;  // a command that can be typed, or what to change
  std::string shown;   // a command that shows it; may be empty
};

// What became of one row.
struct RowAnswer {
  enum class State { fine, found, not_looked_at, not_concerned };
  std::string_view id;
  State state = State::not_concerned;
  std::vector<std::string> not_seen;  // what could not be looked at, and why
};

// Collects what the checks say.
class Judgement {
 public:
  // The row was looked at; without a finding it is fine.
  void look(std::string_view id);
  void find(std::string_view id, std::string what, std::string remedy, std::string shown = {});
  void cannot_see(std::string_view id, std::string why);
  bool has(std::string_view id) const;

  std::vector<Diagnosis> findings() const;  // in the order of the rows
  std::vector<RowAnswer> answers() const;   // one per row

 private:
  std::vector<Diagnosis> findings_;
  std::vector<std::string_view> looked_;
  std::vector<std::pair<std::string_view, std::string>> unseen_;
};

}  // namespace hyalite
