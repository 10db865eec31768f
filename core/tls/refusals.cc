// Which clients refused our certificates, for which names; and which names pass because of that.
// SPDX-License-Identifier: MIT
#include "tls/refusals.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstring>
#include <functional>
#include <optional>

namespace hyalite {

namespace {

constexpr std::size_t kMostNameBytes = 253;
constexpr std::size_t kWays = 8;  // places in which a name or client may be
// How often a lock that somebody holds is tried: holders need some microseconds.
constexpr int kTries = 2'000;
// Of a lock's word: the milliseconds when it was taken, and who has it (pid_max is below 2^22).
constexpr unsigned kPidBits = 22;
constexpr std::uint64_t kMostMs = ~std::uint64_t{0} >> kPidBits;
// An accepted certificate is noted so often at most, as it is the usual case.
constexpr std::int64_t kAcceptedEvery = 60'000'000'000;
constexpr std::uint32_t kMostNamesCounted = 255;

std::int64_t ns(WallTime time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}
WallTime wall_time(std::int64_t time) { return WallTime(std::chrono::nanoseconds(time)); }

struct StoredIp {
  std::uint8_t size = 0;  // 0: none, 4 or 16
  std::array<unsigned char, 16> bytes{};

  static StoredIp of(const IpAddress& ip) {
    StoredIp stored;
    const std::string_view from = ip.bytes();
    stored.size = static_cast<std::uint8_t>(from.size());
    std::copy(from.begin(), from.end(), stored.bytes.begin());
    return stored;
  }
  IpAddress ip() const {
    if (size == 4) {
      in_addr four;
      std::memcpy(&four, bytes.data(), sizeof(four));
      return IpAddress::v4(four);
    }
    in6_addr six;
    std::memcpy(&six, bytes.data(), sizeof(six));
    return IpAddress::v6(six);
  }
  bool operator==(const StoredIp&) const = default;
};

struct StoredRefusal {
  StoredIp ip;
  RefusalSign sign = RefusalSign::closed;
  std::uint32_t count = 0;
  std::int64_t last = 0;
};

// Plain values: copied under the sequence, so that a reader gets all of it or tries again.
struct StoredName {
  std::array<char, kMostNameBytes> name{};
  std::uint8_t size = 0;  // 0: empty
  std::array<std::uint64_t, kRefusalSigns> counts{};
  std::int64_t first = 0, last = 0, passes_until = 0;
  std::array<StoredRefusal, Refusals::kClientsPerName> clients{};

  std::string_view text() const {
    return {name.data(), std::min<std::size_t>(size, kMostNameBytes)};
  }
};

struct StoredClient {
  StoredIp ip;
  std::int64_t last = 0, accepted = 0;  // accepted: when it last took a certificate; 0: never
  std::uint32_t names_refused = 0;
};

// Written by the holder of the lock, read by everybody.
template <class Value>
struct Place {
  std::atomic<std::uint32_t> sequence{0};  // odd: being written
  Value value;

  std::optional<Value> read() const {
    for (int i = 0; i < 100; ++i) {
      const std::uint32_t before = sequence.load(std::memory_order_acquire);
      if ((before & 1) != 0) continue;
      Value copy;
      std::memcpy(static_cast<void*>(&copy), &value, sizeof(copy));
      std::atomic_thread_fence(std::memory_order_acquire);
      if (sequence.load(std::memory_order_relaxed) == before) return copy;
    }
    return std::nullopt;
  }
  void write(const Value& fresh) {
    // Whoever died while it wrote left an odd number.
    const std::uint32_t before = sequence.load(std::memory_order_relaxed) & ~1u;
    sequence.store(before + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    std::memcpy(static_cast<void*>(&value), &fresh, sizeof(fresh));
    sequence.store(before + 2, std::memory_order_release);
  }
};

// Says who takes the lock, and when.
std::uint64_t lock_word(WallTime now) {
  const auto ms = static_cast<std::uint64_t>(ns(now) / 1'000'000);
  const auto pid = static_cast<std::uint64_t>(::getpid());
  return ms << kPidBits | (pid & ((std::uint64_t{1} << kPidBits) - 1));
}

// Was it taken so long before the other one that nobody can be at work there? Or so long after it: then a clock jumped, or
// somebody wrote what he liked.
bool is_abandoned(std::uint64_t held, std::uint64_t now) {
  constexpr auto kLongest = static_cast<std::uint64_t>(Milliseconds(Refusals::kLongestHold).count());
  const std::uint64_t age = ((now >> kPidBits) - (held >> kPidBits)) & kMostMs;
  return age >= kLongest && age <= kMostMs - kLongest;
}

std::size_t hash_of(std::string_view bytes) { return std::hash<std::string_view>{}(bytes); }

}  // namespace

struct Refusals::Table {
  std::atomic<std::uint64_t> holder{0};  // the lock_word() of the process that writes; 0: nobody
  std::atomic<std::uint64_t> lost{0};
  // Programs share this when it has the size that they know (refusals_memory.h). Those of another size lock in another way.
  std::array<std::byte, 8> unused;
  std::array<Place<StoredName>, kMostNames> names;
  std::array<Place<StoredClient>, kMostClients> clients;

