// What the operator is told: one line per event on stderr, key=value; every event id is explained in docs/messages.md.
// SPDX-License-Identifier: MIT
#include "base/log.h"

#include <unistd.h>

#include <cstdlib>

#include "base/text.h"

namespace hyalite {

namespace {

constexpr std::string_view kNames[] = {"error", "warning", "info", "debug"};
constexpr std::string_view kJournalPrefixes[] = {"<3>", "<4>", "<6>", "<7>"};

// stderr may be a pipe that nobody reads for a while: one write, whatever comes of it; a log line never stops the data.
void write_to_stderr(std::string_view line) {
  std::string text(line);
  text += '\n';
  if (::write(STDERR_FILENO, text.data(), text.size()) < 0) return;
}

bool needs_quotes(std::string_view value) {
  if (value.empty()) return true;
  for (char c : value) {
    if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\') return true;
  }
  return false;
}

}  // namespace

Log::Log(LogLevel most) : Log(most, write_to_stderr) {}
// systemd sets JOURNAL_STREAM when stderr goes to its journal (systemd.exec(5)).
Log::Log(LogLevel most, Sink sink)
    : most_(most), sink_(std::move(sink)), for_journal_(std::getenv("JOURNAL_STREAM") != nullptr) {}

void Log::write(LogLevel level, std::string_view event, std::span<const LogField> fields) {
  if (!enabled(level)) return;
  const auto index = static_cast<std::size_t>(level);
  std::string line(for_journal_ ? kJournalPrefixes[index] : std::string_view{});
  line += "hyalite ";
  if (!process_.empty()) line += "[" + process_ + "] ";
  line += kNames[index];
  line += ' ';
  line += event;
  for (const auto& [key, value] : fields) {
    line += ' ';
    line += key;
    line += '=';
    line += needs_quotes(value) ? "\"" + printable(value, 1024) + "\"" : value;
  }
  sink_(line);
}

}  // namespace hyalite
