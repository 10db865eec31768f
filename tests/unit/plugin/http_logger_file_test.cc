// When and where the logger writes, and what it does when it cannot.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "unit/plugin/logging.h"
#include "unit/plugin/scratch.h"

namespace hyalite {
namespace {

TEST(HttpLogger, WritesAtOnceOrInTimeOrInTheEnd) {
  const Scratch scratch;
  const std::string now = scratch.path() + "/now", soon = scratch.path() + "/soon",
                    late = scratch.path() + "/late";
  Loaded loaded(
      with_file(now, ", flush_ms: 0") +
      "  - { name: b, use: http-logger, settings: { file: " + soon + ", flush_ms: 10 } }\n" +
      "  - { name: c, use: http-logger, settings: { file: " + late + ", flush_ms: 60000 } }\n");
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  Chain& chain = loaded.start();
  for (std::size_t i = 1; i <= 3; ++i) {
    converse(chain, kFull);
    wait_for([&] {
      return lines_of(read_file(now)).size() == i && lines_of(read_file(soon)).size() == i;
    });
  }
  EXPECT_EQ(read_file(late), "");
  chain.stop();
  EXPECT_EQ(lines_of(read_file(late)).size(), 3u);
}

TEST(HttpLogger, WritesEarlyWhenMuchWaits) {
  const Scratch scratch;
  const std::string path = scratch.path() + "/l";
  Loaded loaded(with_file(path, ", flush_ms: 60000"));
  Chain& chain = loaded.start();
  for (int i = 0; i < 400; ++i) converse(chain, kFull);
  wait_for([&] { return read_file(path).size() >= 64 * 1024; });
  chain.stop();
  EXPECT_EQ(lines_of(read_file(path)).size(), 400u);
}

TEST(HttpLogger, OpensItsFileAgainAfterItWasMoved) {
  const Scratch scratch;
  const std::string path = scratch.path() + "/l";
  Loaded loaded(with_file(path, ", flush_ms: 60000"));
  Chain& chain = loaded.start();
  converse(chain, kFull);
  converse(chain, kFull);
  wait_for([&] { return std::filesystem::exists(path); });
  std::filesystem::rename(path, path + ".1");
  chain.reopen();
  converse(chain, kFull);
  chain.stop();
  EXPECT_EQ(lines_of(read_file(path + ".1")).size(), 2u);
  EXPECT_EQ(lines_of(read_file(path)).size(), 1u);
}

// The file that was moved away is somebody else's by now.
TEST(HttpLogger, WaitsUntilTheNewFileCanBeOpened) {
  const Scratch scratch;
  const std::string path = scratch.path() + "/l";
  Loaded loaded(with_file(path, ", flush_ms: 0"));
  Chain& chain = loaded.start();
  converse(chain, kFull);
  wait_for([&] { return lines_of(read_file(path)).size() == 1; });
  std::filesystem::rename(path, path + ".1");
  std::filesystem::create_directory(path);  // nothing can be opened there
  chain.reopen();
  wait_for([&] { return loaded.logged("records cannot be written"); });
  converse(chain, kFull);
  chain.reopen();  // asked for again, it is the same file that ended
  converse(chain, kFull);
  std::filesystem::remove(path);
  wait_for([&] { return std::filesystem::exists(path) && lines_of(read_file(path)).size() == 2; });
  wait_for([&] { return loaded.logged("records are written again"); });
  chain.stop();
  EXPECT_EQ(lines_of(read_file(path + ".1")).size(), 1u);
  EXPECT_EQ(lines_of(read_file(path)).size(), 2u);
}

TEST(HttpLogger, SaysAtCheckThatItsFileCannotBe) {
  const Loaded loaded(with_file("/nowhere/at/all.ndjson"));
  EXPECT_TRUE(
      contains(loaded.mistakes, "cannot be created: /nowhere/at: No such file or directory"))
      << loaded.mistakes;
  EXPECT_TRUE(contains(loaded.mistakes, "test.yaml:3:")) << loaded.mistakes;
  const Scratch scratch;
  EXPECT_TRUE(contains(Loaded(with_file(scratch.path())).mistakes, "Is a directory"));
  EXPECT_FALSE(std::filesystem::exists(scratch.path() + "/l"));
  EXPECT_TRUE(Loaded(with_file(scratch.path() + "/l")).worked());
  EXPECT_FALSE(std::filesystem::exists(scratch.path() + "/l"));
}

TEST(HttpLogger, TellsEveryOtherMistake) {
  const auto mistakes = [](const std::string& settings) {
    return Loaded("  - { name: a, use: http-logger, settings: { " + settings + " } }\n").mistakes;
  };
  EXPECT_TRUE(contains(mistakes("flows: all"), "does not say where records go"));
  EXPECT_TRUE(contains(mistakes("file: \"-\""), "for standard output write `to: stdout`"));
  EXPECT_TRUE(contains(mistakes("to: stdout, file: /tmp/x"), "is not needed"));
  EXPECT_TRUE(contains(mistakes("to: stdout, journal_socket: /tmp/x"),
                       "is of use with `to: journal` only"));
  EXPECT_TRUE(contains(mistakes("to: journal, journal_socket: /nowhere/socket"),
                       "/nowhere/socket: No such file or directory"));
  EXPECT_TRUE(contains(mistakes("to: stdout, format: combined, request_headers: [ X ]"),
                       "has no place in this format"));
  EXPECT_TRUE(
      contains(mistakes("to: stdout, request_headers: [ \"a b\" ]"), "is not a header's name"));
  EXPECT_EQ(mistakes("to: stdout, request_headers: [ Connection ]"), "");
}

// A reader that does not read, as a disk that does not write.
class Reader {
 public:
  explicit Reader(const std::string& path) {
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    fd_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  }
  ~Reader() { ::close(fd_); }
  // All that is there now.
  std::string read() const {
    std::string all, piece(65'536, '\0');
    for (ssize_t n; (n = ::read(fd_, piece.data(), piece.size())) > 0;)
      all.append(piece, 0, static_cast<std::size_t>(n));
    return all;
  }

 private:
  int fd_;
};

constexpr const char* kAccepted = "hyalite_plugin_http_logger_records_accepted_total";
constexpr const char* kWritten = "hyalite_plugin_http_logger_records_written_total";
constexpr const char* kDropped = "hyalite_plugin_http_logger_records_dropped_total";
constexpr const char* kLost = "hyalite_plugin_http_logger_records_lost_total";

TEST(HttpLogger, DropsAndCountsWhatTheDiskIsTooSlowFor) {
  const Scratch scratch;
  const Reader reader(scratch.path() + "/pipe");
  Loaded loaded(
      with_file(scratch.path() + "/pipe", ", buffer_bytes: 65536, flush_ms: 0, stop_wait_ms: 0"));
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  Chain& chain = loaded.start();
  std::uint64_t made = 0;
  for (; loaded.counter(kDropped) < 10; ++made) {
    Trace trace;
    converse(chain, kFull, {}, true, &trace);
    ASSERT_FALSE(trace.reset || trace.decided);
    ASSERT_LT(made, 100'000u);
  }
  wait_for([&] { return loaded.logged("records cannot be written"); });
  EXPECT_TRUE(loaded.logged("nobody reads"));
  EXPECT_EQ(loaded.counter(kAccepted) + loaded.counter(kDropped), made);
  // Read again: whole lines, one after the other, and nothing that was accepted is missing.
  std::string text;
  wait_for([&] {
    text += reader.read();
    return loaded.counter(kWritten) == loaded.counter(kAccepted);
  });
  text += reader.read();
  const auto lines = lines_of(text);
  EXPECT_EQ(lines.size(), loaded.counter(kAccepted));
  for (const std::string& line : lines) Record{line};
  wait_for([&] { return loaded.logged("records are written again"); });
}

TEST(HttpLogger, StopsTrafficWhereThatIsAskedFor) {
  const Scratch scratch;
  const Reader reader(scratch.path() + "/pipe");
  Loaded loaded(
      with_file(scratch.path() + "/pipe", ", buffer_bytes: 65536, flush_ms: 0, when_stuck: stop"));
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  Chain& chain = loaded.start();
  FlowSubject early(some_flow());  // opened while all was well
  ASSERT_EQ(chain.flow_open(early), Answer::go_on);
  Trace trace;
  for (int made = 0; !trace.reset; ++made) {
    converse(chain, kFull, {}, true, &trace);
    ASSERT_LT(made, 100'000);
  }
  EXPECT_EQ(loaded.counter(kDropped), 0u);
  // Its next request is answered, not reset.
  Arena arena;
  ExchangeSubject exchange(early, 1, arena);
  chain.exchange_open(exchange);
  RequestHead head;
  RequestReader(HeadLimits{}).read(kFull, head);
  exchange.request = &head;
  EXPECT_EQ(chain.request_head(exchange), Answer::decided);
  EXPECT_EQ(std::get<Respond>(exchange.decision().what).status, 503u);
  EXPECT_EQ(exchange.decision().reason, "the log cannot be written");
  chain.exchange_end(exchange, {});
  chain.flow_close(early, {});
  EXPECT_GE(loaded.counter("hyalite_plugin_http_logger_refused_total"), 2u);
  // Once it is read again, traffic passes again.
  wait_for([&] {
    reader.read();
    converse(chain, kFull, {}, true, &trace);
    return !trace.reset && !trace.decided;
  });
  reader.read();
  chain.stop();
  EXPECT_EQ(loaded.counter(kWritten) + loaded.counter(kLost), loaded.counter(kAccepted));
}

// Nothing waits to be written, since nothing passes: it has to look by itself.
TEST(HttpLogger, LetsTrafficPassOnceItsFileCanBeOpened) {
  const Scratch scratch;
  const std::string path = scratch.path() + "/l";
  Loaded loaded(with_file(path, ", format: combined, when_stuck: stop"));
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  std::filesystem::create_directory(path);
  Chain& chain = loaded.start();
  wait_for([&] { return loaded.logged("records cannot be written"); });
  Trace trace;
  converse(chain, kFull, {}, true, &trace);
  EXPECT_TRUE(trace.reset);
  std::filesystem::remove(path);
  wait_for([&] {
    converse(chain, kFull, {}, true, &trace);
    return !trace.reset && !trace.decided;
  });
  chain.stop();
  EXPECT_EQ(lines_of(read_file(path)).size(), 1u);
}

TEST(HttpLogger, CountsWhatAWorkerThatCrashedHadNotWritten) {
  const Scratch scratch;
  Loaded loaded(with_file(scratch.path() + "/l"));
  loaded.counter(kAccepted) = 12;
  loaded.counter(kWritten) = 7;
  loaded.counter(kLost) = 2;
  Chain& chain = loaded.start();
  EXPECT_EQ(loaded.counter(kLost), 5u);
  converse(chain, kFull);
  chain.stop();
  EXPECT_EQ(loaded.counter(kLost), 5u);
  EXPECT_EQ(loaded.counter(kAccepted), loaded.counter(kWritten) + loaded.counter(kLost));
}

TEST(HttpLogger, CountsWhatItCouldNotWriteInTheEnd) {
  Loaded loaded(with_file("/dev/full", ", stop_wait_ms: 0"));
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  Chain& chain = loaded.start();
  converse(chain, kFull);
  chain.stop();
  EXPECT_EQ(loaded.counter(kLost), 1u);
  EXPECT_EQ(loaded.counter(kWritten), 0u);
}

}  // namespace
}  // namespace hyalite