  std::span<Place<StoredName>> places_of(std::string_view name) {
    return std::span(names).subspan(hash_of(name) % (kMostNames / kWays) * kWays, kWays);
  }
  std::span<Place<StoredClient>> places_of(const StoredIp& ip) {
    const std::string_view bytes(reinterpret_cast<const char*>(ip.bytes.data()), ip.bytes.size());
    return std::span(clients).subspan(hash_of(bytes) % (kMostClients / kWays) * kWays, kWays);
  }

  Place<StoredName>* find(std::string_view name) {
    for (auto& place : places_of(name)) {
      if (place.value.text() == name) return &place;
    }
    return nullptr;
  }
  Place<StoredClient>* find(const StoredIp& ip) {
    for (auto& place : places_of(ip)) {
      if (place.value.ip == ip) return &place;
    }
    return nullptr;
  }
  // An empty place, or the one that matters least: not what passes, then what is oldest.
  Place<StoredName>& least(std::string_view name, std::int64_t now) {
    const auto places = places_of(name);
    return *std::min_element(places.begin(), places.end(), [&](const auto& a, const auto& b) {
      const bool a_passes = a.value.passes_until > now, b_passes = b.value.passes_until > now;
      return std::pair(a_passes, a.value.last) < std::pair(b_passes, b.value.last);
    });
  }
  Place<StoredClient>& least(const StoredIp& ip) {
    const auto places = places_of(ip);
    return *std::min_element(places.begin(), places.end(), [](const auto& a, const auto& b) {
      return a.value.last < b.value.last;
    });
  }
};

namespace {

// Holds the table for writing, or not, when another process does not let go. Whoever died holding it is known by the time,
// as workers may not ask the kernel about other processes. Who was stopped for so long may write once more when it goes on,
// beside the next one: then a place holds something of both.
template <class Table>
class Lock {
 public:
  Lock(Table& table, WallTime now) : table_(table), word_(lock_word(now)) {
    for (int i = 0; i < kTries && !held_; ++i) {
      std::uint64_t holder = 0;
      held_ = table_.holder.compare_exchange_weak(holder, word_, std::memory_order_acquire);
      if (!held_ && is_abandoned(holder, word_))
        held_ = table_.holder.compare_exchange_strong(holder, word_, std::memory_order_acquire);
    }
    if (!held_) table_.lost.fetch_add(1, std::memory_order_relaxed);
  }
  ~Lock() {
    // Unless it was thought abandoned.
    std::uint64_t ours = word_;
    if (held_) table_.holder.compare_exchange_strong(ours, 0, std::memory_order_release);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  explicit operator bool() const { return held_; }

 private:
  Table& table_;
  const std::uint64_t word_;
  bool held_ = false;
};

void count(StoredName& name, const StoredIp& ip, RefusalSign sign, std::int64_t now) {
  ++name.counts[static_cast<std::size_t>(sign)];
  name.last = now;
  auto one = std::find_if(name.clients.begin(), name.clients.end(),
                          [&](const StoredRefusal& other) { return other.ip == ip; });
  if (one == name.clients.end()) {
    one = std::min_element(name.clients.begin(), name.clients.end(),
                           [](const auto& a, const auto& b) { return a.last < b.last; });
    *one = {ip, sign, 0, 0};
  }
  ++one->count;
  one->sign = sign;
  one->last = now;
}

// Values that another process wrote: whatever they are, they are in range afterwards.
RefusalSign checked(RefusalSign sign) {
  return static_cast<std::size_t>(sign) < kRefusalSigns ? sign : RefusalSign::closed;
}

}  // namespace

std::string_view name(RefusalSign sign) {
  constexpr std::string_view kNames[] = {"unknown_ca", "bad_certificate", "certificate_unknown",
                                         "another alert", "closed"};
  return kNames[static_cast<std::size_t>(sign)];
}

RefusalSign refusal_sign(std::uint8_t alert) {
  switch (alert) {
    case 48:
      return RefusalSign::unknown_ca;
    case 42:
      return RefusalSign::bad_certificate;
    case 46:
      return RefusalSign::certificate_unknown;
    default:
      return RefusalSign::other_alert;
  }
}

std::size_t Refusals::bytes() { return sizeof(Table); }

Refusals::Refusals(std::span<std::byte> memory) : table_(*reinterpret_cast<Table*>(memory.data())) {
  static_assert(std::is_trivially_destructible_v<Table>);
  assert(memory.size() >= sizeof(Table));
}

bool Refusals::note(std::string_view name, const IpAddress& client, RefusalSign sign, WallTime now,
                    const Learning& learning) {
  if (name.empty() || name.size() > kMostNameBytes) return false;
  const Lock lock(table_, now);
  if (!lock) return false;
  const StoredIp ip = StoredIp::of(client);
  const std::int64_t time = ns(now);

  StoredName stored;
  auto* place = table_.find(name);
  if (place != nullptr) {
    stored = place->value;
  } else {
    place = &table_.least(name, time);
    std::copy(name.begin(), name.end(), stored.name.begin());
    stored.size = static_cast<std::uint8_t>(name.size());
    stored.first = time;
  }
  const bool first_time = std::none_of(stored.clients.begin(), stored.clients.end(),
                                       [&](const auto& one) { return one.ip == ip; });
  count(stored, ip, sign, time);

  auto* its = table_.find(ip);
  StoredClient known = its == nullptr ? StoredClient{ip} : its->value;
  known.last = time;
  if (first_time && known.names_refused < kMostNamesCounted) ++known.names_refused;
  (its == nullptr ? table_.least(ip) : *its).write(known);

  const auto counts = [&](const StoredRefusal& one) {
    const auto* other = one.ip.size == 0 ? nullptr : table_.find(one.ip);
    return other != nullptr && other->value.accepted != 0 &&
           one.last > time - ns(WallTime(learning.within));
  };
  const auto refusing =
      static_cast<std::size_t>(std::count_if(stored.clients.begin(), stored.clients.end(), counts));
  const bool learned =
      learning.clients > 0 && refusing >= learning.clients && stored.passes_until <= time;
  if (learned) stored.passes_until = time + ns(WallTime(learning.pass_for));
  place->write(stored);
  return learned;
}

void Refusals::note_accepted(const IpAddress& client, WallTime now) {
  const StoredIp ip = StoredIp::of(client);
  const std::int64_t time = ns(now);
  if (const auto* place = table_.find(ip)) {
    const auto known = place->read();
    if (known && known->ip == ip && time - known->accepted < kAcceptedEvery) return;
  }
  const Lock lock(table_, now);
  if (!lock) return;
  auto* place = table_.find(ip);
  StoredClient known = place == nullptr ? StoredClient{ip} : place->value;
  known.last = known.accepted = time;
  (place == nullptr ? table_.least(ip) : *place).write(known);
}

bool Refusals::passes(std::string_view name, WallTime now) const {
  if (name.empty()) return false;
  const auto* place = table_.find(name);
  if (place == nullptr || place->value.passes_until == 0) return false;
  const auto stored = place->read();
  return stored && stored->text() == name && stored->passes_until > ns(now);
}

bool Refusals::forget(std::string_view name, WallTime now) {
  const Lock lock(table_, now);
  if (!lock || name.empty()) return false;
  auto* place = table_.find(name);
  if (place == nullptr) return false;
  place->write({});
  return true;
}

std::vector<Refusals::Name> Refusals::list(std::size_t most) const {
  std::vector<Name> names;
  for (const auto& place : table_.names) {
    const auto stored = place.read();
    if (!stored || stored->size == 0) continue;
    Name one;
    one.name = stored->text();
    one.counts = stored->counts;
    one.first = wall_time(stored->first);
    one.last = wall_time(stored->last);
    one.passes_until = wall_time(stored->passes_until);
    for (const StoredRefusal& refusal : stored->clients) {
      if (refusal.ip.size == 0) continue;
      Client client{refusal.ip.ip(),         refusal.count, checked(refusal.sign),
                    wall_time(refusal.last), false,         1};
      const auto* its = table_.find(refusal.ip);
      if (const auto known = its == nullptr ? std::nullopt : its->read()) {
        client.accepts_others = known->accepted != 0;
        client.names = std::min(std::max(known->names_refused, 1u), kMostNamesCounted);
      }
      one.clients.push_back(std::move(client));
    }
    names.push_back(std::move(one));
  }
  std::sort(names.begin(), names.end(),
            [](const Name& a, const Name& b) { return a.last > b.last; });
  if (names.size() > most) names.resize(most);
  return names;
}

std::uint64_t Refusals::lost() const { return table_.lost.load(std::memory_order_relaxed); }

std::uint64_t Refusals::Name::count() const {
  std::uint64_t sum = 0;
  for (const std::uint64_t one : counts) sum += one;
  return sum;
}

std::string likely_cause(const Refusals::Name& name) {
  const auto& clients = name.clients;
  const bool trusting = std::any_of(clients.begin(), clients.end(),
                                    [](const auto& one) { return one.accepts_others; });
  const bool refusing_all = std::any_of(clients.begin(), clients.end(), [](const auto& one) {
    return !one.accepts_others && one.names > 1;
  });
  if (trusting && refusing_all)
    return "some of these clients lack the CA, on others an app takes only its own certificates";
  if (trusting) return "an app that takes only its own certificates (pinning): let this name pass";
  if (refusing_all)
    return "the client lacks the CA, as it refuses other names, too: install the CA there, or "
           "bypass the client";
  return "the client lacks the CA, or an app takes only its own certificates (pinning)";
}

}  // namespace hyalite
