// A check in a process of its own, watched: what crashes, hangs, blocks or ends there is a finding.
// SPDX-License-Identifier: MIT
#include "check/apart.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <map>

#include "base/fd.h"
#include "base/text.h"
#include "check/system_calls.h"

namespace hyalite {

namespace {

constexpr int kLook = 20;  // ms between two looks at a process that says nothing
constexpr std::size_t kMostOutput = std::size_t{64} << 20;

// ---- in the child

void restrict_process(const ApartLimits& limits) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setpgid(0, 0);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  const rlimit file{kMostOutput, kMostOutput};
  ::setrlimit(RLIMIT_FSIZE, &file);
  const auto seconds = static_cast<rlim_t>(limits.check.count() / 1'000 + 5);
  const rlimit cpu{seconds, seconds};
  ::setrlimit(RLIMIT_CPU, &cpu);
}

// What it prints is evidence, not output.
void redirect_output(int output) {
  const Fd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ::dup2(nothing.get(), STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
}

// ---- in the watcher

const char* signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? "an unknown signal" : name;
}

bool is_about_a_flow(Hook hook) {
  switch (hook) {
    case Hook::create:
    case Hook::start:
    case Hook::reopen:
    case Hook::drain:
    case Hook::stop: return false;
    default: return true;
  }
}

// What the kernel says of a process: 'S' sleeps, 'R' runs, ...; see proc(5).
char state_of(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char text[512];
  const ssize_t n = ::read(file.get(), text, sizeof text - 1);
  if (n <= 0) return '?';
  text[n] = '\0';
  const char* end = std::strrchr(text, ')');
  return end == nullptr || end[1] == '\0' ? '?' : end[2];
}

// Nanoseconds of processor time that it used.
std::int64_t time_of(pid_t pid) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return 0;
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

class Watcher {
 public:
  Watcher(pid_t pid, int socket, int output, const std::string& id, std::uint64_t seed, Blackboard& board, const ApartLimits& limits, CheckReport& report)
      : pid_(pid), socket_(socket), output_(output), id_(id), seed_(seed), board_(board), limits_(limits), report_(report), began_(now()), looked_(began_) {}

  void run() {
    while (!ended_) look();
    int status = 0;
    if (killed_) ::kill(-pid_, SIGKILL);
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    // Whoever is left of its group was started by it.
    if (::kill(-pid_, SIGKILL) == 0 && !killed_ && WIFEXITED(status))
      add("leaves processes behind that it started", "a plugin starts no processes: ask a service (services:) instead");
    if (!killed_) judge_end(status);
    judge_calls();
    judge_output();
  }

 private:
  static Monotonic now() { return std::chrono::steady_clock::now(); }

  std::string hook_now() const {
    if (board_.slot.instance.load() == 0) return "outside of any hook";
    return "in " + std::string(name(static_cast<Hook>(board_.slot.hook.load())));
  }

  void add(std::string what, std::string mend) {
    report_.result = CheckResult::failed;
    if (report_.findings.size() >= kMostFindings) return;
    const std::uint64_t number = board_.number.load();
    report_.findings.push_back({std::move(what), board_.scene_text(), std::move(mend),
                                number == 0 ? "" : id_ + "/" + std::to_string(seed_) + "/" + std::to_string(number)});
  }

