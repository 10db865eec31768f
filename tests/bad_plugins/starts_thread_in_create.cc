// Starts a thread in create, which would be missing in every worker.
// SPDX-License-Identifier: MIT
#include <hyalite/plugin.hpp>

#include <unistd.h>
#include <thread>

struct StartsThread : hyalite::Plugin<StartsThread> {
  static constexpr hyalite::Info info{"starts_thread_in_create", "1.0.0",
                                      "Starts a thread too early", "MIT"};
  void configure(const hyalite::Settings&) {
    int ends[2];
    if (::pipe(ends) != 0) return;
    wake = ends[1];
    thread = std::thread([from = ends[0]] {
      char c;
      while (::read(from, &c, 1) > 0) {
      }
      ::close(from);
    });
  }
  ~StartsThread() {
    if (wake >= 0) ::close(wake);
    if (thread.joinable()) thread.join();
  }
  int wake = -1;
  std::thread thread;
};
HYALITE_PLUGIN(StartsThread)
