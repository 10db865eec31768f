// What the operator is told: one line per event on stderr, key=value; every event id is explained in docs/messages.md.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace hyalite {

enum class LogLevel { error, warning, info, debug };

using LogField = std::pair<std::string_view, std::string>;

// What systemd says of it: it sets JOURNAL_STREAM (systemd.exec(5)).
bool stderr_goes_to_journal();

// One per process, made by main and lent to whoever speaks.
// A line is `hyalite [process] LEVEL event key=value ...`. When stderr goes to systemd's journal, or set_for_journal() says so,
// it begins with the level as the journal reads it: <3>, <4>, <6>, <7> (sd-daemon(3)).
// On stderr it is cut at 4,096 bytes; one that stderr does not take at once is lost, and `log.lost lines=N` stands before the next.
// Values with spaces, quotes or control characters are quoted and escaped: nothing from the network can forge a line.
class Log {
 public:
  using Sink = std::function<void(std::string_view line)>;  // the line without its end
  explicit Log(LogLevel most = LogLevel::info);
  Log(LogLevel most, Sink sink);

  // What every line of this process begins with, e.g. "worker 2".
  void set_process(std::string name) { process_ = std::move(name); }
  void set_level(LogLevel most) { most_ = most; }
  void set_for_journal(bool for_journal) { for_journal_ = for_journal; }
  bool enabled(LogLevel level) const { return level <= most_; }

  void error(std::string_view event, std::initializer_list<LogField> fields = {}) { write(LogLevel::error, event, fields); }
  void warning(std::string_view event, std::initializer_list<LogField> fields = {}) { write(LogLevel::warning, event, fields); }
  void info(std::string_view event, std::initializer_list<LogField> fields = {}) { write(LogLevel::info, event, fields); }
  void debug(std::string_view event, std::initializer_list<LogField> fields = {}) { write(LogLevel::debug, event, fields); }
  void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
    write(level, event, std::span(fields.begin(), fields.size()));
  }
  // Keys are written as they are; they come from the program, never from the network.
  void write(LogLevel level, std::string_view event, std::span<const LogField> fields);

 private:
  LogLevel most_;
  Sink sink_;
  bool for_journal_;
  std::string process_;
};

}  // namespace hyalite
