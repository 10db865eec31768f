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
  HookTalk talk(loaded.start());
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
  HookTalk talk(loaded.start());
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
  EXPECT_TRUE(contains(m, "expected one of set, add, remove, rename or replace")) << m;
  EXPECT_TRUE(contains(m, "what is removed has no value")) << m;
  EXPECT_TRUE(contains(m, "test.yaml:14:")) << m;
}

std::string rewritten(const std::string& request_rules, std::string_view request = kGet) {
  Loaded loaded("  - { name: headers, use: header-rewriter, settings: { request: [ " +
                request_rules + " ] } }\n");
  EXPECT_TRUE(loaded.worked()) << loaded.mistakes;
  if (!loaded.worked()) return {};
  HookTalk talk(loaded.start());
  EXPECT_EQ(talk.request(request), Answer::go_on);
  return sent(*talk.exchange.request);
}

constexpr std::string_view kPage =
    "GET /shop/cart?x=1 HTTP/1.1\r\nHost: www.Shop.example:80\r\nReferer: "
    "http://a.example/?q=1&q=2\r\nCookie: a=1\r\nCookie: "
    "b=2\r\n\r\n";

TEST(HeaderRewriter, Renames) {
  EXPECT_EQ(
      rewritten("{ rename: X-One, to: X-Uno }"),
      "GET /a?b=c HTTP/1.1\r\nHost: Example.com:80\r\nAccept: a\r\nX-Uno: 1\r\nX-Uno: 2\r\n\r\n");
  EXPECT_EQ(rewritten("{ rename: X-None, to: X-Uno }"), kGet);
}

TEST(HeaderRewriter, ReplacesByRegularExpression) {
  const auto referrer = [](const std::string& rule) {
    const std::string text = rewritten("{ replace: referer, " + rule + " }", kPage);
    const auto at = text.find("Referer: ") + 9;
    return text.substr(at, text.find("\r\n", at) - at);
  };
  EXPECT_EQ(referrer("pattern: \"[?].*\", with: \"\""), "http://a.example/");
  EXPECT_EQ(referrer("pattern: \"q=([0-9])\", with: \"p=<\\\\1\\\\0>\""),
            "http://a.example/?p=<1q=1>&p=<2q=2>");
  EXPECT_EQ(referrer("pattern: \"^http:\", with: \"https:\""), "https://a.example/?q=1&q=2");
  EXPECT_EQ(referrer("pattern: \"x*\", with: \"-\""),
            "-h-t-t-p-:-/-/-a-.-e--a-m-p-l-e-/-?-q-=-1-&-q-=-2-");
  EXPECT_EQ(referrer("pattern: \"nothing\", with: \"x\""), "http://a.example/?q=1&q=2");
  // Each header of the name, at its place; what is left at its ends is no white space.
  EXPECT_EQ(rewritten("{ replace: Cookie, pattern: \"=.*\", with: \" \" }", kPage),
            "GET /shop/cart?x=1 HTTP/1.1\r\nHost: www.Shop.example:80\r\nReferer: "
            "http://a.example/?q=1&q=2\r\nCookie: a\r\nCookie: "
            "b\r\n\r\n");
}

// A client says how many there are.
TEST(HeaderRewriter, ReplacesInAsManyHeadersAsThereAre) {
  std::string request = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 250; ++i) request += "Cookie: id=" + std::to_string(i) + "; a=b\r\n";
  const std::string text = rewritten(
      "{ replace: Cookie, pattern: \"id=[^;]*\", with: \"\" }, "
      "{ set: X-Seen, to: \"1\", when: { header: [ { name: Cookie } ] } }, "
      "{ set: X-Unseen, to: \"1\", unless: { header: [ { name: Cookie } ] } }",
      request + "\r\n");
  EXPECT_FALSE(contains(text, "id=")) << text;
  EXPECT_TRUE(contains(text, "X-Seen"));
  EXPECT_FALSE(contains(text, "X-Unseen"));
}

// So many edits, each with a view of its own, would be more than a call may have.
TEST(HeaderRewriter, NeedsNoViewForEachHeaderThatItReplaces) {
  std::string request = "GET / HTTP/1.1\r\nHost: h\r\n", rules;
  for (int i = 0; i < 250; ++i) request += "Cookie: a\r\n";
  for (int i = 0; i < 8; ++i) rules += "{ replace: Cookie, pattern: \"$\", with: x }, ";
  const std::string text = rewritten(rules + "{ set: X-Last, to: \"1\" }", request + "\r\n");
  EXPECT_FALSE(contains(text, "Cookie: a\r\n"));
  EXPECT_FALSE(contains(text, "xxxxxxxxx"));
  std::size_t whole = 0;
  for (auto at = text.find("axxxxxxxx\r\n"); at != std::string::npos; at = text.find("axxxxxxxx\r\n", at + 1)) ++whole;
  EXPECT_EQ(whole, 250u);
  EXPECT_TRUE(contains(text, "X-Last: 1"));
}

