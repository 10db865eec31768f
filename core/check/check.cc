// `hyalite plugin check`: everything that can be found out about a plugin before it meets traffic.
// SPDX-License-Identifier: MIT
#include "check/check.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <span>

#include "base/text.h"
#include "check/apart.h"
#include "check/checks.h"
#include "check/report.h"
#include "plugin/library.h"
#include "settings/configuration.h"
#include "settings/reader.h"

namespace hyalite {

namespace {

constexpr PluginCheck kChecks[] = {
    {"file.place", "only its owner may write it, or put another in its place", CheckStep::file, check_place},
    {"file.note", "says who it is and for which interface it was built, without being run", CheckStep::file, check_note},
    {"file.exports", "exports its entry and nothing else", CheckStep::file, check_exports},
    {"file.imports", "needs nothing of the host's own, and calls nothing that is not its business", CheckStep::file, check_imports},
    {"file.libraries", "needs no library that the host has in a version of its own", CheckStep::file, check_libraries},
    {"file.hardening", "is linked as everything in a process with enemies should be", CheckStep::file, check_hardening},
    {"load", "can be loaded, quietly, and is what its note says", CheckStep::load, check_loading},
    {"load.tables", "answers for its tables, and for no others", CheckStep::load, check_tables},
    {"create", "an instance can be made and started, and nothing begins before start", CheckStep::instance, check_creating},
    {"create.settings", "refuses wrong settings, or lives with them", CheckStep::instance, check_settings},
    {"create.instances", "instances leave nothing behind, and each other alone", CheckStep::instance, check_instances},
    {"host.older", "lives with a host that has less", CheckStep::instance, check_older_host},
    {"host.newer", "lives with a host that has more", CheckStep::instance, check_newer_host},
    {"host.failing", "looks at the status of every call", CheckStep::instance, check_failing_calls},
    {"host.memory", "answers, also when memory runs out", CheckStep::instance, check_failing_allocations},
    {"flow.ordinary", "has an answer to all that is ordinary", CheckStep::instance, check_ordinary},
    {"flow.pieces", "does the same however the bytes arrive", CheckStep::instance, check_pieces},
    {"flow.interleaved", "does the same whatever else passes meanwhile", CheckStep::instance, check_interleaved},
    {"flow.cut", "bears every end at every moment", CheckStep::instance, check_cut},
    {"flow.odd", "bears what is allowed and unusual", CheckStep::instance, check_odd},
    {"flow.services", "bears services that fail or never answer", CheckStep::instance, check_services},
    {"time.blocking", "waits for nobody inside of a hook", CheckStep::instance, check_blocking},
    {"time.growth", "takes no longer than its input grows", CheckStep::instance, check_growth},
    {"leaks", "leaves nothing behind", CheckStep::instance, check_leaks},
};

bool matches(std::string_view id, const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    return id == word || (id.starts_with(word) && id[word.size()] == '.');
  });
}

int refuse(const std::string& text) {
  std::fprintf(stderr, "hyalite: %s\n", text.c_str());
  return 2;
}

// A word that no check has; empty: all are known.
std::string unknown_word(const std::vector<std::string>& words) {
  std::vector<std::string_view> known;
  for (const PluginCheck& check : kChecks) known.push_back(check.id);
  for (const std::string& word : words) {
    if (std::any_of(known.begin(), known.end(), [&](std::string_view id) { return matches(id, {word}); })) continue;
    const auto near = did_you_mean(word, known);
    return "there is no check \"" + word + "\"" + (near.empty() ? "; --list has them" : " (did you mean \"" + std::string(near) + "\"?)");
  }
  return {};
}

