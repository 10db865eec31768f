// The host's tables, as the plugin under check gets them.
// SPDX-License-Identifier: MIT
#include "check/host_side.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <tuple>
#include <type_traits>
#include <variant>

#include "check/newer.h"
#include "check/sides.h"

namespace hyalite {

namespace {

template <class Table>
const Table*& behind() {
  static const Table* real = nullptr;
  return real;
}

#define TABLE(type, id)
#define RULE(table, function, ...) table##_##function,
enum class Function : std::size_t {
#include "plugin/call_rules.inc"
};
#undef RULE
#define RULE(table, function, ...) #table "." #function,
constexpr std::string_view kNames[] = {
#include "plugin/call_rules.inc"
};
#undef RULE
#undef TABLE

// Its answers are about what it is given, not about whether it could be done.
constexpr bool only_answers(Function function) {
  return function == Function::hyalite_host_http_check_name || function == Function::hyalite_host_http_check_value;
}
// What gives 0 when there are too many of them.
constexpr bool may_give_none(Function function) {
  return function == Function::hyalite_host_http_intern || function == Function::hyalite_host_notes_key;
}

template <class T>
T behind_it(T as_it_is) {
  return as_it_is;
}
const hyalite_host* behind_it(const hyalite_host* given) { return Layer::get().host_behind(given); }

template <Function kFunction, auto kMember>
struct Watched;
template <Function kFunction, class Table, class R, class... A, R (*Table::*kMember)(A...)>
struct Watched<kFunction, kMember> {
  static R call(A... arguments) {
    Layer& layer = Layer::get();
    const Outside now;
    constexpr bool may_fail =
        (std::is_same_v<R, hyalite_status> && !only_answers(kFunction)) || may_give_none(kFunction);
    if constexpr (may_fail) {
      if (layer.fails(kNames[static_cast<std::size_t>(kFunction)])) {
        if constexpr (std::is_same_v<R, hyalite_status>) return layer.plan.fail_with;
        return R{};
      }
    }
    if constexpr (std::is_void_v<R>) {
      (behind<Table>()->*kMember)(behind_it(arguments)...);
    } else {
      const R said = (behind<Table>()->*kMember)(behind_it(arguments)...);
      if constexpr (kFunction == Function::hyalite_host_channel_respond_stream) {
        if (said == HYALITE_OK && layer.clock != nullptr) layer.stream_began = layer.clock->now();
      }
      return newer(said);
    }
  }
};

#define TABLE(type, id) std::pair<std::string_view, type>,
#define RULE(...)
using Tables = std::tuple<
#include "plugin/call_rules.inc"
    std::monostate>;
#undef TABLE
#undef RULE

const Tables& watched_tables() {
  static const Tables made = [] {
    Tables tables{};
#define TABLE(type, id)                                       \
  std::get<std::pair<std::string_view, type>>(tables).first = id; \
  std::get<std::pair<std::string_view, type>>(tables).second.size = sizeof(type);
#define RULE(table, function, ...)                                       \
  std::get<std::pair<std::string_view, table>>(tables).second.function = \
      &Watched<Function::table##_##function, &table::function>::call;
#include "plugin/call_rules.inc"
#undef TABLE
#undef RULE
    return tables;
  }();
  return made;
}

// A copy that ends where no memory is any more. Never freed: the plugin may keep it.
const void* at_the_edge(const void* table, std::size_t size) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t room = (size + page - 1) / page * page;
  void* mapped = ::mmap(nullptr, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  char* begin = static_cast<char*>(mapped);
  ::mprotect(begin + room, page, PROT_NONE);
  char* copy = begin + room - size;
  std::memcpy(copy, table, size);
  const auto has = static_cast<std::uint32_t>(size);
  std::memcpy(copy, &has, sizeof has);
  return copy;
}

template <class Table>
const void* longer(const Table& table) {
  static std::vector<char> made(sizeof(Table) + kTail, static_cast<char>(kUnknown));
  Table known = table;
  known.size = sizeof(Table) + kTail;
  std::memcpy(made.data(), &known, sizeof known);
  return made.data();
}

}  // namespace

const std::vector<HostTable>& host_tables() {
  static const std::vector<HostTable> all = [] {
    std::vector<HostTable> tables;
#define TABLE(type, id) tables.push_back({id, {}});
#define RULE(table, function, ...) \
  tables.back().members.emplace_back(#function, offsetof(table, function) + sizeof(table::function));
#include "plugin/call_rules.inc"
#undef TABLE
#undef RULE
    return tables;
  }();
  return all;
}

const void* host_table(const hyalite_host* real, std::string_view id) {
  const LayerPlan& plan = Layer::get().plan;
  const void* found = nullptr;
  const auto look = [&]<class Entry>(const Entry& entry) {
    if constexpr (!std::is_same_v<Entry, std::monostate>) {
      using Table = typename Entry::second_type;
      if (entry.first != id) return;
      behind<Table>() = static_cast<const Table*>(real->get_interface(real, std::string(id).c_str()));
      if (behind<Table>() == nullptr) return;
      found = id == plan.cut_table ? at_the_edge(&entry.second, plan.cut_to)
              : plan.newer         ? longer(entry.second)
                                   : &entry.second;
    }
  };
  std::apply([&](const auto&... entries) { (look(entries), ...); }, watched_tables());
  return found;
}

}  // namespace hyalite
