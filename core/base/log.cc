// What the operator is told: one line per event on stderr, key=value; every event id is explained in docs/messages.md.
// SPDX-License-Identifier: MIT
#include "base/log.h"

#include <poll.h>
#include <unistd.h>

#include <cstdlib>

#include "base/text.h"

namespace hyalite {

namespace {

constexpr std::string_view kNames[] = {"error", "warning", "info", "debug"};
constexpr std::string_view kJournalPrefixes[] = {"<3>", "<4>", "<6>", "<7>"};

// A pipe that takes anything takes so much without waiting (PIPE_BUF, pipe(7)); so do terminals and sockets, as far as they go.
constexpr std::size_t kMostAtOnce = 4096;

bool takes_a_line() {
  pollfd stderr_fd{STDERR_FILENO, POLLOUT, 0};
  return ::poll(&stderr_fd, 1, 0) > 0;
}

void write_line(std::string text) {
  if (text.size() >= kMostAtOnce) text.resize(kMostAtOnce - 1);
  text += '\n';
  if (::write(STDERR_FILENO, text.data(), text.size()) < 0) return;
}

// stderr may be a pipe or a terminal that nobody reads for a while. A log line never stops the data: it is lost then, and counted.
class Stderr {
 public:
  void operator()(std::string_view line) {
    if (!takes_a_line()) {
      ++lost_;
      return;
    }
    if (lost_ > 0) {
      const std::string_view level = line.starts_with('<') ? kJournalPrefixes[1] : std::string_view();
      write_line(std::string(level) + "hyalite warning log.lost lines=" + std::to_string(std::exchange(lost_, 0)));
    }
    if (takes_a_line()) return write_line(std::string(line));
    ++lost_;
  }

 private:
  std::size_t lost_ = 0;
};

bool needs_quotes(std::string_view value) {
  if (value.empty()) return true;
  for (char c : value) {
    if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\') return true;
  }
  return false;
}

}  // namespace

bool stderr_goes_to_journal() { return std::getenv("JOURNAL_STREAM") != nullptr; }

Log::Log(LogLevel most) : Log(most, Stderr()) {}
Log::Log(LogLevel most, Sink sink)
    : most_(most), sink_(std::move(sink)), for_journal_(stderr_goes_to_journal()) {}

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
