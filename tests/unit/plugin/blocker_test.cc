// What the blocker refuses, and how.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "blocker/list_file.h"
#include "blocker/page.h"
#include "unit/plugin/loaded.h"
#include "unit/plugin/scratch.h"

namespace hyalite {
namespace {

std::string get(std::string_view host) {
  return "GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n";
}

bool blocks(Chain& chain, std::string_view host) {
  Talk talk(chain);
  return talk.request(get(host)) == Answer::decided;
}

bool blocks_handshake(Chain& chain, const std::string& name, ServerName kind = ServerName::host) {
  Talk talk(chain);
  ClientHello hello;
  hello.server_name = name;
  hello.server_name_kind = kind;
  talk.flow.set_client_hello(hello);
  if (chain.client_hello(talk.flow) == Answer::go_on) return false;
  EXPECT_TRUE(std::holds_alternative<Reset>(talk.flow.decision().what));
  return true;
}

TEST(Blocker, BlocksAHostAndAllThatIsBelowIt) {
  Loaded loaded(
      "  - { name: ads, use: blocker, settings: { hosts: [ Ads.Example, \"192.0.2.1\" ] } }\n");
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  Chain& chain = loaded.start();
  for (const char* host : {"ads.example", "ADS.example", "ads.example.", "ads.example:8080",
                           "a.ads.example", "a.b.ads.example.", "192.0.2.1", "192.0.2.1:80"}) {
    EXPECT_TRUE(blocks(chain, host)) << host;
  }
  for (const char* host : {"example", "bads.example", "ads.example.org", "ads.exampl", "192.0.2.11",
                           "[2001:db8::1]:80"}) {
    EXPECT_FALSE(blocks(chain, host)) << host;
  }
}

TEST(Blocker, ShowsAPageThatNamesTheRule) {
  Loaded loaded("  - { name: ads, use: blocker, settings: { hosts: [ ads.example ] } }\n");
  Chain& chain = loaded.start();
  Talk talk(chain);
  ASSERT_EQ(talk.request(get("x.ads.example")), Answer::decided);
  const auto& page = std::get<Respond>(talk.exchange.decision().what);
  EXPECT_EQ(page.status, 403u);
  EXPECT_TRUE(contains(page.body, "<strong>x.ads.example</strong>"));
  EXPECT_TRUE(contains(page.body, "<code>ads.example</code>"));
  EXPECT_EQ(talk.exchange.decision().decided_by, "ads");
  EXPECT_EQ(talk.exchange.decision().reason, "ads.example (hosts)");
}

TEST(Blocker, LooksAtAnAbsoluteTargetToo) {
  Loaded loaded("  - { name: ads, use: blocker, settings: { hosts: [ ads.example ] } }\n");
  Chain& chain = loaded.start();
  Talk proxied(chain), tunnel(chain);
  EXPECT_EQ(proxied.request("GET http://ads.example/x HTTP/1.1\r\nHost: ads.example\r\n\r\n"),
            Answer::decided);
  EXPECT_EQ(tunnel.request("CONNECT ads.example:443 HTTP/1.1\r\nHost: ads.example:443\r\n\r\n"),
            Answer::decided);
}

TEST(Blocker, ResetsWhenAsked) {
  Loaded loaded(
      "  - { name: ads, use: blocker, settings: { hosts: [ ads.example ], answer: reset } }\n");
  Chain& chain = loaded.start();
  Talk talk(chain);
  ASSERT_EQ(talk.request(get("ads.example")), Answer::decided);
  EXPECT_TRUE(std::holds_alternative<Reset>(talk.exchange.decision().what));
}

TEST(Blocker, ResetsBlockedHandshakes) {
  Loaded loaded("  - { name: ads, use: blocker, settings: { hosts: [ ads.example ] } }\n");
  Chain& chain = loaded.start();
  EXPECT_TRUE(blocks_handshake(chain, "ads.example"));
  EXPECT_TRUE(blocks_handshake(chain, "x.ads.example"));
  EXPECT_FALSE(blocks_handshake(chain, "example"));
  EXPECT_FALSE(blocks_handshake(chain, "", ServerName::absent));
}

TEST(Blocker, ReadsLists) {
  const Scratch scratch;
  const std::string list =
      scratch.write("ads.txt", "# ads\n\nads.example  # one\r\n\tTRACKER.example.\n last.example");
  Loaded loaded("  - { name: ads, use: blocker, settings: { hosts: [ inline.example ], lists: [ " +
                list + " ] } }\n");
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  Chain& chain = loaded.start();
  for (const char* host : {"ads.example", "tracker.example", "last.example", "inline.example"})
    EXPECT_TRUE(blocks(chain, host)) << host;
  EXPECT_FALSE(blocks(chain, "one"));
  Talk talk(chain);
  talk.request(get("ads.example"));
  EXPECT_EQ(talk.exchange.decision().reason, "ads.example (" + list + ")");
}

TEST(Blocker, TellsEveryMistakeWithFileAndLine) {
  const Scratch scratch;
  const std::string list = scratch.write("ads.txt",
                                         "fine.example\n*.ads.example\nhttp://a.example/\n0.0.0.0 "
                                         "b.example\nb\xc3\xbc.example\n-\x01-\n");
  Loaded loaded(
      "  - name: ads\n"
      "    use: blocker\n"
      "    settings:\n"
      "      hosts: [ fine.example,\n"
      "               \"not a host\" ]\n"
      "      lists: [ " +
      list +
      ", /nowhere/at/all ]\n"
      "      answr: page\n");
  EXPECT_FALSE(loaded.worked());
  // The schema comes first: what it refuses need not be looked at further.
  EXPECT_TRUE(contains(loaded.mistakes, "answr")) << loaded.mistakes;
  Loaded again(
      "  - name: ads\n    use: blocker\n    settings:\n      hosts: [ fine.example,\n              "
      " \"not a host\" ]\n      lists: [ " +
      list + ", /nowhere/at/all ]\n");
  const std::string& m = again.mistakes;
  EXPECT_TRUE(contains(m, "test.yaml:7:16: ")) << m;
  EXPECT_TRUE(contains(m, list + ":2: \"*.ads.example\": write it without \"*.\"")) << m;
  EXPECT_TRUE(contains(m, list + ":3: \"http://a.example/\": this is a URL")) << m;
  EXPECT_TRUE(contains(m, list + ":4: \"0.0.0.0 b.example\": there is more than one word")) << m;
  EXPECT_TRUE(contains(m, list + ":5: \"b??.example\": write it in its ASCII form")) << m;
  EXPECT_TRUE(contains(m, list + ":6: \"-?-\": this is not a host name")) << m;
  EXPECT_TRUE(contains(m, "/nowhere/at/all: No such file or directory")) << m;
}

TEST(ListFile, TellsTenMistakesAndHowManyMore) {
  const Scratch scratch;
  std::string text;
  for (int i = 0; i < 25; ++i) text += "not one\n";
  NameSet::Builder names;
  std::vector<std::string> told;
  read_list(scratch.write("l", text), 1, names,
            [&](const std::string& what) { told.push_back(what); });
  ASSERT_EQ(told.size(), 11u);
  EXPECT_TRUE(contains(told.back(), "15 more lines are wrong"));
}

TEST(ListFile, SurvivesAnyBytes) {
  const Scratch scratch;
  std::string text = "a.example\nx" + std::string(1, '\0') + "y.example\n" +
                     std::string(100'000, 'z') + "\nb.example\n";
  NameSet::Builder names;
  int wrong = 0;
  EXPECT_TRUE(read_list(scratch.write("l", text), 1, names, [&](const std::string&) { ++wrong; }));
  EXPECT_EQ(wrong, 2);
  const NameSet set = std::move(names).build();
  EXPECT_TRUE(set.find("a.example"));
  EXPECT_TRUE(set.find("b.example"));
}

TEST(BlockPage, LetsNothingThroughAsHtml) {
  const std::string page = block_page("<script>alert('x')</script>", "\"><img src=x>&\x01");
  EXPECT_FALSE(contains(page, "<script"));
  EXPECT_FALSE(contains(page, "<img"));
  EXPECT_TRUE(contains(page, "&quot;&gt;&lt;img src=x&gt;&amp; "));
}

}  // namespace
}  // namespace hyalite
