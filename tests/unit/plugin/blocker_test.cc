// What the blocker refuses, and how.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <zlib.h>

#include <random>

#include "blocker/list_file.h"
#include "blocker/list_line.h"
#include "blocker/page.h"
#include "blocker/url.h"
#include "shared/names.h"
#include "unit/plugin/loaded.h"
#include "unit/plugin/scratch.h"

namespace hyalite {
namespace {

std::string get(std::string_view host, std::string_view target = "/") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n";
}

std::string blocker(const std::string& settings) {
  return "  - { name: ads, use: blocker, settings: { " + settings + " } }\n";
}

// A chain with a blocker and nothing else.
class Blocking {
 public:
  explicit Blocking(const std::string& settings) : loaded_(blocker(settings)) {
    EXPECT_TRUE(loaded_.worked()) << loaded_.mistakes;
    chain_ = &loaded_.start();
  }
  bool blocks(std::string_view host, std::string_view target = "/") {
    HookTalk talk(*chain_);
    return talk.request(get(host, target)) == Answer::decided;
  }
  std::string reason(std::string_view host, std::string_view target = "/") {
    HookTalk talk(*chain_);
    return talk.request(get(host, target)) == Answer::decided ? talk.exchange.decision().reason
                                                              : "";
  }
  bool blocks_handshake(const std::string& name, ServerName kind = ServerName::host) {
    FlowSubject flow(some_flow());
    chain_->flow_open(flow);
    flow.set_protocol(Protocol::tls);
    ClientHello hello;
    hello.server_name = name;
    hello.server_name_kind = kind;
    flow.set_client_hello(hello);
    const bool decided = chain_->client_hello(flow) == Answer::decided;
    EXPECT_TRUE(!decided || std::holds_alternative<Reset>(flow.decision().what));
    chain_->flow_close(flow, {});
    return decided;
  }
  bool blocks_flow(Protocol protocol) {
    FlowSubject flow(some_flow());
    chain_->flow_open(flow);
    if (protocol != Protocol::pending) flow.set_protocol(protocol);
    const bool decided =
        (protocol != Protocol::pending && chain_->protocol_known(flow) == Answer::decided) ||
        chain_->upstream_connect(flow, flow.upstream()) == Answer::decided;
    chain_->flow_close(flow, {});
    return decided;
  }
  bool blocks_response(const std::string& fields, std::string_view host = "h.example") {
    HookTalk talk(*chain_);
    EXPECT_EQ(talk.request(get(host)), Answer::go_on);
    return talk.response("HTTP/1.1 200 OK\r\n" + fields + "Content-Length: 0\r\n\r\n") ==
           Answer::decided;
  }
  Chain& chain() { return *chain_; }
  Loaded& loaded() { return loaded_; }

