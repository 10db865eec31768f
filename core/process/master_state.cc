// What a master leaves to the image that takes its place in an upgrade.
// SPDX-License-Identifier: MIT
#include "process/master_state.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>

#include "base/text.h"

namespace hyalite {

namespace {

// A line is a name and words. Numbers may be negative (no descriptor).
class Words {
 public:
  explicit Words(std::string_view line) : words_(split(line, ' ')) {}

  std::string_view name() const { return words_[0]; }
  bool text(std::string& out) {
    if (at_ >= words_.size()) return false;
    auto text = from_word(words_[at_++]);
    if (text) out = std::move(*text);
    return text.has_value();
  }
  template <class Number>
  bool number(Number& out) {
    if (at_ >= words_.size()) return false;
    const std::string_view word = words_[at_++];
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), out);
    return error == std::errc() && end == word.data() + word.size();
  }
  bool numbers(std::vector<int>& out) {
    while (!ended()) {
      if (!number(out.emplace_back())) return false;
    }
    return true;
  }
  bool address(Address& out) {
    std::string text;
    const auto parsed = this->text(text) ? Address::parse(text) : std::nullopt;
    if (parsed) out = *parsed;
    return parsed.has_value();
  }
  bool ended() const { return at_ == words_.size(); }

 private:
  std::vector<std::string_view> words_;
  std::size_t at_ = 1;
};

std::string number_words(const auto& numbers) {
  std::string text;
  for (const auto number : numbers) text += ' ' + std::to_string(number);
  return text;
}

template <class... Parts>
std::string line(std::string_view name, const Parts&... parts) {
  std::string text(name);
  const auto add = [&](const auto& part) {
    if constexpr (std::is_convertible_v<decltype(part), std::string_view>) {
      text += ' ' + word(part);
    } else {
      text += ' ' + std::to_string(part);
    }
  };
  (add(parts), ...);
  return text;
}

bool read_format(Words& words, MasterState&) {
  std::uint32_t format = 0;
  return words.number(format) && format == kStateFormat;
}

bool read_service(Words& words, MasterState& state) {
  return words.text(state.settings_file) && words.text(state.user) && words.text(state.program) &&
         words.number(state.started_ns) && words.number(state.last_number);
}

bool read_counts(Words& words, MasterState& state) {
  return words.number(state.worker_deaths) && words.number(state.generation_deaths) &&
         words.number(state.reloads) && words.number(state.failed_reloads);
}

bool read_denied(Words& words, MasterState& state) {
  return std::all_of(state.denied.begin(), state.denied.end(),
                     [&](std::uint64_t& count) { return words.number(count); });
}

bool read_descriptors(Words& words, MasterState& state) {
  return words.number(state.life_read) && words.number(state.life_write) &&
         words.number(state.totals) && words.number(state.last_good) &&
         words.number(state.refusals);
}

bool read_kept(Words& words, MasterState& state) {
  std::size_t which = 0;
  if (!words.number(which) || which >= kKeptSockets) return false;
  return words.number(state.kept[which].fd) && words.text(state.kept[which].path);
}

bool read_group(Words& words, MasterState& state) {
  MasterState::Group& group = state.groups.emplace_back();
  int transparent = 0;
  const bool fine = words.address(group.asked) && words.address(group.bound) &&
                    words.number(transparent) && words.numbers(group.slots);
  group.transparent = transparent != 0;
  return fine && !group.slots.empty();
}

bool read_generation(Words& words, MasterState& state) {
  MasterState::Generation& one = state.generations.emplace_back();
  unsigned what = 0;
  const bool fine = words.number(one.number) && words.number(one.pid) && words.number(what) &&
                    words.number(one.since_ns) && words.number(one.workers) &&
                    words.number(one.drain_ms) && words.number(one.stop_ms) &&
                    words.number(one.channel) && words.number(one.board) &&
                    words.number(one.plugins) && words.numbers(one.questions);
  one.state = static_cast<GenerationState>(what);
  return fine && what <= static_cast<unsigned>(GenerationState::ending);
}

bool read_admin(Words& words, MasterState& state) {
  MasterState::Admin& admin = state.admins.emplace_back();
  int leaving = 0;
  const bool fine = words.number(admin.pid) && words.number(leaving) && words.number(admin.channel);
  admin.leaving = leaving != 0;
  return fine;
}

