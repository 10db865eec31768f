// With real workers: forked, killed, replaced. Conditions, not sleeps.
// SPDX-License-Identifier: MIT
#include "process/workforce.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <functional>

#include "net/listening_socket.h"
#include "plugin/hook.h"
#include "support/sanitizers.h"

namespace hyalite {

namespace {

// Tells every client which worker it reached, and then does what the test wants.
class Greeter final : public Service {
 public:
  Greeter(const ServiceNeeds& needs, const std::function<void(const ServiceNeeds&)>& then)
      : needs_(needs), then_(then) {}
  void accept(Accepted client) override { greet(client.fd); }
  // Who connects to the proxy itself is refused: so are the test's clients.
  void refuse(Refused client) override { greet(client.fd); }
  void exhausted(std::size_t) override {}
  void reopen() override {}
  void drain(Milliseconds) override {}
  std::size_t size() const override { return 0; }
  std::string live_view(std::size_t) const override { return "[]"; }

 private:
  void greet(const Fd& fd) {
    const std::string text = std::to_string(needs_.worker);
    (void)!::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (then_) then_(needs_);
  }
  ServiceNeeds needs_;
  const std::function<void(const ServiceNeeds&)>& then_;
};

// In a worker: says 100 times what nobody wants to hear, and then that it has started; on every channel that it has.
void talk_to_generation() {
  for (int fd = 3; fd < 1'024; ++fd) {
    int kind = 0;
    socklen_t size = sizeof(kind);
    if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &size) != 0 || kind != SOCK_SEQPACKET) continue;
    const Channel channel{Fd(::dup(fd))};
    for (int i = 0; i < 100; ++i) (void)channel.send_bytes(kWorkerFailed, "");
    (void)channel.send(WorkerStarted{});
  }
}

// While it lives, this process gets no descriptor: what needs one fails. Few enough to be in use all, and enough for poll(2).
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit none{5, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

class GreeterProgram final : public Program {
 public:
  std::function<void(const ServiceNeeds&)> then;
  std::function<void(const ServiceNeeds&)> before_start;
  std::string cannot_start;

  Mistakes load(const LoadNeeds&) override { return {}; }
  std::string plugins() const override { return "[]"; }
  std::string instance(std::size_t place) const override { return place == 0 ? "ads" : ""; }
  std::string build(std::size_t) const override { return "b1"; }
  std::vector<std::string> released() const override { return {}; }
  Result<std::unique_ptr<Service>> start(const ServiceNeeds& needs) override {
    if (before_start) before_start(needs);
    if (!cannot_start.empty()) return Error{Fault::plugin, cannot_start};
    return std::unique_ptr<Service>(std::make_unique<Greeter>(needs, then));
  }
  void unload() override {}
};

struct AWorkforce : testing::Test, WorkforceOwner {
  std::vector<std::byte> refusals_memory = std::vector<std::byte>(Refusals::bytes());
  Refusals refusals{refusals_memory};

  AWorkforce() {
    PluginSettings ads;
    ads.name = "ads";
    settings.plugins.push_back(ads);
    settings.containment.call_budget.act = Milliseconds{100};
    settings.limits.flows = 100;
    counts = WorkforceCounts::declare(layout, settings);
    int pipe[2];
    EXPECT_EQ(::pipe(pipe), 0);
    life_read.reset(pipe[0]);
    life_write.reset(pipe[1]);
  }
  ~AWorkforce() override {
    if (!workforce) return;
    workforce->stop(Milliseconds{0});
    workforce->kill();
    run_until([&] { return workforce->empty(); });
  }

  void start(unsigned workers) {
    board.emplace(std::move(*Board::make(std::move(layout), workers * kRowsPerPlace)));
    workforce.emplace(
        WorkforceNeeds{1, workers, settings, program, *board, counts, refusals, life_read.get(), clock, log},
        *this);
    std::vector<ListeningSocket> sockets;
    for (std::size_t slot = 0; slot < workers; ++slot) {
      auto fd =
          open_listening_socket({.address = address, .transparent = false, .reuse_port = true});
      ASSERT_TRUE(fd) << fd.error().text;
      address = *listening_address(fd->get());
      sockets.push_back({std::move(*fd), address, 0, slot});
    }
    ASSERT_TRUE(workforce->start(std::move(sockets)));
  }

  // What a generation's loop does. `done` is asked after each round.
  void run_until(const std::function<bool()>& done, Milliseconds most = Seconds{10}) {
    const auto until = clock.now() + most;
    while (!done() && clock.now() < until) {
      std::vector<pollfd> watched;
      workforce->add_watched(watched);
      ::poll(watched.data(), watched.size(), 2);
      for (const pollfd& one : watched) {
        if (one.revents != 0) workforce->on_readable(one.fd);
      }
      int status = 0;
      for (pid_t pid; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) workforce->reap(pid, status);
      workforce->tick();
    }
    EXPECT_TRUE(done());
  }

  // What a worker says to a client; a digit.
  std::string greeting(Milliseconds most = Seconds{5}) {
    const Fd fd(::socket(AF_INET, SOCK_STREAM, 0));
    const timeval patience{most.count() / 1'000, most.count() % 1'000 * 1'000};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    sockaddr_storage storage;
    const socklen_t size = address.to_sockaddr(storage, AF_INET);
    if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&storage), size) != 0) return "";
    char text[16];
    const ssize_t got = ::recv(fd.get(), text, sizeof(text), 0);
    return got <= 0 ? "" : std::string(text, static_cast<std::size_t>(got));
  }

  WorkerNote& note(unsigned worker) {
    return *reinterpret_cast<WorkerNote*>(board->worker_region(counts.notes, worker).data());
  }

  void on_all_started() override { all_started = true; }
  void on_could_not_start(const std::string& why) override {
    if (could_not_start.empty()) could_not_start = why;
    ++complaints;
  }
  void on_died(const WorkerDied& death) override { deaths.push_back(death); }
  void on_retired(const WorkerRetired& one) override { retired.push_back(one); }
  void on_forked() override { life_write.reset(); }

  Settings settings;
  Layout layout;
  WorkforceCounts counts;
  GreeterProgram program;
  std::string said;
  Log log{LogLevel::error, [this](std::string_view line) { said += line; }};
  SystemClock clock;
  Fd life_read, life_write;
  std::optional<Board> board;
  std::optional<Workforce> workforce;
  Address address = *Address::parse("127.0.0.1:0");
  bool all_started = false;
  std::string could_not_start;
  int complaints = 0;
  std::vector<WorkerDied> deaths;
  std::vector<WorkerRetired> retired;
};

}  // namespace

