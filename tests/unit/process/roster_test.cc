// SPDX-License-Identifier: MIT
#include "process/roster.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace hyalite {
namespace {

GenerationPart& add(Roster& roster, std::uint64_t number, pid_t pid, GenerationState state) {
  auto part = std::make_unique<GenerationPart>();
  part->number = number;
  part->child.pid = pid;
  part->state = state;
  return roster.add(std::move(part));
}

AdminPart& add(Roster& roster, pid_t pid, AdminPart::State state) {
  auto part = std::make_unique<AdminPart>();
  part->child.pid = pid;
  part->state = state;
  return roster.add(std::move(part));
}

TEST(Roster, FindsPartsByWhatTheyAreKnownBy) {
  Roster roster;
  const GenerationPart& old = add(roster, 1, 10, GenerationState::draining);
  const GenerationPart& current = add(roster, 2, 20, GenerationState::serving);
  add(roster, 3, 30, GenerationState::draining);
  const AdminPart& leaving = add(roster, 11, AdminPart::State::leaving);
  const AdminPart& page = add(roster, 21, AdminPart::State::serving);
  EXPECT_EQ(roster.generation(1), &old);
  EXPECT_EQ(roster.generation(4), nullptr);
  EXPECT_EQ(roster.serving(), &current);
  EXPECT_EQ(roster.admin(11), &leaving);
  EXPECT_EQ(roster.admin(20), nullptr);
  EXPECT_EQ(roster.serving_admin(), &page);
  EXPECT_EQ(roster.draining(), 2u);
}

TEST(Roster, HasNoAdminProcessWhenTheLastOneLeaves) {
  Roster roster;
  EXPECT_FALSE(roster.has_admin());
  AdminPart& page = add(roster, 11, AdminPart::State::preparing);
  EXPECT_TRUE(roster.has_admin());
  page.state = AdminPart::State::leaving;
  EXPECT_FALSE(roster.has_admin());
}

TEST(Roster, TellsTheChannelOfEither) {
  Roster roster;
  auto [ours, theirs] = *Channel::pair();
  const int fd = ours.fd();
  add(roster, 1, 10, GenerationState::serving).child.channel = std::move(ours);
  add(roster, 11, AdminPart::State::serving).child.channel = std::move(theirs);
  EXPECT_EQ(roster.channel_of(10), fd);
  EXPECT_EQ(roster.channel_of(11), roster.admins()[0]->child.channel.fd());
  EXPECT_EQ(roster.channel_of(12), -1);
}

std::vector<std::uint64_t> numbers(const std::vector<const GenerationPart*>& parts) {
  std::vector<std::uint64_t> all;
  for (const GenerationPart* part : parts) all.push_back(part->number);
  return all;
}

TEST(Roster, TellsTheNewestGenerationsTheOldestFirst) {
  Roster roster;
  for (const std::uint64_t number : {1u, 2u, 3u})
    add(roster, number, static_cast<pid_t>(number), GenerationState::draining);
  add(roster, 4, 4, GenerationState::serving);
  add(roster, 5, 5, GenerationState::loading);
  EXPECT_EQ(numbers(roster.newest(9)), (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(numbers(roster.newest(3)), (std::vector<std::uint64_t>{3, 4, 5}));
  EXPECT_EQ(numbers(roster.newest(2)), (std::vector<std::uint64_t>{4, 5}));
}

TEST(Roster, NeverLeavesOutTheGenerationThatServes) {
  Roster roster;
  add(roster, 1, 1, GenerationState::draining);
  add(roster, 2, 2, GenerationState::serving);
  for (const std::uint64_t number : {3u, 4u, 5u})
    add(roster, number, static_cast<pid_t>(number), GenerationState::ending);
  EXPECT_EQ(numbers(roster.newest(3)), (std::vector<std::uint64_t>{2, 4, 5}));
  EXPECT_EQ(numbers(roster.newest(1)), (std::vector<std::uint64_t>{2}));
}

// A part that speaks while it is waited for may bring others into the list.
TEST(Roster, PartsStayWhereTheyAreWhileOthersComeAndGo) {
  Roster roster;
  const GenerationPart* second = nullptr;
  for (pid_t pid = 1; pid <= 100; ++pid) {
    GenerationPart& added =
        add(roster, static_cast<std::uint64_t>(pid), pid, GenerationState::loading);
    if (pid == 2) second = &added;
  }
  for (pid_t pid = 3; pid <= 100; ++pid) EXPECT_NE(roster.take_generation(pid), nullptr);
  EXPECT_EQ(roster.take_generation(3), nullptr);
  EXPECT_EQ(roster.generation(2), second);
  EXPECT_EQ(roster.generations().size(), 2u);
  EXPECT_EQ(roster.take_admin(1), nullptr);
}

}  // namespace
}  // namespace hyalite
