// One process, one loop, its clients: wires everything, holds no logic.
// SPDX-License-Identifier: MIT
#include "process/worker.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "event/loop.h"
#include "event/timer.h"
#include "event/watch.h"
#include "net/listener.h"
#include "net/local_addresses.h"
#include "net/original_destination.h"
#include "net/suspects.h"
#include "process/child.h"
#include "process/denials.h"
#include "process/messages.h"
#include "process/process_memory.h"
#include "process/watchdog.h"
#include "tls/leaves.h"
#include "tls/signer_link.h"

namespace hyalite {

namespace {

constexpr int kExitInOrder = 0;
constexpr int kExitCouldNotStart = 1;
constexpr int kExitMasterGone = 2;
constexpr std::size_t kMostFailureBytes = 4'096;
// How often a draining worker looks whether its last client is gone.
constexpr Milliseconds kDrainTick{50};
// How often a worker shows that its loop turns.
constexpr Milliseconds kHeartbeat{200};
// The service ends everybody at its deadline by itself; if it does not, we do not wait for it.
constexpr Milliseconds kPatience = Seconds{2};

std::vector<std::uint16_t> ports_of(const std::vector<ListeningSocket>& sockets) {
  std::vector<std::uint16_t> ports;
  for (const ListeningSocket& socket : sockets) ports.push_back(socket.address.port);
  return ports;
}

std::vector<Network> named_in(const Settings& settings) {
  std::vector<Network> named;
  for (const ListenerSettings& listener : settings.listeners)
    named.insert(named.end(), listener.anyip.begin(), listener.anyip.end());
  return named;
}

class Worker final : public ListenerOwner {
 public:
  Worker(Inheritance inheritance, Loop& loop)
      : with_(std::move(inheritance)),
        loop_(loop),
        local_(loop.clock()),
        arrivals_(ports_of(with_.sockets), local_, with_.upstreams, named_in(with_.settings)),
        suspects_(loop, arrivals_, *this),
        orders_(loop, callback<&Worker::on_orders>(*this)),
        questions_(loop, callback<&Worker::on_questions>(*this)),
        master_life_(loop, callback<&Worker::on_master_gone>(*this)),
        patience_(loop, callback<&Worker::on_patience_lost>(*this)),
        heart_(loop, kHeartbeat, callback<&Worker::on_heartbeat>(*this)) {}

  Result<void> start();
  const Inheritance& with() const { return with_; }
  // The last call: whoever is still connected is cut off.
  void stop() {
    listeners_.clear();
    suspects_.give_up();
    service_.reset();
  }

  void on_accepted(Accepted accepted) override { service_->accept(std::move(accepted)); }
  void on_refused(Refused refused) override { service_->refuse(std::move(refused)); }
  void on_exhausted(int code, std::size_t shed) override;

 private:
  struct Accepting {
    std::size_t slot;
    std::unique_ptr<Listener> listener;
  };

  void open_leaves();
  Result<void> accept_for(unsigned worker);
  void leave_to(unsigned worker);
  void on_orders();
  void on_order(const Received& order);
  void on_questions();
  void answer(const LiveView& question);
  void on_master_gone() { ::_exit(kExitMasterGone); }
  void on_patience_lost() { loop_.stop(); }
  void on_heartbeat() { with_.pulse.beat_ns.store(coarse_now_ns(), std::memory_order_relaxed); }
  void drain(Milliseconds deadline);
  void on_drain_tick();