TEST_F(AWorkforce, SaysOnceAllWorkersServe) {
  start(3);
  run_until([&] { return all_started; });
  EXPECT_FALSE(greeting().empty());
  EXPECT_EQ(*board->generation().cell(counts.starts), 3u);
}

TEST_F(AWorkforce, SaysWhyAWorkerCouldNotStart) {
  program.cannot_start = "cannot open the log";
  start(1);
  run_until([&] { return !could_not_start.empty(); });
  EXPECT_EQ(could_not_start, "cannot open the log");
  EXPECT_FALSE(all_started);
}

TEST_F(AWorkforce, SaysInWhoseCodeAWorkerDiedBeforeItServed) {
  program.before_start = [](const ServiceNeeds& needs) {
    needs.calls.hook = static_cast<std::uint32_t>(Hook::start);
    needs.calls.instance = 1;
    ::raise(SIGSEGV);
  };
  start(1);
  run_until([&] { return !could_not_start.empty(); });
  EXPECT_EQ(could_not_start,
            "a worker ended before it served (signal Segmentation fault), in \"ads\": start");
}

TEST_F(AWorkforce, ReplacesAKilledWorkerWithinFiftyMilliseconds) {
  start(1);
  run_until([&] { return all_started; });
  // The machine may be busy with other things: one of a few must be as fast.
  auto fastest = Monotonic::duration::max();
  for (unsigned n = 1; n <= 4 && fastest >= Milliseconds{50}; ++n) {
    const pid_t first = note(0).pid;
    const Monotonic killed = clock.now();
    ASSERT_EQ(::kill(first, SIGKILL), 0);
    run_until([&] { return note(0).replaced == n; });
    fastest = std::min<Monotonic::duration>(fastest, clock.now() - killed);
    run_until([&] { return greeting() == "0"; });
    EXPECT_NE(note(0).pid, first);
    ASSERT_EQ(deaths.size(), n);
    EXPECT_EQ(deaths.back().cause, DeathCause::killed);
    EXPECT_EQ(deaths.back().instance.text(), "");
  }
  EXPECT_LT(fastest, Milliseconds{50});
}

