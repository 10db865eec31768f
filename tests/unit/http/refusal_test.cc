// SPDX-License-Identifier: MIT
#include "http/refusal.h"

#include <gtest/gtest.h>

#include <set>

namespace hyalite {

TEST(Refusals, HaveEachANameASentenceAndAStatus) {
  std::set<std::string_view> ids, sentences;
  for (std::size_t i = 0; i < kRefusals; ++i) {
    const RefusalText& text = describe(static_cast<Refusal>(i));
    EXPECT_TRUE(ids.insert(text.id).second) << text.id;
    EXPECT_TRUE(sentences.insert(text.sentence).second) << text.sentence;
    EXPECT_EQ(text.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"),
              std::string_view::npos)
        << text.id;
    EXPECT_TRUE(text.sentence.size() > 10 && text.sentence.back() != '.') << text.sentence;
    EXPECT_TRUE(text.request_status >= 400 && text.request_status <= 505) << text.id;
  }
}

TEST(Refusals, StandInTheOrderOfTheirNumbers) {
  EXPECT_EQ(describe(Refusal::empty_line_before_request).id, "empty_line_before_request");
  EXPECT_EQ(describe(Refusal::bare_lf).id, "bare_lf");
  EXPECT_EQ(describe(Refusal::missing_host).id, "missing_host");
  EXPECT_EQ(describe(Refusal::both_lengths).id, "both_lengths");
  EXPECT_EQ(describe(Refusal::bad_connection).id, "bad_connection");
  EXPECT_EQ(describe(Refusal::unasked_response).id, "unasked_response");
  EXPECT_EQ(describe(Refusal::truncated_body).id, "truncated_body");
  EXPECT_EQ(describe(Refusal::edit_changed_framing).id, "edit_changed_framing");
  EXPECT_EQ(describe(Refusal::target_too_long).request_status, 414);
  EXPECT_EQ(describe(Refusal::head_too_large).request_status, 431);
  EXPECT_EQ(describe(Refusal::unsupported_version).request_status, 505);
  EXPECT_EQ(describe(Refusal::unknown_transfer_coding).request_status, 501);
  EXPECT_EQ(describe(Refusal::unknown_expectation).request_status, 417);
}

}  // namespace hyalite
