// Texts, totals and sockets that outlive a process.
// SPDX-License-Identifier: MIT
#include "process/memory_file.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "process/failure.h"
#include "process/totals_file.h"
#include "process/unix_socket.h"

namespace hyalite {

TEST(MemoryFile, KeepsItsTextForEver) {
  const auto fd = sealed_text("listeners: []\n", "test");
  ASSERT_TRUE(fd);
  EXPECT_EQ(*text_of(fd->get(), 100), "listeners: []\n");
  EXPECT_EQ(*text_of(fd->get(), 100), "listeners: []\n") << "reading does not use it up";
  EXPECT_LT(::pwrite(fd->get(), "x", 1, 0), 0);
  EXPECT_NE(::ftruncate(fd->get(), 0), 0);
}

TEST(MemoryFile, IsNotReadBeyondItsLimit) {
  const auto fd = sealed_text("12345", "test");
  EXPECT_TRUE(text_of(fd->get(), 5));
  EXPECT_FALSE(text_of(fd->get(), 4));
}

TEST(MemoryFile, SaysWhyAFileCannotBeRead) {
  const auto text = read_file("/nowhere/hyalite.yaml", 100);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().text, "cannot be read: No such file or directory");
}

TEST(Failure, ArrivesAsTextAndAsJson) {
  auto ends = *Channel::pair();
  tell(ends.first, Failed{}, Failure::of(Error{Fault::operator_, "it is broken"}, "/etc/h.yaml"));
  const auto received = ends.second.receive();
  ASSERT_TRUE(received && *received);
  const auto failure = told_failure(**received);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->text, "/etc/h.yaml: it is broken\n");
  EXPECT_NE(failure->json.find("\"what\":\"it is broken\""), std::string::npos);
  EXPECT_FALSE(told(**received, Outcome::kType));
}

TEST(Failure, SaysWhenItDidNotGetThrough) {
  auto ends = *Channel::pair();
  const Failure failure{"it is broken\n"};
  EXPECT_TRUE(tell(ends.first, Outcome{}, failure));
  ends.second.close();
  EXPECT_FALSE(tell(ends.first, Outcome{}, failure));
}

TEST(TotalsFile, IsEmptyAtFirstAndThenWhatWasWrittenLast) {
  const Fd fd(::memfd_create("totals", MFD_CLOEXEC));
  auto kept = read_totals(fd.get());
  ASSERT_TRUE(kept);
  EXPECT_TRUE(kept->generations.empty());
  const MetricFamily family{"hyalite_x_total", "X.", MetricKind::counter, 1, {}};
  for (std::uint64_t generation = 1; generation <= 300; ++generation) {
    kept->totals.add(family, {}, 10);
    kept->generations.insert(generation);
    ASSERT_TRUE(write_totals(fd.get(), *kept));
    const auto again = read_totals(fd.get());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->totals.sum("hyalite_x_total"), 10 * generation);
    EXPECT_TRUE(again->generations.contains(generation));
  }
  EXPECT_EQ(read_totals(fd.get())->generations.size(), 256u) << "not for ever";
}

TEST(UnixSocket, TakesThePlaceOfOneThatNobodyAnswers) {
  const std::string path =
      testing::TempDir() + "hyalite-socket-" + std::to_string(::getpid()) + "/control.sock";
  {
    const auto first = listen_on_path(path, 0600);
    ASSERT_TRUE(first) << first.error().text;
    EXPECT_TRUE(connect_to_path(path));
    EXPECT_FALSE(listen_on_path(path, 0600)) << "somebody answers there";
  }
  EXPECT_FALSE(connect_to_path(path));
  const auto second = listen_on_path(path, 0600);
  EXPECT_TRUE(second);
  EXPECT_TRUE(connect_to_path(path));
  ::unlink(path.c_str());
  EXPECT_FALSE(listen_on_path("/" + std::string(200, 'x'), 0600)) << "too long a name";
}

}  // namespace hyalite
