// Between the host and the plugin under check: the same interface on both sides.
// SPDX-License-Identifier: MIT
#include "check/layer.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <tuple>
#include <type_traits>
#include <variant>

#include "base/text.h"
#include "plugin/abi.h"
#include "plugin/host.h"

namespace hyalite {

namespace {

thread_local bool inside = false;

// While it lives, the plugin's own code runs on this thread.
class Inside {
 public:
  Inside() : before_(std::exchange(inside, true)) {}
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  ~Inside() {
    inside = before_;
    if (!before_) Layer::get().end_lending();
  }

 private:
  const bool before_;
};

// ... and while this lives, it does not: the plugin has called us.
class Outside {
 public:
  Outside() : before_(std::exchange(inside, false)) {}
  Outside(const Outside&) = delete;
  Outside& operator=(const Outside&) = delete;
  ~Outside() { inside = before_; }

 private:
  const bool before_;
};

template <class Call>
auto call_plugin(Call&& call) {
  const Inside now;
  try {
    return call();
  } catch (...) {
    Layer::get().escaped();
    throw;
  }
}

// ---- what the host gives, as a newer host would give it

constexpr std::size_t kTail = 64;
constexpr int kUnknown = 0xa5;

// Structures that begin with their size, and may be longer than the plugin knows.
template <class T>
concept Sized = std::is_same_v<T, hyalite_flow_info> || std::is_same_v<T, hyalite_flow_summary> ||
                std::is_same_v<T, hyalite_client_hello> || std::is_same_v<T, hyalite_tls_info> ||
                std::is_same_v<T, hyalite_request_line> || std::is_same_v<T, hyalite_response_line> ||
                std::is_same_v<T, hyalite_exchange_summary> || std::is_same_v<T, hyalite_window_view> ||
                std::is_same_v<T, hyalite_resumption> || std::is_same_v<T, hyalite_worker>;

template <class T>
T newer(T as_it_is) {
  return as_it_is;
}
template <Sized T>
const T* newer(const T* given) {
  Layer& layer = Layer::get();
  if (!layer.plan.newer || given == nullptr) return given;
  char* longer = static_cast<char*>(layer.lend(sizeof(T) + kTail));
  std::memset(longer, kUnknown, sizeof(T) + kTail);
  std::memcpy(longer, given, sizeof(T));
  const std::uint32_t size = sizeof(T) + kTail;
  std::memcpy(longer, &size, sizeof size);
  return reinterpret_cast<const T*>(longer);
}
const hyalite_headers* newer(const hyalite_headers* given) {
  Layer& layer = Layer::get();
  if (!layer.plan.newer || given == nullptr) return given;
  const std::size_t stride = given->stride + 24;
  char* items = static_cast<char*>(layer.lend(stride * given->count + kTail));
  std::memset(items, kUnknown, stride * given->count + kTail);
  for (std::uint32_t i = 0; i < given->count; ++i)
    std::memcpy(items + i * stride, hyalite_header_at(given, i), sizeof(hyalite_header));
  char* longer = static_cast<char*>(layer.lend(sizeof *given + kTail));
  std::memset(longer, kUnknown, sizeof *given + kTail);
  hyalite_headers wide = *given;
  wide.size = sizeof *given + kTail;
  wide.stride = static_cast<std::uint32_t>(stride);
  wide.items = reinterpret_cast<const hyalite_header*>(items);
  std::memcpy(longer, &wide, sizeof wide);
  return reinterpret_cast<const hyalite_headers*>(longer);
}

// ---- the host's tables, as the plugin gets them

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
      return newer((behind<Table>()->*kMember)(behind_it(arguments)...));
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

// ---- the plugin's tables, as the host gets them

template <class Table>
Table& plugins() {
  static Table real{};
  return real;
}

template <auto kMember>
struct Hooked;
template <class Table, class R, class... A, R (*Table::*kMember)(A...)>
struct Hooked<kMember> {
  static constexpr bool kNumbersAreOpen = [] {
    if constexpr (std::is_same_v<decltype(kMember), decltype(&hyalite_flow_hooks::protocol)>) return true;
    else if constexpr (std::is_same_v<decltype(kMember), decltype(&hyalite_http_hooks::tunnel_open)>) return true;
    else return false;
  }();
  template <class T>
  static T given(T argument) {
    if constexpr (kNumbersAreOpen && std::is_same_v<T, std::uint32_t>) {
      if (Layer::get().plan.newer) return 77;
    }
    return newer(argument);
  }
  static R call(A... arguments) {
    return call_plugin([&] { return (plugins<Table>().*kMember)(given(arguments)...); });
  }
};

// ---- what is written down at an end

std::string text_of(hyalite_bytes bytes) { return printable(view(bytes), 400); }

template <class Object, class Find, class Note>
std::string left_about(Object* object, Find find, Note note) {
  std::string text;
  hyalite_finding finding{};
  finding.size = sizeof finding;
  for (std::size_t i = 0; find(object, i, &finding) == HYALITE_OK; ++i) {
    if (view(finding.source) != "hyalite") text += " finding " + text_of(finding.name) + "=" + text_of(finding.detail);
  }
  hyalite_field field{};
  for (std::size_t i = 0; note(object, i, &field) == HYALITE_OK; ++i)
    text += " note " + text_of(field.name) + "=" + text_of(field.value);
  return text;
}

hyalite_verdict exchange_end(void* instance, hyalite_exchange* exchange, void* state, const hyalite_exchange_summary* summary) {
  if (auto* ended = Layer::get().ended) {
    ended->push_back({flow_table()->info(http_table()->flow(exchange))->id, "exchange end " + std::to_string(summary->end) + " status " + std::to_string(summary->status) + " upstream " +
                      std::to_string(summary->upstream_status) + " by " + text_of(summary->decided_by) + " because " +
                      text_of(summary->decision_reason) + " " + text_of(summary->reason) +
                      left_about(exchange, http_table()->finding, notes_table()->at)});
  }
  const auto own = plugins<hyalite_http_hooks>().exchange_end;
  if (own == nullptr) return HYALITE_CONTINUE;
  return call_plugin([&] { return own(instance, exchange, state, newer(summary)); });
}

hyalite_verdict flow_close(void* instance, hyalite_flow* flow, void* state, const hyalite_flow_summary* summary) {
  if (auto* ended = Layer::get().ended) {
    ended->push_back({flow_table()->info(flow)->id, "flow end " + std::to_string(summary->end) + " by " + text_of(summary->decided_by) + " because " +
                      text_of(summary->decision_reason) + " " + text_of(summary->reason) +
                      left_about(flow, flow_table()->finding, notes_table()->at_flow)});
  }
  const auto own = plugins<hyalite_flow_hooks>().flow_close;
  if (own == nullptr) return HYALITE_CONTINUE;
  return call_plugin([&] { return own(instance, flow, state, newer(summary)); });
}

template <class Table>
void take_table(const hyalite_descriptor& real, const char* id) {
  Table& into = plugins<Table>();
  into = Table{};
  const void* given = real.get_interface(id);
  if (given == nullptr) return;
  std::uint32_t size = 0;
  std::memcpy(&size, given, sizeof size);
  std::memcpy(&into, given, std::min<std::size_t>(size, sizeof into));
}

template <auto kMember, class Table>
void hook(Table& table) {
  if (plugins<Table>().*kMember != nullptr) table.*kMember = &Hooked<kMember>::call;
}

struct PluginTables {
  hyalite_flow_hooks flow{};
  hyalite_tls_hooks tls{};
  hyalite_http_hooks http{};
  hyalite_stream_hooks stream{};
  hyalite_state_hooks state{};
  hyalite_async_hooks async{};

