// What the header rewriter makes of requests and responses.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "http/writer.h"
#include "unit/plugin/loaded.h"

namespace hyalite {
namespace {

constexpr const char* kRules =
    "  - name: headers\n"
    "    use: header-rewriter\n"
    "    settings:\n"
    "      request:\n"
    "        - { remove: x-one }\n"
    "        - { set: X-Checked, to: \"yes\" }\n"
    "        - { add: Accept, to: b }\n"
    "      response:\n"
    "        - { remove: Server }\n"
    "        - { set: Cache-Control, to: no-store }\n";

template <class H>
std::string sent(const H& head) {
  Buffer out;
  write(head, out);
  return std::string(out.bytes());
}

TEST(HeaderRewriter, EditsBothWays) {
  Loaded loaded(kRules);
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  Talk talk(loaded.start());
  EXPECT_EQ(talk.request(kGet), Answer::go_on);
  EXPECT_EQ(sent(*talk.exchange.request),
            "GET /a?b=c HTTP/1.1\r\nHost: Example.com:80\r\nAccept: a\r\nX-Checked: yes\r\nAccept: "
            "b\r\n\r\n");
  EXPECT_EQ(talk.response(kOk), Answer::go_on);
  EXPECT_EQ(sent(*talk.exchange.response),
            "HTTP/1.1 200 Fine\r\nContent-Length: 4\r\nCache-Control: no-store\r\n\r\n");
}

TEST(HeaderRewriter, LeavesAloneWhatItHasNoRuleFor) {
  Loaded loaded(
      "  - { name: headers, use: header-rewriter, settings: { request: [ { remove: X-Absent } ] } "
      "}\n");
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  Talk talk(loaded.start());
  talk.request(kGet);
  talk.response(kOk);
  EXPECT_FALSE(talk.exchange.request->edited());
  EXPECT_FALSE(talk.exchange.response->edited());
}

TEST(HeaderRewriter, RefusesWhatItMayNotDo) {
  Loaded loaded(
      "  - name: headers\n"
      "    use: header-rewriter\n"
      "    settings:\n"
      "      request:\n"
      "        - { remove: content-length }\n"
      "        - { set: X, to: \"a\\r\\nY: b\" }\n"
      "        - { set: not a name, to: b }\n"
      "        - { set: X }\n"
      "        - { set: X, remove: X, to: b }\n"
      "        - { remove: X, to: b }\n"
      "      response:\n"
      "        - { add: Transfer-Encoding, to: chunked }\n");
  EXPECT_FALSE(loaded.worked());
  const std::string& m = loaded.mistakes;
  EXPECT_TRUE(contains(m, "test.yaml:7:21: ")) << m;
  EXPECT_TRUE(contains(m, "belongs to the proxy: this header says where a message ends")) << m;
  EXPECT_TRUE(contains(m, "test.yaml:8:25: ")) << m;
  EXPECT_TRUE(contains(m, "is not a header's value")) << m;
  EXPECT_TRUE(contains(m, "test.yaml:9:18: ")) << m;
  EXPECT_TRUE(contains(m, "is not a header's name")) << m;
  EXPECT_TRUE(contains(m, "test.yaml:10:11: ")) << m;
  EXPECT_TRUE(contains(m, "expected `to`")) << m;
  EXPECT_TRUE(contains(m, "test.yaml:11:11: ")) << m;
  EXPECT_TRUE(contains(m, "expected one of set, add or remove")) << m;
  EXPECT_TRUE(contains(m, "what is removed has no value")) << m;
  EXPECT_TRUE(contains(m, "test.yaml:14:")) << m;
}

}  // namespace
}  // namespace hyalite
