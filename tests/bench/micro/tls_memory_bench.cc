// What a flow of intercepted TLS holds in user memory while it waits for its next request, both sides together.
// SPDX-License-Identifier: MIT
//
//   cmake --build --preset dev --target bench_tls_memory && build/dev/bin/bench_tls_memory
//   build/dev/bin/bench_tls_memory --lines      # which lines of OpenSSL hold it
//
// Bytes are those that malloc has given out (mallinfo2), so the figure is the same however busy the machine is. Clients and
// origin are in a process of their own; each flow has had one request. The leaf's cache and whatever else does not grow with
// flows is there before.
#include <malloc.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/flow/tls_fixture.h"

namespace hyalite {
namespace {

constexpr int kWarm = 20, kFlows = 500, kAtOnce = 20;

// ---- who holds what, by OpenSSL's own account

struct Held {
  std::size_t bytes = 0, times = 0;
};
struct Chunk {
  std::string where;
  std::size_t bytes;
};
std::unordered_map<void*, Chunk>* blocks;  // null: nobody asked

void note(void* at, std::size_t bytes, const char* file, int line) {
  if (blocks == nullptr || at == nullptr) return;
  (*blocks)[at] = {std::string(file == nullptr ? "?" : file) + ":" + std::to_string(line), bytes};
}
void* take(std::size_t bytes, const char* file, int line) {
  void* at = std::malloc(bytes);
  note(at, bytes, file, line);
  return at;
}
void give_back(void* at, const char*, int) {
  if (blocks != nullptr) blocks->erase(at);
  std::free(at);
}
void* retake(void* before, std::size_t bytes, const char* file, int line) {
  if (blocks != nullptr) blocks->erase(before);
  void* at = std::realloc(before, bytes);
  note(at, bytes, file, line);
  return at;
}
std::map<std::string, Held> by_line() {
  std::map<std::string, Held> all;
  for (const auto& [at, block] : *blocks) {
    all[block.where].bytes += block.bytes;
    ++all[block.where].times;
  }
  return all;
}
void show_difference(const std::map<std::string, Held>& before, const std::map<std::string, Held>& after) {
  std::vector<std::pair<double, std::string>> lines;
  for (const auto& [where, held] : after) {
    const auto earlier = before.find(where);
    const struct Held old = earlier == before.end() ? Held() : earlier->second;
    const double each = (static_cast<double>(held.bytes) - static_cast<double>(old.bytes)) / kFlows;
    const double times = (static_cast<double>(held.times) - static_cast<double>(old.times)) / kFlows;
    if (each >= 30) lines.emplace_back(each, where + "  x " + std::to_string(times));
  }
  std::sort(lines.rbegin(), lines.rend());
  for (const auto& [bytes, where] : lines) std::printf("    %8.0f  %s\n", bytes, where.c_str());
}

// ---- the proxy, and its peers in a process of their own

struct Proxy : TlsOnLoopback {
  void TestBody() override {}

  // How many bytes malloc has given out.
  static std::size_t held() {
    const struct mallinfo2 now = ::mallinfo2();
    return now.uordblks + now.hblkhd;
  }

  // Until the peers have so many flows that wait.
  void wait_for(int told, int flows_wanted) {
    char byte;
    while (::recv(told, &byte, 1, MSG_DONTWAIT) != 1) {
      while (Fd fd{accept4(door.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)}) {
        const ClientAddress from{peer_address(fd.get())};
        flows->accept(Accepted{std::move(fd), from, OriginalDestination{own_address(origin.get())}, ArrivalMode::transparent, 0});
      }
      loop->run_once();
    }
    if (flows->size() != static_cast<std::size_t>(flows_wanted)) std::fprintf(stderr, "only %zu flows\n", flows->size()), std::exit(1);
  }
  static Address peer_address(int fd) {
    sockaddr_storage about{};
    socklen_t size = sizeof about;
    ::getpeername(fd, reinterpret_cast<sockaddr*>(&about), &size);
    return *Address::from_sockaddr(reinterpret_cast<const sockaddr*>(&about));
  }