TEST_F(AWorkforce, BlamesThePluginWhoseCodeWasRunning) {
  program.then = [](const ServiceNeeds& needs) {
    needs.calls.hook = static_cast<std::uint32_t>(Hook::request_head);
    needs.calls.instance = 1;
    ::raise(SIGSEGV);
  };
  start(1);
  run_until([&] { return all_started; });
  greeting();
  run_until([&] { return deaths.size() == 1; });
  EXPECT_EQ(deaths[0].cause, DeathCause::crash);
  EXPECT_EQ(deaths[0].instance.text(), "ads");
  EXPECT_EQ(deaths[0].hook.text(), "request_head");
  EXPECT_EQ(deaths[0].build.text(), "b1");
  EXPECT_EQ(*board->generation().cell(counts.faults[0]), 1u);
  EXPECT_EQ(*board->generation().cell(counts.deaths), 1u);
}

TEST_F(AWorkforce, EndsAWorkerThatHangsInAPlugin) {
  program.then = [](const ServiceNeeds& needs) {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    needs.calls.since_ns = std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
    needs.calls.instance = 1;
    while (true) ::pause();
  };
  start(1);
  run_until([&] { return all_started; });
  greeting();
  run_until([&] { return deaths.size() == 1; });
  EXPECT_EQ(deaths[0].cause, DeathCause::hang);
  EXPECT_EQ(deaths[0].instance.text(), "ads");
  run_until([&] { return note(0).replaced == 1; });
}

// Our own bug: the loop does not turn, and no plugin is running.
TEST_F(AWorkforce, EndsAWorkerWhoseLoopStandsStill) {
  settings.containment.worker_stall = Milliseconds{300};
  program.then = [](const ServiceNeeds&) {
    while (true) ::pause();
  };
  start(1);
  run_until([&] { return all_started; });
  greeting();
  run_until([&] { return deaths.size() == 1; });
  EXPECT_EQ(deaths[0].cause, DeathCause::stall);
  EXPECT_EQ(deaths[0].instance.text(), "");
  EXPECT_EQ(deaths[0].how.text(), "signal Aborted");
  run_until([&] { return note(0).replaced == 1; });
}

TEST_F(AWorkforce, EndsAWorkerThatWasStopped) {
  settings.containment.worker_stall = Milliseconds{300};
  start(2);
  run_until([&] { return all_started; });
  ASSERT_EQ(::kill(note(0).pid, SIGSTOP), 0);
  run_until([&] { return deaths.size() == 1; });
  EXPECT_EQ(deaths[0].worker, 0u);
  EXPECT_EQ(deaths[0].cause, DeathCause::stall);
  EXPECT_EQ(deaths[0].how.text(), "signal Killed") << "a stopped process sees no other signal";
  run_until([&] { return note(0).replaced == 1; });
}

TEST_F(AWorkforce, LetsAWorkerLiveThatHasNothingToDo) {
  settings.containment.worker_stall = Milliseconds{300};
  start(1);
  run_until([&] { return all_started; });
  const auto until = clock.now() + Milliseconds{900};
  run_until([&] { return clock.now() > until; });
  EXPECT_TRUE(deaths.empty());
}

// Else whoever has one in his hands could let its siblings be killed, and plugins be blamed for it.
TEST_F(AWorkforce, HasWorkersThatCannotSpeakForOthers) {
  program.then = [this](const ServiceNeeds&) {
    std::signal(SIGSEGV, SIG_DFL);  // a sanitizer would make it an exit
    for (const Region region : {counts.calls, counts.histories, counts.pulses, counts.notes}) {
      const pid_t writer = ::fork();
      if (writer == 0) {
        *static_cast<volatile std::byte*>(board->worker_region(region, 1).data()) = std::byte{1};
        ::_exit(0);
      }
      int status = 0;
      ::waitpid(writer, &status, 0);
      if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV) ::_exit(static_cast<int>(10 + region.index));
    }
    ::_exit(3);
  };
  settings.seccomp.mode = DeniedCalls::off;  // else it could not fork
  start(1);
  run_until([&] { return all_started; });
  greeting();
  run_until([&] { return deaths.size() == 1; });
  EXPECT_EQ(deaths[0].how.text(), "exit status 3");
}

