// Bodies: content, chunks, trailers, ends; each cut in every way.
// SPDX-License-Identifier: MIT
#include "http/body.h"

#include <gtest/gtest.h>

#include "http/chunk_line.h"
#include "reading.h"

namespace hyalite {

namespace {

using namespace std::string_literals;

const Framing kChunked{Framing::Kind::chunked};
const Framing kUntilClose{Framing::Kind::until_close};
Framing length(std::uint64_t n) { return {Framing::Kind::length, n}; }

}  // namespace

TEST(Body, EndsAfterItsLength) {
  const BodyResult result = expect_body(length(5), "helloGET / HTTP/1.1", "complete, 14 left");
  EXPECT_EQ(result.content, "hello");
  EXPECT_EQ(result.content_bytes, 5U);
  expect_body(length(5), "hell", Refusal::truncated_body);
  expect_body(length(5), "", Refusal::truncated_body);
  expect_body(Framing{}, "GET", "complete, 3 left");
  expect_body(Framing{}, "", "complete, 0 left");
}

TEST(Body, EndsWithTheConnection) {
  const BodyResult result =
      expect_body(kUntilClose, "any\r\n0\r\n\r\nthing", "complete at the close");
  EXPECT_EQ(result.content, "any\r\n0\r\n\r\nthing");
  expect_body(kUntilClose, "", "complete at the close");
}

TEST(Body, IsCutIntoChunks) {
  const BodyResult result =
      expect_body(kChunked, "5\r\nhello\r\n006\r\n world\r\n0\r\n\r\nGET", "complete, 3 left");
  EXPECT_EQ(result.content, "hello world");
  EXPECT_EQ(result.framing, "5\r\n\r\n006\r\n\r\n0\r\n");
  EXPECT_EQ(result.raw, "5\r\nhello\r\n006\r\n world\r\n0\r\n\r\n");
  EXPECT_EQ(result.content_bytes, 11U);
}

TEST(Body, PassesChunksThatAreUnusualButClear) {
  for (const char* text : {
           "0\r\n\r\n",
           "0000000000000000\r\n\r\n",
           "000000000000000A\r\n0123456789\r\n0\r\n\r\n",
           "9\r\n\r\n0\r\n\r\n0\n\r\n0\r\n\r\n",
           "1;a\r\nx\r\n0;b\r\n\r\n",
           "1;a=b\r\nx\r\n0\r\n\r\n",
           "1;a=b;c=d;e\r\nx\r\n0\r\n\r\n",
           "1;a=\"b c;d\"\r\nx\r\n0\r\n\r\n",
           "1;a=\"\";b=\"\t\xff\"\r\nx\r\n0\r\n\r\n",
           "1;a=\"b\\\"c\\\\ \";d=e\r\nx\r\n0\r\n\r\n",
           "1;a=\"\\\xff\\\t\\ \"\r\nx\r\n0\r\n\r\n",
           "1;!#$%&'*+-.^_`|~=!#$%&'*+-.^_`|~\r\nx\r\n0\r\n\r\n",
           "0;x=\"y\"\r\nA: b\r\n\r\n",
           "1 ;a\r\nx\r\n0 \t;\tb\r\n\r\n",
           "1; a \t= \tb ; c = \"d\" ;e\r\nx\r\n0\r\n\r\n",
       }) {
    expect_body(kChunked, text, "complete, 0 left");
  }
}

TEST(Body, IsRefusedForItsChunkLines) {
  struct Case {
    std::string text;
    Refusal refusal;
  };
  for (const Case& c : std::vector<Case>{
           {"\r\nx", Refusal::bad_chunk_size},
           {"x\r\n", Refusal::bad_chunk_size},
           {"0x5\r\nhello\r\n", Refusal::bad_chunk_size},
           {"+5\r\nhello\r\n", Refusal::bad_chunk_size},
           {"-1\r\nx", Refusal::bad_chunk_size},
           {" 5\r\nhello\r\n", Refusal::bad_chunk_size},
           {"5 \r\nhello\r\n", Refusal::bad_chunk_size},
           {"5\t\r\nhello\r\n", Refusal::bad_chunk_size},
           {"5 a\r\nhello\r\n", Refusal::bad_chunk_size},
           {"5 5;a\r\nhello\r\n", Refusal::bad_chunk_size},
           {"5,5\r\nhello\r\n", Refusal::bad_chunk_size},
           {"5_0\r\nhello\r\n", Refusal::bad_chunk_size},
           {"5h\r\nhello\r\n", Refusal::bad_chunk_size},
           {";a\r\nhello\r\n", Refusal::bad_chunk_size},
           {"\xef\xbc\x95\r\nhello\r\n", Refusal::bad_chunk_size},
           {"8000000000000000\r\nx", Refusal::chunk_size_overflow},
           {"ffffffffffffffff\r\nx", Refusal::chunk_size_overflow},
           {"10000000000000005\r\nhello\r\n", Refusal::chunk_size_overflow},
           {"00000000000000005\r\nhello\r\n", Refusal::chunk_size_overflow},
           {"5;\r\nhello\r\n", Refusal::bad_chunk_extension},
           {"5;;a\r\nhello\r\n", Refusal::bad_chunk_extension},
           {"5; \r\nhello\r\n", Refusal::bad_chunk_extension},
           {"5 ;\r\nhello\r\n", Refusal::bad_chunk_extension},
           {"5;a \r\nhello\r\n", Refusal::bad_chunk_extension},
           {"5;a b\r\nhello\r\n", Refusal::bad_chunk_extension},
           {"5;a = \r\nhello\r\n", Refusal::bad_chunk_extension},
           {"5;a = b \r\nhello\r\n", Refusal::bad_chunk_extension},
           {"5;a=\"b\" \r\nhello\r\n", Refusal::bad_chunk_extension},
           {"5;a=\r\nhello\r\n", Refusal::bad_chunk_extension},
           {"5;=b\r\nhello\r\n", Refusal::bad_chunk_extension},
           {"5;a=b=c\r\nhello\r\n", Refusal::bad_chunk_extension},
           {"5;a=\"b\r\nhello\r\n", Refusal::bad_chunk_extension},
           {"5;a=\"b\\\r\nhello\r\n", Refusal::bad_chunk_extension},
           {"5;a=\"b\"c\r\nhello\r\n", Refusal::bad_chunk_extension},
           {"5;\xe4\r\nhello\r\n", Refusal::bad_chunk_extension},
           {"5\nhello\r\n", Refusal::bare_lf},
           {"\n", Refusal::bare_lf},
           {"5;a\nhello\r\n", Refusal::bare_lf},
           {"5;a=\"\n\"\r\nhello\r\n", Refusal::bare_lf},
           {"5\r\r\nhello\r\n", Refusal::bare_cr},
           {"5\rX\nhello", Refusal::bare_lf},
           {"5;a\r;b\r\nhello\r\n", Refusal::bare_cr},
           {"5\0\r\nhello\r\n"s, Refusal::nul_byte},
           {"5;a=\"\0\"\r\nhello\r\n"s, Refusal::nul_byte},
           {"5;\x01\r\nhello\r\n", Refusal::control_character},
           {"5\r\nhelloworld\r\n", Refusal::no_crlf_after_chunk},
           {"5\r\nhello\n0\r\n\r\n", Refusal::no_crlf_after_chunk},
           {"5\r\nhello\rX", Refusal::no_crlf_after_chunk},
           {"5\r\nhello0\r\n\r\n", Refusal::no_crlf_after_chunk},
           {"5\r\nhello\r\n5\r\nhel", Refusal::truncated_body},
           {"5\r\nhello\r\n", Refusal::truncated_body},
           {"5\r\nhello\r", Refusal::truncated_body},
           {"5", Refusal::truncated_body},
           {"", Refusal::truncated_body},
           {"0\r\n", Refusal::truncated_body},
           {"0\r\n\r", Refusal::truncated_body},
           {"0\r\nA: b\r\n", Refusal::truncated_body},
           {std::string(65, '0'), Refusal::chunk_line_too_long},
           {"5;a=" + std::string(64, 'x') + "\r\nhello\r\n", Refusal::chunk_line_too_long},
       }) {
    expect_body(kChunked, c.text, c.refusal);
  }
}

TEST(Body, TakesAChunkLineOfExactlyTheLimit) {
  const std::string line = "1;" + std::string(60, 'x') + "\r\n";
  ASSERT_EQ(line.size(), 64U);
  expect_body(kChunked, line + "y\r\n0\r\n\r\n", "complete, 0 left");
  expect_body(kChunked, "1;" + std::string(61, 'x') + "\r\ny\r\n0\r\n\r\n",
              Refusal::chunk_line_too_long);
}

TEST(Body, GivesOutTrailersWhole) {
  const BodyResult result =
      expect_body(kChunked, "1\r\nx\r\n0\r\nA: b\r\nGrpc-Status:0\r\n\r\nrest", "complete, 4 left");
  EXPECT_EQ(result.trailers, "A: b\r\nGrpc-Status:0\r\n");
  EXPECT_EQ(result.raw, "1\r\nx\r\n0\r\nA: b\r\nGrpc-Status:0\r\n\r\n");
}

TEST(Body, GivesOutNothingOfTheEndBeforeTheEnd) {
  const std::string text = "1\r\nx\r\n0\r\nA: b\r\nContent-Length: 3\r\n\r\n";
  const BodyResult result = expect_body(kChunked, text, Refusal::forbidden_trailer);
  EXPECT_EQ(result.raw, "1\r\nx\r\n");
  EXPECT_EQ(read_body(kChunked, text.substr(0, text.size() - 1), {}, false).raw, "1\r\nx\r\n");
}

TEST(Body, IsRefusedForItsTrailers) {
  struct Case {
    std::string trailers;
    Refusal refusal;
  };
  for (const Case& c : std::vector<Case>{
           {"Content-Length: 0\r\n", Refusal::forbidden_trailer},
           {"transfer-encoding: chunked\r\n", Refusal::forbidden_trailer},
           {"A: b\r\nHost: a\r\n", Refusal::forbidden_trailer},
           {"Connection: close\r\n", Refusal::forbidden_trailer},
           {"Upgrade: x\r\n", Refusal::forbidden_trailer},
           {"TE: x\r\n", Refusal::forbidden_trailer},
           {"Trailer: x\r\n", Refusal::forbidden_trailer},
           {"Set-Cookie: x\r\n", Refusal::forbidden_trailer},
           {"Authorization: x\r\n", Refusal::forbidden_trailer},
           {"Content-Type: x\r\n", Refusal::forbidden_trailer},
           {"Content-Encoding: x\r\n", Refusal::forbidden_trailer},
           {"Content_Length: 0\r\n", Refusal::lookalike_field},
           {"A\r\n", Refusal::no_colon},
           {"A : b\r\n", Refusal::space_before_colon},
           {" A: b\r\n", Refusal::obs_fold},
           {"A: b\r\n c\r\n", Refusal::obs_fold},
           {": b\r\n", Refusal::empty_name},
           {"GET / HTTP/1.1\r\n", Refusal::no_colon},
           {"GET http://a/ HTTP/1.1\r\n", Refusal::bad_name},
           {"A: b\n", Refusal::bare_lf},
           {"A: b\r\r\n", Refusal::bare_cr},
           {"A: \0\r\n"s, Refusal::nul_byte},
           {"A: \x02\r\n", Refusal::control_character},
           {"A:\r\nB:\r\nC:\r\nD:\r\nE:\r\n", Refusal::trailers_too_large},
           {"A: " + std::string(200, 'x') + "\r\n", Refusal::trailers_too_large},
       }) {
    EXPECT_EQ(expect_body(kChunked, "0\r\n" + c.trailers + "\r\n", c.refusal).raw, "");
  }
  expect_body(kChunked, "0\r\n" + std::string(129, 'x'), Refusal::trailers_too_large);
  expect_body(kChunked, "0\r\nA: " + std::string(121, 'x') + "\r\n\r\n", "complete, 0 left");
  expect_body(kChunked, "0\r\nA: " + std::string(122, 'x') + "\r\n\r\n",
              Refusal::trailers_too_large);
  expect_body(kChunked, "0\r\nA:\r\nB:\r\nC:\r\nD:\r\n\r\n", "complete, 0 left");
}

TEST(Body, SaysTheSameAgainAfterARefusal) {
  BodyReader reader(kChunked, {});
  EXPECT_EQ(reader.next("zz\r\n").kind, Piece::Kind::refused);
  const Piece again = reader.next("5\r\nhello\r\n0\r\n\r\n");
  EXPECT_EQ(again.kind, Piece::Kind::refused);
  EXPECT_EQ(again.refusal, Refusal::bad_chunk_size);
  EXPECT_EQ(reader.finish({}), Refusal::bad_chunk_size);
  EXPECT_FALSE(reader.complete());
}

TEST(Body, TellsItsEndOnce) {
  BodyReader reader(length(1), {});
  EXPECT_EQ(reader.next("xy").raw, "x");
  EXPECT_EQ(reader.finish({}), std::nullopt);
  EXPECT_FALSE(reader.complete());
  EXPECT_EQ(reader.next("y").kind, Piece::Kind::end);
  EXPECT_TRUE(reader.complete());
  EXPECT_EQ(reader.next("y").kind, Piece::Kind::need_more);
  EXPECT_EQ(reader.finish("y"), std::nullopt);
}

TEST(Body, CountsWhatWentByAnotherWay) {
  BodyReader reader(length(10), {});
  EXPECT_EQ(reader.content_ahead(), 10U);
  EXPECT_EQ(reader.next("abc").raw, "abc");
  reader.skip(6);
  EXPECT_EQ(reader.content_ahead(), 1U);
  EXPECT_EQ(reader.next("dGET").raw, "d");
  EXPECT_EQ(reader.next("GET").kind, Piece::Kind::end);
  EXPECT_EQ(reader.content_bytes(), 10U);

  BodyReader all(length(4), {});
  all.skip(4);
  EXPECT_EQ(all.next("").kind, Piece::Kind::end);

  BodyReader open(kUntilClose, {});
  EXPECT_EQ(open.content_ahead(), UINT64_MAX);
  open.skip(1'000);
  EXPECT_EQ(open.content_bytes(), 1'000U);
  EXPECT_EQ(open.finish("content that nobody read"), Refusal::truncated_body);
  EXPECT_EQ(open.finish({}), std::nullopt);

  BodyReader chunks(kChunked, {});
  EXPECT_EQ(chunks.content_ahead(), 0U);
  chunks.next("a\r\nxx");
  EXPECT_EQ(chunks.content_ahead(), 10U);
}

TEST(Body, GoesOnInACopyOfItsReader) {
  BodyReader reader(kChunked, {});
  EXPECT_EQ(reader.next("5\r\nhe").raw, "5\r\n");
  BodyReader moved;
  moved = std::move(reader);
  EXPECT_EQ(moved.next("hello\r\n").raw, "hello");
  EXPECT_EQ(moved.next("\r\n").raw, "\r\n");
  EXPECT_EQ(moved.next("0\r\n\r\n").raw, "0\r\n");
  EXPECT_EQ(moved.next("\r\n").kind, Piece::Kind::end);
}

TEST(ChunkLine, TellsDigitsFromExtensions) {
  ChunkLine line;
  EXPECT_EQ(parse_chunk_line("7fffffffffffffff", line), std::nullopt);
  EXPECT_EQ(line.size, static_cast<std::uint64_t>(INT64_MAX));
  EXPECT_EQ(parse_chunk_line("fA;x=\"y\"", line), std::nullopt);
  EXPECT_EQ(line.size, 0xfaU);
  EXPECT_EQ(line.digits, 2U);
}

}  // namespace hyalite
