// SPDX-License-Identifier: MIT
#include "http/writer.h"

#include <gtest/gtest.h>

#include "reading.h"

namespace hyalite {

namespace {

std::string written(const Page& page) {
  Buffer out;
  write(page, out);
  return std::string(out.bytes());
}

}  // namespace

TEST(Writer, MakesPages) {
  Page page;
  page.status = 403;
  page.content_type = "text/plain";
  page.body = "no";
  EXPECT_EQ(written(page),
            "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: "
            "2\r\nCache-Control: no-store\r\n"
            "Connection: close\r\n\r\nno");
  page.to_head = true;
  page.keeps_alive = true;
  EXPECT_EQ(written(page),
            "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: "
            "2\r\nCache-Control: no-store\r\n\r\n");
}

TEST(Writer, MakesPagesWithFieldsButNoneThatFrames) {
  const std::pair<Bytes, Bytes> fields[] = {{"Location", "/x"},
                                            {"content-length", "99"},
                                            {"Transfer-Encoding", "chunked"},
                                            {"cache-control", "max-age=1"}};
  Page page;
  page.status = 302;
  page.reason = "Go";
  page.fields = fields;
  EXPECT_EQ(written(page),
            "HTTP/1.1 302 Go\r\nLocation: /x\r\ncache-control: max-age=1\r\nContent-Length: "
            "0\r\nConnection: close\r\n\r\n");
}

TEST(Writer, GivesNoBodyWhereNoneMayBe) {
  Page page;
  page.body = "ignored";
  for (int status : {204, 304}) {
    page.status = status;
    const std::string text = written(page);
    EXPECT_EQ(text.find("Content-Length"), std::string::npos);
    EXPECT_EQ(text.substr(text.size() - 4), "\r\n\r\n");
  }
}

TEST(Writer, MakesPagesThatWeWouldAccept) {
  Page page;
  page.body = "hello";
  for (int status = 200; status <= 599; ++status) {
    page.status = status;
    const std::string text = written(page);
    const std::string verdict = verdict_in(read_response(text));
    EXPECT_EQ(verdict, status == 204 || status == 205 || status == 304 ? "none" : "length 5") << status;
  }
}

TEST(Writer, MakesChunksThatWeWouldAccept) {
  Buffer out;
  open_chunk(26, out);
  out.append(std::string(26, 'x'));
  out.append(kCloseChunk);
  open_chunk(UINT64_C(0x7fffffffffffffff), out);
  EXPECT_EQ(out.bytes(), "1a\r\n" + std::string(26, 'x') + "\r\n7fffffffffffffff\r\n");
  const std::string text =
      "1a\r\n" + std::string(26, 'x') + std::string(kCloseChunk) + std::string(kLastChunk);
  expect_body({Framing::Kind::chunked}, text, "complete, 0 left");
  expect_response(kContinue, {}, "none");
}

}  // namespace hyalite
