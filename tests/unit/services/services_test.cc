// Questions to services, over real sockets: answers, connections kept, hostile services, time.
// SPDX-License-Identifier: MIT
#include "services/services.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <deque>
#include <functional>

#include "net/listening_socket.h"
#include "unit/services/counted.h"

namespace hyalite {
namespace {

// A service with a script: says `answers[n]` to the nth connection's questions, one after the other.
class Scripted {
 public:
  explicit Scripted(Loop& loop) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)), watch_(loop, callback<&Scripted::on_client>(*this)), loop_(loop) {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
    EXPECT_EQ(::listen(fd_.get(), 16), 0);
    socklen_t size = sizeof any;
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&any), &size);
    port = ntohs(any.sin_port);
    EXPECT_TRUE(watch_.start(fd_.get()).has_value());
  }

  // What is said to a question; an empty text: nothing, ever. "close" at its end: and then the connection is closed.
  std::function<std::string(const std::string& question)> answer = [](const std::string&) {
    return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  };
  bool closes = false;
  std::uint16_t port = 0;
  int connections = 0;
  std::vector<std::string> questions;

  void close_all() { clients_.clear(); }

 private:
  struct Client {
    Client(Scripted& owner_, Fd fd_) : owner(owner_), fd(std::move(fd_)), watch(owner_.loop_, callback<&Client::on_bytes>(*this)) {
      EXPECT_TRUE(watch.start(fd.get()).has_value());
    }
    void on_bytes() {
      char room[65536];
      const auto n = ::read(fd.get(), room, sizeof room);
      if (n <= 0) return watch.stop();
      input.append(room, static_cast<std::size_t>(n));
      const auto end = input.find("\r\n\r\n");
      if (end == std::string::npos) return;
      owner.questions.push_back(input);
      input.clear();
      const std::string said = owner.answer(owner.questions.back());
      if (!said.empty()) {
        EXPECT_EQ(::write(fd.get(), said.data(), said.size()), static_cast<ssize_t>(said.size()));
      }
      if (owner.closes) watch.stop(), fd.reset();
    }
    Scripted& owner;
    Fd fd;
    ReadWatch watch;
    std::string input;
  };
  void on_client() {
    Fd fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) return;
    ++connections;
    clients_.push_back(std::make_unique<Client>(*this, std::move(fd)));
  }

  Fd fd_;
  ReadWatch watch_;
  Loop& loop_;
  std::deque<std::unique_ptr<Client>> clients_;
};

struct Asking : ::testing::Test, FetchesHeard {
  Asking() : loop(std::move(*Loop::open())), service(*loop) {
    settings.services.emplace_back();
    settings.services[0].name = "look-up";
    settings.services[0].address = "127.0.0.1:" + std::to_string(service.port);
  }
  void on_fetched(Ref ref, FetchResult result) override { results[ref] = std::move(result); }
  void ask(Ref ref, std::string target = "/", std::string method = "GET", std::string body = "") {
    if (!services) {
      counted.emplace(settings);
      services.emplace(ServicesNeeds{*loop, settings, nullptr, counted->places, counted->row, counted->log});
    }
    FetchRequest request;
    request.service = "look-up";
    request.method = std::move(method);
    request.target = std::move(target);
    request.body = std::move(body);
    services->start(ref, std::move(request), *this);
    EXPECT_EQ(results.count(ref), 0u) << "never inside start()";
  }
  const FetchResult& result(Ref ref) {
    while (results.count(ref) == 0) loop_once();
    return results[ref];
  }
  void loop_once() {
    if (!loop->run_once()) ADD_FAILURE() << "nothing can happen any more";
    ::poll(nullptr, 0, 1);
  }

  std::unique_ptr<Loop> loop;
  Scripted service;
  Settings settings;
  std::optional<Counted> counted;
  std::optional<Services> services;
  std::map<Ref, FetchResult> results;
};

TEST_F(Asking, AnAnswerComesWithItsHeadersAndTheConnectionIsKept) {
  service.answer = [](const std::string&) {
    return "HTTP/1.1 200 OK\r\nX-Verdict: block\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nyes\r\n0\r\n\r\n";
  };
  ask(1, "/check?host=a");
  EXPECT_EQ(result(1).status, HYALITE_OK);
  EXPECT_EQ(result(1).http_status, 200u);
  EXPECT_EQ(result(1).body, "yes");
  EXPECT_EQ(result(1).headers[0], (std::pair<std::string, std::string>("X-Verdict", "block")));
  EXPECT_EQ(service.questions[0], "GET /check?host=a HTTP/1.1\r\nHost: " + settings.services[0].address + "\r\n\r\n");
  ask(2, "/", "POST", "body");
  EXPECT_EQ(result(2).status, HYALITE_OK);
  EXPECT_NE(service.questions[1].find("Content-Length: 4\r\n\r\nbody"), std::string::npos);
  EXPECT_EQ(service.connections, 1);
}

TEST_F(Asking, QuestionsBeyondTheConnectionsWaitTheirTurn) {
  settings.services[0].connections = 2;
  for (Ref ref = 1; ref <= 10; ++ref) ask(ref);
  for (Ref ref = 1; ref <= 10; ++ref) EXPECT_EQ(result(ref).status, HYALITE_OK);
  EXPECT_LE(service.connections, 2);
  EXPECT_EQ(counted->count("hyalite_service_questions_total", "answered"), 10u);
  EXPECT_EQ(counted->count("hyalite_service_connects_total", "connected"), 2u);
}

