// What a leaf costs: the worker's and the signer's processor time, each.
// SPDX-License-Identifier: MIT
//
//   cmake --build --preset dev --target bench_mint && build/dev/bin/bench_mint
//
// The signer runs in a process of its own, as in the service; keys come from the pool. Its time is
// that of its process: CLOCK_PROCESS_CPUTIME_ID, read before and after.
#include <benchmark/benchmark.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "../../unit/tls/certificates.h"
#include "tls/leaf_keys.h"
#include "tls/leaves.h"
#include "tls/signer.h"

namespace hyalite {
namespace {

double cpu_us(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

// A signer behind a socket, in a process of its own.
class SignerProcess {
 public:
  explicit SignerProcess(KeyKind kind) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      serve(ends[1], kind);
    }
    ::close(ends[1]);
    ours_ = ends[0];
    ::clock_getcpuclockid(pid_, &clock_);
  }
  ~SignerProcess() { ::kill(pid_, SIGKILL); }

  // For the taker to close.
  int socket() const { return ours_; }
  double cpu() const { return cpu_us(clock_); }

 private:
  [[noreturn]] static void serve(int socket, KeyKind kind) {
    const SystemClock clock;
    NewAuthority wanted;
    wanted.key = kind;
    const auto signer =
        *Signer::open(test_ca(clock.wall_time(), wanted), {std::chrono::days{30}, false}, clock);
    std::string buffer;
    while (true) {
      pollfd watched{socket, POLLIN, 0};
      ::poll(&watched, 1, -1);
      const auto message = receive_message(socket, buffer);
      if (!message) ::_exit(0);
      if (*message) (void)send_message(socket, signer->answer(**message));
    }
  }

  pid_t pid_;
  int ours_;
  clockid_t clock_;
};

struct Waiter {
  Loop& loop;
  std::size_t& open;
  LeafTicket ticket{callback<&Waiter::on_leaf>(*this)};
  void on_leaf(const Result<Leaf>& leaf) {
    if (!leaf) std::abort();
    if (--open == 0) loop.stop();
  }
};

constexpr std::size_t kMints = 2'000;

// `state.range(0)`: how many hosts are asked for at once.
void mint(benchmark::State& state, KeyKind kind) {
  const SystemClock clock;
  const SignerProcess process(kind);
  auto loop = std::move(*Loop::open());
  SignerSocket socket(*loop, Fd(process.socket()));
  std::uint64_t counts[4] = {};
  // Twice as many keys as are taken: the pool is not refilled meanwhile.
  Leaves leaves(*loop, clock, socket, {.cached = kMints, .spare_keys = 2 * kMints + 2}, counts);
  const auto at_once = static_cast<std::size_t>(state.range(0));
  std::vector<PeerCertificate> origins;
  const Validity validity{clock.wall_time() - std::chrono::days{1},
                          clock.wall_time() + std::chrono::days{80}};
  for (std::size_t i = 0; i < kMints; ++i) {
    const std::string name = "origin" + std::to_string(i) + ".example";
    origins.push_back(shown(upstream({name, "DNS:" + name + ",DNS:*." + name, validity})));
    // As a handshake leaves it: whoever logs it knows its digest.
    (void)origins.back().digest();
  }
  while (leaves.spare_keys() < 2 * kMints) loop->run_once();

  std::size_t next = 0;
  const double worker_before = cpu_us(CLOCK_THREAD_CPUTIME_ID), signer_before = process.cpu();
  for (auto _ : state) {
    std::size_t open = at_once;
    std::vector<std::unique_ptr<Waiter>> waiters;
    for (std::size_t i = 0; i < at_once; ++i, ++next) {
      waiters.emplace_back(new Waiter{*loop, open});  // clang 14 makes no aggregate from parentheses
      leaves.ask({"asked.example", IpAddress{}, origins[next], LeafIssuer::trusted},
                 waiters.back()->ticket);
    }
    loop->run();
  }
  const double minted = static_cast<double>(leaves.count(LeafCount::minted));
  const double worker = (cpu_us(CLOCK_THREAD_CPUTIME_ID) - worker_before) / minted;
  const double signer = (process.cpu() - signer_before) / minted;
  state.counters["worker_us"] = worker;
  state.counters["signer_us"] = signer;
  state.counters["both_us"] = worker + signer;
}

BENCHMARK_CAPTURE(mint, p256_one_at_a_time, KeyKind::p256)->Arg(1)->Iterations(kMints);
BENCHMARK_CAPTURE(mint, p256_ten_at_once, KeyKind::p256)->Arg(10)->Iterations(kMints / 10);
BENCHMARK_CAPTURE(mint, rsa3072_ten_at_once, KeyKind::rsa3072)->Arg(10)->Iterations(kMints / 10);

// The signer's part alone, without sockets and other processes.
void answer(benchmark::State& state) {
  const SystemClock clock;
  const auto signer =
      std::move(*Signer::open(test_ca(clock.wall_time()), {std::chrono::days{30}, false}, clock));
  LeafText text;
  text.dns = {"origin.example", "*.origin.example"};
  text.common_name = "origin.example";
  const std::string request = write(MintRequest{1, make_leaf_key()->point, text});
  for (auto _ : state) benchmark::DoNotOptimize(signer->answer(request));
}
BENCHMARK(answer);

// What no signer can do without: one signature with the CA's key.
void signature(benchmark::State& state) {
  const SigningAuthority authority = test_ca(SystemClock().wall_time());
  const unsigned char bytes[500] = {};
  unsigned char signature[128];
  for (auto _ : state) {
    const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
    std::size_t size = sizeof(signature);
    EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, authority.key.get());
    EVP_DigestSign(context.get(), signature, &size, bytes, sizeof(bytes));
  }
}
BENCHMARK(signature);

void key(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(make_leaf_key());
}
BENCHMARK(key);

void cached(benchmark::State& state) {
  const SystemClock clock;
  const SignerProcess process(KeyKind::p256);
  auto loop = std::move(*Loop::open());
  SignerSocket socket(*loop, Fd(process.socket()));
  std::uint64_t counts[4] = {};
  Leaves leaves(*loop, clock, socket, {}, counts);
  const PeerCertificate origin = shown(upstream(
      {.validity = {clock.wall_time() - std::chrono::days{1}, clock.wall_time() + std::chrono::days{80}}}));
  std::size_t open = 1;
  Waiter first{*loop, open};
  leaves.ask({"origin.example", IpAddress{}, origin, LeafIssuer::trusted}, first.ticket);
  loop->run();
  for (auto _ : state) {
    open = 1;
    Waiter waiter{*loop, open};
    leaves.ask({"origin.example", IpAddress{}, origin, LeafIssuer::trusted}, waiter.ticket);
  }
}
BENCHMARK(cached);

}  // namespace
}  // namespace hyalite

BENCHMARK_MAIN();
