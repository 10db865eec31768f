// SPDX-License-Identifier: MIT
#include "base/text.h"

#include <gtest/gtest.h>

namespace hyalite {

TEST(Text, ComparesNamesWithoutCaseButOnlyAscii) {
  EXPECT_TRUE(equals_ignoring_case("Content-Length", "cONTENT-lENGTH"));
  EXPECT_FALSE(equals_ignoring_case("\xc4", "\xe4"));
  EXPECT_FALSE(equals_ignoring_case("a", "ab"));
}

TEST(Text, ComparesEightBytesAtOnceAsOneByOne) {
  for (std::size_t size : {1U, 7U, 8U, 9U, 15U, 16U, 17U, 24U}) {
    for (std::size_t at = 0; at < size; ++at) {
      for (unsigned i = 0; i < 0x10000; ++i) {
        std::string a(size, 'q'), b(size, 'Q');
        a[at] = static_cast<char>(i & 0xff), b[at] = static_cast<char>(i >> 8);
        ASSERT_EQ(equals_ignoring_case(a, b), lower(a[at]) == lower(b[at])) << size << " " << at << " " << i;
      }
    }
  }
}

TEST(Text, TrimsOnlySpacesAndTabs) {
  EXPECT_EQ(trim(" \t a b\t"), "a b");
  EXPECT_EQ(trim(" \t"), "");
  EXPECT_EQ(trim("\va\v"), "\va\v");
}

TEST(Text, HasOneSpaceBetweenWords) {
  EXPECT_EQ(single_spaced(" 4096\t131072 \t 6291456\t"), "4096 131072 6291456");
  EXPECT_EQ(single_spaced("one"), "one");
  EXPECT_EQ(single_spaced(" \t"), "");
}

TEST(Text, ReadsDecimalsStrictly) {
  EXPECT_EQ(parse_decimal("18446744073709551615"), UINT64_MAX);
  for (const char* bad : {"", "+1", "-1", " 1", "1 ", "0x1", "18446744073709551616", "1_0"}) {
    EXPECT_FALSE(parse_decimal(bad)) << bad;
  }
}

TEST(Text, KnowsASlipOfTheFinger) {
  EXPECT_EQ(did_you_mean("listner", {"listeners", "limits"}), "listeners");
  EXPECT_EQ(did_you_mean("on_failur", {"on_failure", "use"}), "on_failure");
  EXPECT_EQ(did_you_mean("zebra", {"listeners", "limits"}), "");
}

TEST(Text, WritesValidJsonWhateverComes) {
  EXPECT_EQ(json_string("a\"b\\c\n"), R"("a\"b\\c\u000a")");
  EXPECT_EQ(json_string("\xc3\xa4"), "\"\xc3\xa4\"");
  EXPECT_EQ(json_string("\xff\xc0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST(Text, TellsUtf8FromOtherBytes) {
  EXPECT_TRUE(is_utf8("") && is_utf8("a\xc3\xa4\xf0\x9f\x8d\xaf"));
  for (const char* bad : {"\xff", "\xc0\x80", "\xed\xa0\x80", "a\xc3", "\xf4\x90\x80\x80"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

TEST(Text, ComesBackFromAWord) {
  for (const std::string& text : {std::string(), std::string("plain"),
                                  std::string("a b\n%\x01\xc3\xa4"), std::string(1, '\0')}) {
    const std::string written = word(text);
    EXPECT_EQ(written.find_first_of(" \n"), std::string::npos);
    EXPECT_EQ(from_word(written), text);
  }
  for (const char* bad : {"", "%2", "%zz", "a%"}) EXPECT_FALSE(from_word(bad)) << bad;
}

TEST(Text, IsEscapedForPages) {
  EXPECT_EQ(escape_html("<a href=\"x\" id='y'>&\r\n\x1b\xc3\xa4"),
            "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp; \n \xc3\xa4");
}

TEST(Text, KeepsALogLineOneLine) { EXPECT_EQ(printable("a\nb\x1b[0m"), "a\\x0ab\\x1b[0m"); }

TEST(Text, EscapesQuotesWhereTheyWouldEndSomething) {
  EXPECT_EQ(printable("a \"b\" \\"), "a \\x22b\\x22 \\x5c");
  EXPECT_EQ(readable("a \"b\" \\\x1b", 9), "a \"b\" \\\\x1b");
  EXPECT_EQ(readable("abc", 2), "ab...");
}

}  // namespace hyalite
