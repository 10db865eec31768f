// What a check is given to work with, and how it says what it found.
// SPDX-License-Identifier: MIT
#include "check/workbench.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "check/system_calls.h"

namespace hyalite {

namespace {

struct Told {
  std::string what, mend;
};

Told told_of(const PluginComplaint& complaint) {
  const std::string in = complaint.hook == "none" ? "outside of any hook" : complaint.hook;
  if (complaint.by_validation)
    return {"calls the host wrongly in " + in + ": " + complaint.text, "the tags above the function in the SDK's headers say when and how it may be called"};
  switch (complaint.kind) {
    case FaultKind::exception: return {"an exception leaves " + in + ": " + complaint.text, "catch it in the hook, and answer what the plugin means"};
    case FaultKind::misuse: return {in + " answers what is not allowed: " + complaint.text, "the phase chart in the SDK's README has what each hook may answer"};
    case FaultKind::late: return {in + " lets something wait until its deadline: " + complaint.text, "resume every pause, also when what it waits for fails"};
    case FaultKind::error: break;
  }
  return {in + " fails: " + complaint.text,
          "a failed hook leaves the decision to on_failure; with `open`, whoever can cause it passes uninspected"};
}

}  // namespace

void Blackboard::set_scene(std::string_view text) {
  for (std::size_t i = 0; i < kScene; ++i) scene[i].store(i < text.size() ? text[i] : '\0', std::memory_order_relaxed);
}

std::string Blackboard::scene_text() const {
  std::string text;
  for (const auto& c : scene) {
    if (c.load() == '\0') break;
    text += c.load();
  }
  return text;
}

Workbench::Workbench(const WorkbenchOptions& options, std::string_view id, Blackboard& blackboard, int report)
    : options_(options), id_(id), board_(blackboard), report_(report) {}

bool Workbench::begins(const std::string& scene) {
  board_.number.fetch_add(1);
  if (options_.only && *options_.only != board_.number.load()) return false;
  board_.set_scene(scene);
  return !enough();
}

void Workbench::fail(std::string what, std::string mend) {
  if (enough() || what == last_) return;
  ++findings_;
  last_ = what;
  const std::string again = id_ + "/" + std::to_string(options_.seed) + "/" + std::to_string(board_.number.load());
  tell('F', {what, board_.scene_text(), mend, board_.number.load() > 0 ? again : ""});
}

void Workbench::skip(const std::string& why) { tell('S', {why}); }
void Workbench::done() { tell('.', {}); }

void Workbench::tell(char kind, const std::vector<std::string>& words) {
  std::string line(1, kind);
  for (const std::string& one : words) line += ' ' + word(one.substr(0, 2'000));
  line += '\n';
  for (std::string_view left = line; !left.empty();) {
    const ssize_t n = ::send(report_, left.data(), left.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    left.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::optional<WorkbenchLine> read_workbench_line(std::string_view line) {
  if (line.empty()) return std::nullopt;
  WorkbenchLine read{line[0], {}};
  for (const std::string_view one : split(line.substr(1), ' ')) {
    if (one.empty()) continue;
    auto text = from_word(one);
    if (!text) return std::nullopt;
    read.words.push_back(std::move(*text));
  }
  return read;
}

const Specimen* Workbench::specimen() {
  if (specimen_) return &*specimen_;
  auto loaded = Specimen::load(options_.path);
  if (!loaded) {
    fail(loaded.error().text, "");
    return nullptr;
  }
  specimen_.emplace(std::move(*loaded));
  return &*specimen_;
}

WorldNeeds Workbench::needs() { return {*specimen_, options_.configuration, &board_.slot, &board_.history}; }

std::unique_ptr<World> Workbench::world() {
  if (specimen() == nullptr) return nullptr;
  auto made = std::make_unique<World>(needs());
  if (made->refusal().empty() && made->start()) return made;
  fail(made->refusal(), "");
  return nullptr;
}

void Workbench::judge(World& world, Judging how) {
  for (const PluginComplaint& complaint : world.take_complaints()) {
    const bool is_failure = complaint.kind == FaultKind::error || complaint.kind == FaultKind::late;
    if (how != Judging::everything && is_failure) continue;
    if (how == Judging::only_answers && (complaint.by_validation || (complaint.kind == FaultKind::exception && layer().escapes() == 0))) continue;
    const Told told = told_of(complaint);
    fail(told.what, told.mend);
  }
}

bool Workbench::watch_system_calls(std::string& why_not) { return hand_over_system_calls(report_, why_not); }

}  // namespace hyalite
