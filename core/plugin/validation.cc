// The same tables of the host, each entry checked: for instances with `validate: true`.
// SPDX-License-Identifier: MIT
#include "plugin/validation.h"

#include <algorithm>
#include <mutex>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "plugin/abi.h"
#include "plugin/host.h"
#include "plugin/instance.h"
#include "plugin/library.h"

namespace hyalite {

namespace {

// ---- who exists, and who is inside a hook
//
// The ABI's functions carry no more than an object, which may be stale: what they are checked
// against cannot be reached through it. So this is the one place with something global.

struct Known {
  std::mutex lock;
  std::vector<const CheckedInstance*> instances;
};
Known& known() {
  static Known all;
  return all;
}

thread_local const Lent* lent = nullptr;

template <class Fits>
const CheckedInstance* find_known(const Fits& fits) {
  Known& all = known();
  const std::lock_guard lock(all.lock);
  const auto at = std::find_if(all.instances.begin(), all.instances.end(),
                               [&](const CheckedInstance* one) { return fits(*one); });
  return at == all.instances.end() ? nullptr : *at;
}

// ---- the rules

enum class When { any, create, start, worker, hook };
constexpr std::uint64_t bit(Hook hook) { return std::uint64_t{1} << static_cast<unsigned>(hook); }
enum Traits : unsigned { kNullAllowed = 1, kAnswersAboutIt = 2, kTakesGeneration = 4 };

struct Rule {
  const char* function;
  When when;
  std::uint64_t hooks;  // 0: any that lends the object
  unsigned traits;
};

#define TABLE(type, id)
#define RULE(table, function, ...) table##_##function,
enum class Function : std::size_t {
#include "plugin/call_rules.inc"
};
#undef RULE
#define RULE(table, function, when, hooks, traits) \
  Rule{#table "." #function, when, hooks, static_cast<unsigned>(traits)},
constexpr Rule kRules[] = {
#include "plugin/call_rules.inc"
};
#undef RULE
#undef TABLE

std::string hook_list(std::uint64_t hooks) {
  std::string text;
  for (std::size_t i = 0; i < kHookCount; ++i) {
    if ((hooks >> i & 1) != 0)
      text += (text.empty() ? "" : ", ") + std::string(name(static_cast<Hook>(i)));
  }
  return text;
}

// ---- one call

class Check {
 public:
  Check(const Rule& rule, const void* caller) : rule_(rule), caller_(caller) {}

  // ---- the arguments, by their types; everything else is left to the function itself
  void see(const hyalite_host* host) {
    const auto* mine = find_known([&](const CheckedInstance& one) { return one.host.table() == host; });
    if (mine == nullptr) return wrong("a host that no instance was given");
    who_ = mine;
    check_moment(*mine);
  }
  void see(hyalite_flow* flow) { check_object(lent != nullptr && lent->flow == flow, "a flow"); }
  void see(hyalite_exchange* exchange) {
    check_object(lent != nullptr && lent->exchange == exchange && exchange != nullptr,
                 "an exchange");
  }
  void see(hyalite_window* window) {
    check_object(lent != nullptr && lent->window == window && window != nullptr, "a window");
  }
  void see(hyalite_bytes bytes) {
    if (bytes.data == nullptr && bytes.size > 0) wrong("bytes of a size without data");
    if (bytes.size > PTRDIFF_MAX) wrong("bytes of a size that no object has");
  }
  template <class T>
  void see(T* out) {
    constexpr bool is_out = !std::is_const_v<T> && !std::is_void_v<T>;
    if (is_out && out == nullptr && (rule_.traits & kNullAllowed) == 0)
      wrong("nowhere to put the result (NULL)");
  }
  template <class T>
    requires std::is_arithmetic_v<T>
  void see(T) {}

  bool passed() const { return what_.empty(); }
  // Misuse that only the function itself notices.
  void judge(hyalite_status status) {
    if ((rule_.traits & kAnswersAboutIt) != 0) return;
    if (status == HYALITE_E_INVALID) wrong("an argument is wrong (HYALITE_E_INVALID)");
    if (status == HYALITE_E_FORBIDDEN) wrong("what is never allowed (HYALITE_E_FORBIDDEN)");
    if (status == HYALITE_E_LATE && (rule_.traits & kTakesGeneration) != 0)
      wrong("a view that is no longer true (HYALITE_E_LATE)");
  }
  // The line, when there is something to tell.
  void report() {
    if (passed()) return;
    if (who_ == nullptr && lent != nullptr)
      who_ = find_known([](const CheckedInstance& one) { return &one.instance == lent->instance; });
    if (who_ == nullptr)
      who_ = find_known(
          [&](const CheckedInstance& one) { return one.instance.library().contains(caller_); });
    if (who_ != nullptr) who_->host.misused(rule_.function, hook_now(), what_);
  }

 private:
  void wrong(std::string what) {
    if (what_.empty()) what_ = std::move(what);
  }
  std::string_view hook_now() const { return lent != nullptr ? name(lent->hook) : "none"; }

  void check_moment(const CheckedInstance& mine) {
    if (rule_.when == When::any) return;
    if (std::this_thread::get_id() != mine.thread) return wrong("called from another thread");
    const bool creating = mine.host.session() != nullptr;
    const bool in_worker = mine.host.table()->worker_index != HYALITE_NO_WORKER;
    if (rule_.when == When::create && !creating) wrong("allowed in validate and create only");
    if (rule_.when == When::worker && !in_worker) wrong("allowed from start on, in a worker");
    if (rule_.when == When::start && (lent == nullptr || lent->hook != Hook::start))
      wrong("allowed in start only");
  }

  void check_object(bool is_lent, const char* kind) {
    if (lent == nullptr) return wrong("called outside of any hook, or from another thread");
    if (!is_lent) return wrong(std::string(kind) + " that this hook does not lend");
    if (rule_.hooks != 0 && (rule_.hooks & bit(lent->hook)) == 0)
      wrong("not in this hook: allowed in " + hook_list(rule_.hooks));
  }

  const Rule& rule_;
  const void* const caller_;
  const CheckedInstance* who_ = nullptr;
  std::string what_;
};

// What a refused call gives: the failure that its type can tell.
template <class R>
R refusal() {
  if constexpr (std::is_same_v<R, hyalite_status>) return HYALITE_E_INVALID;
  else if constexpr (!std::is_void_v<R>) return R{};
}

template <class Table>
const Table& plain();
#define TABLE(type, id)                                                \
  template <>                                                          \
  const type& plain<type>() {                                          \
    return *static_cast<const type*>(host_interface(std::string_view(id))); \
  }
#define RULE(...)
#include "plugin/call_rules.inc"
#undef TABLE
#undef RULE

template <Function kFunction, auto kMember>
struct Checked;
template <Function kFunction, class Table, class R, class... A, R (*Table::*kMember)(A...)>
struct Checked<kFunction, kMember> {
  static R call(A... arguments) {
    Check check(kRules[static_cast<std::size_t>(kFunction)], __builtin_return_address(0));
    (check.see(arguments), ...);
    if (!check.passed()) {
      check.report();
      return refusal<R>();
    }
    if constexpr (std::is_same_v<R, hyalite_status>) {
      const hyalite_status status = (plain<Table>().*kMember)(arguments...);
      check.judge(status);
      check.report();
      return status;
    } else {
      return (plain<Table>().*kMember)(arguments...);
    }
  }
};

// ---- the tables

template <class Table>
const Table& checked();
#define TABLE(type, id) std::pair<const char*, type>,
#define RULE(...)
using Tables = std::tuple<
#include "plugin/call_rules.inc"
    std::monostate>;
#undef TABLE
#undef RULE

Tables make_tables() {
  Tables tables{};
#define TABLE(type, id)                                                 \
  std::get<std::pair<const char*, type>>(tables).first = id;            \
  std::get<std::pair<const char*, type>>(tables).second.size = sizeof(type);
#define RULE(table, function, ...)                                      \
  std::get<std::pair<const char*, table>>(tables).second.function =     \
      &Checked<Function::table##_##function, &table::function>::call;
#include "plugin/call_rules.inc"
#undef TABLE
#undef RULE
  return tables;
}

}  // namespace

const void* checked_interface(std::string_view id) {
  static const Tables tables = make_tables();
  const void* found = nullptr;
  const auto look = [&](const auto& entry) {
    if constexpr (!std::is_same_v<std::decay_t<decltype(entry)>, std::monostate>) {
      if (entry.first == id) found = &entry.second;
    }
  };
  std::apply([&](const auto&... entries) { (look(entries), ...); }, tables);
  return found;
}

LentScope::LentScope(const Lent& now) : lent_(now) { lent = &lent_; }
LentScope::~LentScope() { lent = nullptr; }

CheckedInstance::CheckedInstance(InstanceHost& its_host, const Instance& its_instance)
    : host(its_host), instance(its_instance), thread(std::this_thread::get_id()) {
  Known& all = known();
  const std::lock_guard lock(all.lock);
  all.instances.push_back(this);
}

CheckedInstance::~CheckedInstance() {
  Known& all = known();
  const std::lock_guard lock(all.lock);
  std::erase(all.instances, this);
}

}  // namespace hyalite
