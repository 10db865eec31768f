// Questions to workers, and their answers put together.
// SPDX-License-Identifier: MIT
#include "process/live_views.h"

#include <gtest/gtest.h>

#include "process/messages.h"

namespace hyalite {

namespace {

// A worker as the admin process sees it: the other end.
struct AWorker {
  Channel end;
  std::optional<LiveView> asked() {
    const auto received = end.receive();
    return received && *received ? (*received)->as<LiveView>() : std::nullopt;
  }
  void answer(std::uint64_t question, const std::string& json) {
    ASSERT_TRUE(end.send_bytes(kLiveViewAnswer, std::to_string(question) + "\n" + json));
  }
};

struct LiveViewsOfTwo : testing::Test {
  LiveViewsOfTwo() {
    for (unsigned worker = 0; worker < 2; ++worker) {
      auto ends = std::move(*Channel::pair());
      views.add(1, worker, std::move(ends.first));
      workers[worker].end = std::move(ends.second);
    }
  }
  void ask(std::size_t most) {
    views.ask(most, [this](std::string json) { answer = std::move(json); });
  }
  void run() {
    for (int i = 0; i < 10; ++i) loop->run_once();
  }
  std::unique_ptr<Loop> loop = std::move(*Loop::open());
  LiveViews views{*loop};
  AWorker workers[2];
  std::optional<std::string> answer;
};

}  // namespace

TEST_F(LiveViewsOfTwo, PutTheAnswersOfAllWorkersTogether) {
  ask(10);
  const auto first = workers[0].asked(), second = workers[1].asked();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->most, 10u);
  workers[0].answer(first->question, R"([{"id":1},{"id":2}])");
  run();
  EXPECT_FALSE(answer) << "one is still awaited";
  workers[1].answer(second->question, R"([{"id":3}])");
  run();
  EXPECT_EQ(answer, R"([{"id":1},{"id":3},{"id":2}])");
}

TEST_F(LiveViewsOfTwo, AnswerWithoutAWorkerThatDoesNot) {
  ask(10);
  workers[0].answer(workers[0].asked()->question, R"([{"id":1}])");
  loop->run_once();
  const auto until = std::chrono::steady_clock::now() + LiveViews::kPatience + Seconds{3};
  while (!answer && std::chrono::steady_clock::now() < until) loop->run_once();
  EXPECT_EQ(answer, R"([{"id":1}])");
}

TEST_F(LiveViewsOfTwo, DoNotMindALateOrStrangeAnswer) {
  workers[0].answer(99, "[]");
  ASSERT_TRUE(workers[0].end.send_bytes(kLiveViewAnswer, "no number"));
  run();
  ask(10);
  workers[0].answer(workers[0].asked()->question, "not json");
  workers[1].answer(workers[1].asked()->question, R"({"an":"object"})");
  run();
  EXPECT_EQ(answer, "[]");
}

// A worker in somebody else's hands may say as much as it likes: what others say is heard meanwhile.
TEST_F(LiveViewsOfTwo, TakeTurnsWithAWorkerThatFloods) {
  ask(10);
  const auto first = workers[0].asked(), second = workers[1].asked();
  ASSERT_TRUE(first && second);
  for (int i = 0; i < 2 * Channel::kInARow; ++i) workers[0].answer(99, "[]");
  workers[0].answer(first->question, R"([{"id":1}])");
  workers[1].answer(second->question, R"([{"id":2}])");
  loop->run_once();
  EXPECT_FALSE(answer) << "the flood was taken in one go";
  run();
  EXPECT_EQ(answer, R"([{"id":2},{"id":1}])");
}

TEST_F(LiveViewsOfTwo, AnswerAtOnceWhenNobodyIsLeft) {
  views.remove(1);
  ask(10);
  EXPECT_EQ(answer, "[]");
}

TEST(JoinedArrays, AreCutWhereTheLimitIs) {
  EXPECT_EQ(joined_arrays({"[1,2,3]", "[4,5,6]"}, 3), "[1,4,2]");
  EXPECT_EQ(joined_arrays({}, 3), "[]");
  EXPECT_EQ(joined_arrays({"[1]"}, 0), "[]");
}

}  // namespace hyalite
