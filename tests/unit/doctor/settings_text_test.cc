// Settings as a file.
// SPDX-License-Identifier: MIT
#include "doctor/settings_text.h"

#include <gtest/gtest.h>

#include "healthy.h"
#include "settings/reader.h"

namespace hyalite {
namespace {

TEST(SettingsText, GivesTheSameSettingsAgain) {
  Settings settings = healthy_settings();
  settings.interception.mode = InterceptionMode::redirect;
  settings.upstream.mark = 0x200000;
  settings.upstream.source = UpstreamSource::proxy;
  settings.listeners[0].name = "all";
  settings.listeners[0].transparent = Transparent::no;
  const std::string text = settings_text(settings);
  const SettingsRead again = read_settings(text, "test");
  ASSERT_TRUE(again) << text_of(again.mistakes) << text;
  EXPECT_EQ(settings_text(again.settings), text);
  EXPECT_EQ(again.settings.upstream.mark, 0x200000u);
  EXPECT_EQ(again.settings.listeners[0].transparent, Transparent::no);
}

}  // namespace
}  // namespace hyalite
