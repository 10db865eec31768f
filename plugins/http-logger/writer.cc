// The thread that writes: a worker puts lines in and goes on; whatever the disk does is this
// thread's business. SPDX-License-Identifier: MIT
#include "writer.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "ring.h"

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kBatchBytes = std::size_t{64} << 10;  // written as soon as so much waits
constexpr std::size_t kMostBytes = 2 * kBatchBytes;  // at once: so that mostly nothing is left over
constexpr std::chrono::milliseconds kRetry{
    100};  // after a failure; where there is something to wait for, that ends it

// From end to end, as memchr finds them faster than one looks at each byte.
std::size_t lines_in(std::string_view text) {
  std::size_t count = 0;
  for (auto at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1))
    ++count;
  return count;
}

}  // namespace

// Shared by the two threads, so that a writer that hangs in the disk may outlive who gave it up.
class Writer::Thread {
 public:
  Thread(std::unique_ptr<Sink> sink, Options options, Ears ears)
      : sink_(std::move(sink)),
        options_(options),
        ears_(std::move(ears)),
        ring_(options.buffer_bytes) {}
  ~Thread() {
    if (wake_ >= 0) ::close(wake_);
  }

  const Sink& sink() const { return *sink_; }

  // ---- the worker's thread
  bool start(std::shared_ptr<Thread> self) {
    wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_ < 0) return false;
    // Signals are for the worker's own thread.
    sigset_t all, before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    std::optional<std::thread> thread;
    try {
      thread.emplace([self] { self->run(); });
    } catch (const std::system_error&) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (thread) thread->detach();  // stop() waits for it
    running_ = thread.has_value();
    return running_;
  }

  bool has_room(std::size_t bytes) const { return bytes <= ring_.size() - ring_.used(); }
  void add(std::string_view line) {
    if (!ring_.put(line) || ring_.used() < wanted_.load()) return;
    wanted_.store(kNothing);
    wake();
  }

  bool stuck() const {
    return troubled_.load(std::memory_order_relaxed) || ring_.used() > ring_.size() / 2;
  }

  void reopen() {
    reopen_at_.store(ring_.put_bytes());
    reopens_asked_.fetch_add(1);
    wake();
  }

  bool stop(Milliseconds at_most) {
    if (!std::exchange(running_, false)) return true;
    stop_at_ns_.store((Clock::now() + at_most).time_since_epoch().count());
    wake();
    std::unique_lock lock(ending_);
    ended_.wait_for(lock, at_most + 2 * kRetry, [&] { return has_ended_; });
    return ring_.used() == 0;
  }

 private:
  static constexpr std::size_t kNothing = std::numeric_limits<std::size_t>::max();
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  void wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto n = ::write(wake_, &one, sizeof one);
  }

  // ---- the thread that writes
  void run() {
    say(sink_->open());
    flush_at_ = Clock::now() + options_.flush;
    while (!over()) {
      wait();
      if (is_due()) write_batch();
      note_reopen();
      if (is_to_open()) open();
    }
    const std::lock_guard lock(ending_);
    has_ended_ = true;
    ended_.notify_all();
  }

  bool stopping() const { return stop_at_ns_.load() != kNever; }
  bool over() const {
    return stopping() &&
           (ring_.used() == 0 || Clock::now().time_since_epoch().count() >= stop_at_ns_.load());
  }
  bool in_a_hurry() const { return stopping() || reopen_wanted() || options_.flush.count() == 0; }
  bool reopen_wanted() const { return reopens_asked_.load() != reopens_done_; }
  bool is_due() const {
    return ring_.used() >= kBatchBytes ||
           (ring_.used() > 0 && (in_a_hurry() || troubled_ || Clock::now() >= flush_at_));
  }

  // Until there is something to do.
  void wait() {
    if (!troubled_) {
      // Empty: the first line wakes. Then a batch does, or the time.
      const bool empty = ring_.used() == 0;
      wanted_.store(empty || in_a_hurry() ? 1 : kBatchBytes);
      if (ring_.used() >= wanted_.load() || stopping() || reopen_wanted()) return note_first(empty);
      sleep(empty ? Milliseconds{-1}
                  : std::max(Milliseconds{0},
                             std::chrono::ceil<Milliseconds>(flush_at_ - Clock::now())));
      return note_first(empty);
    }
    wanted_.store(kNothing);
    sleep(kRetry);
  }

  void note_first(bool was_empty) {
    if (was_empty && ring_.used() > 0) flush_at_ = Clock::now() + options_.flush;
  }

  void sleep(Milliseconds at_most) {
    pollfd what[] = {{wake_, POLLIN, 0}, {sink_->busy(), POLLOUT, 0}};
    ::poll(what, 2, static_cast<int>(at_most.count()));
    std::uint64_t count = 0;
    [[maybe_unused]] const auto n = ::read(wake_, &count, sizeof count);
  }

  // Where the file that is open ends. It stays there until another one is open, however often that
  // is asked for meanwhile: what comes behind waits, and never goes into a file that was moved
  // away.
  void note_reopen() {
    if (!old_ends_at_ && reopen_wanted()) old_ends_at_ = reopen_at_.load();
  }
  bool old_is_full() const { return old_ends_at_ && ring_.taken_bytes() >= *old_ends_at_; }
  // Again and again while it fails. Where nothing waits, no write would find out that it can be
  // opened by now.
  bool is_to_open() const {
    return old_ends_at_ ? old_is_full() || troubled_ : troubled_ && ring_.used() == 0;
  }
  void open() {
    const std::uint64_t asked = reopens_asked_.load();
    const std::string why = sink_->open();
    // While writing fails, that is the trouble, and there is one line about it.
    if (why.empty() || !troubled_ || sink_->trouble().empty()) say(why);
    if (!why.empty()) return;
    old_ends_at_.reset();
    reopens_done_ = asked;
  }

  // Up to a batch, in whole lines; not beyond where the file is to be changed.
  void write_batch() {
    batch_.clear();
    // What comes from here on may be the next file's.
    std::uint64_t end = ring_.put_bytes();
    note_reopen();
    end = std::min(end, old_ends_at_.value_or(end));
    ring_.peek(std::min<std::uint64_t>(kMostBytes, end - std::min(end, ring_.taken_bytes())),
               batch_);
    const std::size_t whole = batch_.rfind('\n') + 1;  // a line is never longer than a batch
    if (whole == 0) return;
    const std::size_t done = sink_->write({batch_.data(), whole});
    // Counted before it is taken: what was taken and not counted would look lost.
    ears_.written(lines_in({batch_.data(), done}));
    ring_.take(done);
    flush_at_ = Clock::now() + options_.flush;
    say(sink_->trouble());
  }

  void say(const std::string& why) {
    troubled_ = !why.empty();
    if (why == told_) return;
    told_ = why;
    ears_.trouble(why);
  }

  const std::unique_ptr<Sink> sink_;
  const Options options_;
  const Ears ears_;
  Ring ring_;
  int wake_ = -1;
  bool running_ = false;                       // of the worker's thread
  std::atomic<std::size_t> wanted_{kNothing};  // the writer sleeps until so much waits
  std::atomic<bool> troubled_{false};
  std::atomic<std::uint64_t> reopens_asked_{0}, reopen_at_{0};
  std::atomic<std::int64_t> stop_at_ns_{kNever};
  // ---- of the thread that writes
  std::uint64_t reopens_done_ = 0;
  std::optional<std::uint64_t> old_ends_at_;  // while another file is to be opened
  Clock::time_point flush_at_{};
  std::string batch_, told_;
  std::mutex ending_;
  std::condition_variable ended_;
  bool has_ended_ = false;
};

Writer::Writer(std::unique_ptr<Sink> sink, Options options, Ears ears)
    : thread_(std::make_shared<Thread>(std::move(sink), options, std::move(ears))) {}
Writer::~Writer() { stop(Milliseconds{0}); }

const Sink& Writer::sink() const { return thread_->sink(); }
bool Writer::start() { return thread_->start(thread_); }
bool Writer::has_room(std::size_t bytes) const { return thread_->has_room(bytes); }
void Writer::add(std::string_view line) { thread_->add(line); }
bool Writer::stuck() const { return thread_->stuck(); }
void Writer::reopen() { thread_->reopen(); }
bool Writer::stop(Milliseconds at_most) { return thread_->stop(at_most); }
