// The process that holds the CA's key.
// SPDX-License-Identifier: MIT
#include "process/signer_process.h"

#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "process/beginning.h"
#include "process/child.h"
#include "process/denials.h"
#include "process/crash_record.h"
#include "process/failure.h"
#include "process/memory_file.h"
#include "process/messages.h"
#include "process/privileges.h"
#include "process/signals.h"
#include "settings/reader.h"
#include "tls/authority.h"
#include "tls/signer.h"
#include "tls/signer_link.h"

namespace hyalite {

namespace {

constexpr int kExitInOrder = 0;
constexpr int kExitFailed = 1;
constexpr Milliseconds kFirstMessage = Seconds{10};
// Answers to one worker before the next one's turn.
constexpr int kInARow = 16;
// Beside the workers' sockets.
constexpr rlim_t kOwnDescriptors = 64;

struct SignerBeginning {
  Channel generation;
  SignerBegin message;
  Fd settings_text, master_life;
  std::vector<Fd> ends;
};

Result<SignerBeginning> await_signer_beginning() {
  auto channel = inherited_channel();
  if (!channel) return channel.error();
  // Until it is ready, it goes with its generation.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  auto first = await_message(*channel, -1, kFirstMessage);
  if (!first) return first.error();
  const auto message = first->as<SignerBegin>(2);
  if (!message) return Error{Fault::us, "the generation speaks another protocol"};
  SignerBeginning beginning{
      std::move(*channel), *message, std::move(first->fds[0]), std::move(first->fds[1]), {}};
  while (beginning.ends.size() < message->ends) {
    auto next = await_message(beginning.generation, beginning.master_life.get(), kFirstMessage);
    if (!next) return next.error();
    if (next->fds.empty() || !next->as<SignerEnd>(next->fds.size()))
      return Error{Fault::us, "the generation speaks another protocol"};
    for (Fd& end : next->fds) beginning.ends.push_back(std::move(end));
  }
  return beginning;
}

Failure mistake(const SettingsRead& read, const std::string& file, std::string path,
                std::string what) {
  Mistake one;
  one.file = file;
  one.position = position_of(read.positions, path);
  one.path = std::move(path);
  one.what = std::move(what);
  return Failure::of(Mistakes{std::move(one)});
}

// Locks do not outlive a fork: called in each process. Only where there is no limit to it; else the
// next allocation might fail.
void keep_off_the_disk() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY)
    ::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

// What only root may do, and does without where it may not: pages that are never swapped out, and a
// network of its own with nobody in it.
void shut_in() {
  const rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
  ::setrlimit(RLIMIT_MEMLOCK, &limit);
  keep_off_the_disk();
  ::unshare(CLONE_NEWNET);
}

void limit_descriptors(std::size_t ends) {
  const rlim_t most = kOwnDescriptors + ends;
  const rlimit limit{most, most};
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// Reads everything, then becomes harmless.
Result<std::unique_ptr<Signer>> open_signer(const CaSettings& ca, const LeafSettings& leaf,
                                            const WantedPrivileges& wanted, const Clock& clock) {
  auto authority = load_authority({ca.certificate, ca.key, ca.passphrase_file}, clock.wall_time());
  if (!authority) return authority.error();
  shut_in();
  if (auto left = give_up_privileges(wanted); !left) return left.error();
  const ValidityLimits limits{std::chrono::duration_cast<Seconds>(leaf.validity),
                              leaf.beyond_upstream};
  return Signer::open(std::move(*authority), limits, clock);
}

// ---- the process that signs

class Signing {
 public:
  Signing(const Signer& signer, std::vector<Fd> ends, int master_life)
      : signer_(signer), ends_(std::move(ends)), master_life_(master_life) {}

  // Until nobody is left who could ask.
  void run() {
    while (!ends_.empty()) {
      std::vector<pollfd> watched = {{master_life_, POLLIN, 0}};
      for (const Fd& end : ends_) watched.push_back({end.get(), POLLIN, 0});
      if (::poll(watched.data(), watched.size(), -1) < 0) continue;
      if (watched[0].revents != 0) return;
      for (std::size_t i = 1; i < watched.size(); ++i) {
        if (watched[i].revents != 0 && !answer_some(ends_[i - 1])) ends_[i - 1].reset();
      }
      std::erase_if(ends_, [](const Fd& end) { return !end; });
    }
  }

 private:
  // An answer that the worker has no room for is lost: it asks again when it still wants to know.
  bool answer_some(const Fd& end) {
    for (int i = 0; i < kInARow; ++i) {
      const auto message = receive_message(end.get(), buffer_);
      if (!message) return false;
      if (!*message) return true;
      const std::string answer = signer_.answer(**message);
      if (!answer.empty()) (void)send_message(end.get(), answer);
    }
    return true;
  }

  const Signer& signer_;
  std::vector<Fd> ends_;
  const int master_life_;
  std::string buffer_;
};

// ---- the process that watches over it

class Keeper {
 public:
  Keeper(SignerBeginning& beginning, const Signer& signer, const SeccompSettings& seccomp,
         SignalReader signals, Log& log)
      : beginning_(beginning),
        signer_(signer),
        seccomp_(seccomp),
        signals_(std::move(signals)),
        log_(log) {}

  int run() {
    // Before the first answer; who signs has a filter of its own, and this one's listener would be in its way.
    confine(ConfinedPart::keeper, seccomp_, log_).reset();
    while (true) {
      const Monotonic began = clock_.now();
      const pid_t pid = start();
      if (pid < 0) return kExitFailed;
      const auto status = wait_for(pid);
      signing_.close();
      denials_.end();
      if (!status) return kExitInOrder;  // the master is gone, and whoever signs knows by itself
      if (WIFEXITED(*status) && WEXITSTATUS(*status) == kExitInOrder) return kExitInOrder;
      log_.error(
          "signer.replaced",
          {{"why", WIFSIGNALED(*status) ? std::string("signal ") + ::strsignal(WTERMSIG(*status))
                                        : "status " + std::to_string(WEXITSTATUS(*status))}});
      (void)beginning_.generation.send(SignerReplaced{});
      const auto lived = std::chrono::duration_cast<Milliseconds>(clock_.now() - began);
      if (!rest(backoff_.after(lived))) return kExitInOrder;
    }
  }

 private:
  pid_t start() {
    auto ends = Channel::pair();
    if (!ends) return -1;
    const pid_t keeper = ::getpid();
    const pid_t pid = ::fork();
    if (pid != 0) {
      signing_ = std::move(ends->first);
      denials_ = Denials();
      signing_pid_ = pid;
      return pid;
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (::getppid() != keeper) ::_exit(kExitFailed);
    beginning_.generation.close();
    signals_ = SignalReader();
    listen_to_channels_only();
    keep_off_the_disk();
    ends->first.close();
    give_listener(confine(ConfinedPart::signer, seccomp_, log_), seccomp_, ends->second);
    ends->second.close();
    Signing(signer_, std::move(beginning_.ends), beginning_.master_life.get()).run();
    ::_exit(kExitInOrder);
  }

  // Its status; nothing when the master died.
  std::optional<int> wait_for(pid_t pid) {
    while (true) {
      int status = 0;
      if (::waitpid(pid, &status, WNOHANG) == pid) return status;
      if (!rest(Milliseconds{-1})) return std::nullopt;
    }
  }

  // Until a child ends or the time is over. False: the master died.
  bool rest(Milliseconds most) {
    pollfd watched[] = {{beginning_.master_life.get(), POLLIN, 0},
                        {signals_.fd(), POLLIN, 0},
                        {signing_.fd(), POLLIN, 0},
                        {denials_.fd(), POLLIN, 0}};
    if (most.count() != 0) ::poll(watched, std::size(watched), static_cast<int>(most.count()));
    while (signals_.next()) {
    }
    if (watched[2].revents != 0) on_signing();
    if (watched[3].revents != 0) on_denied();
    return watched[0].revents == 0;
  }

  // It says one thing: where its denied calls are asked about.
  void on_signing() {
    auto message = signing_.receive();
    if (message && !*message) return;
    if (message) {
      if (const auto confined = (*message)->as<Confined>(1)) denials_.begin(std::move((*message)->fds[0]), *confined);
    }
    signing_.close();
  }

  void on_denied() {
    const auto denied = denials_.answer_one(clock_.now());
    if (!denied) return;
    SignerDenied told;
    told.kind = static_cast<std::uint8_t>(denied->call.kind);
    (void)beginning_.generation.send(told);
    if (!denied->to_say) return;
    log_.warning("seccomp.denied", {{"part", "signer"},
                                    {"pid", std::to_string(signing_pid_)},
                                    {"call", denied->call.name},
                                    {"times", std::to_string(*denied->to_say)},
                                    {"plugin", "none"},
                                    {"hook", "none"}});
  }

  SignerBeginning& beginning_;
  const Signer& signer_;
  const SeccompSettings seccomp_;
  SignalReader signals_;
  Log& log_;
  SystemClock clock_;
  pid_t signing_pid_ = -1;
  Channel signing_;  // until it is confined
  Denials denials_;
  Backoff backoff_{Milliseconds{50}, Seconds{5}};
};

int fail(const SignerBeginning& beginning, const Failure& failure) {
  tell(beginning.generation, Failed{}, failure);
  return kExitFailed;
}

int live(SignerBeginning& beginning, Log& log) {
  const std::string file = beginning.message.file.text();
  const auto text = text_of(beginning.settings_text.get(), kMaxSettingsFileBytes);
  if (!text) return fail(beginning, Failure::of(text.error(), file));
  const SettingsRead read = read_settings(*text, file);
  if (!read) return fail(beginning, Failure::of(read.mistakes));
  apply(read.settings.log, log);

  const std::string user = beginning.message.user.text();
  const WorkerSettings& workers = read.settings.workers;
  const WantedPrivileges wanted{user.empty() ? workers.user : user,
                                user.empty() ? workers.group : "", false};
  const SystemClock clock;
  const auto signer = open_signer(read.settings.tls.ca, read.settings.tls.leaf, wanted, clock);
  if (!signer) return fail(beginning, mistake(read, file, "tls.ca", signer.error().text));
  limit_descriptors(beginning.ends.size());
  if (!beginning.generation.send(SignerReady{})) return kExitFailed;
  if (beginning.ends.empty()) return kExitInOrder;

  auto signals = SignalReader::open({SIGCHLD});
  if (!signals) return kExitFailed;
  // From here on the workers' sockets say how long we are wanted.
  ::prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
  return Keeper(beginning, **signer, read.settings.seccomp, std::move(*signals), log).run();
}

}  // namespace

int run_signer(Log& log) {
  name_process("hyalite-signer");
  log.set_process("signer");
  auto beginning = await_signer_beginning();
  if (!beginning) {
    log.error("signer.begin", {{"why", beginning.error().text}});
    return kExitFailed;
  }
  return live(*beginning, log);
}

}  // namespace hyalite
