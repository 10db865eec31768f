// Heads: the index, the edits, and what is written after them.
// SPDX-License-Identifier: MIT
#include "http/message.h"

#include <gtest/gtest.h>

#include "http/recheck.h"
#include "http/strict.h"
#include "http/writer.h"
#include "reading.h"

namespace hyalite {

namespace {

const std::string kRequest =
    "GET /x HTTP/1.1\r\n"
    "host:a.example\r\n"
    "X-A:  1 \r\n"
    "Cookie: a=b\r\n"
    "x-a: 2\r\n"
    "Connection: keep-alive\r\n"
    "\r\n";

const std::string kResponse =
    "HTTP/1.1 200 Fine\r\n"
    "Server: s\r\n"
    "content-length:5\r\n"
    "Set-Cookie: a\r\n"
    "Set-Cookie: b\r\n"
    "\r\n";

template <class AnyHead>
std::string written(const AnyHead& head) {
  Buffer out;
  write(head, out);
  return std::string(out.bytes());
}

class Message : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(Indexer::index(request_text_, 8, request_), std::nullopt);
    ASSERT_EQ(Indexer::index(response_text_, 8, response_), std::nullopt);
  }
  std::string request_text_ = kRequest, response_text_ = kResponse;
  RequestHead request_;
  ResponseHead response_;
  Arena arena_;
};

}  // namespace

TEST_F(Message, IsIndexedInOrder) {
  ASSERT_EQ(request_.fields().size(), 5U);
  EXPECT_EQ(request_.method(), "GET");
  EXPECT_EQ(request_.target(), "/x");
  EXPECT_EQ(request_.fields()[1].name, "X-A");
  EXPECT_EQ(request_.fields()[1].value, "1");
  EXPECT_EQ(request_.fields()[1].line, "X-A:  1 \r\n");
  EXPECT_EQ(request_.fields()[0].id, Name::host);
  EXPECT_EQ(request_.value(Name::host), "a.example");
  EXPECT_EQ(request_.find("x-A"), &request_.fields()[1]);
  EXPECT_EQ(request_.find(Name::cookie), &request_.fields()[2]);
  EXPECT_EQ(request_.find(Name::other), nullptr);
  EXPECT_EQ(request_.find("X-B"), nullptr);
  EXPECT_EQ(request_.value(Name::server), "");
  EXPECT_EQ(response_.count(Name::set_cookie), 2U);
  EXPECT_EQ(response_.count(Name::cookie), 0U);
  EXPECT_EQ(response_.status(), 200);
  EXPECT_EQ(response_.reason(), "Fine");
  EXPECT_FALSE(request_.edited());
}

TEST_F(Message, IsWrittenAsItCame) {
  EXPECT_EQ(written(request_), kRequest);
  EXPECT_EQ(written(response_), kResponse);
}

TEST_F(Message, GoesAlongWhenItsBytesMove) {
  request_.set("Cookie", "new", arena_);
  const std::string before = head_text(request_);
  auto memory = std::make_unique<char[]>(kRequest.size());
  std::memcpy(memory.get(), request_text_.data(), request_text_.size());
  request_.moved_to(memory.get());
  std::fill(request_text_.begin(), request_text_.end(), '#');
  EXPECT_EQ(head_text(request_), before);
  EXPECT_EQ(request_.raw().data(), memory.get());
  EXPECT_EQ(request_.start_line(), "GET /x HTTP/1.1\r\n");
}

TEST_F(Message, GivesTheFirstTheValueAndDropsTheRest) {
  EXPECT_EQ(request_.set("x-A", "3", arena_), std::nullopt);
  EXPECT_EQ(written(request_),
            "GET /x HTTP/1.1\r\nhost:a.example\r\nX-A: 3\r\nCookie: a=b\r\nConnection: "
            "keep-alive\r\n\r\n");
  EXPECT_TRUE(request_.edited());
  EXPECT_EQ(request_.find(Name::connection), &request_.fields()[3]);
  EXPECT_EQ(request_.set("New", "", arena_), std::nullopt);
  EXPECT_EQ(request_.fields().back().name, "New");
}