bool read_finished(Words& words, MasterState& state) {
  MasterState::FinishedBoard& board = state.finished.emplace_back();
  return words.number(board.number) && words.number(board.board);
}

bool read_asker(Words& words, MasterState& state) {
  MasterState::Asker& asker = state.askers.emplace_back();
  return words.number(asker.admin) && words.number(asker.command);
}

bool read_quarantined(Words& words, MasterState& state) {
  std::string name;
  return words.text(name) && state.quarantined.insert(name).second;
}

using Reader = bool (*)(Words&, MasterState&);
const std::pair<std::string_view, Reader> kReaders[] = {{"hyalite-master", read_format},
                                                        {"service", read_service},
                                                        {"counts", read_counts},
                                                        {"denied", read_denied},
                                                        {"descriptors", read_descriptors},
                                                        {"kept", read_kept},
                                                        {"group", read_group},
                                                        {"generation", read_generation},
                                                        {"admin", read_admin},
                                                        {"finished", read_finished},
                                                        {"asker", read_asker},
                                                        {"quarantined", read_quarantined}};

bool read_line(std::string_view text, MasterState& state) {
  Words words(text);
  for (const auto& [name, read] : kReaders) {
    if (words.name() == name) return read(words, state) && words.ended();
  }
  return false;
}

}  // namespace

std::string write_state(const MasterState& state) {
  std::string text = line("hyalite-master", kStateFormat) + '\n';
  text += line("service", state.settings_file, state.user, state.program, state.started_ns,
               state.last_number) +
          '\n';
  text += line("counts", state.worker_deaths, state.generation_deaths, state.reloads,
               state.failed_reloads) +
          '\n';
  text += "denied" + number_words(state.denied) + '\n';
  text += line("descriptors", state.life_read, state.life_write, state.totals, state.last_good,
               state.refusals) +
          '\n';
  for (std::size_t i = 0; i < kKeptSockets; ++i)
    text += line("kept", i, state.kept[i].fd, state.kept[i].path) + '\n';
  for (const auto& group : state.groups) {
    text += line("group", group.asked.text(), group.bound.text(), int{group.transparent}) +
            number_words(group.slots) + '\n';
  }
  for (const auto& one : state.generations) {
    text += line("generation", one.number, one.pid, static_cast<unsigned>(one.state), one.since_ns,
                 one.workers, one.drain_ms, one.stop_ms, one.channel, one.board, one.plugins) +
            number_words(one.questions) + '\n';
  }
  for (const auto& admin : state.admins)
    text += line("admin", admin.pid, int{admin.leaving}, admin.channel) + '\n';
  for (const auto& board : state.finished)
    text += line("finished", board.number, board.board) + '\n';
  for (const auto& asker : state.askers) text += line("asker", asker.admin, asker.command) + '\n';
  for (const auto& name : state.quarantined) text += line("quarantined", name) + '\n';
  return text;
}

Result<MasterState> read_state(std::string_view text) {
  MasterState state;
  bool first = true;
  for (const std::string_view one : split(text, '\n')) {
    if (one.empty()) continue;
    if (first != one.starts_with("hyalite-master ") || !read_line(one, state)) {
      return Error{Fault::us, "the state left by the earlier program is not understood: " +
                                  printable(one, 80)};
    }
    first = false;
  }
  if (state.settings_file.empty() || state.life_read < 0 || state.life_write < 0) {
    return Error{Fault::us, "the state left by the earlier program is not complete"};
  }
  return state;
}

std::vector<int> descriptors_of(const MasterState& state) {
  std::vector<int> all = {state.life_read, state.life_write, state.totals, state.last_good,
                          state.refusals};
  for (const auto& kept : state.kept) all.push_back(kept.fd);
  for (const auto& group : state.groups)
    all.insert(all.end(), group.slots.begin(), group.slots.end());
  for (const auto& one : state.generations) {
    all.insert(all.end(), {one.channel, one.board, one.plugins});
    all.insert(all.end(), one.questions.begin(), one.questions.end());
  }
  for (const auto& admin : state.admins) all.push_back(admin.channel);
  for (const auto& board : state.finished) all.push_back(board.board);
  std::erase_if(all, [](int fd) { return fd < 0; });
  return all;
}

}  // namespace hyalite
