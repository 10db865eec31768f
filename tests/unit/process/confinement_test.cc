// SPDX-License-Identifier: MIT
#include "process/confinement.h"

#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

#include "process/channel.h"
#include "process/denials.h"
#include "process/messages.h"

namespace hyalite {
namespace {

// The error of a call, or 0.
int error_of(long result) { return result < 0 ? errno : 0; }

// What came of `tries` in a confined process, and what its watcher heard meanwhile.
struct Outcome {
  std::vector<int> errors;
  std::vector<std::string> denied;
  std::vector<DeniedKind> kinds;
  int status = 0;
};

// `under`: in a child of one that is confined as that.
Outcome confined(ConfinedPart part, const SeccompSettings& settings, const std::vector<std::function<int()>>& tries,
                 std::optional<ConfinedPart> under = std::nullopt, std::span<const std::byte> fixed = {}) {
  Outcome outcome;
  auto ends = Channel::pair();
  // Shared: the child may not be allowed to say anything else.
  auto* errors = static_cast<int*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  const pid_t pid = fork();
  if (pid == 0) {
    ends->first.close();
    Log log;
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (under) {
      confine(*under, settings, log).reset();
      if (const pid_t child = fork(); child != 0) {
        int status = 0;
        waitpid(child, &status, 0);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 255);
      }
    }
    give_listener(confine(part, settings, log, fixed), settings, ends->second);
    ends->second.close();
    for (std::size_t i = 0; i < tries.size(); ++i) errors[i] = tries[i]();
    _exit(0);
  }
  ends->second.close();
  Denials denials;
  const SystemClock clock;
  bool told = true;
  while (told || denials.fd() >= 0) {
    pollfd watched[] = {{told ? ends->first.fd() : -1, POLLIN, 0}, {denials.fd(), POLLIN, 0}};
    poll(watched, 2, -1);
    if (watched[0].revents != 0) {
      auto message = ends->first.receive();
      const auto is = message && *message ? (*message)->as<Confined>(1) : std::nullopt;
      if (is) {
        denials.begin(std::move((*message)->fds[0]), *is);
      } else if (!message) {
        told = false;
      }
    }
    if (watched[1].revents == 0) continue;
    if (const auto one = denials.answer_one(clock.now())) {
      outcome.denied.push_back(one->call.name);
      outcome.kinds.push_back(one->call.kind);
    }
  }
  waitpid(pid, &outcome.status, 0);
  outcome.errors.assign(errors, errors + tries.size());
  munmap(errors, 4096);
  return outcome;
}

int open_socket(int family, int type, int protocol) {
  const Fd fd(socket(family, type, protocol));
  return fd ? 0 : errno;
}

int run_a_program() {
  char* const arguments[] = {nullptr};
  return error_of(execve("/bin/true", arguments, arguments));
}

const std::vector<std::function<int()>> kEvil = {
    run_a_program,
    [] { return open_socket(AF_PACKET, SOCK_RAW, 0); },
    [] { return open_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP); },
    [] { return open_socket(AF_NETLINK, SOCK_RAW, 0); },
    [] { return open_socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP); },
    [] { return error_of(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); },
    [] { return error_of(kill(getppid(), 0)); },
    [] { return error_of(syscall(SYS_bpf, 0, nullptr, 0)); },
    [] { return error_of(syscall(SYS_io_uring_setup, 1, nullptr)); },
    [] { return error_of(syscall(SYS_mount, nullptr, "/", nullptr, 0, nullptr)); },
    [] { return error_of(syscall(SYS_init_module, nullptr, 0, "")); },
    [] { return error_of(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)); },
    [] { return error_of(fork()); },
};

TEST(Confinement, LetsAWorkerDoItsWork) {
  const Outcome outcome = confined(ConfinedPart::worker, {}, {
      [] { return open_socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); },
      [] { return open_socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP); },
      [] { return open_socket(AF_UNIX, SOCK_SEQPACKET, 0); },
      [] { std::thread([] {}).join(); return 0; },
      [] { return error_of(kill(getpid(), 0)); },
      [] { return error_of(access("/", R_OK)); },
      [] { return error_of(raise(SIGCHLD)); },
      [] { return std::string(strerror(EPERM)).empty() ? 1 : 0; },
  });
  EXPECT_EQ(outcome.errors, std::vector<int>(8, 0));
  EXPECT_EQ(outcome.denied, std::vector<std::string>{});
  EXPECT_EQ(outcome.status, 0);
}

