// Headers as plugins see and edit them.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "http/names.h"
#include "http/writer.h"
#include "plugin/header_views.h"
#include "unit/plugin/scripted.h"

namespace hyalite {
namespace {

const hyalite_host_http* const http = http_table();

hyalite_bytes text(std::string_view t) { return abi(t); }

// Runs `look` as the request_head hook of the only plugin, over `head`; gives what would be sent.
std::string in_request(std::string_view head,
                       std::function<void(hyalite_exchange*, const hyalite_headers*)> look,
                       std::function<void(const hyalite_host*)> at_create = {}) {
  ScriptedChain scripted;
  Script script;
  script.create = [&](const hyalite_host* host) {
    if (at_create) at_create(host);
    return HYALITE_OK;
  };
  script.request_head = [&](hyalite_exchange* exchange, const hyalite_headers* headers, void*) {
    look(exchange, headers);
    return HYALITE_CONTINUE;
  };
  Chain& chain = scripted.add(script).start();
  HookTalk talk(chain);
  EXPECT_EQ(talk.request(head), Answer::go_on);
  if (!talk.exchange.request->edited()) return std::string(talk.exchange.request->raw());
  Buffer out;
  write(*talk.exchange.request, out);
  return std::string(out.bytes());
}

TEST(HeaderNames, AreKnownToParserAndPluginsAlike) {
  const HeaderNames names;
  for (std::uint16_t id = 1; id < kWellKnownHeaders; ++id) {
    const Name name = name_of(names.text(id));
    EXPECT_NE(name, Name::other) << names.text(id);
    EXPECT_EQ(names.text(id), text_of(name));
    EXPECT_EQ(names.id_of(names.text(id)), id);
  }
  EXPECT_EQ(names.text(HYALITE_HEADER_HOST), "Host");
  EXPECT_EQ(names.text(HYALITE_HEADER_X_FORWARDED_PROTO), "X-Forwarded-Proto");
}

TEST(HeaderNames, InternsAnyName) {
  HeaderNames names;
  const auto id = names.intern("X-Tenant");
  EXPECT_GE(id, kWellKnownHeaders);
  EXPECT_EQ(names.intern("x-tenant"), id);
  EXPECT_EQ(names.text(id), "X-Tenant");
  EXPECT_EQ(names.intern("host"), HYALITE_HEADER_HOST);
  EXPECT_EQ(names.intern("not a name"), 0);
  EXPECT_EQ(names.intern(""), 0);
}

TEST(Headers, AreReadWithoutACall) {
  in_request(kGet, [](hyalite_exchange*, const hyalite_headers* headers) {
    ASSERT_EQ(headers->count, 4u);
    EXPECT_EQ(view(hyalite_header_at(headers, 1)->name), "X-One");
    EXPECT_EQ(view(hyalite_header_find(headers, HYALITE_HEADER_HOST)->value), "Example.com:80");
    EXPECT_EQ(hyalite_header_find(headers, HYALITE_HEADER_COOKIE), nullptr);
    EXPECT_EQ(hyalite_header_find(headers, 9'999), nullptr);
    EXPECT_EQ(hyalite_header_at(headers, 4), nullptr);
  });
}

TEST(Headers, OfOneNameAreLinked) {
  std::uint16_t id = 0;
  in_request(
      kGet,
      [&](hyalite_exchange*, const hyalite_headers* headers) {
        const hyalite_header* first = hyalite_header_find(headers, id);
        ASSERT_NE(first, nullptr);
        EXPECT_EQ(view(first->value), "1");
        ASSERT_EQ(first->next_same, 3);
        EXPECT_EQ(view(hyalite_header_at(headers, 3)->value), "2");
        EXPECT_EQ(hyalite_header_at(headers, 3)->next_same, -1);
      },
      [&](const hyalite_host* host) { id = http->intern(host, text("X-ONE")); });
}

TEST(Headers, StayReadableAfterAnEdit) {
  in_request(kGet, [](hyalite_exchange* exchange, const hyalite_headers* before) {
    EXPECT_EQ(http->header_set(exchange, HYALITE_PART_REQUEST, 0, text("Accept"), text("b"),
                               HYALITE_SET_REPLACE),
              HYALITE_OK);
    EXPECT_EQ(view(hyalite_header_find(before, HYALITE_HEADER_ACCEPT)->value), "a");
    const hyalite_headers* after = http->headers(exchange, HYALITE_PART_REQUEST);
    EXPECT_EQ(view(hyalite_header_find(after, HYALITE_HEADER_ACCEPT)->value), "b");
    EXPECT_GT(after->generation, before->generation);
    EXPECT_EQ(http->headers(exchange, HYALITE_PART_REQUEST), after);
  });
}

TEST(Headers, AreSentAsEdited) {
  const std::string sent = in_request(kGet, [](hyalite_exchange* x, const hyalite_headers*) {
    EXPECT_EQ(http->header_remove(x, HYALITE_PART_REQUEST, 0, text("X-ONE")), HYALITE_OK);
    EXPECT_EQ(http->header_remove(x, HYALITE_PART_REQUEST, HYALITE_HEADER_COOKIE, {}),
              HYALITE_E_MISSING);
    EXPECT_EQ(http->header_set(x, HYALITE_PART_REQUEST, HYALITE_HEADER_USER_AGENT, {}, text("u"),
                               HYALITE_SET_REPLACE),
              HYALITE_OK);
    EXPECT_EQ(
        http->header_set(x, HYALITE_PART_REQUEST, 0, text("Via"), text("1"), HYALITE_SET_APPEND),
        HYALITE_OK);
    EXPECT_EQ(
        http->header_set(x, HYALITE_PART_REQUEST, 0, text("Via"), text("2"), HYALITE_SET_APPEND),
        HYALITE_OK);
    EXPECT_EQ(
        http->header_set(x, HYALITE_PART_REQUEST, 0, text("Via"), text("3"), HYALITE_SET_IF_ABSENT),
        HYALITE_OK);
    EXPECT_EQ(http->set_target(x, text("/other")), HYALITE_OK);
    EXPECT_EQ(http->set_method(x, text("PURGE")), HYALITE_OK);
  });
  EXPECT_EQ(sent,
            "PURGE /other HTTP/1.1\r\nHost: Example.com:80\r\nAccept: a\r\nUser-Agent: u\r\nVia: "
            "1\r\nVia: 2\r\n\r\n");
}

TEST(Headers, OfTheHostCannotBeEdited) {
  const std::string sent = in_request(kGet, [](hyalite_exchange* x, const hyalite_headers*) {
    for (const char* name : {"Content-Length", "transfer-encoding", "Connection", "TE", "Trailer",
                             "Upgrade", "Keep-Alive", "Proxy-Connection"}) {
      EXPECT_EQ(
          http->header_set(x, HYALITE_PART_REQUEST, 0, text(name), text("1"), HYALITE_SET_REPLACE),
          HYALITE_E_FORBIDDEN)
          << name;
      EXPECT_EQ(
          http->header_set(x, HYALITE_PART_REQUEST, 0, text(name), text("1"), HYALITE_SET_APPEND),
          HYALITE_E_FORBIDDEN)
          << name;
      EXPECT_EQ(http->check_name(nullptr, text(name)), HYALITE_E_FORBIDDEN) << name;
    }
    EXPECT_EQ(http->set_method(x, text("CONNECT")), HYALITE_E_FORBIDDEN);
    EXPECT_EQ(http->set_method(x, text("HEAD")), HYALITE_E_FORBIDDEN);
  });
  EXPECT_EQ(sent, kGet);
}

TEST(Headers, CannotEndALine) {
  const std::string sent = in_request(kGet, [](hyalite_exchange* x, const hyalite_headers*) {
    for (const std::string_view value : {std::string_view("a\r\nX: y"), std::string_view("a\nb"),
                                         std::string_view("a\0b", 3), std::string_view("a\rb")}) {
      EXPECT_EQ(
          http->header_set(x, HYALITE_PART_REQUEST, 0, text("X"), text(value), HYALITE_SET_REPLACE),
          HYALITE_E_INVALID);
      EXPECT_EQ(http->check_value(nullptr, text(value)), HYALITE_E_INVALID);
    }
    EXPECT_EQ(
        http->header_set(x, HYALITE_PART_REQUEST, 0, text("X y"), text("1"), HYALITE_SET_REPLACE),
        HYALITE_E_INVALID);
    EXPECT_EQ(http->header_set(x, HYALITE_PART_REQUEST, 0, {}, text("1"), HYALITE_SET_REPLACE),
              HYALITE_E_INVALID);
    EXPECT_EQ(http->header_set(x, HYALITE_PART_REQUEST, 9'999, {}, text("1"), HYALITE_SET_REPLACE),
              HYALITE_E_INVALID);
    EXPECT_EQ(http->header_set(x, HYALITE_PART_REQUEST, HYALITE_HEADER_HOST, text("Via"), text("1"),
                               HYALITE_SET_REPLACE),
              HYALITE_E_INVALID);
    EXPECT_EQ(http->header_set(x, HYALITE_PART_REQUEST, 0, text("X"), text("1"), 9),
              HYALITE_E_UNSUPPORTED);
    EXPECT_EQ(http->set_target(x, text("/a b")), HYALITE_E_INVALID);
    EXPECT_EQ(http->check_value(nullptr, text("fine")), HYALITE_OK);
    EXPECT_EQ(http->check_name(nullptr, text("X-Fine")), HYALITE_OK);
  });
  EXPECT_EQ(sent, kGet);
}

TEST(Headers, AreEditedOnlyInTheirOwnHook) {
  in_request(kGet, [](hyalite_exchange* x, const hyalite_headers*) {
    EXPECT_EQ(
        http->header_set(x, HYALITE_PART_RESPONSE, 0, text("X"), text("1"), HYALITE_SET_REPLACE),
        HYALITE_E_LATE);
    EXPECT_EQ(http->set_status(x, 404, {}), HYALITE_E_LATE);
    EXPECT_EQ(http->header_set(x, 77, 0, text("X"), text("1"), HYALITE_SET_REPLACE),
              HYALITE_E_UNSUPPORTED);
    EXPECT_EQ(http->headers(x, HYALITE_PART_RESPONSE), nullptr);
    EXPECT_EQ(http->response_line(x), nullptr);
  });
}

TEST(Headers, AreEditedByPlaceWhileTheViewIsFresh) {
  const std::string sent = in_request(kGet, [](hyalite_exchange* x,
                                               const hyalite_headers* headers) {
    EXPECT_EQ(http->header_set_at(x, HYALITE_PART_REQUEST, 3, headers->generation, text("zwei")),
              HYALITE_OK);
    EXPECT_EQ(http->header_set_at(x, HYALITE_PART_REQUEST, 3, headers->generation, text("drei")),
              HYALITE_E_LATE);
    EXPECT_EQ(http->header_set_at(x, HYALITE_PART_REQUEST, 99,
                                  http->headers(x, HYALITE_PART_REQUEST)->generation, text("drei")),
              HYALITE_E_INVALID);
  });
  EXPECT_NE(sent.find("X-One: 1\r\nAccept: a\r\nx-one: zwei\r\n"), std::string::npos) << sent;
}

TEST(Headers, EditsAreBounded) {
  hyalite_status last = HYALITE_OK;
  const std::string large(4'000, 'x');
  in_request(kGet, [&](hyalite_exchange* x, const hyalite_headers*) {
    for (int i = 0; i < 100'000 && last == HYALITE_OK; ++i) {
      last =
          http->header_set(x, HYALITE_PART_REQUEST, 0, text("X"), text(large), HYALITE_SET_REPLACE);
    }
  });
  EXPECT_EQ(last, HYALITE_E_LIMIT);
}

std::string with_fields(std::size_t count) {
  std::string head = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (std::size_t i = 1; i < count; ++i) head += "Cookie: id=" + std::to_string(i) + "\r\n";
  return head + "\r\n";
}

// Edits and looks, so many times or until there is no view; gives how many views there were.
std::size_t look_after_each_edit(hyalite_exchange* x, std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) {
    EXPECT_EQ(http->header_set(x, HYALITE_PART_REQUEST, 0, text("Host"), text("h"), HYALITE_SET_REPLACE), HYALITE_OK);
    if (http->headers(x, HYALITE_PART_REQUEST) == nullptr) return i;
  }
  return times;
}

TEST(Headers, AreSeenAfterEachEditOfAnySaneChain) {
  in_request(with_fields(200), [&](hyalite_exchange* x, const hyalite_headers*) {
    EXPECT_EQ(look_after_each_edit(x, 1'000), 1'000u);
    EXPECT_EQ(http->headers(x, HYALITE_PART_REQUEST)->count, 200u);
  });
}

// Whoever sees no headers where there are some would decide about another message.
TEST(Headers, ACallThatIsRefusedAViewHasFailed) {
  for (const FailurePolicy policy : {FailurePolicy::open, FailurePolicy::closed}) {
    ScriptedChain scripted;
    std::size_t views = 0;
    std::uint32_t calls = 0;
    Script script;
    script.request_head = [&](hyalite_exchange* x, const hyalite_headers*, void*) {
      if (++calls == 1) views = look_after_each_edit(x, 4'000);
      return HYALITE_CONTINUE;
    };
    Chain& chain = scripted.add(script, policy).start();
    const bool closed = policy == FailurePolicy::closed;
    HookTalk talk(chain), next(chain);
    EXPECT_EQ(talk.request(with_fields(250)), closed ? Answer::decided : Answer::go_on);
    EXPECT_GT(views, Views::kAlwaysInOneCall);
    EXPECT_LT(views, 4'000u);
    EXPECT_EQ(scripted.count("hyalite_plugin_errors_total", "p0"), 1u);
    EXPECT_TRUE(scripted.logged("more views of headers than one call may have"));
    // The next call begins anew.
    EXPECT_EQ(next.request(with_fields(250)), Answer::go_on);
    EXPECT_EQ(scripted.count("hyalite_plugin_errors_total", "p0"), 1u);
  }
}

// The flow room reads one head after the other into the same object.
TEST(Headers, OfTheNextRequestAreItsOwn) {
  ScriptedChain scripted;
  std::string seen;
  Script script;
  script.request_head = [&](hyalite_exchange*, const hyalite_headers* headers, void*) {
    seen += view(hyalite_header_find(headers, HYALITE_HEADER_HOST)->value);
    return HYALITE_CONTINUE;
  };
  Chain& chain = scripted.add(script).start();
  HookTalk talk(chain);
  talk.request("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  talk.request("GET / HTTP/1.1\r\nHost: b\r\n\r\n");
  EXPECT_EQ(seen, "ab");
}

TEST(Headers, EachPluginSeesTheEditsOfThoseBefore) {
  ScriptedChain scripted;
  Script first, second;
  first.request_head = [](hyalite_exchange* x, const hyalite_headers*, void*) {
    http->header_set(x, HYALITE_PART_REQUEST, 0, text("Accept"), text("edited"),
                     HYALITE_SET_REPLACE);
    return HYALITE_CONTINUE;
  };
  second.request_head = [](hyalite_exchange*, const hyalite_headers* headers, void*) {
    EXPECT_EQ(view(hyalite_header_find(headers, HYALITE_HEADER_ACCEPT)->value), "edited");
    return HYALITE_CONTINUE;
  };
  Chain& chain = scripted.add(first).add(second).start();
  HookTalk(chain).request(kGet);
}

TEST(RequestLine, IsTakenApart) {
  struct Case {
    std::string_view head, authority, path, query;
  };
  for (const Case& each : {
           Case{kGet, "Example.com:80", "/a", "b=c"},
           Case{"GET http://h:8/p?q?r HTTP/1.1\r\nHost: h:8\r\n\r\n", "h:8", "/p", "q?r"},
           Case{"GET http://h?q HTTP/1.1\r\nHost: h\r\n\r\n", "h", "", "q"},
           Case{"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "h", "", ""},
           Case{"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", "h:443", "", ""},
           Case{"GET /x://y HTTP/1.0\r\n\r\n", "", "/x://y", ""},
       }) {
    in_request(each.head, [&](hyalite_exchange* x, const hyalite_headers*) {
      const hyalite_request_line* line = http->request_line(x);
      ASSERT_NE(line, nullptr);
      EXPECT_EQ(view(line->authority), each.authority) << each.head;
      EXPECT_EQ(view(line->path), each.path) << each.head;
      EXPECT_EQ(view(line->query), each.query) << each.head;
    });
  }
}

TEST(ResponseLine, IsReadAndEdited) {
  ScriptedChain scripted;
  Script script;
  script.response_head = [](hyalite_exchange* x, const hyalite_headers* headers) {
    EXPECT_EQ(http->response_line(x)->status, 200u);
    EXPECT_EQ(view(http->response_line(x)->reason), "Fine");
    EXPECT_EQ(view(hyalite_header_find(headers, HYALITE_HEADER_SERVER)->value), "s");
    EXPECT_EQ(http->set_status(x, 404, text("Gone")), HYALITE_OK);
    EXPECT_EQ(http->set_status(x, 204, {}), HYALITE_E_FORBIDDEN);
    EXPECT_EQ(http->set_status(x, 99, {}), HYALITE_E_INVALID);
    EXPECT_EQ(http->response_line(x)->status, 404u);
    EXPECT_EQ(view(http->request_line(x)->path), "/a");
    EXPECT_EQ(http->headers(x, HYALITE_PART_REQUEST)->count, 4u);
    EXPECT_EQ(http->headers(x, HYALITE_PART_RESPONSE)->count, 2u);
    EXPECT_EQ(
        http->header_set(x, HYALITE_PART_REQUEST, 0, text("X"), text("1"), HYALITE_SET_REPLACE),
        HYALITE_E_LATE);
    return HYALITE_CONTINUE;
  };
  Chain& chain = scripted.add(script).start();
  HookTalk talk(chain);
  talk.request(kGet);
  EXPECT_EQ(talk.response(kOk), Answer::go_on);
  EXPECT_EQ(talk.exchange.response->status(), 404);
}

}  // namespace
}  // namespace hyalite
