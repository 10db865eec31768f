// Marks every request and response, and misbehaves when a request's path tells it to: /crash, /abort, ...
// SPDX-License-Identifier: MIT
#include <hyalite/plugin.hpp>

#include <linux/if_packet.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

struct Misbehaves : hyalite::Plugin<Misbehaves> {
  static constexpr hyalite::Info info{"misbehaves", "1.0.0", "Misbehaves when it is told to", "MIT"};

  // Told by the environment, it intrudes where nobody has asked anything yet: in the generation, while it is loaded.
  Misbehaves() {
    if (std::getenv("INTRUDE_WHILE_LOADED") != nullptr) intrude();
  }

  hyalite::Verdict on_request_head(hyalite::Request& request) {
    const std::string_view path = request.path();
    if (path == "/crash") crash();
    if (path == "/abort") std::abort();
    if (path == "/abort-work") work([] { std::abort(); }, [] {});
    if (path == "/overflow-work") work([] { overflow(); }, [] {});
    if (path == "/overflow") overflow();
    if (path == "/hang") hang();
    if (path == "/hang-work") work([] { hang(); }, [] {});
    if (path == "/dawdle") dawdle();
    if (path == "/throw") throw std::runtime_error("thrown on purpose");
    if (path == "/leak") leak();
    if (path == "/scribble") scribble();
    if (path == "/intrude") intrude();
    if (path == "/stretch") stretch();
    if (path == "/netlink") errors_ = ::socket(AF_NETLINK, SOCK_RAW, 0) < 0 ? std::to_string(errno) : "0";
    if (path == "/bomb") request.want_response_body(hyalite::BodyWish::full().decoded());
    request.set("X-Inspected", "yes");
    return hyalite::Verdict::go_on;
  }
  void on_response_body(hyalite::Response&, hyalite::Body&) {}
  hyalite::Verdict on_response_head(hyalite::Response& response) {
    response.set("X-Worker", std::to_string(::getpid()));
    if (!errors_.empty()) response.set("X-Errors", errors_);
    return hyalite::Verdict::go_on;
  }

 private:
  [[noreturn]] static void crash() {
    std::signal(SIGSEGV, SIG_DFL);  // a sanitizer would make it an exit
    std::raise(SIGSEGV);
    std::abort();
  }
  // Until its stack is used up.
  static void overflow() {
    volatile char room[1024];  // less than the page that guards it
    room[0] = 0;
    void (*volatile again)() = &overflow;  // or the compiler makes a loop of it
    again();
    room[1] = room[0];
  }
  [[noreturn]] static void hang() {
    for (;;) ::pause();
  }
  // Longer than the budget of a call, by the real clock.
  static void dawdle() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(40);
    while (std::chrono::steady_clock::now() < end) {
    }
  }
  void leak() { leaked_.emplace_back(std::size_t{8} << 20, 'x'); }
  // Far beyond what it has: over what others keep, and over what the allocator knows, which notices it at the next occasion.
  static void scribble() {
    char* volatile mine = new char[64];
    void* (*volatile fill)(void*, int, std::size_t) = &std::memset;  // or the compiler sees that nobody reads it any more
    fill(mine - 64, 0x5a, std::size_t{256} << 10);
    delete[] mine;
  }

  // What somebody would try who had the worker in his hands; what came of it.
  void intrude() {
    errors_.clear();
    const auto note = [this](bool done) { errors_ += (errors_.empty() ? "" : " ") + std::to_string(done ? 0 : errno); };
    char* const arguments[] = {nullptr};
    note(::execve("/bin/true", arguments, arguments) == 0);
    note(::socket(AF_PACKET, SOCK_RAW, 0) >= 0);
    note(::socket(AF_INET, SOCK_RAW, 1) >= 0);
    note(::socket(AF_NETLINK, SOCK_RAW, 0) >= 0);
    note(::kill(::getppid(), 0) == 0);
    note(::ptrace(PTRACE_ATTACH, ::getppid(), nullptr, nullptr) == 0);
  }

  // What it has of the memory that all workers share, stretched over what it has not.
  void stretch() {
    errors_.clear();
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
      unsigned long long begin = 0, end = 0;
      if (line.find("hyalite-board") == std::string::npos || std::sscanf(line.c_str(), "%llx-%llx", &begin, &end) != 2) continue;
      void* const at = reinterpret_cast<void*>(static_cast<std::uintptr_t>(begin));
      const auto bytes = static_cast<std::size_t>(end - begin);
      const bool done = ::mremap(at, bytes, 2 * bytes, MREMAP_MAYMOVE) != MAP_FAILED;
      errors_ += (errors_.empty() ? "" : " ") + std::to_string(done ? 0 : errno);
    }
  }

  std::vector<std::string> leaked_;
  std::string errors_;
};
HYALITE_PLUGIN(Misbehaves)
