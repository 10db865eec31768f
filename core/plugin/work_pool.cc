// A few threads for what would hold up a worker's loop.
// SPDX-License-Identifier: MIT
#include "plugin/work_pool.h"

#include <atomic>
#include <csignal>
#include <memory>
#include <system_error>

#include "plugin/host.h"

namespace hyalite {

namespace {

// Signals are for the loop's thread; those of a fault stay with whoever made it.
void leave_signals_to_the_loop(sigset_t& before) {
  sigset_t all;
  ::sigfillset(&all);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP}) ::sigdelset(&all, fault);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
}

// What a thread of the pool is doing: so the signal of a crash can tell whose work it was.
struct Doing {
  std::atomic<std::uint32_t>* tell = nullptr;
  std::uint32_t instance = 0;
};
thread_local Doing doing;

void on_fault(int signal) {
  if (doing.tell != nullptr) doing.tell->store(doing.instance, std::memory_order_relaxed);
  // It is the default's again (SA_RESETHAND), and comes when this has returned: so the process ends as it would have.
  ::raise(signal);
}

// Where the signal of a crash is handled on this thread, for its own stack may be what is used up.
class SignalStack {
 public:
  SignalStack() {
    stack_t stack{};
    stack.ss_sp = memory_.get();
    stack.ss_size = kBytes;
    // A sanitizer may have given it one already.
    if (::sigaltstack(nullptr, &before_) == 0 && (before_.ss_flags & SS_DISABLE) != 0) is_ours_ = ::sigaltstack(&stack, nullptr) == 0;
  }
  ~SignalStack() {
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    if (is_ours_) ::sigaltstack(&none, nullptr);
  }
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

 private:
  static constexpr std::size_t kBytes = 64 * 1024;
  const std::unique_ptr<char[]> memory_ = std::make_unique<char[]>(kBytes);
  stack_t before_{};
  bool is_ours_ = false;
};

// Where a sanitizer, or a plugin, listens already, it goes on doing so.
void listen_to_faults() {
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP}) {
    struct sigaction now {};
    if (::sigaction(fault, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) continue;
    struct sigaction ours {};
    ours.sa_handler = &on_fault;
    ours.sa_flags = static_cast<int>(SA_RESETHAND) | SA_ONSTACK;
    ::sigaction(fault, &ours, nullptr);
  }
}

}  // namespace

WorkPool::~WorkPool() { stop(HYALITE_E_STOPPED); }

bool WorkPool::start_threads() {
  if (!threads_.empty()) return true;
  listen_to_faults();
  sigset_t before;
  leave_signals_to_the_loop(before);
  try {
    while (threads_.size() < threads_wanted_) threads_.emplace_back([this] { work(); });
  } catch (const std::system_error&) {
    // With fewer it is slower.
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return !threads_.empty();
}

Ref WorkPool::add(InstanceHost& owner, hyalite_run run, hyalite_done done, void* user) {
  if (!start_threads()) return 0;
  const std::lock_guard lock(mutex_);
  if (stopping_ || table_.full()) return 0;
  const Ref ref = table_.add({&owner, run, done, user, HYALITE_OK});
  waiting_.push_back(ref);
  changed_.notify_one();
  return ref;
}

bool WorkPool::end(const InstanceHost& owner, Ref ref, hyalite_status status) {
  const std::lock_guard lock(mutex_);
  Work* work = table_.find(ref);
  if (work == nullptr || work->owner != &owner || work->status != HYALITE_OK) return false;
  work->status = status;
  if (!work->running) finish(ref);
  return true;
}

// Its place is free, and its end is owed.
void WorkPool::finish(Ref ref) {
  const Work work = *table_.take(ref);
  errands_.add(owed(*work.owner, Hook::worked, work.done, ref, work.user, work.status));
}

// ---- what runs, shown to whoever watches this worker

void WorkPool::begin(Ref ref, Work& work) {
  work.running = true;
  work.since_ns = coarse_now_ns();
  running_.push_back(ref);
  show_oldest();
}

void WorkPool::ended(Ref ref) {
  std::erase(running_, ref);
  show_oldest();
}

void WorkPool::show_oldest() {
  const Work* oldest = running_.empty() ? nullptr : table_.find(running_.front());
  CallSlot* slot = slot_;
  if (oldest != nullptr) slot = slot_ = oldest->owner->services().slot;
  if (slot == nullptr) return;
  if (oldest != nullptr) slot->work_since_ns.store(oldest->since_ns, std::memory_order_relaxed);
  slot->work.store(oldest == nullptr ? 0 : static_cast<std::uint32_t>(oldest->owner->place) + 1, std::memory_order_relaxed);
}

std::vector<WorkPool::Slow> WorkPool::take_slow(Milliseconds than) {
  std::vector<Slow> slow;
  const std::lock_guard lock(mutex_);
  for (const Ref ref : running_) {
    Work& work = *table_.find(ref);
    const std::int64_t ms = (coarse_now_ns() - work.since_ns) / 1'000'000;
    if (work.told_slow || ms <= than.count()) continue;
    work.told_slow = true;
    slow.push_back({work.owner, ms});
  }
  return slow;
}

// ---- a thread of the pool

void WorkPool::work() {
  const SignalStack for_crashes;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    const Ref ref = waiting_.front();
    waiting_.pop_front();
    Work* work = table_.find(ref);
    if (work == nullptr) continue;
    begin(ref, *work);
    const Work begun = *work;
    lock.unlock();
    if (CallSlot* slot = begun.owner->services().slot)
      doing = {&slot->crashed_work, static_cast<std::uint32_t>(begun.owner->place) + 1};
    bool failed = false;
    try {
      begun.run(begun.user);
    } catch (...) {
      failed = true;
    }
    doing = {};
    lock.lock();
    work = table_.find(ref);
    if (failed && work->status == HYALITE_OK) work->status = HYALITE_E_FAILED;
    ended(ref);
    finish(ref);
  }
}

void WorkPool::stop(hyalite_status status) {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const Ref ref : table_.all()) {
      Work& work = *table_.find(ref);
      if (work.status == HYALITE_OK) work.status = status;
      if (!work.running) finish(ref);
    }
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace hyalite