  // The other process: opens flows, one request each, and keeps them.
  [[noreturn]] void be_the_peers(int tell, bool one_host) {
    const Context context = client_context(leaves->trusted.own().certificate);
    std::vector<std::unique_ptr<TlsPeer>> clients;
    for (const int most : {kWarm, kWarm + kFlows}) {
      while (static_cast<int>(clients.size()) < most) {
        const std::size_t before = clients.size();
        for (int i = 0; i < kAtOnce && static_cast<int>(clients.size()) < most; ++i) {
          clients.push_back(std::make_unique<TlsPeer>(context, connect_to(own_address(door.get())), false));
          const std::string name = (one_host ? "www" : "h" + std::to_string(clients.size())) + ".example.com";
          SSL_set_tlsext_host_name(clients.back()->ssl(), name.c_str());
          clients.back()->say("GET / HTTP/1.1\r\nHost: " + name + "\r\n\r\n");
        }
        const auto all_answered = [&] {
          return std::all_of(clients.begin() + static_cast<std::ptrdiff_t>(before), clients.end(),
                             [](const auto& one) { return one->got == kAnswer; });
        };
        while (!all_answered()) {
          for (std::size_t i = before; i < clients.size(); ++i) {
            while (clients[i]->step()) {
            }
            if (clients[i]->end != TlsPeer::End::open) std::fprintf(stderr, "a client ended: %s\n", clients[i]->error.c_str()), ::_exit(1);
          }
          serve();
          ::poll(nullptr, 0, 1);
        }
      }
      ::send(tell, "d", 1, 0);
    }
    char byte;
    (void)::recv(tell, &byte, 1, 0);
    ::_exit(0);
  }
};

double bytes_per_flow(bool one_host, bool lines) {
  Proxy proxy;
  proxy.SetUp();
  proxy.settings.limits.flows_per_client = 0;
  TimeoutSettings& timeouts = proxy.settings.timeouts;  // a busy machine changes nothing
  timeouts.sniff = timeouts.head = timeouts.tls_handshake = timeouts.connect = timeouts.keepalive_idle = std::chrono::minutes{10};
  // Sessions outlive their flows, and are bounded by themselves.
  if (!one_host) proxy.settings.limits.tls_sessions = 0;
  proxy.origin_certificate = proxy.roots.issue({"*.example.com"});
  (void)proxy.origin_context();
  ::fcntl(proxy.door.get(), F_SETFL, O_NONBLOCK);
  proxy.start();
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::exit(1);
  const pid_t peers = ::fork();
  if (peers == 0) {
    ::close(ends[0]);
    proxy.be_the_peers(ends[1], one_host);
  }
  ::close(ends[1]);
  proxy.wait_for(ends[0], kWarm);
  const std::size_t before = Proxy::held();
  std::map<std::string, Held> lines_before;
  if (lines) lines_before = by_line();
  proxy.wait_for(ends[0], kWarm + kFlows);
  const double each = static_cast<double>(Proxy::held() - before) / kFlows;
  if (lines) show_difference(lines_before, by_line());
  ::close(ends[0]);
  ::waitpid(peers, nullptr, 0);
  proxy.TearDown();
  return each;
}

}  // namespace
}  // namespace hyalite

int main(int count, char** words) {
  using namespace hyalite;
  const bool lines = count > 1 && std::strcmp(words[1], "--lines") == 0;
  if (lines) {
    if (CRYPTO_set_mem_functions(take, retake, give_back) != 1) return 1;
    blocks = new std::unordered_map<void*, Chunk>;
  }
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  for (const bool one_host : {true, false}) {
    std::printf("%-34s %6.1f KB per waiting flow\n", one_host ? "one host, sessions resumed" : "a host each, full handshakes",
                bytes_per_flow(one_host, lines) / 1000);
  }
  return 0;
}