TEST(Confinement, RefusesAWorkerWhatItHasNoNeedOfAndItGoesOn) {
  const Outcome outcome = confined(ConfinedPart::worker, {}, kEvil);
  EXPECT_EQ(outcome.errors, std::vector<int>(kEvil.size(), EPERM));
  EXPECT_EQ(outcome.status, 0);
  using enum DeniedKind;
  const std::vector<DeniedKind> kinds = {exec,   raw_socket, raw_socket, netlink, socket, trace, signal,
                                         kernel, kernel,     kernel,     kernel,  other,  trace};
  EXPECT_EQ(outcome.kinds, kinds);
  EXPECT_EQ(outcome.denied[0], "execve");
  EXPECT_EQ(outcome.denied[1], "socket(AF_PACKET)");
}

TEST(Confinement, HoldsForAThreadThatLetsNoSignalThrough) {
  const Outcome outcome = confined(ConfinedPart::worker, {}, {[] {
    int error = 0;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    std::thread([&] { error = open_socket(AF_PACKET, SOCK_RAW, 0); }).join();
    return error;
  }});
  EXPECT_EQ(outcome.errors, std::vector<int>{EPERM});
  EXPECT_EQ(outcome.status, 0);
}

TEST(Confinement, AnswersACallThatItDoesNotKnowAsAnOldKernelWould) {
  const Outcome outcome = confined(ConfinedPart::worker, {}, {
      [] { return error_of(syscall(5000)); },
      // Its flags cannot be judged; the C library takes clone(2) then.
      [] { return error_of(syscall(SYS_clone3, nullptr, 0)); },
  });
  EXPECT_EQ(outcome.errors, (std::vector<int>{ENOSYS, ENOSYS}));
}

// Two pages of a file, of which a process has the first one only.
TEST(Confinement, KeepsAWorkerFromStretchingAMappingOverWhatWasTakenAway) {
  constexpr std::size_t kBytes = 65'536;  // a page or more of every machine
  const auto map = [](int fd) { return mmap(nullptr, 2 * kBytes, PROT_READ | PROT_WRITE, MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0); };
  const Fd file(memfd_create("shared", MFD_CLOEXEC));
  ASSERT_EQ(ftruncate(file.get(), 2 * kBytes), 0);
  auto* shared = static_cast<std::byte*>(map(file.get()));
  auto* other = static_cast<std::byte*>(map(-1));
  ASSERT_EQ(munmap(shared + kBytes, kBytes), 0);
  const auto moved = [](void* from, std::size_t bytes, std::size_t to, int flags, void* at = nullptr) {
    return mremap(from, bytes, to, flags, at) == MAP_FAILED ? errno : 0;
  };
  const Outcome outcome = confined(ConfinedPart::worker, {}, {
      [&] { return moved(shared, kBytes, 2 * kBytes, MREMAP_MAYMOVE); },
      [&] { return moved(shared, 0, 2 * kBytes, MREMAP_MAYMOVE); },
      [&] { return moved(shared + 4096, 4096, 8192, MREMAP_MAYMOVE); },
      [&] { return moved(other, kBytes, kBytes, MREMAP_MAYMOVE | MREMAP_FIXED, other + kBytes); },
      [&] { return moved(other, kBytes, kBytes / 2, MREMAP_MAYMOVE); },
  }, std::nullopt, {shared, 2 * kBytes});
  EXPECT_EQ(outcome.errors, (std::vector<int>{EPERM, EPERM, EPERM, EPERM, 0}));
  EXPECT_EQ(outcome.denied, std::vector<std::string>(4, "mremap"));
  munmap(shared, kBytes);
  munmap(other, 2 * kBytes);
}

TEST(Confinement, LetsPassWhatTheSettingsAllow) {
  SeccompSettings settings;
  settings.allow = {"socket"};
  const Outcome outcome = confined(ConfinedPart::worker, settings, {
      [] { return open_socket(AF_NETLINK, SOCK_RAW, 0); },
      run_a_program,
  });
  EXPECT_EQ(outcome.errors, (std::vector<int>{0, EPERM}));
}

TEST(Confinement, ThatOnlyLogsRefusesNothing) {
  SeccompSettings settings;
  settings.mode = DeniedCalls::log;
  const Outcome outcome =
      confined(ConfinedPart::worker, settings, {[] { return open_socket(AF_NETLINK, SOCK_RAW, 0); }});
  EXPECT_EQ(outcome.errors, std::vector<int>{0});
  EXPECT_EQ(outcome.denied, std::vector<std::string>{"socket(AF_NETLINK)"});
}

TEST(Confinement, EndsAnAdminProcessOrASignerThatAnIntruderHas) {
  for (const ConfinedPart part : {ConfinedPart::admin, ConfinedPart::signer}) {
    for (const auto& evil : {kEvil[0], kEvil[1], kEvil[3], kEvil[7], kEvil[9],
                             std::function<int()>([] { return open_socket(AF_INET, SOCK_STREAM, 0); })}) {
      const Outcome outcome = confined(part, {}, {evil});
      EXPECT_TRUE(WIFSIGNALED(outcome.status) && WTERMSIG(outcome.status) == SIGSYS) << outcome.status;
    }
    const Outcome harmless = confined(part, {}, {[] { return error_of(mkdir("/tmp/never", 0700)); }});
    EXPECT_EQ(harmless.errors, std::vector<int>{EPERM});
    EXPECT_EQ(harmless.denied, std::vector<std::string>{"mkdir"});
  }
}

