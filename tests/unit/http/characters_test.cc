// SPDX-License-Identifier: MIT
#include "http/characters.h"

#include <gtest/gtest.h>

#include <string>


namespace hyalite {

TEST(Characters, AreWhatTheRfcsSay) {
  for (int i = 0; i < 256; ++i) {
    const auto c = static_cast<char>(i);
    const bool visible = i > 0x20 && i < 0x7f;
    const bool letter = (i >= 'a' && i <= 'z') || (i >= 'A' && i <= 'Z'), digit = i >= '0' && i <= '9';
    EXPECT_EQ(is_in(c, kValueCharacter), visible || i >= 0x80 || c == ' ' || c == '\t') << i;
    EXPECT_EQ(is_in(c, kTargetCharacter), visible || i >= 0x80) << i;
    EXPECT_EQ(is_in(c, kTokenCharacter),
              letter || digit || (i != 0 && std::string("!#$%&'*+-.^_`|~").find(c) != std::string::npos))
        << i;
    EXPECT_EQ(is_in(c, kHexDigit), digit || (i >= 'a' && i <= 'f') || (i >= 'A' && i <= 'F')) << i;
    EXPECT_EQ(is_in(c, kQuotedCharacter), is_in(c, kValueCharacter) && c != '"' && c != '\\') << i;
  }
}

TEST(Characters, AreCountedEightAtATimeAsOneByOne) {
  for (std::size_t size = 0; size <= 24; ++size) {
    for (std::size_t at = 0; at <= size; ++at) {
      for (int i = 0; i < 256; ++i) {
        std::string text(size, i % 2 == 0 ? '\t' : '\xff');
        if (at < size) text[at] = static_cast<char>(i);
        EXPECT_EQ(run_of_values(text), run_of(kValueCharacter, text)) << size << " " << at << " " << i;
      }
    }
  }
}

}  // namespace hyalite