// Else whoever sends so many would keep what is to be removed.
TEST(HeaderRewriter, AddsToAsManyHeadersAsMayArrive) {
  std::string request = "GET / HTTP/1.1\r\nHost: h\r\nX-Secret: s\r\n";
  for (std::size_t i = 2; i < HeadLimits{}.fields; ++i) request += "A: b\r\n";
  const std::string text = rewritten(
      "{ add: Via, to: \"1.1 p\" }, { set: X-Checked, to: \"1\" }, { remove: X-Secret }",
      request + "\r\n");
  EXPECT_TRUE(contains(text, "Via: 1.1 p\r\nX-Checked: 1\r\n")) << text;
  EXPECT_FALSE(contains(text, "X-Secret"));
}

TEST(HeaderRewriter, FailsRatherThanMakesAValueWithoutEnd) {
  Loaded loaded(
      "  - { name: headers, use: header-rewriter, on_failure: closed, settings: { request: [ { "
      "replace: Referer, pattern: \"\", with: \"" +
      std::string(4'000, 'x') + "\" } ] } }\n");
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  HookTalk talk(loaded.start());
  EXPECT_EQ(talk.request(kPage), Answer::decided);
}

TEST(HeaderRewriter, EditsOnlyWhereTheConditionsHold) {
  const auto holds = [](const std::string& condition) {
    return contains(rewritten("{ set: X-Mark, to: \"1\", when: { " + condition + " } }", kPage),
                    "X-Mark: 1\r\n");
  };
  for (const char* yes :
       {"host: [ other.example, SHOP.example ]", "exact_host: [ www.shop.example ]",
        "path: [ /x, /shop/ ]", "path_matches: \"cart$\"", "method: [ POST, GET ]",
        "client: [ 10.0.0.0/8, 192.0.2.0/24 ]", "client: [ 192.0.2.1 ]",
        "header: [ { name: cookie } ]",
        "header: [ { name: Cookie, matches: \"^b=\" }, { name: Referer } ]",
        "host: [ shop.example ], path: [ /shop ], method: [ GET ]", ""}) {
    EXPECT_TRUE(holds(yes)) << yes;
  }
  for (const char* no :
       {"host: [ other.example ]", "exact_host: [ shop.example ]", "path: [ /x ]",
        "path_matches: \"^cart\"", "path_matches: \"x=1\"", "method: [ get ]",
        "client: [ 192.0.3.0/24, \"2001:db8::/32\" ]", "header: [ { name: X-None } ]",
        "header: [ { name: Cookie, matches: \"^c=\" } ]",
        "header: [ { name: Cookie }, { name: X-None } ]",
        "host: [ shop.example ], method: [ POST ]"}) {
    EXPECT_FALSE(holds(no)) << no;
  }
  EXPECT_FALSE(contains(rewritten("{ set: X-Mark, to: \"1\", unless: { method: [ GET ] } }", kPage),
                        "X-Mark"));
  EXPECT_TRUE(contains(rewritten("{ set: X-Mark, to: \"1\", unless: { method: [ POST ] } }", kPage),
                       "X-Mark"));
  EXPECT_FALSE(contains(
      rewritten(
          "{ set: X-Mark, to: \"1\", when: { path: [ / ] }, unless: { host: [ shop.example ] } }",
          kPage),
      "X-Mark"));
  // Names in other scripts.
  const std::string idna =
      "{ set: X-Mark, to: \"1\", when: { host: [ \"b\xc3\xbc"
      "cher.example\" ] } }";
  EXPECT_TRUE(contains(rewritten(idna, "GET / HTTP/1.1\r\nHost: www.xn--bcher-kva.example\r\n\r\n"),
                       "X-Mark"));
  // Each sees what those before it did.
  EXPECT_TRUE(contains(
      rewritten(
          "{ set: X-A, to: \"1\" }, { set: X-B, to: \"1\", when: { header: [ { name: X-A } ] } }",
          kPage),
      "X-B: 1"));
}

TEST(HeaderRewriter, AHostIsBelowAnotherWhateverStandsInFront) {
  const auto marked = [](const std::string& condition, const std::string& host) {
    return contains(rewritten("{ set: X-Mark, to: \"1\", " + condition + " }", "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n"), "X-Mark");
  };
  for (const std::string& host : {std::string("x!y.shop.example"), std::string("Shop.Example..:80"), std::string(".shop.example"),
                                  std::string(64, 'l') + ".shop.example", std::string(300, '.') + "shop.example"}) {
    EXPECT_TRUE(marked("when: { host: [ shop.example ] }", host)) << host;
    EXPECT_FALSE(marked("unless: { host: [ shop.example ] }", host)) << host;
  }
  EXPECT_FALSE(marked("when: { host: [ shop.example ] }", "x!shop.example"));
  EXPECT_FALSE(marked("when: { exact_host: [ shop.example ] }", "x!y.shop.example"));
}

TEST(HeaderRewriter, KnowsTheStatusOfResponses) {
  const auto holds = [](const std::string& statuses, std::string_view response) {
    Loaded loaded(
        "  - { name: h, use: header-rewriter, settings: { response: [ { set: X-Mark, to: \"1\", "
        "when: { host: [ example.com ], status: [ " +
        statuses + " ] } } ] } }\n");
    EXPECT_TRUE(loaded.worked()) << loaded.mistakes;
    HookTalk talk(loaded.start());
    talk.request(kGet);
    talk.response(response);
    return contains(sent(*talk.exchange.response), "X-Mark");
  };
  EXPECT_TRUE(holds("200", kOk));
  EXPECT_TRUE(holds("404, 2xx", kOk));
  EXPECT_TRUE(holds("\"200-204\"", kOk));
  EXPECT_FALSE(holds("404, 5xx, \"201-204\"", kOk));
  EXPECT_TRUE(holds("5xx", "HTTP/1.1 599 X\r\nContent-Length: 0\r\n\r\n"));
}

TEST(HeaderRewriter, TellsMistakesInConditionsAndPatterns) {
  const auto mistakes = [](const std::string& rule, const char* of = "request") {
    const Loaded loaded(
        std::string("  - name: h\n    use: header-rewriter\n    settings:\n      ") + of +
        ":\n        - { " + rule + " }\n");
    EXPECT_TRUE(contains(loaded.mistakes, "test.yaml:7:")) << loaded.mistakes;
    return loaded.mistakes;
  };
  EXPECT_TRUE(contains(mistakes("replace: X, pattern: \"(\", with: a"),
                       "is not a regular expression (RE2): missing )"));
  EXPECT_TRUE(
      contains(mistakes("replace: X, pattern: a, with: \"\\\\1\""), "does not fit the pattern"));
  EXPECT_TRUE(contains(mistakes("replace: X, with: a"), "expected `pattern`"));
  EXPECT_TRUE(contains(mistakes("replace: X, pattern: a"), "expected `with`"));
  EXPECT_TRUE(contains(mistakes("replace: X, pattern: a, with: \"a\\r\\nb: c\""),
                       "is not a header's value"));
  EXPECT_TRUE(
      contains(mistakes("replace: Content-Length, pattern: a, with: b"), "belongs to the proxy"));
  EXPECT_TRUE(contains(mistakes("rename: X, to: Transfer-Encoding"), "belongs to the proxy"));
  EXPECT_TRUE(contains(mistakes("rename: TE, to: X"), "belongs to the proxy"));
  EXPECT_TRUE(contains(mistakes("rename: X"), "does not say the new name"));
  EXPECT_TRUE(contains(mistakes("rename: X, to: Y, with: z"), "does not belong to `rename`"));
  EXPECT_TRUE(contains(mistakes("remove: Host"), "exactly one of"));
  EXPECT_TRUE(contains(mistakes("rename: X, to: host"), "exactly one of"));
  EXPECT_TRUE(contains(mistakes("remove: X, when: { host: [ \"a b\" ] }"), "is not a host name"));
  EXPECT_TRUE(
      contains(mistakes("remove: X, when: { client: [ 10.0.0.0/33 ] }"), "is not a network"));
  EXPECT_TRUE(
      contains(mistakes("remove: X, when: { path: [ a ] }"), "is not the beginning of a path"));
  EXPECT_TRUE(contains(mistakes("remove: X, when: { path_matches: \"[\" }"),
                       "is not a regular expression"));
  EXPECT_TRUE(
      contains(mistakes("remove: X, when: { status: [ 200 ] }"), "is known of responses only"));
  EXPECT_TRUE(
      contains(mistakes("remove: X, when: { status: [ 6xx ] }", "response"), "is not a status"));
  EXPECT_TRUE(contains(mistakes("remove: X, when: { status: [ \"300-200\" ] }", "response"),
                       "is not a status"));
  EXPECT_TRUE(contains(mistakes("remove: X, unless: {}"), "is empty, so it always holds"));
  EXPECT_TRUE(contains(mistakes("remove: X, when: { header: [ { name: \"a b\" } ] }"),
                       "is not a header's name"));
}

}  // namespace
}  // namespace hyalite