TEST_F(AWorkforce, TellsTheLastCallsOfAWorkerThatDied) {
  program.then = [](const ServiceNeeds& needs) {
    for (std::uint64_t flow = 1; flow <= 20; ++flow)
      needs.history.add_call(1, static_cast<std::uint32_t>(Hook::request_head), flow);
    ::raise(SIGSEGV);
  };
  start(1);
  run_until([&] { return all_started; });
  greeting();
  run_until([&] { return deaths.size() == 1; });
  EXPECT_EQ(said.find("ads:request_head(4)"), std::string::npos) << "the last 16 only";
  EXPECT_NE(said.find("last_calls=\"ads:request_head(5) ads:request_head(6)"), std::string::npos)
      << said;
  EXPECT_NE(said.find("ads:request_head(20)\""), std::string::npos) << said;
}

TEST_F(AWorkforce, ReplacesAWorkerThatTookTooMuchMemoryAndLetsItDrain) {
  settings.limits.worker_memory_bytes = std::size_t{32} << 20;
  program.then = [](const ServiceNeeds&) {
    static std::vector<std::string> kept;
    if (kept.size() < 6) kept.emplace_back(std::size_t{8} << 20, 'x');
  };
  start(1);
  run_until([&] { return all_started; });
  const pid_t first = note(0).pid;
  run_until([&] {
    if (retired.empty()) greeting(Milliseconds{50});
    return !retired.empty();
  });
  EXPECT_EQ(retired[0].pid, first);
  EXPECT_GT(retired[0].bytes, std::size_t{32} << 20);
  run_until([&] { return note(0).replaced == 1 && note(0).retired_pid == 0; });
  EXPECT_NE(note(0).pid, first);
  EXPECT_TRUE(deaths.empty()) << "it drained, and ended in order";
  EXPECT_EQ(*board->generation().cell(counts.retired), 1u);
  EXPECT_EQ(greeting(), "0");
}

TEST_F(AWorkforce, RefusesMemoryThatIsAskedForAtOnce) {
#if HYALITE_ADDRESS_SANITIZER
  GTEST_SKIP() << "AddressSanitizer's own allocator aborts at the limit; the plain build runs this";
#endif
  settings.limits.worker_memory_bytes = std::size_t{16} << 20;
  program.then = [](const ServiceNeeds&) {
    try {
      const std::string much(std::size_t{1} << 30, 'x');
      ::_exit(3);
    } catch (const std::bad_alloc&) {
      ::_exit(4);
    }
  };
  start(1);
  run_until([&] { return all_started; });
  greeting();
  run_until([&] { return deaths.size() == 1; });
  EXPECT_EQ(deaths[0].how.text(), "exit status 4");
}

TEST_F(AWorkforce, LetsNeighboursAcceptForAWorkerThatKeepsDying) {
  program.then = [](const ServiceNeeds& needs) {
    if (needs.worker == 0) ::_exit(7);
  };
  start(2);
  run_until([&] { return all_started; });
  // Enough deaths in a row for a pause; in it, every client reaches worker 1.
  const auto paused = [&] { return note(0).replaced >= 4 && note(0).pid == 0; };
  run_until([&] {
    if (paused()) return true;
    // May wait in the queue of the dead worker, which only this thread can replace.
    greeting(Milliseconds{50});
    return false;
  });
  run_until([&] { return greeting() == "1"; });
  for (int i = 0; i < 8 && note(0).pid == 0; ++i) EXPECT_EQ(greeting(), "1");
}

TEST_F(AWorkforce, LetsNeighboursAcceptForAWorkerThatCannotBeForked) {
  start(2);
  run_until([&] { return all_started; });
  {
    const NoDescriptors none;
    ASSERT_EQ(::kill(note(0).pid, SIGKILL), 0);
    run_until([&] { return said.find("worker.fork") != std::string::npos; });
  }
  // Until the next try nobody has that place; which socket a client comes to is the kernel's choice.
  for (int i = 0; i < 16; ++i) ASSERT_EQ(greeting(Seconds{2}), "1");
}

