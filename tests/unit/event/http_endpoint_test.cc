// SPDX-License-Identifier: MIT
#include "event/http_endpoint.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

namespace hyalite {
namespace {

// A client in the same thread: what it sends waits in the kernel until the loop takes its turns.
class Asker {
 public:
  explicit Asker(const Address& address) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_storage storage;
    const socklen_t size = address.to_sockaddr(storage, AF_INET);
    EXPECT_EQ(connect(fd_.get(), reinterpret_cast<sockaddr*>(&storage), size), 0);
  }
  explicit Asker(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    EXPECT_EQ(connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  void send(std::string_view text) {
    EXPECT_EQ(::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL), ssize_t(text.size()));
  }
  // What has come once `until` is among it or the connection has ended.
  std::string answer(Loop& loop, std::string_view until) {
    std::string got;
    char piece[4096];
    for (int pass = 0; pass < 10'000 && got.find(until) == std::string::npos; ++pass) {
      loop.run_once();
      const ssize_t n = recv(fd_.get(), piece, sizeof piece, MSG_DONTWAIT);
      if (n == 0) break;
      if (n > 0) got.append(piece, std::size_t(n));
    }
    return got;
  }
  void leave() { fd_.reset(); }

 private:
  Fd fd_;
};

struct AnEndpoint : testing::Test {
  void handle(const EndpointRequest& request, EndpointReply reply) {
    seen.push_back(std::string(request.method) + " " + std::string(request.path) + "?" +
                   std::string(request.query) + " " + std::string(request.host) + " [" +
                   std::string(request.body) + "]");
    peer = request.peer;
    if (request.path == "/forgotten") return;
    if (request.path == "/later") {
      later.push_back(std::move(reply));
      return;
    }
    reply.send({.status = 200, .content_type = "text/x-test", .body = "hello\n"});
  }
  Address listen() {
    const auto bound = endpoint->listen(*Address::parse("127.0.0.1:0"));
    EXPECT_TRUE(bound) << bound.error().text;
    return *bound;
  }