 private:
  Loaded loaded_;
  Chain* chain_ = nullptr;
};

TEST(Blocker, BlocksAHostAndAllThatIsBelowIt) {
  Blocking ads("hosts: [ Ads.Example, \"192.0.2.1\" ], exact_hosts: [ one.example ]");
  for (const char* host :
       {"ads.example", "ADS.example", "ads.example.", "ads.example:8080", "a.ads.example",
        "a.b.ads.example.", "192.0.2.1", "192.0.2.1:80", "one.example"}) {
    EXPECT_TRUE(ads.blocks(host)) << host;
  }
  for (const char* host : {"example", "bads.example", "ads.example.org", "ads.exampl", "192.0.2.11",
                           "[2001:db8::1]:80", "a.one.example"}) {
    EXPECT_FALSE(ads.blocks(host)) << host;
  }
}

// Whatever stands in front of a listed name, servers that stand for all below it may take it.
TEST(Blocker, BlocksWhatIsBelowAHostAndIsNoHostName) {
  Blocking ads("hosts: [ ads.example ], exact_hosts: [ one.example ], urls: [ h.example/ads/ ]");
  const std::string label(64, 'l');
  for (const std::string& host :
       {std::string("x!y.ads.example"), std::string("X!Y.Ads.Example:80"), std::string("ads.example.."), std::string(".ads.example"),
        std::string("a..ads.example"), std::string("~.ads.example."), label + ".ads.example", label + label + label + label + ".ads.example",
        std::string(300, '.') + "ads.example", std::string("one.example...")}) {
    EXPECT_TRUE(ads.blocks(host)) << host;
  }
  for (const std::string& host :
       {std::string("x!ads.example"), std::string("ads.example.!"), std::string("x!y.one.example"), std::string(".one.example"), std::string("..."),
        std::string(300, '.') + "one.example", std::string(300, 'l')}) {
    EXPECT_FALSE(ads.blocks(host)) << host;
  }
  EXPECT_FALSE(ads.blocks("x!y.h.example", "/ads/x"));
  EXPECT_EQ(ads.reason("x!y.ads.example"), "ads.example (hosts)");
  EXPECT_TRUE(ads.blocks("h.example..", "/ads/x"));
}

TEST(Blocker, AllowsWhatIsBelowAnAllowedHost) {
  Blocking ads("hosts: [ example ], allow: { hosts: [ good.example ], exact_hosts: [ one.example ] }");
  EXPECT_FALSE(ads.blocks("x!y.good.example"));
  EXPECT_TRUE(ads.blocks("x!y.one.example"));
  EXPECT_TRUE(ads.blocks(std::string(300, 'l') + ".one.example"));
}

TEST(ComparableName, IsFoundByItsEndWhereItIsNoHostName) {
  EXPECT_EQ(ComparableName("A.Example.").text(), "a.example");
  EXPECT_EQ(ComparableName("a.example...").text(), "a.example");
  EXPECT_EQ(ComparableName("X!Y.Example").text(), "x!y.example");
  EXPECT_EQ(ComparableName("..").text(), "");
  // No name has a dot in front: what is cut there is below names only.
  const std::string name = "a." + std::string(251, '!');
  EXPECT_EQ(ComparableName(name).text(), name);
  EXPECT_EQ(ComparableName("x" + name).text(), name.substr(1));
  EXPECT_EQ(ComparableName("x" + name).whole(), "x" + name);
  EXPECT_EQ(ComparableName(std::string(254, '!')).text(), "");
}

TEST(Blocker, ComparesNamesInOtherScriptsByTheirAsciiForm) {
  Blocking ads(
      "hosts: [ \"B\xc3\x9c"
      "cher.example\", \"xn--fa-hia.example\" ]");
  EXPECT_TRUE(ads.blocks("www.xn--bcher-kva.example"));
  EXPECT_TRUE(ads.blocks("XN--FA-HIA.example"));
  EXPECT_TRUE(ads.blocks_handshake("xn--bcher-kva.example"));
  EXPECT_FALSE(ads.blocks("bucher.example"));
}

TEST(Blocker, ShowsAPageThatNamesTheRule) {
  Blocking ads("hosts: [ ads.example ]");
  HookTalk talk(ads.chain());
  ASSERT_EQ(talk.request(get("x.ads.example")), Answer::decided);
  const auto& page = std::get<Respond>(talk.exchange.decision().what);
  EXPECT_EQ(page.status, 403u);
  EXPECT_TRUE(contains(page.body, "<strong>x.ads.example</strong>"));
  EXPECT_TRUE(contains(page.body, "<code>ads.example</code>"));
  EXPECT_TRUE(contains(page.body, "Reference: <code>7-1</code>"));
  EXPECT_EQ(talk.exchange.decision().decided_by, "ads");
  EXPECT_EQ(talk.exchange.decision().reason, "ads.example (hosts)");
}

TEST(Blocker, ShowsTheOperatorsPageWithEverythingEscaped) {
  const Scratch scratch;
  const std::string page = scratch.write(
      "p.html",
      "<p title=\"{{url}}\">{{ host }} {{rule}} {{list}} {{reference}} {{client}}</p>{{time}}");
  Blocking ads("url_patterns: [ \"%3Cx%3E|<y>\" ], page: " + page + ", status: 451");
  HookTalk talk(ads.chain());
  ASSERT_EQ(talk.request(get("h.example", "/a?\"<x>'&")), Answer::decided);
  const auto& answer = std::get<Respond>(talk.exchange.decision().what);
  EXPECT_EQ(answer.status, 451u);
  EXPECT_EQ(answer.body.substr(0, answer.body.find("</p>")),
            "<p title=\"http://h.example/a?&quot;&lt;x&gt;&#39;&amp;\">h.example "
            "%3Cx%3E|&lt;y&gt; url_patterns 7-1 192.0.2.1");
}

TEST(Blocker, LooksAtAnAbsoluteTargetToo) {
  Blocking ads("hosts: [ ads.example ]");
  HookTalk proxied(ads.chain()), tunnel(ads.chain());
  EXPECT_EQ(proxied.request("GET http://ads.example/x HTTP/1.1\r\nHost: ads.example\r\n\r\n"),
            Answer::decided);
  EXPECT_EQ(tunnel.request("CONNECT ads.example:443 HTTP/1.1\r\nHost: ads.example:443\r\n\r\n"),
            Answer::decided);
}

TEST(Blocker, AnswersAsAsked) {
  Blocking resets("hosts: [ ads.example ], answer: reset"),
      empties("hosts: [ ads.example ], answer: empty");
  HookTalk one(resets.chain());
  ASSERT_EQ(one.request(get("ads.example")), Answer::decided);
  EXPECT_TRUE(std::holds_alternative<Reset>(one.exchange.decision().what));
  HookTalk other(empties.chain());
  ASSERT_EQ(other.request(get("ads.example")), Answer::decided);
  EXPECT_EQ(std::get<Respond>(other.exchange.decision().what).status, 204u);
  EXPECT_EQ(std::get<Respond>(other.exchange.decision().what).body, "");
}

TEST(Blocker, ResetsBlockedHandshakes) {
  Blocking ads("hosts: [ ads.example ]");
  EXPECT_TRUE(ads.blocks_handshake("ads.example"));
  EXPECT_TRUE(ads.blocks_handshake("x.ads.example"));
  EXPECT_FALSE(ads.blocks_handshake("example"));
  EXPECT_FALSE(ads.blocks_handshake("", ServerName::absent));
}

TEST(Blocker, BlocksUrlsByTheirBeginning) {
  Blocking ads(
      "urls: [ \"http://h.example/ads/\", \"h.example/%7Ebob\", \"https://other.example\" ]");
  for (const char* target : {"/ads/", "/ads/banner?x=1", "/%61ds/x", "//ads//x", "/x/../ads/y",
                             "/./ads/y", "/ads/%2e%2e/ads/", "/~bob", "/%7ebob/x"}) {
    EXPECT_TRUE(ads.blocks("H.example:80", target)) << target;
  }
  for (const char* target : {"/", "/Ads/", "/ads", "/x/ads/", "/ads/../", "/?/ads/", "/ads%252Fx"})
    EXPECT_FALSE(ads.blocks("h.example", target)) << target;
  EXPECT_FALSE(ads.blocks("www.h.example", "/ads/"));
  EXPECT_TRUE(ads.blocks("other.example", "/anything"));
  EXPECT_EQ(ads.reason("h.example", "/ads/x"), "h.example/ads/ (urls)");
}

// Some origins take an escaped slash for a slash, before or after they take dots away, and some do not.
TEST(Blocker, BlocksAUrlWhicheverWayAnOriginReadsEscapedSlashes) {
  Blocking ads("urls: [ \"h.example/ads/\", \"h.example/a%2Fb\" ], url_patterns: [ \"^http://h[.]example/page/[0-9]\", \"[.]exe$\" ]");
  for (const char* target : {"/ads%2Fbanner.js", "/ads%2fx", "/x/..%2Fads/banner.js", "/x%2F..%2Fads%2f", "/%2Fads%2F%2Fx", "/.%2Fads/x", "/ads%2Fb/../c",
                             "/a%2Fx/../ads%2Fc", "/a%2Fb", "/page%2F1", "/x/..%2Fpage/1", "/q%2F../setup.exe"}) {
    EXPECT_TRUE(ads.blocks("h.example", target)) << target;
  }
  for (const char* target : {"/", "/a/b", "/ads", "/x?/ads%2Fx", "/?ads%2Fx", "/ads%252Fx", "/ads%25%32%46x", "/x%2Fads/", "/page%2Fx"})
    EXPECT_FALSE(ads.blocks("h.example", target)) << target;
  EXPECT_EQ(ads.reason("h.example", "/ads%2Fx"), "h.example/ads/ (urls)");
}

TEST(Blocker, AllowsAUrlOnlyWhereEveryReadingOfItIsAllowed) {
  const Scratch scratch;
  const std::string list = scratch.write("l", "@@||h.example/fine/\n");
  Blocking ads("hosts: [ h.example ], lists: [ " + list + " ], allow: { urls: [ h.example/ok/ ], url_patterns: [ \"[?]let-me-in$\", \"^http://h[.]example/good/\" ] }");
  for (const char* target : {"/ok/x", "/ok/a%2Fb", "/fine/a%2Fb", "/good/a%2Fb", "/ok%2Fx?let-me-in", "/ok/..%2Fgood/x", "/ok/?..%2Fads"})
    EXPECT_FALSE(ads.blocks("h.example", target)) << target;
  for (const char* target : {"/ok/..%2Fads/x", "/ok/%2e%2e%2fads", "/ads/..%2Fok/x", "/fine/..%2Fads", "/good/..%2Fads", "/ok%2Fx"})
    EXPECT_TRUE(ads.blocks("h.example", target)) << target;
  // Names do not depend on it.
  EXPECT_FALSE(Blocking("urls: [ h.example/ads/ ], allow: { hosts: [ h.example ] }").blocks("h.example", "/ads%2Fx"));
}

// A redirector has the URL that it leads to in its own.
TEST(Blocker, AUrlWithinAUrlIsNotTheOneThatIsMeant) {
  const Scratch scratch;
  const std::string list = scratch.write("l", "||ads.example/click?u=http://shop.example/\nhttp://track.example/?u=https://shop.example/\n");
  Blocking ads("lists: [ " + list + " ], urls: [ \"go.example/?to=http://shop.example/\" ]");
  EXPECT_FALSE(ads.blocks("shop.example", "/"));
  EXPECT_TRUE(ads.blocks("www.ads.example", "/click?u=http://shop.example/x"));
  EXPECT_TRUE(ads.blocks("track.example", "/?u=https://shop.example/x"));
  EXPECT_TRUE(ads.blocks("go.example", "/?to=http://shop.example/"));
  EXPECT_FALSE(ads.blocks("ads.example", "/click"));
}

TEST(UrlPrefixes, HaveASchemeOnlyInFront) {
  for (const char* text : {"http://h.example/", "HTTPS://h.example", "a+b-c.1://h.example"}) EXPECT_TRUE(read_url_prefix(text)) << text;
  EXPECT_EQ(scheme_size("http://h.example/"), 7u);
  for (const char* text : {"://h.example/", "1a://h.example/", "a_b://h.example/", "h.example/x?u=http://", "http:/h.example", "http", ""})
    EXPECT_EQ(scheme_size(text), 0u) << text;
  EXPECT_FALSE(read_url_prefix("://h.example/"));
  EXPECT_EQ(read_url_prefix("x.example/://h.example/")->host.text(), "x.example");
}

TEST(Blocker, ABlockedUrlIsTheSameHoweverItsCharactersAreWritten) {
  Blocking ads(
      "urls: [ \"h.example/@x\", \"h.example/a(1)/\", \"h.example/\xc3\xa4\", \"h.example/a b\", \"h.example/q?a=x/y\" ]");
  for (const char* target : {"/@x", "/%40x", "/a(1)/", "/a%281%29/", "/%C3%A4", "/%c3%a4", "/\xc3\xa4", "/a%20b", "/q?a=x/y", "/q?a=x%2Fy"})
    EXPECT_TRUE(ads.blocks("h.example", target)) << target;
  // Those are other URLs.
  for (const char* target : {"/%2540x", "/a%2F(1)/", "/q%3Fa=x/y", "/q?a%3Dx/y"}) EXPECT_FALSE(ads.blocks("h.example", target)) << target;
  EXPECT_TRUE(Blocking("url_patterns: [ \"/a[(]\" ]").blocks("h.example", "/a%28"));
}

TEST(Blocker, BlocksUrlsByRegularExpression) {
  Blocking ads("url_patterns: [ \"^http://[^/]*/banner[0-9]+\", \"[.]exe([?]|$)\" ]");
  EXPECT_EQ(ads.reason("h.example", "/banner12.gif"), "^http://[^/]*/banner[0-9]+ (url_patterns)");
  EXPECT_EQ(ads.reason("h.example", "/x/setup.exe?1"), "[.]exe([?]|$) (url_patterns)");
  EXPECT_TRUE(ads.blocks("[2001:db8::1]", "/a.%65xe"));
  EXPECT_FALSE(ads.blocks("h.example", "/setup.exes"));
}

TEST(Blocker, PatternsNeverSeeThePort) {
  Blocking ads("url_patterns: [ \"^http://\\\\[2001:db8::1\\\\]/\", \"^http://(x!y|other|l{300})[.]example/\" ]");
  for (const std::string& host :
       {std::string("[2001:db8::1]"), std::string("[2001:DB8::1]:80"), std::string("X!Y.example:8080"), std::string("other.example..:80"),
        std::string(300, 'l') + ".example:80"}) {
    EXPECT_TRUE(ads.blocks(host)) << host;
  }
  EXPECT_FALSE(ads.blocks("[2001:db8::2]:80"));
}

TEST(Blocker, BlocksNetworksMethodsAndTypesOfContent) {
  // The flow of the tests: 192.0.2.1 to 2001:db8::1.
  EXPECT_TRUE(Blocking("destinations: [ \"2001:db8::/32\" ]").blocks("h.example"));
  EXPECT_TRUE(Blocking("clients: [ 192.0.2.0/24 ]").blocks("h.example"));
  EXPECT_FALSE(Blocking("destinations: [ 192.0.2.0/24 ], clients: [ \"2001:db8::/32\" ]")
                   .blocks("h.example"));
  EXPECT_TRUE(Blocking("methods: [ GET ]").blocks("h.example"));
  EXPECT_FALSE(Blocking("methods: [ get, POST ]").blocks("h.example"));
  Blocking types("content_types: [ \"video/*\", Application/Zip ]");
  EXPECT_TRUE(types.blocks_response("Content-Type: VIDEO/mp4; codecs=x\r\n"));
  EXPECT_TRUE(types.blocks_response("Content-Type: application/zip ;a\r\n"));
  EXPECT_FALSE(types.blocks_response("Content-Type: application/zipped\r\n"));
  EXPECT_TRUE(types.blocks_response("Content-Type: text/plain\r\nContent-Type: video/mp4\r\n"));
  EXPECT_TRUE(types.blocks_response("Content-Type: text/plain; a=\"b,c\", video/mp4\r\n"));
  EXPECT_FALSE(types.blocks_response("Content-Type: text/plain; a=\"b\\\", video/mp4\"\r\n"));
  EXPECT_FALSE(types.blocks_response("Content-Type: videos/mp4\r\n"));
  EXPECT_FALSE(types.blocks_response(""));
}

TEST(Blocker, BlocksNetworksWhateverIsSpoken) {
  Blocking ads("destinations: [ \"2001:db8::1\" ], hosts: [ ads.example ]");
  for (const Protocol protocol :
       {Protocol::pending, Protocol::unknown, Protocol::http2, Protocol::tls})
    EXPECT_TRUE(ads.blocks_flow(protocol));
  // Requests get a page instead.
  EXPECT_FALSE(ads.blocks_flow(Protocol::http1));
  EXPECT_TRUE(ads.blocks_handshake("h.example"));
  Blocking other("destinations: [ \"2001:db8::2\" ]");
  EXPECT_FALSE(other.blocks_flow(Protocol::unknown));
}

TEST(Blocker, AllowsWhateverStandsInTheAllowList) {
  const Scratch scratch;
  const std::string list = scratch.write(
      "ads.txt",
      "ads.example\n@@||good.ads.example^\nhttp://h.example/ads/\n@@||h.example/ads/ok/\n");
  const std::string allowed = scratch.write("allow.txt", "fine.ads.example\n");
  Blocking ads("lists: [ " + list +
               " ], content_types: [ \"video/*\" ], allow: { hosts: [ nice.ads.example ], urls: [ "
               "http://x.ads.example/ok ], lists: [ " +
               allowed + " ], url_patterns: [ \"[?]let-me-in$\" ] }");
  EXPECT_TRUE(ads.blocks("ads.example"));
  for (const char* host :
       {"good.ads.example", "x.good.ads.example", "fine.ads.example", "nice.ads.example"}) {
    EXPECT_FALSE(ads.blocks(host)) << host;
    EXPECT_FALSE(ads.blocks_handshake(host)) << host;
  }
  EXPECT_FALSE(ads.blocks("x.ads.example", "/ok"));
  EXPECT_TRUE(ads.blocks("x.ads.example", "/no"));
  EXPECT_FALSE(ads.blocks("ads.example", "/?let-me-in"));
  EXPECT_TRUE(ads.blocks("h.example", "/ads/x"));
  EXPECT_FALSE(ads.blocks("h.example", "/ads/ok/x"));
  // What is allowed is so to its end.
  EXPECT_TRUE(ads.blocks_response("Content-Type: video/mp4\r\n"));
  EXPECT_FALSE(ads.blocks_response("Content-Type: video/mp4\r\n", "nice.ads.example"));
  Blocking networks("destinations: [ \"::/0\" ], allow: { clients: [ 192.0.2.1 ] }");
  EXPECT_FALSE(networks.blocks("h.example"));
  EXPECT_FALSE(networks.blocks_flow(Protocol::unknown));
}

TEST(Blocker, LeavesOtherClientsAloneWhereItIsForSome) {
  EXPECT_TRUE(
      Blocking("hosts: [ ads.example ], only_clients: [ 192.0.2.0/24 ]").blocks("ads.example"));
  Blocking others(
      "hosts: [ ads.example ], destinations: [ \"::/0\" ], only_clients: [ 198.51.100.0/24 ]");
  EXPECT_FALSE(others.blocks("ads.example"));
  EXPECT_FALSE(others.blocks_handshake("ads.example"));
  EXPECT_FALSE(others.blocks_flow(Protocol::unknown));
}

TEST(Blocker, OnlyNotesInADryRun) {
  Blocking ads(
      "hosts: [ ads.example ], content_types: [ \"video/*\" ], destinations: [ \"2001:db8::/32\" "
      "], dry_run: true");
  HookTalk talk(ads.chain());
  EXPECT_EQ(talk.request(get("ads.example")), Answer::go_on);
  ASSERT_EQ(talk.exchange.findings.all().size(), 1u);
  EXPECT_EQ(talk.exchange.findings.all()[0].name, "would_block");
  EXPECT_EQ(talk.exchange.findings.all()[0].source, "ads");
  EXPECT_EQ(talk.exchange.findings.all()[0].detail, "ads.example (hosts)");
  EXPECT_FALSE(ads.blocks_handshake("ads.example"));
  EXPECT_FALSE(ads.blocks_flow(Protocol::unknown));
  EXPECT_FALSE(ads.blocks_response("Content-Type: video/mp4\r\n"));
  EXPECT_EQ(ads.loaded().counter("hyalite_plugin_blocker_requests_total"), 0u);
  EXPECT_GE(ads.loaded().counter("hyalite_plugin_blocker_would_block_total"), 4u);
}

std::string gzipped(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(text.size() + 1'000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(Blocker, ReadsListsInTheFormatsThatPeopleHave) {
  const Scratch scratch;
  const std::string plain =
      scratch.write("plain.txt",
                    "\xef\xbb\xbf# ads\n\nplain.example  # "
                    "one\r\n\tTRACKER.example.\n*.star.example\n.dot.example\n last.example");
  const std::string hosts =
      scratch.write("hosts",
                    "127.0.0.1 localhost\n::1 localhost ip6-localhost\n0.0.0.0 0.0.0.0\n0.0.0.0 "
                    "hosts.example other.example # two\n:: six.example\n");
  const std::string adblock = scratch.write(
      "adblock.txt.gz", gzipped("[Adblock Plus 2.0]\n! Title: x\n||block.example^\n||b\xc3\xbc"
                                "cher.example^$important\n||path.example/ads/\n"));
  Blocking ads("hosts: [ inline.example ], lists: [ " + plain + ", " + hosts +
               ", { file: " + adblock + " } ]");
  for (const char* host : {"plain.example", "x.plain.example", "tracker.example", "x.star.example",
                           "star.example", "dot.example", "x.dot.example", "last.example",
                           "hosts.example", "other.example", "six.example", "block.example",
                           "x.block.example", "xn--bcher-kva.example", "inline.example"}) {
    EXPECT_TRUE(ads.blocks(host)) << host;
  }
  // A line of a hosts file is about one name.
  for (const char* host : {"x.hosts.example", "localhost", "one", "example", "path.example"})
    EXPECT_FALSE(ads.blocks(host)) << host;
  EXPECT_TRUE(ads.blocks("www.path.example", "/ads/1"));
  EXPECT_EQ(ads.reason("tracker.example"), "tracker.example (" + plain + ":4)");
  EXPECT_EQ(ads.reason("other.example"), "other.example (" + hosts + ":4)");
  EXPECT_EQ(ads.reason("block.example"), "block.example (" + adblock + ":3)");
  EXPECT_EQ(ads.reason("www.path.example", "/ads/1"), "path.example/ads/ (" + adblock + ":5)");
  EXPECT_EQ(ads.reason("inline.example"), "inline.example (hosts)");
  EXPECT_TRUE(ads.loaded().logged("lists are loaded"));
}

// The lines that widely used hosts files begin with.
TEST(Blocker, TakesTheMachinesOwnNamesInAHostsFile) {
  const Scratch scratch;
  const std::string hosts = scratch.write(
      "hosts",
      "# Title: x\n127.0.0.1 localhost\n127.0.0.1 localhost.localdomain\n127.0.0.1 local\n255.255.255.255 broadcasthost\n::1 localhost\n"
      "::1 ip6-localhost\n::1 ip6-loopback\nfe80::1%lo0 localhost\nff00::0 ip6-localnet\nff00::0 ip6-mcastprefix\n"
      "ff02::1 ip6-allnodes\nff02::2 ip6-allrouters\nff02::3 ip6-allhosts\n0.0.0.0 0.0.0.0\n\n0.0.0.0 ads.example\n");
  Blocking ads("lists: [ " + hosts + " ]");
  EXPECT_TRUE(ads.blocks("ads.example"));
  for (const char* host : {"localhost", "localhost.localdomain", "local", "broadcasthost", "ip6-localhost", "ip6-loopback", "ip6-localnet",
                           "ip6-mcastprefix", "ip6-allnodes", "ip6-allrouters", "ip6-allhosts", "0.0.0.0", "[::1]", "[fe80::1]"}) {
    EXPECT_FALSE(ads.blocks(host)) << host;
  }
  EXPECT_TRUE(ads.loaded().logged("names=1"));
}

TEST(ListLine, TakesAnAddressWithItsZone) {
  EXPECT_TRUE(std::holds_alternative<list_line::Nothing>(list_line::read("fe80::1%lo0 localhost")));
  EXPECT_TRUE(std::holds_alternative<list_line::Names>(list_line::read("::1%lo0\tads.example other.example")));
  for (const char* line : {"fe80::1%lo0 ads.example", "fe80::1%lo0", "fe80::1% localhost", "127.0.0.1%lo0 localhost", "%lo0 localhost",
                           "fe80::1/64%lo0 localhost", "x%lo0 localhost"}) {
    EXPECT_TRUE(std::holds_alternative<list_line::Wrong>(list_line::read(line))) << line;
  }
}

TEST(Blocker, WarnsOfAListThatHoldsNothing) {
  const Scratch scratch;
  const std::string empty = scratch.write("empty.txt", ""), comments = scratch.write("comments.txt", "# nothing\n127.0.0.1 localhost\n"),
                    page = scratch.write("page.html", "<html>\n<b>not found</b>\n"), url = scratch.write("url.txt", "http://ads.example/x\n"),
                    exception = scratch.write("exception.txt", "@@||ads.example^\n");
  Blocking ads("lists: [ " + empty + ", " + url + ", " + exception + ", { file: " + page + ", wrong_lines: skip } ], allow: { lists: [ " + comments + " ] }");
  for (const std::string& file : {empty, comments, page}) {
    EXPECT_TRUE(ads.loaded().logged(file + " lists nothing; was it downloaded whole?")) << file;
  }
  for (const std::string& file : {url, exception}) EXPECT_FALSE(ads.loaded().logged(file + " lists nothing")) << file;
  EXPECT_TRUE(ads.loaded().logged("warning plugin.said"));
}

TEST(Blocker, HonoursWhatAdblockSaysAboutTheEndsOfUrls) {
  const Scratch scratch;
  const std::string list = scratch.write("l", "||h.example/ad^\n||h.example/one?x=1|\n||root.example^|\n||slash.example/|\n||any.example/ad\n|http://from.example/ad^\n|https://name.example^\n");
  Blocking ads("lists: [ " + list + " ]");
  for (const char* target : {"/ad", "/ad/", "/ad?x", "/ad/x", "/ad;x", "/x%2F../ad/y", "/one?x=1"}) EXPECT_TRUE(ads.blocks("www.h.example", target)) << target;
  for (const char* target : {"/admin", "/ad1", "/ad-x", "/ad_x", "/ad.js", "/ad%20x", "/a", "/", "/one", "/one?x=12", "/one?x=1/"})
    EXPECT_FALSE(ads.blocks("h.example", target)) << target;
  for (const char* host : {"root.example", "www.slash.example"}) {
    EXPECT_TRUE(ads.blocks(host, "/")) << host;
    EXPECT_TRUE(ads.blocks(host, "/x/..")) << host;
    EXPECT_FALSE(ads.blocks(host, "/x")) << host;
    EXPECT_FALSE(ads.blocks(host, "/?x")) << host;
    EXPECT_FALSE(ads.blocks_handshake(host)) << host;
  }
  EXPECT_TRUE(ads.blocks("any.example", "/admin"));
  EXPECT_TRUE(ads.blocks("from.example", "/ad/"));
  EXPECT_FALSE(ads.blocks("from.example", "/admin"));
  EXPECT_FALSE(ads.blocks("www.from.example", "/ad/"));
  EXPECT_TRUE(ads.blocks("name.example", "/x"));
  EXPECT_FALSE(ads.blocks("www.name.example", "/x"));
  EXPECT_EQ(ads.reason("h.example", "/ad/"), "h.example/ad^ (" + list + ":1)");
  EXPECT_EQ(ads.reason("root.example"), "root.example/| (" + list + ":3)");
}

TEST(Blocker, AnExceptionOfOnePageAllowsNoMore) {
  const Scratch scratch;
  Blocking ads("hosts: [ h.example, from.example ], lists: [ " + scratch.write("l", "@@||h.example/|\n@@||h.example/ok^\n@@|http://from.example/ok\n") + " ]");
  for (const char* target : {"/", "/ok", "/ok/x"}) EXPECT_FALSE(ads.blocks("h.example", target)) << target;
  for (const char* target : {"/x", "/?x", "/okay"}) EXPECT_TRUE(ads.blocks("h.example", target)) << target;
  EXPECT_FALSE(ads.blocks("from.example", "/ok/x"));
  EXPECT_TRUE(ads.blocks("from.example", "/"));
}

TEST(ListLine, TellsPatternsThatItDoesNotKnow) {
  for (const char* line : {"||h.example|", "||h.example/p^|", "||h.example^^", "||h.example||", "||h.example/a^b", "||h.example/a|b", "|h.example^", "@@h.example/ad",
                           "@@http://h.example/", "||/ad^", "||^|", "||", "|", "@@"}) {
    EXPECT_TRUE(std::holds_alternative<list_line::Wrong>(list_line::read(line))) << line;
  }
}

TEST(Blocker, ReadsListsAsTheirSettingsSay) {
  const Scratch scratch;
  const std::string plain = scratch.write("plain.txt",
                                          "plain.example\n||always.example^\nrubbish here\n"),
                    hosts = scratch.write("hosts", "0.0.0.0 hosts.example\n");
  Blocking ads("lists: [ { file: " + plain + ", covers: exact, wrong_lines: skip }, { file: " +
               hosts + ", covers: subdomains } ]");
  EXPECT_TRUE(ads.blocks("plain.example"));
  EXPECT_FALSE(ads.blocks("x.plain.example"));
  EXPECT_TRUE(ads.blocks("x.always.example"));
  EXPECT_TRUE(ads.blocks("x.hosts.example"));
  EXPECT_TRUE(ads.loaded().logged("lines_skipped=1"));
}

TEST(Blocker, TellsEveryMistakeWithFileAndLine) {
  const Scratch scratch;
  const std::string list = scratch.write(
      "ads.txt",
      "fine.example\nhttp://a.example:80/\n192.168.1.1 nas.example\na.example b.example\n"
      "-\x01-\n||a.example^$third-party\nexample.org##.ad\n||a*.example^\n0.0.0.0\n2001:db8::1 "
      "x\n");
  const std::string page = scratch.write("p.html", "<p>\n{{hots}}\n{{host\n");
  const std::string cut =
      scratch.write("cut.gz", gzipped(std::string(10'000, 'a') + "\n").substr(0, 25));
  Loaded loaded(
      "  - name: ads\n    use: blocker\n    settings:\n      hosts: [ fine.example,\n              "
      " \"not a host\" ]\n      answr: page\n");
  // The schema comes first: what it refuses need not be looked at further.
  EXPECT_TRUE(contains(loaded.mistakes, "answr")) << loaded.mistakes;
  Loaded again(
      "  - name: ads\n    use: blocker\n    settings:\n      hosts: [ fine.example,\n              "
      " \"not a host\" ]\n"
      "      lists: [ " +
      list + ", /nowhere/at/all, " + cut + " ]\n      page: " + page +
      "\n      urls: [ \"a b/\" ]\n      url_patterns: [ \"(\" ]\n      destinations: [ x ]\n      "
      "clients: [ 10.0.0.0/33 ]\n      content_types: [ html ]\n"
      "      allow: { hosts: [ \"?\" ], lists: [ { file: " +
      scratch.write("allow.txt", "@@||x.example^\n") + " } ] }\n");
  EXPECT_FALSE(again.worked());
  for (const std::string& part :
       {std::string("test.yaml:7:16: "),
        list + ":2: \"http://a.example:80/\": this is not the beginning of a URL",
        list + ":3: \"192.168.1.1 nas.example\": this sends a name to an address",
        list + ":4: \"a.example b.example\": there is more than one word",
        list + ":5: \"-?-\": this is not a host name",
        list + ":6: \"||a.example^$third-party\": its options",
        list + ":7: \"example.org##.ad\": this hides parts of pages",
        list + ":8: \"||a*.example^\": patterns of this kind",
        list + ":10: ", std::string("/nowhere/at/all: No such file or directory"),
        cut + ":1: ends in the middle of its compression", page + ":2: \"{{hots}}\" is not known",
        page + ":3: \"{{\" without \"}}\"", std::string("is not the beginning of a URL"),
        std::string("is not a regular expression (RE2)"), std::string("is not a network"),
        std::string("is not a type of content"),
        std::string(
            "allow.txt:1: \"@@||x.example^\": exceptions belong into a list that blocks")}) {
    EXPECT_TRUE(contains(again.mistakes, part)) << part << "\nis not in\n" << again.mistakes;
  }
}

TEST(Blocker, TellsTenMistakesOfAListAndHowManyMore) {
  const Scratch scratch;
  std::string text;
  for (int i = 0; i < 25; ++i) text += "not one\n";
  const Loaded loaded(blocker("lists: [ " + scratch.write("l", text) + " ]"));
  EXPECT_TRUE(contains(loaded.mistakes, "l:10: ")) << loaded.mistakes;
  EXPECT_FALSE(contains(loaded.mistakes, "l:11: "));
  EXPECT_TRUE(contains(loaded.mistakes, "15 more lines are wrong"));
}

TEST(ListFile, GivesEachLineWhateverItsBytes) {
  const Scratch scratch;
  const std::string text =
      "a.example\r\nx" + std::string(1, '\0') + "y\n" + std::string(500'000, 'z') + "\n\nend";
  for (const std::string& bytes :
       {text, gzipped(text), gzipped(text.substr(0, 20)) + gzipped(text.substr(20))}) {
    std::vector<std::string> lines;
    EXPECT_EQ(read_lines(scratch.write("l", bytes),
                         [&](std::size_t n, std::string_view line) {
                           lines.emplace_back(line);
                           EXPECT_EQ(n, lines.size());
                         }),
              "");
    ASSERT_EQ(lines.size(), 5u);
    EXPECT_EQ(lines[0], "a.example\r");
    EXPECT_EQ(lines[1], std::string("x\0y", 3));
    EXPECT_EQ(lines[2].size(), kMostLineBytes + 1);
    EXPECT_EQ(lines[4], "end");
  }
  EXPECT_EQ(read_lines(scratch.path(), [](std::size_t, std::string_view) {}),
            scratch.path() + ": is not a file");
}

TEST(ListFile, CutsOnlyLinesThatAreTooLong) {
  const Scratch scratch;
  for (const std::size_t size : {std::size_t{8'193}, kMostLineBytes, kMostLineBytes + 1, kMostLineBytes + 2}) {
    // Alone, and with its end in the next block.
    for (const std::size_t before : {std::size_t{0}, (std::size_t{1} << 17) - 100}) {
      std::vector<std::size_t> sizes;
      const std::string text = std::string(before, '\n') + std::string(size, 'z') + "\nend";
      EXPECT_EQ(read_lines(scratch.write("l", text), [&](std::size_t, std::string_view line) { sizes.push_back(line.size()); }), "");
      ASSERT_EQ(sizes.size(), before + 2);
      EXPECT_EQ(sizes[before], std::min(size, kMostLineBytes + 1));
    }
  }
}

TEST(Blocker, TellsOfALineThatIsTooLongToBeRead) {
  const Scratch scratch;
  const std::string url = "http://h.example/" + std::string(20'000, 'x');
  Blocking ads("lists: [ " + scratch.write("l", url + "\n") + " ]");
  EXPECT_TRUE(ads.blocks("h.example", "/" + std::string(20'000, 'x')));
  EXPECT_FALSE(ads.blocks("h.example", "/" + std::string(8'192, 'x')));
  const Loaded loaded(blocker("lists: [ " + scratch.write("l", "a.example\nhttp://h.example/" + std::string(kMostLineBytes, 'x') + "\n") + " ]"));
  EXPECT_TRUE(contains(loaded.mistakes, "l:2: \"http://h.example/xxx")) << loaded.mistakes;
  EXPECT_TRUE(contains(loaded.mistakes, "this is longer than 64 KiB")) << loaded.mistakes;
}

TEST(Blocker, APageOfOneLongLineIsWholeOrRefused) {
  const Scratch scratch;
  const auto page = [&](std::size_t size) { return scratch.write("p.html", std::string(size, 'x') + "{{host}}"); };
  Blocking ads("hosts: [ h.example ], page: " + page(40'000));
  HookTalk talk(ads.chain());
  ASSERT_EQ(talk.request(get("h.example")), Answer::decided);
  EXPECT_EQ(std::get<Respond>(talk.exchange.decision().what).body, std::string(40'000, 'x') + "h.example\n");
  const Loaded loaded(blocker("page: " + page(Page::kMostBytes)));
  EXPECT_TRUE(contains(loaded.mistakes, "p.html: is larger than 64 KiB")) << loaded.mistakes;
}

TEST(NormalPath, IsOneFormOfEachPath) {
  for (const auto& [from, to] :
       std::vector<std::pair<const char*, const char*>>{{"", "/"},
                                                        {"/", "/"},
                                                        {"/a/b", "/a/b"},
                                                        {"/a/b/", "/a/b/"},
                                                        {"/a/./b/../c", "/a/c"},
                                                        {"/..", "/"},
                                                        {"/../..", "/"},
                                                        {"/a/..", "/"},
                                                        {"/a/../../b", "/b"},
                                                        {"//a///b", "/a/b"},
                                                        {"/%41%2f%7E%zz%4", "/A%2F~%25zz%254"},
                                                        {"/%2e%2e/a", "/a"},
           {"/%%34%31", "/%2541"},
                                                        {"/a?b=/../c//%41", "/a?b=/../c//A"},
                                                        {"?x", "/?x"},
                                                        {"a", "/a"},
                                                        {"/a/.", "/a/"}}) {
    EXPECT_EQ(normal_path(from), to) << from;
    EXPECT_EQ(normal_path(normal_path(from)), to) << from;
  }
}

TEST(NormalPath, IsAnotherWhereEscapedSlashesAreSlashes) {
  using Paths = std::vector<std::string>;
  for (const char* none : {"", "/", "/a/b", "/?a%2Fb", "/a%252Fb", "/a%2"}) EXPECT_EQ(paths_with_slashes(none), Paths{}) << none;
  EXPECT_EQ(paths_with_slashes("/a%2fb/./c?d%2Fe"), Paths{"/a/b/c?d/e"});
  EXPECT_EQ(paths_with_slashes("%2F%2Fa//b%2F..%2F..%2F%2E%2E"), Paths{"/"});
  EXPECT_EQ(paths_with_slashes("/%%2Fa"), Paths{"/%25/a"});
  EXPECT_EQ(paths_with_slashes("/a%2Fb/../c"), (Paths{"/a/c", "/c"}));
}

// The nearest host that is listed is not the only one that counts.
TEST(UrlPrefixes, AreLookedForAtEachHostAbove) {
  UrlPrefixes urls;
  urls.add(*read_url_prefix("a.b.example/x"), NameSet::itself, 1);
  urls.add(*read_url_prefix("b.example/y"), NameSet::with_subdomains, 2);
  urls.add(*read_url_prefix("example/z"), NameSet::with_subdomains, 3);
  urls.add(*read_url_prefix("b.example/alone"), NameSet::itself, 4);
  urls.build();
  const auto value = [&](std::string_view host, std::string_view path) {
    return urls.find(host, path) ? urls.find(host, path)->value : 0;
  };
  EXPECT_EQ(value("a.b.example", "/x1"), 1u);
  EXPECT_EQ(value("a.b.example", "/y1"), 2u);
  EXPECT_EQ(value("a.b.example", "/z1"), 3u);
  EXPECT_EQ(value("w.a.b.example", "/x"), 0u);
  EXPECT_EQ(value("b.example", "/alone"), 4u);
  EXPECT_EQ(value("c.b.example", "/alone"), 0u);
}

TEST(Page, LetsNothingThroughAsHtml) {
  const std::string page = Page::usual().with(
      [](Page::Word) { return "<script>alert('x')</script>\"><img src=x>&\x01`"; });
  EXPECT_FALSE(contains(page, "<script"));
  EXPECT_FALSE(contains(page, "<img"));
  EXPECT_TRUE(contains(page, "&quot;&gt;&lt;img src=x&gt;&amp; &#96;"));
}

}  // namespace
}  // namespace hyalite