  Inheritance with_;
  Loop& loop_;
  LocalAddresses local_;
  Arrivals arrivals_;
  Suspects suspects_;
  std::unique_ptr<SignerSocket> signer_;
  std::unique_ptr<Leaves> leaves_;
  std::unique_ptr<Service> service_;
  std::vector<Accepting> listeners_;
  ReadWatch orders_, questions_, master_life_;
  std::optional<Ticker> draining_;
  Timer patience_;
  Ticker heart_;
};

void Worker::open_leaves() {
  if (!with_.signer) return;
  const LeafSettings& leaf = with_.settings.tls.leaf;
  signer_ = std::make_unique<SignerSocket>(loop_, std::move(with_.signer));
  leaves_ = std::make_unique<Leaves>(
      loop_, loop_.clock(), *signer_,
      LeavesLimits{leaf.names, leaf.cached_per_worker, leaf.spare_keys_per_worker,
                   leaf.waiting_per_worker, leaf.patience},
      with_.board.worker(with_.row).cell(with_.leaf_counts));
}

Result<void> Worker::start() {
  open_leaves();
  auto service = with_.program.start({.loop = loop_,
                                      .settings = with_.settings,
                                      .row = with_.board.worker(with_.row),
                                      .upstreams = with_.upstreams,
                                      .calls = with_.calls,
                                      .history = with_.history,
                                      .refusals = with_.refusals,
                                      .log = with_.log,
                                      .leaves = leaves_.get(),
                                      .worker = with_.worker,
                                      .workers = with_.workers,
                                      .upstreams_owner = with_.row});
  if (!service) return service.error();
  service_ = std::move(*service);
  if (auto watching = orders_.start(with_.orders.fd()); !watching) return watching;
  if (auto watching = questions_.start(with_.questions.fd()); !watching) return watching;
  if (auto watching = master_life_.start(with_.master_life.get()); !watching) return watching;
  if (auto accepting = accept_for(with_.worker); !accepting) return accepting;
  return with_.orders.send(WorkerStarted{});
}

// The sockets stay open beside the listener, which closes its own copy: they may be wanted again.
Result<void> Worker::accept_for(unsigned worker) {
  for (const ListeningSocket& socket : with_.sockets) {
    if (socket.slot % with_.workers != worker) continue;
    Fd copy(::fcntl(socket.fd.get(), F_DUPFD_CLOEXEC, 0));
    if (!copy) return Error::system(Fault::us, "cannot copy a listening socket", errno);
    ListenerOptions options;
    options.index = socket.listener;
    auto listener =
        std::make_unique<Listener>(loop_, std::move(copy), arrivals_, suspects_, options);
    if (auto accepting = listener->resume(); !accepting) return accepting;
    listeners_.push_back({socket.slot, std::move(listener)});
  }
  return {};
}

void Worker::leave_to(unsigned worker) {
  if (worker == with_.worker) return;
  std::erase_if(listeners_,
                [&](const Accepting& one) { return one.slot % with_.workers == worker; });
}

void Worker::on_exhausted(int code, std::size_t shed) {
  with_.log.warning("worker.exhausted", {{"why", Error::system(Fault::us, "accept", code).text},
                                         {"shed", std::to_string(shed)}});
  service_->exhausted(shed);
}

void Worker::on_orders() {
  while (true) {
    const auto order = with_.orders.receive();
    if (!order) {
      // Nobody is left who would replace us: a new generation comes, and takes the sockets.
      orders_.stop();
      with_.log.warning("worker.orphaned", {{"why", order.error().text}});
      drain(with_.settings.timeouts.drain);
      return;
    }
    if (!*order) return;
    on_order(**order);
  }
}

void Worker::on_order(const Received& order) {
  if (order.as<Drain>()) return drain(with_.settings.timeouts.drain);
  if (const auto stop = order.as<Stop>()) return drain(Milliseconds(stop->deadline_ms));
  if (order.as<Retire>()) {
    questions_.stop();
    return drain(with_.settings.timeouts.drain);
  }
  if (order.as<Reopen>()) return service_->reopen();
  if (const auto adopt = order.as<Adopt>(); adopt && !draining_) {
    leave_to(adopt->worker);
    if (!accept_for(adopt->worker))
      with_.log.warning("worker.adopt", {{"worker", std::to_string(adopt->worker)}});
  }
  if (const auto release = order.as<Release>()) leave_to(release->worker);
}

void Worker::on_questions() {
  while (true) {
    const auto question = with_.questions.receive();
    if (!question) return questions_.stop();
    if (!*question) return;
    if (const auto live_view = (*question)->as<LiveView>()) answer(*live_view);
  }
}

// An answer that the asker has no room for is lost; it asks again when it wants to know.
void Worker::answer(const LiveView& question) {
  std::size_t most = std::min(question.most, kMostLiveViewFlows);
  std::string view = service_->live_view(most);
  while (view.size() > kMostLiveViewBytes && most > 0) view = service_->live_view(most /= 2);
  const std::string body = std::to_string(question.question) + '\n' + view;
  if (!with_.questions.send_bytes(kLiveViewAnswer, body)) with_.log.debug("worker.live_view_lost");
}

void Worker::drain(Milliseconds deadline) {
  listeners_.clear();
  // Whoever keeps a listening socket open without accepting swallows connections.
  with_.sockets.clear();
  if (!draining_) draining_.emplace(loop_, kDrainTick, callback<&Worker::on_drain_tick>(*this));
  service_->drain(deadline);
  patience_.start(deadline + kPatience);
  on_drain_tick();
}

// Who is in doubt may turn out to be a client, and is served.
void Worker::on_drain_tick() {
  if (service_->size() == 0 && suspects_.held() == 0) loop_.stop();
}

// What one call asks for at once is refused before the machine is out of memory; what is taken bit
// by bit is noticed by the generation at half of it.
void apply(const LimitSettings& limits) {
  if (limits.worker_memory_bytes != 0) (void)limit_memory(2 * limits.worker_memory_bytes);
}

// Before anybody else's code begins to work here.
void give_up_system_calls(const Inheritance& with) {
  const SeccompSettings& settings = with.settings.seccomp;
  give_listener(confine(ConfinedPart::worker, settings, with.log, with.board.memory()), settings, with.orders);
}

int fail(const Inheritance& with, const Error& error) {
  with.log.error("worker.failed", {{"why", error.text}});
  (void)with.orders.send_bytes(kWorkerFailed, error.text.substr(0, kMostFailureBytes));
  return kExitCouldNotStart;
}

int work(Inheritance inheritance) {
  apply(inheritance.settings.limits);
  // What the generation believes of a worker nobody but that worker may say.
  if (auto alone = inheritance.board.keep_only(inheritance.row); !alone) return fail(inheritance, alone.error());
  give_up_system_calls(inheritance);
  auto loop = Loop::open();
  if (!loop) return kExitCouldNotStart;
  Worker worker(std::move(inheritance), **loop);
  if (auto started = worker.start(); !started) return fail(worker.with(), started.error());
  (*loop)->run();
  worker.stop();
  return kExitInOrder;
}

}  // namespace

void run_worker(Inheritance inheritance) {
  name_process("hyalite-worker");
  inheritance.log.set_process("worker " + std::to_string(inheritance.worker));
  ::_exit(work(std::move(inheritance)));
}

}  // namespace hyalite