  std::unique_ptr<Loop> loop = *Loop::open();
  std::vector<std::string> seen;
  std::vector<EndpointReply> later;
  std::optional<PeerCredentials> peer;
  std::unique_ptr<HttpEndpoint> endpoint = std::make_unique<HttpEndpoint>(
      *loop,
      [this](const EndpointRequest& request, EndpointReply reply) {
        handle(request, std::move(reply));
      },
      EndpointLimits{.rest = Milliseconds{20}});
};

TEST_F(AnEndpoint, HandsOnTheRequestAndSendsTheAnswer) {
  Asker asker(listen());
  asker.send("POST /a/b?c=d HTTP/1.1\r\nHost: there:1\r\nContent-Length: 3\r\n\r\nxyz");
  const auto got = asker.answer(*loop, "hello\n");
  EXPECT_EQ(seen, std::vector<std::string>{"POST /a/b?c=d there:1 [xyz]"});
  EXPECT_EQ(got.substr(0, 17), "HTTP/1.1 200 OK\r\n");
  EXPECT_NE(got.find("Content-Type: text/x-test\r\n"), std::string::npos);
  EXPECT_NE(got.find("Content-Length: 6\r\n"), std::string::npos);
  EXPECT_FALSE(peer);
}

TEST_F(AnEndpoint, TellsHeadTheLengthOnly) {
  Asker asker(listen());
  asker.send("HEAD / HTTP/1.0\r\nConnection: close\r\n\r\n");
  const auto got = asker.answer(*loop, "never");
  EXPECT_NE(got.find("Content-Length: 6\r\n"), std::string::npos);
  EXPECT_EQ(got.substr(got.size() - 4), "\r\n\r\n");
}

TEST_F(AnEndpoint, ServesSeveralRequestsOfOneConnection) {
  Asker asker(listen());
  for (int i = 0; i < 3; ++i) {
    asker.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    asker.answer(*loop, "hello\n");
  }
  EXPECT_EQ(seen.size(), 3u);
}

TEST_F(AnEndpoint, AnswersLater) {
  Asker asker(listen());
  asker.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  while (later.empty()) loop->run_once();
  later[0].send({.status = 503, .content_type = "text/plain", .body = "busy\n"});
  EXPECT_EQ(asker.answer(*loop, "busy\n").substr(0, 12), "HTTP/1.1 503");
}

TEST_F(AnEndpoint, AnswersWithAnErrorWhatItsHandlerForgot) {
  Asker asker(listen());
  asker.send("GET /forgotten HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(asker.answer(*loop, "no answer\n").substr(0, 12), "HTTP/1.1 500");
}

TEST_F(AnEndpoint, DoesNotMindAnAskerWhoLeft) {
  Asker asker(listen());
  asker.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  while (later.empty()) loop->run_once();
  asker.leave();
  for (int i = 0; i < 20; ++i) loop->run_once();
  later[0].send({});
  loop->run_once();
}

TEST_F(AnEndpoint, StopsAcceptingAndStillServesWhoIsThere) {
  const Address at = listen();
  Asker asker(at);
  asker.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_NE(asker.answer(*loop, "hello\n").find("200"), std::string::npos);
  endpoint->stop_accepting();
  asker.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_NE(asker.answer(*loop, "hello\n").find("200"), std::string::npos);
  const Fd late(socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_storage storage;
  const socklen_t size = at.to_sockaddr(storage, AF_INET);
  EXPECT_NE(connect(late.get(), reinterpret_cast<sockaddr*>(&storage), size), 0);
}

TEST_F(AnEndpoint, MayEndBeforeItsRepliesAreSent) {
  const Address address = listen();
  Asker here(address), gone(address);
  here.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  gone.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  while (later.size() < 2) loop->run_once();
  gone.leave();
  for (int i = 0; i < 20; ++i) loop->run_once();
  endpoint.reset();
  later[0].send({});
  later.clear();
}

TEST_F(AnEndpoint, RefusesHeadersBodiesAndMethodsBeyondItsLimits) {
  const Address address = listen();
  Asker headers(address), body(address), method(address);
  headers.send("GET / HTTP/1.1\r\nX: " + std::string(9'000, 'x') + "\r\n\r\n");
  headers.answer(*loop, "HTTP/1.1 ");
  body.send("POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n");
  EXPECT_EQ(body.answer(*loop, "\r\n").substr(0, 12), "HTTP/1.1 413");
  method.send("TRACE / HTTP/1.1\r\nHost: x\r\n\r\n");
  method.answer(*loop, "HTTP/1.1 ");
  EXPECT_TRUE(seen.empty());
}

TEST_F(AnEndpoint, OnAUnixSocketKnowsWhoAsks) {
  const auto directory =
      std::filesystem::path(testing::TempDir()) / ("hyalite-" + std::to_string(getpid()));
  std::filesystem::create_directory(directory);
  const std::string path = directory / "admin.sock";
  {
    // What a process that died would leave behind.
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    const Fd dead(socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(bind(dead.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ASSERT_TRUE(endpoint->listen_unix(path, 0660));
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0660u);

  Asker asker(path);
  asker.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  asker.answer(*loop, "hello\n");
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->pid, getpid());
  EXPECT_EQ(peer->uid, getuid());

  HttpEndpoint second(*loop, [](const EndpointRequest&, EndpointReply) {});
  const auto refused = second.listen_unix(path);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, EADDRINUSE);
  endpoint.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
  std::filesystem::remove(directory);
}

TEST_F(AnEndpoint, RestsWhenNoDescriptorIsLeft) {
  const Address address = listen();
  Asker asker(address);
  // The kernel completes the connection; accepting it fails.
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const Fd lowest(open("/dev/null", O_RDONLY));
  const rlimit none{.rlim_cur = rlim_t(lowest.get()), .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  loop->run_once();
  setrlimit(RLIMIT_NOFILE, &before);
  asker.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  for (int i = 0; i < 20; ++i) loop->run_once();
  EXPECT_TRUE(seen.empty());
  while (seen.empty()) loop->run_once();  // until it has rested
}

TEST_F(AnEndpoint, LeavesSomeDescriptorsToOthers) {
  constexpr std::size_t kSpare = 64;
  endpoint = std::make_unique<HttpEndpoint>(
      *loop,
      [this](const EndpointRequest& request, EndpointReply reply) {
        handle(request, std::move(reply));
      },
      EndpointLimits{.rest = Milliseconds{20}, .spare_descriptors = kSpare});
  const Address address = listen();
  Asker first(address), second(address);
  first.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  second.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  // One connection may still be taken.
  const int lowest = Fd(open("/dev/null", O_RDONLY)).get();
  const rlimit few{.rlim_cur = rlim_t(lowest) + 1 + kSpare, .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &few);
  EXPECT_NE(first.answer(*loop, "hello\n").find("200"), std::string::npos);
  for (int i = 0; i < 20; ++i) loop->run_once();
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(seen.size(), 1u);
  while (seen.size() < 2) loop->run_once();  // until it has rested
}

}  // namespace
}  // namespace hyalite
