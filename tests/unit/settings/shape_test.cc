// SPDX-License-Identifier: MIT
#include "settings/shape.h"

#include <gtest/gtest.h>

namespace hyalite {

namespace {

using Kind = Shape::Kind;
constexpr std::uint64_t kAny = UINT64_MAX;

template <class T>
std::optional<T> parsed(std::string_view text, Kind kind, std::uint64_t least = 0,
                        std::uint64_t most = kAny, bool quoted = false) {
  T value{};
  if (!parse(Scalar{text, quoted}, Shape{kind, least, most, {}}, value)) return std::nullopt;
  return value;
}

}  // namespace

TEST(Shape, ReadsSizesWithTheirUnit) {
  EXPECT_EQ(parsed<std::size_t>("0B", Kind::size), 0u);
  EXPECT_EQ(parsed<std::size_t>("512B", Kind::size), 512u);
  EXPECT_EQ(parsed<std::size_t>("64KiB", Kind::size), 64u << 10);
  EXPECT_EQ(parsed<std::size_t>("3MiB", Kind::size), 3u << 20);
  EXPECT_EQ(parsed<std::size_t>("2GiB", Kind::size), std::size_t{2} << 30);
  for (const char* bad :
       {"", "64", "KiB", "64 KiB", "64kib", "64KB", "-1B", "1.5MiB", "64KiBs", "17179869184GiB"}) {
    EXPECT_FALSE(parsed<std::size_t>(bad, Kind::size)) << bad;
  }
}

TEST(Shape, ReadsTimesWithTheirUnit) {
  EXPECT_EQ(parsed<Milliseconds>("50ms", Kind::duration), Milliseconds{50});
  EXPECT_EQ(parsed<Milliseconds>("10s", Kind::duration), Seconds{10});
  EXPECT_EQ(parsed<Milliseconds>("2m", Kind::duration), Seconds{120});
  EXPECT_EQ(parsed<Milliseconds>("1h", Kind::duration), Seconds{3600});
  for (const char* bad : {"", "10", "s", "10 s", "10sec", "1.5s", "-1s", "9999999999999999999h"}) {
    EXPECT_FALSE(parsed<Milliseconds>(bad, Kind::duration)) << bad;
  }
}

TEST(Shape, KeepsTheBoundsIncludingTheirEnds) {
  EXPECT_TRUE(parsed<std::size_t>("3", Kind::count, 3, 5));
  EXPECT_TRUE(parsed<std::size_t>("5", Kind::count, 3, 5));
  EXPECT_FALSE(parsed<std::size_t>("2", Kind::count, 3, 5));
  EXPECT_FALSE(parsed<std::size_t>("6", Kind::count, 3, 5));
  EXPECT_FALSE(parsed<std::uint16_t>("65536", Kind::count, 0, 65'535));
  EXPECT_FALSE(parsed<Milliseconds>("1m", Kind::duration, 0, 59'999));
}

TEST(Shape, TakesQuotesAroundANumberForText) {
  EXPECT_FALSE(parsed<std::size_t>("3", Kind::count, 0, kAny, true));
  EXPECT_FALSE(parsed<bool>("true", Kind::boolean, 0, 0, true));
  EXPECT_TRUE(parsed<std::size_t>("64KiB", Kind::size, 0, kAny, true));
}

TEST(Shape, ReadsMarksInDecimalAndHexadecimal) {
  EXPECT_EQ(parsed<std::uint32_t>("0x200000", Kind::mark, 0, UINT32_MAX), 0x200000u);
  EXPECT_EQ(parsed<std::uint32_t>("17", Kind::mark, 0, UINT32_MAX), 17u);
  for (const char* bad : {"0x", "0x100000000", "0xg", "x1", "-0x1", "0x 1"}) {
    EXPECT_FALSE(parsed<std::uint32_t>(bad, Kind::mark, 0, UINT32_MAX)) << bad;
  }
}

TEST(Shape, ReadsNamesOfHosts) {
  EXPECT_EQ(parsed<std::string>("Bank.Example", Kind::host_name, 1, 253), "bank.example");
  EXPECT_TRUE(parsed<std::string>("xn--bcher-kva.example", Kind::host_name, 1, 253));
  for (const char* bad : {"", "*.example", ".example", "example.", "a..b", "10.0.0.1", "::1", "a b",
                          "b\xc3\xbc"
                          "cher.example"}) {
    EXPECT_FALSE(parsed<std::string>(bad, Kind::host_name, 1, 253)) << bad;
  }
}

TEST(Shape, ReadsNamesThatAreSafeEverywhere) {
  EXPECT_TRUE(parsed<std::string>("audit-2", Kind::identifier, 1, 64));
  for (const char* bad : {"", "-a", "Audit", "a_b", "a b", "a/b", "\xc3\xa4"}) {
    EXPECT_FALSE(parsed<std::string>(bad, Kind::identifier, 1, 64)) << bad;
  }
  EXPECT_FALSE(parsed<std::string>(std::string(65, 'a'), Kind::identifier, 1, 64));
}

TEST(Shape, ReadsAPluginAsANameOrAPath) {
  for (const char* good : {"http-logger", "My_Plugin2", "./a.so", "/opt/a b.so"}) {
    EXPECT_TRUE(parsed<std::string>(good, Kind::plugin, 1, 4096)) << good;
  }
  for (const char* bad : {"", "http-logger.so", "a b"})
    EXPECT_FALSE(parsed<std::string>(bad, Kind::plugin, 1, 4096)) << bad;
}

TEST(Shape, RefusesControlCharactersInAnyText) {
  EXPECT_FALSE(parsed<std::string>("a\nb", Kind::text, 1, 64));
  EXPECT_FALSE(parsed<std::string>(std::string_view("/a\0b", 4), Kind::path, 1, 64));
  EXPECT_FALSE(parsed<Address>(std::string_view("127.0.0.1\0x:80", 14), Kind::address));
  EXPECT_FALSE(parsed<Network>(std::string_view("127.0.0.1\0x", 11), Kind::network));
}

TEST(Shape, RefusesANetworkThatCouldBeMeantInTwoWays) {
  for (const char* good : {"10.0.0.0/8", "10.0.0.5", "10.0.0.5/32", "0.0.0.0/0", "10.128.0.0/9",
                           "2001:db8::/32", "::/0"}) {
    EXPECT_TRUE(parsed<Network>(good, Kind::network)) << good;
  }
  for (const char* bad :
       {"10.0.0.5/8", "10.192.0.0/9", "2001:db8::1/32", "10.0.0.0/33", "10.0.0/8", "lan"}) {
    EXPECT_FALSE(parsed<Network>(bad, Kind::network)) << bad;
  }
}

TEST(Shape, WritesTheShortestTextThatReadsBackAsTheSame) {
  const Shape size{Kind::size, 0, kAny, {}}, count{Kind::count, 0, kAny, {}},
      time{Kind::duration, 0, kAny, {}};
  for (std::size_t bytes : {0u, 1u, 1023u, 1024u, 1536u, 65536u, 1u << 20, 1u << 30}) {
    EXPECT_EQ(parsed<std::size_t>(write(size, bytes), Kind::size), bytes);
  }
  EXPECT_EQ(write(size, std::size_t{65536}), "64KiB");
  EXPECT_EQ(write(count, std::size_t{65536}), "65536");
  EXPECT_EQ(write(time, Milliseconds{90'000}), "90s");
  EXPECT_EQ(write(time, Milliseconds{7'500'000}), "125m");
  EXPECT_EQ(write(time, Milliseconds{1'500}), "1500ms");
  EXPECT_EQ(write(Shape{Kind::mark, 0, kAny, {}}, std::uint32_t{0x200000}), "0x200000");
}

TEST(Shape, OffersWhatWasProbablyMeant) {
  const Shape size{Kind::size, 1024, 1u << 20, {}};
  EXPECT_EQ(size.suggestion("64k"), "64KiB");
  EXPECT_EQ(size.suggestion("64 kb"), "64KiB");
  EXPECT_EQ(size.suggestion("2048"), "2048B");
  EXPECT_EQ(size.suggestion("64GB"), "") << "beyond the bounds";
  EXPECT_EQ(size.suggestion("much"), "");
  EXPECT_EQ((Shape{Kind::boolean, 0, 0, {}}.suggestion("Yes")), "true");
  EXPECT_EQ((Shape{Kind::address, 0, 0, {}}.suggestion("8080")), "[::]:8080");
  EXPECT_EQ((Shape{Kind::address, 0, 0, {}}.suggestion("80800")), "");
  EXPECT_EQ((Shape{Kind::word, 0, 0, {"pass", "refuse"}}.suggestion("refuze")), "refuse");
}

}  // namespace hyalite