Result<PluginConfiguration> read_settings_of_plugin(const std::string& file) {
  if (file.empty()) return PluginConfiguration{};
  std::ifstream stream(file, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (!stream && !stream.eof()) return Error::system(Fault::operator_, file, errno);
  if (text.size() > kMaxSettingsFileBytes) return Error{Fault::operator_, file + " is larger than 1 MiB"};
  const YamlRead yaml = read_yaml(text, file);
  Mistakes mistakes = yaml.mistakes;
  PluginConfiguration configuration;
  if (mistakes.empty()) configuration = read_configuration(yaml.root, "settings", file, mistakes);
  if (!mistakes.empty()) return Error{Fault::operator_, mistakes[0].text()};
  return configuration;
}

struct Again {
  std::string id;
  std::uint64_t seed = 0, number = 0;
};

std::optional<Again> read_again(std::string_view text) {
  const auto parts = split(text, '/');
  if (parts.size() != 3) return std::nullopt;
  const auto seed = parse_decimal(parts[1]), number = parse_decimal(parts[2]);
  if (!seed || !number) return std::nullopt;
  return Again{std::string(parts[0]), *seed, *number};
}

class Round {
 public:
  Round(const PluginCheckOptions& options, WorkbenchOptions bench) : options_(options), bench_(std::move(bench)) {}

  std::vector<CheckReport> run() {
    for (const PluginCheck& check : kChecks) {
      if (!options_.only.empty() && !matches(check.id, options_.only)) continue;
      if (matches(check.id, options_.skip)) continue;
      reports_.push_back(run(check));
      if (!options_.json) std::fputs(text_of(reports_.back()).c_str(), stdout);
      std::fflush(stdout);
    }
    return std::move(reports_);
  }

 private:
  CheckReport run(const PluginCheck& check) {
    CheckReport report{check.id, check.title, CheckResult::passed, {}, {}, 0};
    if (!missing_.empty() && check.step > failed_step_) {
      report.result = CheckResult::skipped;
      report.why = missing_;
      return report;
    }
    const auto began = std::chrono::steady_clock::now();
    ApartLimits limits;
    limits.call = options_.call_limit;
    if (options_.in_process) run_here(bench_, check.run, report);
    else run_apart(bench_, check.run, limits, report);
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    if (report.result == CheckResult::failed) note_failure(check);
    return report;
  }

  void note_failure(const PluginCheck& check) {
    const std::string_view id = check.id;
    // What is only unwise about the file does not keep it from being loaded.
    if (check.step == CheckStep::file && missing_.empty() && !identify_plugin(options_.path))
      missing_ = "it would not be loaded: see " + std::string(id), failed_step_ = CheckStep::file;
    if (id == "load") missing_ = "it cannot be loaded: see load", failed_step_ = CheckStep::load;
  }

  const PluginCheckOptions& options_;
  const WorkbenchOptions bench_;
  std::vector<CheckReport> reports_;
  std::string missing_;
  CheckStep failed_step_ = CheckStep::instance;
};

void print_list() {
  for (const PluginCheck& check : kChecks) std::printf("%-18s %s\n", check.id, check.title);
}

}  // namespace

std::span<const PluginCheck> plugin_checks() { return kChecks; }

int check_plugin(const PluginCheckOptions& asked) {
  PluginCheckOptions options = asked;
  if (options.list) return print_list(), 0;
  for (const auto* words : {&options.only, &options.skip}) {
    if (const std::string text = unknown_word(*words); !text.empty()) return refuse(text);
  }
  WorkbenchOptions bench;
  if (!options.reproduce.empty()) {
    const auto again = read_again(options.reproduce);
    if (!again || !unknown_word({again->id}).empty()) return refuse("\"" + options.reproduce + "\" is nothing to reproduce: a finding names it as CHECK/SEED/NUMBER");
    options.only = {again->id};
    options.seed = again->seed;
    bench.only = again->number;
  }
  auto configuration = read_settings_of_plugin(options.settings_file);
  if (!configuration) return std::fprintf(stderr, "hyalite: %s\n", configuration.error().text.c_str()), 1;
  bench.path = options.path;
  bench.configuration = std::move(*configuration);
  bench.seed = options.seed;
  bench.allowed = options.allowed;
  bench.thorough = options.thorough;
  const auto reports = Round(options, std::move(bench)).run();
  if (options.json) std::fputs(json_of(options.path, options.seed, reports).c_str(), stdout);
  else std::fputs(summary_of(reports).c_str(), stdout);
  return std::any_of(reports.begin(), reports.end(), [](const CheckReport& one) { return one.result == CheckResult::failed; }) ? 1 : 0;
}

}  // namespace hyalite