TEST_F(Message, AppendsAndRemoves) {
  EXPECT_EQ(response_.append("Set-Cookie", "c", arena_), std::nullopt);
  EXPECT_EQ(response_.count(Name::set_cookie), 3U);
  EXPECT_EQ(response_.set_if_absent("server", "t", arena_), std::nullopt);
  EXPECT_EQ(response_.value(Name::server), "s");
  EXPECT_EQ(response_.remove("SET-COOKIE"), std::nullopt);
  EXPECT_EQ(response_.find(Name::set_cookie), nullptr);
  EXPECT_EQ(response_.count(Name::set_cookie), 0U);
  EXPECT_EQ(response_.remove_at(0), std::nullopt);
  EXPECT_EQ(response_.set_if_absent("Server", "t", arena_), std::nullopt);
  EXPECT_EQ(written(response_), "HTTP/1.1 200 Fine\r\ncontent-length:5\r\nServer: t\r\n\r\n");
}

TEST_F(Message, IsNotEditedByEditsThatChangeNothing) {
  EXPECT_EQ(request_.remove("X-B"), std::nullopt);
  EXPECT_EQ(request_.set_if_absent("Cookie", "x", arena_), std::nullopt);
  request_.drop(Name::upgrade);
  EXPECT_FALSE(request_.edited());
}

TEST_F(Message, ChangesOneFieldByItsIndex) {
  EXPECT_EQ(request_.set_at(3, "9", arena_), std::nullopt);
  EXPECT_EQ(request_.rename_at(1, "X-B", arena_), std::nullopt);
  EXPECT_EQ(written(request_),
            "GET /x HTTP/1.1\r\nhost:a.example\r\nX-B: 1\r\nCookie: a=b\r\nx-a: 9\r\nConnection: "
            "keep-alive\r\n\r\n");
  EXPECT_EQ(request_.set_at(5, "x", arena_), EditRefusal::no_such_field);
  EXPECT_EQ(request_.rename_at(5, "x", arena_), EditRefusal::no_such_field);
  EXPECT_EQ(request_.remove_at(5), EditRefusal::no_such_field);
}

TEST_F(Message, KeepsFramingFromPlugins) {
  for (const char* name : {"Content-Length", "TRANSFER-ENCODING", "connection", "TE", "Trailer",
                           "Upgrade", "Keep-Alive", "Proxy-Connection"}) {
    EXPECT_EQ(request_.set(name, "x", arena_), EditRefusal::framing_field) << name;
    EXPECT_EQ(request_.append(name, "x", arena_), EditRefusal::framing_field) << name;
    EXPECT_EQ(request_.set_if_absent(name, "x", arena_), EditRefusal::framing_field) << name;
    EXPECT_EQ(request_.remove(name), EditRefusal::framing_field) << name;
    EXPECT_EQ(request_.rename_at(1, name, arena_), EditRefusal::framing_field) << name;
  }
  EXPECT_EQ(request_.set_at(4, "close", arena_), EditRefusal::framing_field);
  EXPECT_EQ(request_.rename_at(4, "X-Connection", arena_), EditRefusal::framing_field);
  EXPECT_EQ(request_.remove_at(4), EditRefusal::framing_field);
  EXPECT_EQ(request_.set("Content_Length", "5", arena_), EditRefusal::bad_name);
  EXPECT_FALSE(request_.edited());
  EXPECT_EQ(written(request_), kRequest);
}

TEST_F(Message, KeepsLinesFromPlugins) {
  for (const Bytes name :
       {Bytes(""), Bytes("a b"), Bytes("a:"), Bytes("a\r\nb"), Bytes("a\0", 2), Bytes("\xe4")}) {
    EXPECT_EQ(request_.append(name, "x", arena_), EditRefusal::bad_name);
  }
  for (const Bytes value : {Bytes("a\r\nb"), Bytes("a\n"), Bytes("\r"), Bytes("a\0b", 3),
                            Bytes("\x7f"), Bytes(" a"), Bytes("a\t")}) {
    EXPECT_EQ(request_.append("X", value, arena_), EditRefusal::bad_value);
    EXPECT_EQ(request_.set_at(1, value, arena_), EditRefusal::bad_value);
  }
  EXPECT_FALSE(request_.edited());
}

