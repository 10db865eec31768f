// SPDX-License-Identifier: MIT
#include "http/names.h"

#include <gtest/gtest.h>

#include <set>

#include "base/text.h"

namespace hyalite {

TEST(Names, KnowsEachOfThemInAnyCase) {
  for (std::size_t i = 1; i < kNames; ++i) {
    const auto name = static_cast<Name>(i);
    EXPECT_EQ(name_of(text_of(name)), name) << text_of(name);
    EXPECT_EQ(name_of(to_lower(text_of(name))), name) << text_of(name);
    EXPECT_EQ(hash_of_name(to_lower(text_of(name))), hash_of_name(text_of(name)));
  }
}

TEST(Names, HaveAHashOfTheirOwn) {
  std::set<std::uint32_t> hashes;
  for (std::size_t i = 1; i < kNames; ++i) hashes.insert(hash_of_name(text_of(static_cast<Name>(i))));
  EXPECT_EQ(hashes.size(), kNames - 1);
}

TEST(Names, TakesNoOtherNameForAWellKnownOne) {
  for (const char* text : {"", "X-Other", "Content-Lengt", "Content-Length2", "Hos", "Hostt",
                           "\xc8ost", "Content_Length"}) {
    EXPECT_EQ(name_of(text), Name::other) << text;
  }
}

TEST(Names, KeepsFramingForTheHost) {
  for (const char* text : {"Content-Length", "transfer-encoding", "CONNECTION", "TE", "Trailer",
                           "Upgrade", "Keep-Alive", "Proxy-Connection"}) {
    EXPECT_TRUE(is_framing_field(Bytes(text))) << text;
  }
  for (const char* text : {"Host", "Content-Type", "X", "Trailers", "Via"})
    EXPECT_FALSE(is_framing_field(Bytes(text))) << text;
}

TEST(Names, SeesThroughAnUnderscore) {
  for (const char* text :
       {"Content_Length", "content_length", "Transfer_Encoding", "TRANSFER_ENCODING"}) {
    EXPECT_TRUE(is_lookalike(text)) << text;
  }
  for (const char* text :
       {"Content-Length", "X_Forwarded_For", "Content__Length", "Content_Type"}) {
    EXPECT_FALSE(is_lookalike(text)) << text;
  }
}

TEST(Names, LetsNothingEndALine) {
  EXPECT_TRUE(is_field_value(""));
  EXPECT_TRUE(is_field_value("a b\tc\xff\x80"));
  for (const Bytes value : {Bytes("a\rb"), Bytes("a\nb"), Bytes("a\0b", 3), Bytes("\x1f"),
                            Bytes("\x7f"), Bytes(" a"), Bytes("a "), Bytes("\ta"), Bytes("a\t")}) {
    EXPECT_FALSE(is_field_value(value));
  }
  EXPECT_TRUE(is_token("!#$%&'*+-.^_`|~0aZ"));
  for (const Bytes token :
       {Bytes(""), Bytes("a b"), Bytes("a:"), Bytes("\xe4"), Bytes("a\0", 2), Bytes("(a)")}) {
    EXPECT_FALSE(is_token(token));
  }
}

}  // namespace hyalite
