// What one program leaves to the next.
// SPDX-License-Identifier: MIT
#include "process/master_state.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace hyalite {

namespace {

MasterState full_state() {
  MasterState state;
  state.settings_file = "/etc/my hyalite/%odd\nname.yaml";
  state.program = "/usr/bin/hyalite";
  state.started_ns = 1'700'000'000'000'000'000;
  state.last_number = 12;
  state.worker_deaths = 3;
  state.failed_reloads = 1;
  state.life_read = 5;
  state.life_write = 6;
  state.totals = 7;
  state.last_good = 8;
  state.refusals = 25;
  state.kept[0] = {9, ""};
  state.kept[2] = {10, "/run/hyalite/control.sock"};
  state.groups = {{*Address::parse("[::]:0"), *Address::parse("[::]:8080"), true, {11, 12}},
                  {*Address::parse("0.0.0.0:80"), *Address::parse("0.0.0.0:80"), false, {13}}};
  state.generations = {
      {11, 400, GenerationState::draining, 5, 2, 600'000, 10'000, 14, 15, 16, {17, 18}},
      {12, 401, GenerationState::serving, 6, 1, 600'000, 10'000, 19, 20, 21, {}}};
  state.admins = {{402, true, 22}, {403, false, 23}};
  state.finished = {{10, 24}};
  state.askers = {{403, 77}};
  state.quarantined = {"ads", "audit"};
  return state;
}

}  // namespace

TEST(MasterState, ComesBackAsItWas) {
  const std::string text = write_state(full_state());
  const auto state = read_state(text);
  ASSERT_TRUE(state) << state.error().text;
  EXPECT_EQ(write_state(*state), text);
  EXPECT_EQ(state->settings_file, full_state().settings_file);
  EXPECT_EQ(state->groups[0].slots, (std::vector<int>{11, 12}));
  EXPECT_EQ(state->generations[0].questions, (std::vector<int>{17, 18}));
  EXPECT_TRUE(state->admins[0].leaving);
}

TEST(MasterState, KnowsEveryDescriptorThatMustStayOpen) {
  auto fds = descriptors_of(full_state());
  std::sort(fds.begin(), fds.end());
  std::vector<int> expected;
  for (int fd = 5; fd <= 25; ++fd) expected.push_back(fd);
  EXPECT_EQ(fds, expected);
}

TEST(MasterState, IsUnderstoodWhollyOrNotAtAll) {
  const std::string text = write_state(full_state());
  EXPECT_FALSE(read_state(""));
  EXPECT_FALSE(read_state(text + "something new\n"));
  EXPECT_FALSE(read_state("hyalite-master 1" + text.substr(text.find('\n')))) << "another format";
  EXPECT_FALSE(read_state(text.substr(text.find('\n') + 1))) << "no format";
  // Cut anywhere inside a line, something is missing; at a line's end it may be a smaller state.
  for (std::size_t end = 1; end < text.size(); ++end) {
    if (text[end] == '\n' || text[end - 1] == '\n') continue;
    const auto state = read_state(text.substr(0, end));
    if (state) {
      EXPECT_NE(write_state(*state), text);
    }
  }
}

}  // namespace hyalite