TEST_F(Message, TakesNoMoreFieldsThanTheLimitAndTheRoomForPlugins) {
  const std::size_t room = 3 + Fields::kRoomForPlugins;
  for (std::size_t i = 0; i < room; ++i) EXPECT_EQ(request_.append("X", "y", arena_), std::nullopt);
  EXPECT_EQ(request_.append("X", "y", arena_), EditRefusal::too_many_fields);
  EXPECT_EQ(request_.set("Y", "y", arena_), EditRefusal::too_many_fields);
  EXPECT_EQ(request_.set("X", "y", arena_), std::nullopt);
  EXPECT_EQ(request_.fields().size(), 6U);
}

TEST_F(Message, ChangesItsStartLine) {
  EXPECT_EQ(request_.set_method("POST", arena_), std::nullopt);
  EXPECT_EQ(request_.set_target("/y?z", arena_), std::nullopt);
  EXPECT_EQ(written(request_).substr(0, 22), "POST /y?z HTTP/1.1\r\nho");
  EXPECT_EQ(response_.set_status(403, "No", arena_), std::nullopt);
  EXPECT_EQ(written(response_).substr(0, 17), "HTTP/1.1 403 No\r\n");
  EXPECT_EQ(response_.set_status(403, "", arena_), std::nullopt);
  EXPECT_EQ(written(response_).substr(0, 15), "HTTP/1.1 403 \r\n");
}

TEST_F(Message, RefusesStartLinesThatFrameOtherwise) {
  for (const char* method : {"HEAD", "CONNECT", "head", "Connect"}) {
    EXPECT_EQ(request_.set_method(method, arena_), EditRefusal::changes_framing) << method;
  }
  for (const char* method : {"", "G T", "GET\r\n", "G:"}) {
    EXPECT_EQ(request_.set_method(method, arena_), EditRefusal::bad_method) << method;
  }
  for (const char* target : {"", "x", "*", "/a b", "/a\r\n", "/#", "http://"}) {
    EXPECT_EQ(request_.set_target(target, arena_), EditRefusal::bad_target) << target;
  }
  for (int status : {204, 304})
    EXPECT_EQ(response_.set_status(status, "x", arena_), EditRefusal::changes_framing);
  for (int status : {-1, 0, 100, 101, 199, 600, 999})
    EXPECT_EQ(response_.set_status(status, "x", arena_), EditRefusal::bad_status);
  EXPECT_EQ(response_.set_status(200, "a\r\nX: y", arena_), EditRefusal::bad_reason);
  EXPECT_FALSE(request_.edited() || response_.edited());

  const std::string no_body = "HTTP/1.1 304 x\r\n\r\n", head = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_EQ(Indexer::index(no_body, 8, response_), std::nullopt);
  EXPECT_EQ(response_.set_status(200, "x", arena_), EditRefusal::changes_framing);
  ASSERT_EQ(Indexer::index(head, 8, request_), std::nullopt);
  EXPECT_EQ(request_.set_method("GET", arena_), EditRefusal::changes_framing);
}

TEST_F(Message, IsFramedByTheHost) {
  response_.frame_chunked(arena_);
  EXPECT_EQ(written(response_),
            "HTTP/1.1 200 Fine\r\nServer: s\r\nTransfer-Encoding: chunked\r\nSet-Cookie: "
            "a\r\nSet-Cookie: b\r\n\r\n");
  response_.frame_length(77, arena_);
  EXPECT_EQ(response_.value(Name::content_length), "77");
  EXPECT_EQ(response_.count(Name::transfer_encoding), 0U);
  response_.frame_until_close(arena_);
  EXPECT_EQ(written(response_),
            "HTTP/1.1 200 Fine\r\nServer: s\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nConnection: "
            "close\r\n\r\n");
  request_.frame_length(0, arena_);
  EXPECT_EQ(request_.fields().back().name, "Content-Length");
}