TEST_F(AWorkforce, TellsAFreshWorkerWhoseClientsToAccept) {
  start(2);
  run_until([&] { return all_started; });
  {
    const NoDescriptors none;
    ASSERT_EQ(::kill(note(0).pid, SIGKILL), 0);
    run_until([&] { return said.find("worker.fork") != std::string::npos; });
  }
  ASSERT_EQ(::kill(note(1).pid, SIGKILL), 0);
  // What the one before adopted went with it.
  int in_a_row = 0;
  run_until([&] {
    in_a_row = note(1).replaced == 1 && greeting(Milliseconds{200}) == "1" ? in_a_row + 1 : 0;
    return in_a_row >= 16 || note(0).pid != 0;
  });
  EXPECT_GE(in_a_row, 16);
}

// Somebody has it in his hands.
struct ATalker : AWorkforce {
  // And it has said all that it had to say.
  void start_one_that_talks() {
    settings.seccomp.mode = DeniedCalls::off;  // about which it would say something itself
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const Fd read_end(pipe[0]), write_end(pipe[1]);
    program.before_start = [&](const ServiceNeeds&) {
      talk_to_generation();
      (void)!::write(write_end.get(), "x", 1);
      while (true) ::pause();
    };
    start(1);
    char done = 0;
    ASSERT_EQ(::read(read_end.get(), &done, 1), 1);
  }
};

TEST_F(ATalker, IsNotHeardToTheEnd) {
  start_one_that_talks();
  std::vector<pollfd> watched;
  workforce->add_watched(watched);
  ASSERT_EQ(watched.size(), 1u);
  workforce->on_readable(watched[0].fd);
  EXPECT_GT(complaints, 0);
  EXPECT_LT(complaints, 50) << "others have their turn in between";
  run_until([&] { return complaints == 100; });
}

TEST_F(ATalker, IsGivenUpWhenItDoesNotStart) {
  start_one_that_talks();
  const pid_t talks = note(0).pid;
  workforce->kill_unstarted();
  int status = 0;
  pid_t ended = 0;
  for (const auto until = clock.now() + Seconds{10}; ended == 0 && clock.now() < until;)
    ended = ::waitpid(talks, &status, WNOHANG);
  ASSERT_EQ(ended, talks);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  workforce->reap(talks, status);
}

TEST_F(AWorkforce, IsEmptyAfterItIsDrainedAndReplacesNobody) {
  start(2);
  run_until([&] { return all_started; });
  workforce->drain();
  run_until([&] { return workforce->empty(); });
  EXPECT_TRUE(deaths.empty());
  EXPECT_EQ(*board->generation().cell(counts.starts), 2u);
}

TEST_F(AWorkforce, LetsThoseThatServeDrainWhenItIsGivenUp) {
  program.before_start = [](const ServiceNeeds& needs) {
    while (needs.worker == 1) ::pause();
  };
  start(2);
  // A client may come to the worker that does not start.
  bool served = false;
  run_until([&] {
    served = served || greeting(Milliseconds{50}) == "0";
    return served;
  });
  const pid_t serves = note(0).pid, hangs = note(1).pid;
  workforce->kill_unstarted();
  run_until([&] { return note(1).pid == 0; });
  ASSERT_EQ(deaths.size(), 1u);
  EXPECT_EQ(deaths[0].pid, hangs);
  EXPECT_FALSE(all_started);
  EXPECT_EQ(note(0).pid, serves);
  // As when the generation ends.
  workforce.reset();
  int status = 0;
  ASSERT_EQ(::waitpid(serves, &status, 0), serves);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST_F(AWorkforce, EndsAtOnceWithTheMaster) {
  start(2);
  run_until([&] { return all_started; });
  const pid_t first = note(0).pid, second = note(1).pid;
  life_write.reset();
  for (const pid_t pid : {first, second}) {
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFEXITED(status));
    workforce->reap(pid, status);
  }
  // Whoever the workforce started meanwhile ends in the same way.
  workforce->stop(Milliseconds{0});
}

}  // namespace hyalite
