// The second opinion disagrees where it should.
// SPDX-License-Identifier: MIT
#include "http/parser.h"

#include <gtest/gtest.h>

#include "http/strict.h"
#include "reading.h"

namespace hyalite {

namespace {

// It says the same whether it sees all lines or those that frame.
template <class AnyHead>
std::optional<Refusal> asked_both_ways(const AnyHead& head) {
  const Bytes lines = head.raw().substr(head.start_line().size());
  const auto said = ask_llhttp(head, lines);
  EXPECT_EQ(ask_llhttp(head, lines, Shown::everything), said) << head.raw();
  return said;
}

// As check_framing() would never let through.
std::optional<Refusal> ask_about_request(const std::string& raw) {
  RequestHead head;
  EXPECT_EQ(Indexer::index(raw, 32, head), std::nullopt);
  return asked_both_ways(head);
}

std::optional<Refusal> ask_about_response(const std::string& raw) {
  ResponseHead head;
  EXPECT_EQ(Indexer::index(raw, 32, head), std::nullopt);
  return asked_both_ways(head);
}

ChunkWitness started() {
  ChunkWitness witness;
  witness.start();
  return witness;
}

}  // namespace

TEST(SecondOpinion, IsOfAVersionWeKnow) {
  EXPECT_TRUE(llhttp_version() >= "8.1.0" && llhttp_version() < "99") << llhttp_version();
}

TEST(SecondOpinion, RefusesWhatTheFirstWouldHaveMissed) {
  EXPECT_EQ(ask_about_request("POST / HTTP/1.1\r\nContent-Length: +5\r\n\r\n"),
            Refusal::second_parser_refused);
  EXPECT_EQ(ask_about_request("POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"),
            Refusal::second_parser_refused);
  EXPECT_EQ(ask_about_request(
                "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
            Refusal::second_parser_refused);
  EXPECT_EQ(ask_about_response("HTTP/1.1 200 OK\r\nContent-Length: 5 5\r\n\r\n"),
            Refusal::second_parser_refused);
}

TEST(SecondOpinion, SeesWhenTheTwoReadDifferently) {
  EXPECT_EQ(ask_about_request("POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n"),
            Refusal::parsers_disagree);
  EXPECT_EQ(ask_about_response("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"),
            Refusal::parsers_disagree);
  EXPECT_EQ(ask_about_request("GET / HTTP/1.1\r\nProxy-Connection: upgrade\r\nUpgrade: x\r\n\r\n"),
            Refusal::parsers_disagree);
}

TEST(SecondOpinion, AgreesOnWhatIsClear) {
  EXPECT_EQ(ask_about_request("BREW /x HTTP/1.1\r\nHost: a\r\n\r\n"), std::nullopt);
  EXPECT_EQ(ask_about_request("CONNECT a:1 HTTP/1.0\r\n\r\n"), std::nullopt);
  EXPECT_EQ(ask_about_response("HTTP/1.0 999 x\r\n\r\n"), std::nullopt);
  EXPECT_EQ(ask_about_response("HTTP/1.1 101 x\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n"),
            std::nullopt);
}

TEST(ChunkWitness, WalksAlong) {
  ChunkWitness witness = started();
  EXPECT_EQ(witness.size_line("5;a=b;c\r\n", 1, 5), std::nullopt);
  EXPECT_EQ(witness.data("he", 3), std::nullopt);
  EXPECT_EQ(witness.data("llo", 0), std::nullopt);
  EXPECT_EQ(witness.data_end("\r\n"), std::nullopt);
  EXPECT_EQ(witness.size_line("0\r\n", 1, 0), std::nullopt);
  EXPECT_EQ(witness.last("A: b\r\n\r\n"), std::nullopt);
}

TEST(ChunkWitness, ContradictsAnotherReading) {
  EXPECT_EQ(started().size_line("5\r\n", 1, 6), Refusal::parsers_disagree);
  EXPECT_EQ(started().size_line("5 \r\n", 1, 5), Refusal::second_parser_refused);
  ChunkWitness short_data = started();
  EXPECT_EQ(short_data.size_line("5\r\n", 1, 5), std::nullopt);
  EXPECT_EQ(short_data.data("hell", 0), Refusal::parsers_disagree);
  ChunkWitness early = started();
  EXPECT_EQ(early.size_line("0\r\n\r\n", 1, 0), Refusal::parsers_disagree);
  ChunkWitness late = started();
  EXPECT_EQ(late.size_line("0\r\n", 1, 0), std::nullopt);
  EXPECT_EQ(late.last("A: b\r\n"), Refusal::parsers_disagree);
  ChunkWitness none = started();
  EXPECT_EQ(none.size_line("1\r\n", 1, 1), std::nullopt);
  EXPECT_EQ(none.data("x", 0), std::nullopt);
  EXPECT_EQ(none.data_end("xx"), Refusal::second_parser_refused);
}

}  // namespace hyalite