TEST_F(Asking, AKeptConnectionThatWasClosedIsReplacedOnce) {
  ask(1);
  EXPECT_EQ(result(1).status, HYALITE_OK);
  service.close_all();
  ask(2);
  EXPECT_EQ(result(2).status, HYALITE_OK);
  EXPECT_EQ(service.connections, 2);
}

TEST_F(Asking, AnAnswerThatLastsUntilTheCloseIsWhole) {
  service.closes = true;
  service.answer = [](const std::string&) { return "HTTP/1.0 200 OK\r\n\r\nall of it"; };
  ask(1);
  EXPECT_EQ(result(1).body, "all of it");
}

TEST_F(Asking, HostileServicesAreBounded) {
  settings.services[0].response_bytes = 1024;
  settings.services[0].within = Milliseconds{200};
  struct Case {
    const char* what;
    std::string answer;
    bool closes;
    hyalite_status status;
  };
  std::string interim;
  for (int i = 0; i < 30; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  Ref ref = 0;
  for (const Case& c : std::vector<Case>{
           {"larger than allowed", "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + std::string(2000, 'x'), false, HYALITE_E_LIMIT},
           {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk", false, HYALITE_E_FAILED},
           {"not HTTP", "SSH-2.0-x\r\n\r\n", false, HYALITE_E_FAILED},
           {"cut short", "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok", true, HYALITE_E_FAILED},
           {"no answer", "", true, HYALITE_E_FAILED},
           {"interim for ever", interim, false, HYALITE_E_FAILED},
           {"silence", "", false, HYALITE_E_TIMED_OUT},
           {"half a head", "HTTP/1.1 200 OK\r\n", false, HYALITE_E_TIMED_OUT}}) {
    service.answer = [&](const std::string&) { return c.answer; };
    service.closes = c.closes;
    ask(++ref, "/", "POST");
    EXPECT_EQ(result(ref).status, c.status) << c.what << ": " << result(ref).why;
    EXPECT_FALSE(result(ref).why.empty()) << c.what;
  }
  EXPECT_EQ(counted->count("hyalite_service_questions_total", "too_large"), 1u);
  EXPECT_EQ(counted->count("hyalite_service_questions_total", "failed"), 5u);
  EXPECT_EQ(counted->count("hyalite_service_questions_total", "late"), 2u);
}

TEST_F(Asking, WhatIsSaidBehindAnAnswerIsNoAnswer) {
  service.answer = [](const std::string&) {
    return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
  };
  ask(1);
  EXPECT_EQ(result(1).body, "ok");
  ask(2);
  EXPECT_EQ(result(2).body, "ok");
  EXPECT_EQ(service.connections, 2) << "the connection was not used again";
}

TEST_F(Asking, NobodyThereIsAFailure) {
  Fd closed(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(closed.get(), reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
  socklen_t size = sizeof any;
  ::getsockname(closed.get(), reinterpret_cast<sockaddr*>(&any), &size);
  settings.services[0].address = "127.0.0.1:" + std::to_string(ntohs(any.sin_port));
  ask(1);
  EXPECT_EQ(result(1).status, HYALITE_E_FAILED);
  EXPECT_EQ(counted->count("hyalite_service_connects_total", "failed"), 1u);
  EXPECT_NE(counted->lines.find("service.failed service=look-up"), std::string::npos) << counted->lines;
  const std::string once = counted->lines;
  ask(2);
  result(2);
  EXPECT_EQ(counted->lines, once) << "said once, not each time";
}

TEST_F(Asking, AnAnswerToWhatWasCancelledIsNobodysAnswer) {
  settings.services[0].connections = 1;
  std::string held;
  service.answer = [&](const std::string&) { return ""; };
  ask(1);
  while (service.questions.empty()) loop_once();
  services->cancel(1);
  service.answer = [](const std::string&) { return "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo"; };
  ask(2);
  EXPECT_EQ(result(2).body, "two");
  EXPECT_EQ(results.count(1), 0u);
}

TEST_F(Asking, ANameIsResolved) {
  settings.services[0].address = "localhost:" + std::to_string(service.port);
  ask(1);
  EXPECT_EQ(result(1).status, HYALITE_OK) << result(1).why;
}

TEST_F(Asking, AUnixSocketServesToo) {
  const std::string path = ::testing::TempDir() + "services_test." + std::to_string(::getpid());
  Fd listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  path.copy(at.sun_path, sizeof at.sun_path - 1);
  ASSERT_EQ(::bind(listening.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  ASSERT_EQ(::listen(listening.get(), 1), 0);
  settings.services[0].address = "unix:" + path;
  ask(1);
  while (true) {
    loop_once();
    pollfd wait{listening.get(), POLLIN, 0};
    if (::poll(&wait, 1, 0) == 1) break;
  }
  Fd client(::accept(listening.get(), nullptr, nullptr));
  const std::string_view answer = "HTTP/1.1 204 No Content\r\n\r\n";
  ASSERT_EQ(::write(client.get(), answer.data(), answer.size()), static_cast<ssize_t>(answer.size()));
  EXPECT_EQ(result(1).http_status, 204u);
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace hyalite