  explicit PluginTables(const hyalite_descriptor& real) {
    take_table<hyalite_flow_hooks>(real, HYALITE_FLOW_ID);
    take_table<hyalite_tls_hooks>(real, HYALITE_TLS_ID);
    take_table<hyalite_http_hooks>(real, HYALITE_HTTP_ID);
    take_table<hyalite_stream_hooks>(real, HYALITE_STREAM_ID);
    take_table<hyalite_state_hooks>(real, HYALITE_STATE_ID);
    take_table<hyalite_async_hooks>(real, HYALITE_ASYNC_ID);
    flow.size = sizeof flow, tls.size = sizeof tls, http.size = sizeof http;
    stream.size = sizeof stream, state.size = sizeof state, async.size = sizeof async;
    state.flow_size = plugins<hyalite_state_hooks>().flow_size;
    state.exchange_size = plugins<hyalite_state_hooks>().exchange_size;
    hook<&hyalite_flow_hooks::flow_open>(flow);
    hook<&hyalite_flow_hooks::protocol>(flow);
    hook<&hyalite_flow_hooks::upstream_connect>(flow);
    flow.flow_close = &flow_close;
    hook<&hyalite_tls_hooks::client_hello>(tls);
    hook<&hyalite_tls_hooks::upstream_tls>(tls);
    hook<&hyalite_tls_hooks::tls_done>(tls);
    hook<&hyalite_http_hooks::request_head>(http);
    hook<&hyalite_http_hooks::request_body>(http);
    hook<&hyalite_http_hooks::request_trailers>(http);
    hook<&hyalite_http_hooks::request_end>(http);
    hook<&hyalite_http_hooks::response_info>(http);
    hook<&hyalite_http_hooks::response_head>(http);
    hook<&hyalite_http_hooks::response_body>(http);
    hook<&hyalite_http_hooks::response_trailers>(http);
    hook<&hyalite_http_hooks::response_end>(http);
    hook<&hyalite_http_hooks::tunnel_open>(http);
    http.exchange_end = &exchange_end;
    hook<&hyalite_stream_hooks::data>(stream);
    hook<&hyalite_state_hooks::flow_init>(state);
    hook<&hyalite_state_hooks::flow_fini>(state);
    hook<&hyalite_state_hooks::exchange_init>(state);
    hook<&hyalite_state_hooks::exchange_fini>(state);
    hook<&hyalite_async_hooks::resume_flow>(async);
    hook<&hyalite_async_hooks::resume_exchange>(async);
  }
};

const void* plugin_table(const char* id) {
  static const PluginTables tables(Layer::get().real());
  const std::string_view wanted = id;
  if (wanted == HYALITE_FLOW_ID) return &tables.flow;
  if (wanted == HYALITE_TLS_ID) return &tables.tls;
  if (wanted == HYALITE_HTTP_ID) return &tables.http;
  if (wanted == HYALITE_STREAM_ID) return &tables.stream;
  if (wanted == HYALITE_STATE_ID) return &tables.state;
  if (wanted == HYALITE_ASYNC_ID) return &tables.async;
  return Layer::get().real().get_interface(id);
}

}  // namespace

bool inside_plugin() { return inside; }

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

struct Layer::Given {
  hyalite_host table{};
  const hyalite_host* real = nullptr;  // null: its instance is no more
  void* instance = nullptr;
};

Layer& Layer::get() {
  static Layer layer;
  return layer;
}

Layer& Layer::put_before(const hyalite_descriptor& real) {
  Layer& layer = get();
  layer.real_ = &real;
  hyalite_descriptor& mine = layer.descriptor_;
  std::memcpy(&mine, &real, std::min<std::size_t>(real.size, sizeof mine));
  mine.size = sizeof mine;
  mine.get_interface = &plugin_table;
  if (real.validate != nullptr)
    mine.validate = [](const hyalite_host* host) {
      Given& given = get().give(host);
      return call_plugin([&] { return get().real().validate(&given.table); });
    };
  mine.create = [](const hyalite_host* host, void** instance) {
    Given& given = get().give(host);
    const hyalite_status status = call_plugin([&] { return get().real().create(&given.table, instance); });
    if (status == HYALITE_OK) get().remember(*instance, given);
    return status;
  };
  if (real.start != nullptr)
    mine.start = [](void* instance, const hyalite_worker* worker) {
      get().refresh(instance);
      return call_plugin([&] { return get().real().start(instance, newer(worker)); });
    };
  if (real.tick != nullptr)
    mine.tick = [](void* instance) { return call_plugin([&] { return get().real().tick(instance); }); };
  if (real.reopen != nullptr)
    mine.reopen = [](void* instance) { return call_plugin([&] { return get().real().reopen(instance); }); };
  if (real.drain != nullptr)
    mine.drain = [](void* instance) { return call_plugin([&] { return get().real().drain(instance); }); };
  if (real.stop != nullptr)
    mine.stop = [](void* instance) { return call_plugin([&] { return get().real().stop(instance); }); };
  mine.destroy = [](void* instance) { call_plugin([&] { return get().real().destroy(instance); }); };
  return layer;
}

Layer::Given& Layer::give(const hyalite_host* host) {
  Given* given = nullptr;
  for (const auto& one : given_) {
    if (one->real == host) return *one;
    if (one->real == nullptr) given = one.get();
  }
  if (given == nullptr) given = given_.emplace_back(std::make_unique<Given>()).get();
  given->real = host;
  given->table = *host;
  given->table.get_interface = [](const hyalite_host* asked, const char* id) {
    const Outside now;
    const hyalite_host* real = get().host_behind(asked);
    return id == nullptr ? nullptr : get().table(real, id);
  };
  given->table.log = [](const hyalite_host* asked, std::uint32_t level, hyalite_bytes message, const hyalite_field* fields,
                        std::size_t count) {
    const Outside now;
    const hyalite_host* real = get().host_behind(asked);
    real->log(real, level, message, fields, count);
  };
  given->table.now = [](const hyalite_host* asked, std::uint32_t which) {
    const Outside now;
    const Clock* held = get().clock;
    const hyalite_host* real = get().host_behind(asked);
    if (held == nullptr) return real->now(real, which);
    if (which != HYALITE_CLOCK_MONOTONIC) return nanoseconds(held->wall_time());
    return static_cast<std::int64_t>(std::chrono::nanoseconds(held->now().time_since_epoch()).count());
  };
  return *given;
}

const hyalite_host* Layer::host_behind(const hyalite_host* given) const {
  for (const auto& one : given_) {
    if (&one->table == given && one->real != nullptr) return one->real;
  }
  return given;  // nobody was given it: whoever checks calls will say so
}

void Layer::remember(void* instance, Given& given) { given.instance = instance; }

void Layer::refresh(void* instance) {
  for (const auto& one : given_) {
    if (one->real != nullptr && one->instance == instance) one->table.worker_index = one->real->worker_index;
  }
}

void Layer::forget(const hyalite_host* host) {
  for (const auto& one : given_) {
    if (one->real == host) *one = {};
  }
}

const void* Layer::table(const hyalite_host* real, std::string_view id) {
  if (id == plan.withheld) return nullptr;
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

bool Layer::fails(std::string_view function) {
  if (++calls_ != plan.fail_call) return false;
  failed_ = function;
  return true;
}

bool Layer::allocation_fails() { return ++allocations_ == plan.fail_allocation; }

void* Layer::lend(std::size_t size) { return lent_.emplace_back(size).data(); }

void Layer::end_lending() {
  for (std::vector<char>& one : lent_) std::fill(one.begin(), one.end(), static_cast<char>(0xdd));
  lent_.clear();
}

}  // namespace hyalite
