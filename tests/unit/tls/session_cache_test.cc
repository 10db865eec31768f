#include "tls/session_cache.h"

#include <gtest/gtest.h>

namespace hyalite {
namespace {

const WallTime kNow{Seconds{1'000'000}};

SessionCache::Kept kept(WallTime until = kNow + Seconds{10}) {
  return {Session(SSL_SESSION_new()), {{}, "", until}};
}

TEST(SessionCache, GivesEachSessionOutOnce) {
  SessionCache cache(10);
  cache.keep("a", kept());
  EXPECT_TRUE(cache.take("a", kNow).session);
  EXPECT_FALSE(cache.take("a", kNow).session);
}

TEST(SessionCache, NeverMixesKeys) {
  SessionCache cache(10);
  cache.keep("a", kept());
  EXPECT_FALSE(cache.take("b", kNow).session);
}

TEST(SessionCache, ForgetsTheOldest) {
  SessionCache cache(2);
  for (const char* key : {"a", "b", "c"}) cache.keep(key, kept());
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_FALSE(cache.take("a", kNow).session);
  EXPECT_TRUE(cache.take("c", kNow).session);
}

TEST(SessionCache, KeepsNoVerdictLongerThanItsCertificates) {
  SessionCache cache(10);
  cache.keep("a", kept(kNow + Seconds{1}));
  EXPECT_FALSE(cache.take("a", kNow + Seconds{1}).session);
  EXPECT_EQ(cache.size(), 0u);
}

TEST(SessionCache, OneServerDoesNotCrowdOutTheOthers) {
  SessionCache cache(10);
  cache.keep("b", kept());
  for (int i = 0; i < 50; ++i) cache.keep("a", kept());
  EXPECT_LE(cache.size(), 5u);
  EXPECT_TRUE(cache.take("b", kNow).session);
}

TEST(SessionCache, KeepsNoSessionOfGiantCertificates) {
  SessionCache cache(10);
  SessionCache::Kept fits = kept(), giant = kept();
  fits.verdict.chain_bytes = kMostSessionBytes;
  giant.verdict.chain_bytes = kMostSessionBytes + 1;
  cache.keep("a", std::move(fits));
  cache.keep("b", std::move(giant));
  EXPECT_TRUE(cache.take("a", kNow).session);
  EXPECT_FALSE(cache.take("b", kNow).session);
}

TEST(SessionCache, CountsALargeSessionAsSeveral) {
  SessionCache cache(4);
  for (const char* key : {"a", "b", "c"}) cache.keep(key, kept());
  SessionCache::Kept large = kept();
  large.verdict.chain_bytes = kMostSessionBytes;  // seven times as much in memory: as much as four of usual size
  cache.keep("d", std::move(large));
  EXPECT_EQ(cache.size(), 1u);
  EXPECT_TRUE(cache.take("d", kNow).session);
  for (const char* key : {"a", "b", "c", "d", "e"}) cache.keep(key, kept());
  EXPECT_EQ(cache.size(), 4u);
}

TEST(SessionCache, MayBeSwitchedOff) {
  SessionCache cache(0);
  cache.keep("a", kept());
  EXPECT_FALSE(cache.take("a", kNow).session);
}

}  // namespace
}  // namespace hyalite
