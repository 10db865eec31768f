// What the operator is told: whole lines, and never at the price of the data.
// SPDX-License-Identifier: MIT
#include "base/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "base/fd.h"

namespace hyalite {
namespace {

// stderr is a pipe while it lives; nobody reads but read().
class PipedStderr {
 public:
  PipedStderr() : before_(::dup(STDERR_FILENO)) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    read_end_ = Fd(ends[0]);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[1]);
    ::fcntl(read_end_.get(), F_SETFL, O_NONBLOCK);
  }
  ~PipedStderr() { ::dup2(before_.get(), STDERR_FILENO); }
  // All that is there.
  std::string read() const {
    std::string all, piece(65'536, '\0');
    for (ssize_t n; (n = ::read(read_end_.get(), piece.data(), piece.size())) > 0;) all.append(piece, 0, static_cast<std::size_t>(n));
    return all;
  }

 private:
  Fd before_, read_end_;
};

TEST(Log, ALineThatNobodyReadsIsLostAndCounted) {
  PipedStderr piped;
  Log log(LogLevel::info);
  constexpr int kLines = 1'000;
  for (int i = 0; i < kLines; ++i) log.info("test.line", {{"what", std::string(1'000, 'x')}});
  const std::string first = piped.read();
  const auto count = [](const std::string& text) { return std::count(text.begin(), text.end(), '\n'); };
  EXPECT_GE(count(first), 10);
  EXPECT_LT(count(first), kLines);
  log.info("test.line", {});
  EXPECT_EQ(piped.read(), "hyalite warning log.lost lines=" + std::to_string(kLines - count(first)) + "\nhyalite info test.line\n");
}

TEST(Log, ALineIsNeverLongerThanAPipeTakesAtOnce) {
  PipedStderr piped;
  std::vector<LogField> fields;
  for (int i = 0; i < 20; ++i) fields.push_back({"what", std::string(1'000, 'x')});
  Log(LogLevel::info).write(LogLevel::info, "test.line", fields);
  const std::string line = piped.read();
  EXPECT_EQ(line.size(), 4'096u);
  EXPECT_EQ(line.back(), '\n');
}

}  // namespace
}  // namespace hyalite