TEST(Confinement, OfAGenerationLeavesItsWorkersFilterAndWatcherToThem) {
  const Outcome outcome = confined(ConfinedPart::worker, {}, kEvil, ConfinedPart::generation);
  EXPECT_EQ(outcome.errors, std::vector<int>(kEvil.size(), EPERM));
  EXPECT_EQ(outcome.denied.size(), kEvil.size());
  EXPECT_EQ(outcome.status, 0);
}

TEST(Confinement, OfAKeeperLeavesWhoSignsItsFilterAndWatcher) {
  const auto make_directory = [] { return error_of(mkdir("/tmp/never", 0700)); };
  const Outcome outcome = confined(ConfinedPart::signer, {}, {make_directory}, ConfinedPart::keeper);
  EXPECT_EQ(outcome.errors, std::vector<int>{EPERM});
  EXPECT_EQ(outcome.denied, std::vector<std::string>{"mkdir"});
}

// Nobody watches there once it has loaded: refused without a word, and it forks on.
TEST(Confinement, OfAGenerationHoldsWithoutAWatcher) {
  Log log;
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    confine(ConfinedPart::generation, {}, log).reset();
    for (const std::size_t evil : {0u, 1u, 2u, 3u, 4u, 5u, 7u, 8u, 9u, 10u}) {
      if (kEvil[evil]() != ENOSYS) _exit(static_cast<int>(1 + evil));
    }
    const pid_t child = fork();
    if (child == 0) _exit(0);
    int status = 1;
    _exit(child > 0 && kill(child, 0) == 0 && waitpid(child, &status, 0) == child ? status : 100);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(Confinement, OfAKeeperEndsItThereForAnIntruder) {
  Log log;
  for (const std::size_t evil : {0u, 1u, 3u}) {
    const pid_t pid = fork();
    if (pid == 0) {
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      confine(ConfinedPart::keeper, {}, log).reset();
      _exit(kEvil[evil]());
    }
    int status = 0;
    waitpid(pid, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) << status;
  }
}

TEST(Confinement, KnowsTheNamesOfSystemCalls) {
  EXPECT_EQ(unknown_calls({"ptrace", "socket"}), std::vector<std::size_t>{});
  EXPECT_EQ(unknown_calls({"ptrace", "ptraze"}), std::vector<std::size_t>{1});
}

TEST(Denials, AreSaidOnceAndThenOnceAMinute) {
  Log log;
  int fds[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
  Channel ours{Fd(fds[0])}, theirs{Fd(fds[1])};
  const pid_t pid = fork();
  if (pid == 0) {
    ours.close();
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    give_listener(confine(ConfinedPart::worker, {}, log), {}, theirs);
    for (int i = 0; i < 4; ++i) (void)open_socket(AF_NETLINK, SOCK_RAW, 0);
    _exit(0);
  }
  theirs.close();
  pollfd watched{ours.fd(), POLLIN, 0};
  poll(&watched, 1, -1);
  auto message = ours.receive();
  ASSERT_TRUE(message && *message && (*message)->as<Confined>(1));
  Denials denials;
  denials.begin(std::move((*message)->fds[0]), {});
  ManualClock clock;
  const auto next = [&] {
    std::optional<Denials::Denied> denied;
    while (!denied) {
      pollfd asked{denials.fd(), POLLIN, 0};
      poll(&asked, 1, -1);
      denied = denials.answer_one(clock.now());
    }
    return denied->to_say;
  };
  EXPECT_EQ(next(), 1u);
  EXPECT_EQ(next(), std::nullopt);
  EXPECT_EQ(next(), std::nullopt);
  clock.advance(Seconds{61});
  EXPECT_EQ(next(), 3u);
  waitpid(pid, nullptr, 0);
}

// A process that somebody else has may send anything, and whoever watches must not turn in circles for it.
TEST(Denials, LeaveADescriptorThatIsNoListener) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  Fd read_end(fds[0]), write_end(fds[1]);
  ASSERT_EQ(write(write_end.get(), "x", 1), 1);
  Denials denials;
  denials.begin(std::move(read_end), {});
  EXPECT_FALSE(denials.answer_one({}).has_value());
  EXPECT_EQ(denials.fd(), -1);
}

TEST(Denials, TakeTheFirstListenerAndNoOther) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  Fd read_end(fds[0]), write_end(fds[1]);
  Denials denials;
  denials.begin(std::move(read_end), {});
  denials.begin(std::move(write_end), {});
  EXPECT_EQ(denials.fd(), fds[0]);
}

}  // namespace
}  // namespace hyalite