TEST_F(Message, SaysThatItCloses) {
  request_.say_close(arena_);
  EXPECT_EQ(request_.value(Name::connection), "close");
  const std::string several =
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: TE, Keep-Alive\r\nX: y\r\nconnection: x, "
      "close,\r\n\r\n";
  ASSERT_EQ(Indexer::index(several, 8, request_), std::nullopt);
  request_.say_close(arena_);
  EXPECT_EQ(written(request_),
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: TE, x, close\r\nX: y\r\n\r\n");
  const std::string closing = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n";
  ASSERT_EQ(Indexer::index(closing, 8, request_), std::nullopt);
  request_.say_close(arena_);
  EXPECT_FALSE(request_.edited());
}

TEST_F(Message, IsToldThatTheConnectionStays) {
  const auto without = [&](const std::string& fields) {
    const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
    EXPECT_EQ(Indexer::index(head, 8, request_), std::nullopt) << fields;
    request_.unsay_close(arena_);
    return request_.edited() ? written(request_) : "as it was";
  };
  EXPECT_EQ(without("Connection: close\r\nX: y\r\n"), "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n");
  EXPECT_EQ(without("X: y\r\nConnection: TE, Close\r\nconnection: close , x\r\n"), "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nConnection: TE, x\r\n\r\n");
  EXPECT_EQ(without("Connection: close, keep-alive\r\n"), "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(without("Connection: TE\r\n"), "as it was");
  EXPECT_EQ(without(""), "as it was");
}

TEST_F(Message, IsReadAgainBeforeItIsSent) {
  const auto recheck = [&](const Framing& meant) {
    return recheck_request(written(request_), request_, meant, kTestLimits);
  };
  EXPECT_EQ(recheck({}), std::nullopt);
  request_.set("X", "y", arena_);
  EXPECT_EQ(recheck({}), std::nullopt);
  EXPECT_EQ(recheck({Framing::Kind::length, 5}), Refusal::edit_changed_framing);
  request_.frame_length(5, arena_);
  EXPECT_EQ(recheck({Framing::Kind::length, 5}), std::nullopt);
  EXPECT_EQ(recheck({}), Refusal::edit_changed_framing);
  request_.set("Host", "b/c", arena_);
  EXPECT_EQ(recheck({Framing::Kind::length, 5}), Refusal::bad_host);
  request_.remove("Host");
  EXPECT_EQ(recheck({Framing::Kind::length, 5}), Refusal::missing_host);
  request_.set("Host", "a", arena_);
  request_.append("Host", "b", arena_);
  EXPECT_EQ(recheck({Framing::Kind::length, 5}), Refusal::several_hosts);

  response_.set("X", "y", arena_);
  EXPECT_EQ(recheck_response(written(response_), response_, {}, {Framing::Kind::length, 5}, kTestLimits),
            std::nullopt);
  EXPECT_EQ(recheck_response(written(response_), response_, {}, {Framing::Kind::until_close}, kTestLimits),
            Refusal::edit_changed_framing);
  EXPECT_EQ(recheck_response(written(response_) + "x", response_, {}, {Framing::Kind::length, 5}, kTestLimits),
            Refusal::edit_changed_framing);
}

TEST_F(Message, IsNotSentWhenAnyByteIsNotAsMeant) {
  request_.set_target("/y", arena_);
  request_.set("X", "y", arena_);
  response_.set("X", "y", arena_);
  const auto refuses = [&](const std::string& asked, const std::string& answer) {
    return recheck_request(asked, request_, {}, kTestLimits) && recheck_response(answer, response_, {}, {Framing::Kind::length, 5}, kTestLimits);
  };
  const std::string asked = written(request_), answer = written(response_);
  EXPECT_EQ(recheck_request(asked, request_, {}, kTestLimits), std::nullopt);
  EXPECT_EQ(recheck_response(answer, response_, {}, {Framing::Kind::length, 5}, kTestLimits), std::nullopt);
  for (std::size_t at = 0; at < std::min(asked.size(), answer.size()); ++at) {
    for (const char c : {'z', ':', '\r', '\n', '\0', '0'}) {
      std::string other_asked = asked, other_answer = answer;
      if (asked[at] == c || answer[at] == c) continue;
      other_asked[at] = other_answer[at] = c;
      EXPECT_TRUE(refuses(other_asked, other_answer)) << at << " " << int{c} << "\n" << other_asked << other_answer;
    }
    EXPECT_TRUE(refuses(asked.substr(0, at), answer.substr(0, at))) << at;
  }
  for (const char* more : {"A: b\r\n", "\r\n", "x"}) {
    EXPECT_TRUE(refuses(asked + more, answer + more)) << more;
    EXPECT_TRUE(refuses(asked.substr(0, asked.size() - 2) + more + "\r\n", answer.substr(0, answer.size() - 2) + more + "\r\n")) << more;
  }
}

TEST_F(Message, LetsTheHostAddWhatTheLimitHasNoRoomFor) {
  HeadLimits limits = kTestLimits;
  limits.fields = 5;
  request_.frame_length(5, arena_);
  EXPECT_EQ(recheck_request(written(request_), request_, {Framing::Kind::length, 5}, limits), std::nullopt);
}

// It came with as many as may come.
TEST_F(Message, IsSentWithWhatPluginsAddedBeyondTheLimit) {
  HeadLimits limits = kTestLimits;
  limits.fields = 5;
  ASSERT_EQ(Indexer::index(request_text_, limits.fields, request_), std::nullopt);
  while (!request_.append("X", "y", arena_)) {
  }
  EXPECT_EQ(request_.fields().size(), limits.fields + Fields::kRoomForPlugins);
  request_.frame_length(5, arena_);
  EXPECT_EQ(recheck_request(written(request_), request_, {Framing::Kind::length, 5}, limits), std::nullopt);
  limits.fields = 2;
  EXPECT_EQ(recheck_request(written(request_), request_, {Framing::Kind::length, 5}, limits), Refusal::too_many_fields);
}

TEST_F(Message, ForgetsEverythingForTheNextOne) {
  request_.set_target("/other", arena_);
  request_.set("A", "b", arena_);
  const std::string next = "PUT /n HTTP/1.0\r\n\r\n";
  ASSERT_EQ(Indexer::index(next, 8, request_), std::nullopt);
  EXPECT_FALSE(request_.edited());
  EXPECT_TRUE(request_.fields().empty());
  EXPECT_EQ(request_.find(Name::host), nullptr);
  EXPECT_EQ(request_.minor_version(), 0U);
  EXPECT_EQ(written(request_), next);
}

TEST(TrailersOfABody, AreEditedLikeFieldsButCarryLess) {
  const std::string raw = "A: b\r\nGrpc-Status:0\r\n";
  Trailers trailers;
  Arena arena;
  index_trailers(raw, 3, trailers);
  ASSERT_EQ(trailers.fields().size(), 2U);
  EXPECT_EQ(trailers.raw(), raw);
  EXPECT_EQ(trailers.set("Host", "a", arena), EditRefusal::not_in_trailers);
  EXPECT_EQ(trailers.set("Content-Length", "1", arena), EditRefusal::framing_field);
  EXPECT_EQ(trailers.set("a", "c", arena), std::nullopt);
  EXPECT_EQ(trailers.append("B", "d", arena), std::nullopt);
  while (trailers.fields().size() < 3 + Fields::kRoomForPlugins) ASSERT_EQ(trailers.append("C", "d", arena), std::nullopt);
  EXPECT_EQ(trailers.append("C", "d", arena), EditRefusal::too_many_fields);
  EXPECT_EQ(trailers.remove("C"), std::nullopt);
  Buffer out;
  last_chunk(trailers, out);
  EXPECT_EQ(out.bytes(), "0\r\nA: c\r\nGrpc-Status:0\r\nB: d\r\n\r\n");
}

}  // namespace hyalite
