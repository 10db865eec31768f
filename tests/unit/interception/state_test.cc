// What is remembered while interception is on: read as it was written, and only by the namespace
// that wrote it. SPDX-License-Identifier: MIT
#include "interception/state.h"

#include <gtest/gtest.h>

#include <string>

namespace hyalite {

namespace {

InterceptState some_state() {
  InterceptState state;
  state.settings_file = "/etc/hyalite/hyalite.yaml";
  state.settings_text = "listeners: [{address: \"[::]:80\"}]\n";
  state.complete = true;
  state.sysctls = {{"net/ipv4/ip_forward", "0", "1"}};
  state.ports = {80, 443};
  state.listener_port = 8080;
  state.network = 0xffff'ffff'ffff'fffe;
  return state;
}

}  // namespace

TEST(InterceptState, IsReadAsItWasWritten) {
  EXPECT_EQ(read_intercept_state(write_intercept_state(some_state())), some_state());
}

TEST(InterceptState, OfAnEarlierVersionHasNoNumberOfItsNetwork) {
  std::string text = write_intercept_state(some_state());
  const auto from = text.find(",\"network\"");
  ASSERT_NE(from, std::string::npos);
  text.erase(from, text.find('}', from) - from);
  const auto state = read_intercept_state(text);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->network, 0u);
  EXPECT_EQ(state->settings_file, some_state().settings_file);
}

TEST(InterceptState, IsAnothersOnlyWhereBothNumbersAreKnown) {
  InterceptState state;
  state.network = 7;
  EXPECT_TRUE(is_of_another_network(state, 8));
  EXPECT_FALSE(is_of_another_network(state, 7));
  EXPECT_FALSE(is_of_another_network(state, 0)) << "an older kernel: it is told by its inode alone";
  state.network = 0;
  EXPECT_FALSE(is_of_another_network(state, 8)) << "written by an earlier version";
}

}  // namespace hyalite