  void look() {
    pollfd events[2] = {{socket_, POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    const int ready = ::poll(events, listener_ ? 2 : 1, kLook);
    if (ready > 0 && listener_ && (events[1].revents & POLLIN) != 0) hear_call();
    if (ready > 0 && listener_ && (events[1].revents & (POLLHUP | POLLERR)) != 0) listener_.reset();
    if (ready > 0 && (events[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0) hear_child();
    if (!ended_ && ready == 0 && has_died()) hear_child(), ended_ = true;
    if (!ended_) watch_time();
  }

  // Its end of the socket may live on in processes that it started.
  bool has_died() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid_;
  }

  void hear_call() {
    SystemCall call;
    // Who is where is read before the call goes on.
    const bool asked = board_.slot.instance.load() != 0;
    const auto hook = static_cast<Hook>(board_.slot.hook.load());
    const std::string scene = board_.scene_text();
    if (!let_go_on(listener_.get(), call)) return;
    // Its other threads may wait as long as they like.
    if (!asked || call.thread != static_cast<std::uint32_t>(pid_) || !is_about_a_flow(hook)) return;
    calls_.emplace(std::pair(name(hook), call.name), scene);
  }

  void hear_child() {
    HandedOver received = receive_from(socket_);
    if (received.listener) listener_ = std::move(received.listener);
    said_ += received.bytes;
    for (std::size_t end; (end = said_.find('\n')) != std::string::npos; said_.erase(0, end + 1))
      hear_line(std::string_view(said_).substr(0, end));
    if (received.ended) ended_ = true;
  }

  void hear_line(std::string_view text) {
    const auto line = read_workbench_line(text);
    if (!line) return;
    if (line->kind == '.') done_ = true;
    if (line->kind == 'S' && line->words.size() == 1 && report_.result == CheckResult::passed) {
      report_.result = CheckResult::skipped;
      report_.why = line->words[0];
    }
    if (line->kind != 'F' || line->words.size() != 4) return;
    report_.result = CheckResult::failed;
    report_.findings.push_back({line->words[0], line->words[1], line->words[2], line->words[3]});
  }

  // Only what the plugin does counts: time in which it might run, and others do, is nobody's.
  void watch_time() {
    const std::uint64_t place = board_.history.calls.load() * 1'000'003 + board_.number.load() * 31 + board_.slot.hook.load() * 2 +
                                (board_.slot.instance.load() != 0 ? 1 : 0);
    const Monotonic at = now();
    const std::int64_t used = time_of(pid_);
    const char state = state_of(pid_);
    const bool sleeps = state == 'S' || state == 'D';
    if (place != place_) place_ = place, used_before_ = used, slept_ = {};
    else if (sleeps && slept_before_) slept_ += at - looked_;
    slept_before_ = sleeps;
    looked_ = at;
    const auto limit = std::chrono::nanoseconds(limits_.call);
    const std::string seconds = std::to_string(std::chrono::duration_cast<Seconds>(limit).count()) + " s";
    if (slept_ >= limit) {
      add("waits " + hook_now() + " for more than " + seconds, "hooks never wait: pause (hyalite/async.h), and let work() or fetch() do it");
    } else if (used - used_before_ >= limit.count()) {
      add("computes " + hook_now() + " for more than " + seconds, "bound what one call does; the whole worker stands still meanwhile");
    } else if (at - began_ >= limits_.check) {
      add("is not through with this check after " + std::to_string(limits_.check.count() / 1'000) + " s", "see how long its hooks take: --only time");
    } else {
      return;
    }
    killed_ = ended_ = true;
  }

  void judge_end(int status) {
    if (WIFSIGNALED(status)) {
      const int signal = WTERMSIG(status);
      add("dies " + hook_now() + " of SIG" + signal_name(signal) + last_output(),
          "run it in a debugger: hyalite plugin check --in-process --reproduce ...; or build it with -fsanitize=address");
    } else if (!done_) {
      add("ends the process " + hook_now() + " (exit status " + std::to_string(WEXITSTATUS(status)) + ")" + last_output(),
          "a plugin answers HYALITE_ERROR; it never calls exit");
    }
  }

  void judge_calls() {
    for (const auto& [what, scene] : calls_) {
      if (report_.findings.size() >= kMostFindings) break;
      report_.result = CheckResult::failed;
      report_.findings.push_back({"calls " + what.second + " in " + what.first, scene,
                                  "the whole worker waits with it: let work(), fetch() or a thread that start began do it", ""});
    }
  }

  // Plugins that print do it into what the master keeps for its log; a full pipe would block the worker.
  void judge_output() {
    const std::string text = output();
    if (text.empty() || killed_ || !done_ || report_.result == CheckResult::failed) return;
    add("prints to stdout or stderr: \"" + printable(text, 80) + "\"", "write to the host's log");
  }

  std::string output() const {
    struct stat status {};
    if (::fstat(output_, &status) != 0 || status.st_size == 0) return {};
    std::string text(static_cast<std::size_t>(std::min<off_t>(status.st_size, 4'096)), '\0');
    const ssize_t n = ::pread(output_, text.data(), text.size(), 0);
    return text.substr(0, static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  }
  std::string last_output() const {
    std::string text = output();
    while (!text.empty() && (text.front() == '\n' || text.front() == '=')) text.erase(0, 1);
    return text.empty() ? "" : ": \"" + printable(text.substr(0, text.find('\n')), 200) + "\"";
  }

  const pid_t pid_;
  const int socket_, output_;
  const std::string& id_;
  const std::uint64_t seed_;
  Blackboard& board_;
  const ApartLimits& limits_;
  CheckReport& report_;
  const Monotonic began_;
  Monotonic looked_;
  std::chrono::nanoseconds slept_{0};  // in the call that it is in
  std::int64_t used_before_ = 0;       // processor time until that call
  bool slept_before_ = false;
  std::uint64_t place_ = 0;
  Fd listener_;
  std::string said_;
  std::map<std::pair<std::string, std::string>, std::string> calls_;  // hook and call: where it was first
  bool ended_ = false, done_ = false, killed_ = false;
};

class SharedBoard {
 public:
  SharedBoard() : memory_(::mmap(nullptr, sizeof(Blackboard), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {}
  SharedBoard(const SharedBoard&) = delete;
  SharedBoard& operator=(const SharedBoard&) = delete;
  ~SharedBoard() {
    if (memory_ != MAP_FAILED) ::munmap(memory_, sizeof(Blackboard));
  }
  explicit operator bool() const { return memory_ != MAP_FAILED; }
  Blackboard& operator*() const { return *static_cast<Blackboard*>(memory_); }

 private:
  void* memory_;
};

void give_up(CheckReport& report, const char* what) {
  report.result = CheckResult::skipped;
  report.why = std::string(what) + ": " + std::strerror(errno);
}

}  // namespace

void run_apart(const WorkbenchOptions& options, const std::function<void(Workbench&)>& check, const ApartLimits& limits, CheckReport& report) {
  const SharedBoard board;
  int sockets[2];
  const Fd output(::memfd_create("output", MFD_CLOEXEC));
  if (!board || !output || ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) return give_up(report, "memory or sockets");
  const Fd ours(sockets[0]);
  Fd childs(sockets[1]);
  std::fflush(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) return give_up(report, "fork");
  if (pid == 0) {
    restrict_process(limits);
    redirect_output(output.get());
    Workbench bench(options, report.id, *board, childs.get());
    check(bench);
    std::fflush(nullptr);
    bench.done();
    ::_exit(0);
  }
  childs.reset();
  Watcher(pid, ours.get(), output.get(), report.id, options.seed, *board, limits, report).run();
}

void run_here(const WorkbenchOptions& options, const std::function<void(Workbench&)>& check, CheckReport& report) {
  const SharedBoard board;
  int sockets[2];
  if (!board || ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) return give_up(report, "memory or sockets");
  const Fd ours(sockets[0]), theirs(sockets[1]);
  Workbench bench(options, report.id, *board, theirs.get());
  check(bench);
  for (HandedOver received = receive_from(ours.get()); !received.bytes.empty(); received = receive_from(ours.get())) {
    for (const std::string_view one : split(received.bytes, '\n')) {
      const auto line = read_workbench_line(one);
      if (!line || line->kind != 'F' || line->words.size() != 4) continue;
      report.result = CheckResult::failed;
      report.findings.push_back({line->words[0], line->words[1], line->words[2], line->words[3]});
    }
  }
}

}  // namespace hyalite
