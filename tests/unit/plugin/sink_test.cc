// Where the logger's lines go, and what becomes of them there.
// SPDX-License-Identifier: MIT
#include "http-logger/sink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "unit/plugin/scratch.h"

namespace hyalite {
namespace {

std::string line(std::size_t bytes, char of = 'x') { return std::string(bytes - 1, of) + "\n"; }

TEST(FileSink, AppendsWholeLines) {
  const Scratch scratch;
  const std::string path = scratch.write("l", "before\n");
  const auto sink = file_sink(path), other = file_sink(path);
  EXPECT_EQ(sink->open() + other->open(), "");
  EXPECT_EQ(sink->write("one\ntwo\n"), 8u);
  EXPECT_EQ(other->write("three\n"), 6u);
  EXPECT_EQ(sink->write("four\n"), 5u);
  EXPECT_EQ(read_file(path), "before\none\ntwo\nthree\nfour\n");
  EXPECT_EQ(sink->trouble(), "");
}

// A disk that is full in the middle of a line, as a limit on the size of files makes it.
TEST(FileSink, TakesHalfALineBackWhenTheDiskIsFull) {
  const Scratch scratch;
  const std::string path = scratch.path() + "/l";
  const auto sink = file_sink(path);
  ASSERT_EQ(sink->open(), "");
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{1'000, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const std::string lines = line(300, 'a') + line(300, 'b') + line(300, 'c') + line(300, 'd');
  EXPECT_EQ(sink->write(lines), 900u);
  EXPECT_NE(sink->trouble(), "");
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, SIG_DFL);
  EXPECT_EQ(read_file(path), lines.substr(0, 900));
  EXPECT_EQ(sink->write(lines.substr(900)), 300u);
  EXPECT_EQ(sink->trouble(), "");
  EXPECT_EQ(read_file(path), lines);
}

TEST(FileSink, WritesToAPipeWithoutWaitingForItsReader) {
  const Scratch scratch;
  const std::string path = scratch.path() + "/pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const auto sink = file_sink(path);
  EXPECT_NE(sink->check(), "");
  EXPECT_NE(sink->open(), "");
  EXPECT_EQ(sink->write("lost?\n"), 0u);
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  EXPECT_EQ(sink->check(), "");
  EXPECT_EQ(sink->longest_line(), std::size_t{PIPE_BUF});
  std::string sent, got, piece(65'536, '\0');
  for (std::size_t i = 0; i < 500; ++i) sent += line(100 + i * 7, static_cast<char>('a' + i % 26));
  std::size_t done = 0;
  for (int stops = 0; done < sent.size();) {
    done += sink->write(std::string_view(sent).substr(done));
    if (done < sent.size()) {
      ASSERT_NE(sink->trouble().find("nobody reads"), std::string::npos) << sink->trouble();
      ASSERT_GE(sink->busy(), 0);
      ASSERT_LT(++stops, 1'000);
    }
    for (ssize_t n; (n = ::read(reader, piece.data(), piece.size())) > 0;)
      got.append(piece, 0, static_cast<std::size_t>(n));
  }
  EXPECT_EQ(got, sent);
  ::close(reader);
}

// A journal of our own.
class Journal {
 public:
  explicit Journal(const std::string& path) {
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ~Journal() { ::close(fd_); }
  // The next entry; empty when there is none.
  std::string next() const {
    std::string entry(100'000, '\0');
    const ssize_t n = ::recv(fd_, entry.data(), entry.size(), 0);
    entry.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    return entry;
  }

 private:
  int fd_;
};

TEST(JournalSink, SendsEachLineAsAnEntry) {
  const Scratch scratch;
  const std::string path = scratch.path() + "/socket";
  const auto sink = journal_sink(path, "audit");
  EXPECT_NE(sink->check(), "");
  EXPECT_NE(sink->open(), "");
  EXPECT_EQ(sink->write("{}\n"), 0u);
  EXPECT_NE(sink->trouble(), "");
  {
    const Journal journal(path);
    EXPECT_EQ(sink->check(), "");
    EXPECT_EQ(sink->write("{\"a\":1}\n{\"b\":2}\n"), 16u);
    EXPECT_EQ(sink->trouble(), "");
    EXPECT_EQ(journal.next(),
              "MESSAGE={\"a\":1}\nPRIORITY=6\nSYSLOG_IDENTIFIER=hyalite\nHYALITE_INSTANCE=audit\n");
    EXPECT_EQ(journal.next().substr(0, 15), "MESSAGE={\"b\":2}");
  }
  // It was started anew: another socket has the name.
  ::unlink(path.c_str());
  const Journal again(path);
  EXPECT_EQ(sink->write("{\"c\":3}\n"), 8u);
  EXPECT_EQ(again.next().substr(0, 15), "MESSAGE={\"c\":3}");
}

TEST(JournalSink, DoesNotWaitForAJournalThatDoesNotKeepUp) {
  const Scratch scratch;
  const std::string path = scratch.path() + "/socket";
  const Journal journal(path);
  const auto sink = journal_sink(path, "audit");
  ASSERT_EQ(sink->open(), "");
  std::string lines;
  for (int i = 0; i < 5'000; ++i) lines += line(1'000);
  std::size_t done = sink->write(lines), entries = 0;
  EXPECT_LT(done, lines.size());
  EXPECT_EQ(done % 1'000, 0u);
  EXPECT_NE(sink->trouble().find("does not keep up"), std::string::npos) << sink->trouble();
  EXPECT_GE(sink->busy(), 0);
  while (done < lines.size() || entries < 5'000) {
    std::size_t n = 0;
    while (!journal.next().empty()) ++n;
    ASSERT_TRUE(n > 0 || done < lines.size());
    entries += n;
    done += sink->write(std::string_view(lines).substr(done));
  }
  EXPECT_EQ(entries, 5'000u);
}

TEST(JournalSink, TakesTheLongestLine) {
  const Scratch scratch;
  const Journal journal(scratch.path() + "/socket");
  const auto sink = journal_sink(scratch.path() + "/socket", "audit");
  ASSERT_EQ(sink->open(), "");
  const std::string longest = line(sink->longest_line());
  EXPECT_EQ(sink->write(longest), longest.size());
  EXPECT_EQ(journal.next().substr(0, 8 + longest.size()), "MESSAGE=" + longest);
}

}  // namespace
}  // namespace hyalite
