// What a check is given to work with, in the process that runs it, and how it says what it found. SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "check/finding.h"
#include "check/script.h"
#include "check/world.h"
#include "plugin/call_slot.h"

namespace hyalite {

// Shared with whoever watches the process: where it is, should it never say more.
struct Blackboard {
  static constexpr std::size_t kScene = 240;
  CallSlot slot;
  CallHistory history;
  std::atomic<std::uint64_t> number;          // of the case, from 1
  std::array<std::atomic<char>, kScene> scene;  // ended by NUL when shorter

  void set_scene(std::string_view text);
  std::string scene_text() const;
};

// What the author asked for.
struct WorkbenchOptions {
  std::string path;
  PluginConfiguration configuration;
  std::uint64_t seed = 1;
  std::optional<std::uint64_t> only;  // the number of the one case that is to be run again
  std::vector<std::string> allowed;   // libraries and imports that are fine for once
  bool thorough = false;
};

// What is held against a plugin: everything; all but that its hooks fail; only answers that nobody may give, and exceptions.
enum class Judging { everything, errors_are_fine, only_answers };

class Workbench {
 public:
  // `report`: a socket to the watcher; `blackboard` is shared with it.
  Workbench(const WorkbenchOptions& options, std::string_view id, Blackboard& blackboard, int report);

  const WorkbenchOptions& options() const { return options_; }
  // The next case of this check, in words. False: it is not to be run.
  bool begins(const std::string& scene);
  // Numbers of this seed and this case.
  Random random() const { return Random(options_.seed * 0x10001 + board_.number.load()); }
  // About the case that was begun last.
  void fail(std::string what, std::string mend);
  void skip(const std::string& why);
  bool has_failed() const { return findings_ > 0; }
  // Nobody mends more at once.
  bool enough() const { return findings_ >= kMostFindings; }
  // All was run: without this the watcher takes it that the plugin ended the process.
  void done();

  // The plugin, loaded; null: it could not be, which was said.
  const Specimen* specimen();
  // A worker with it that was started; null: there is none, which was said.
  std::unique_ptr<World> world();
  WorldNeeds needs();
  Layer& layer() { return Layer::get(); }
  CallSlot& slot() { return board_.slot; }

  // Says what the engine or its validation complained of. `errors_are_fine`: whoever is failed may fail.
  void judge(World& world, Judging how = Judging::everything);
  // From here on the watcher is told of each call of the system that may block. False: this machine cannot.
  bool watch_system_calls(std::string& why_not);

 private:
  void tell(char kind, const std::vector<std::string>& words);

  const WorkbenchOptions& options_;
  const std::string id_;
  Blackboard& board_;
  const int report_;
  std::size_t findings_ = 0;
  std::string last_;  // what was found last
  std::optional<Specimen> specimen_;
};

// Reads what tell() wrote. Nothing: it is none of its lines.
struct WorkbenchLine {
  char kind;  // 'F' a finding, 'S' skipped, '.' done
  std::vector<std::string> words;
};
std::optional<WorkbenchLine> read_workbench_line(std::string_view line);

}  // namespace hyalite
