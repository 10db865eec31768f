// From a class to the tables: finds out which hooks the class has, and stops exceptions. Included
// by <hyalite/plugin.hpp>. SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/cpp/async.hpp>
#include <hyalite/cpp/border.hpp>
#include <hyalite/cpp/http.hpp>
#include <hyalite/cpp/settings.hpp>

#include <cstddef>
#include <cstring>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

namespace hyalite __attribute__((visibility("hidden"))) {
  inline namespace v1 {
  namespace detail {

// Those about flows and exchanges.
#define HYALITE_HOOKS(each)                                                                       \
  each(on_flow_open) each(on_protocol) each(on_upstream_connect) each(on_flow_close)              \
  each(on_client_hello) each(on_upstream_tls) each(on_tls_done) each(on_data) each(on_ws_message) \
  each(on_request_head) each(on_request_body) each(on_request_trailers) each(on_request_end)      \
  each(on_response_info) each(on_response_head) each(on_response_body)                            \
  each(on_response_trailers) each(on_response_end) each(on_tunnel_open) each(on_exchange_end)     \
  each(on_resume_flow) each(on_resume)

// has_<name>: does the class have a public member of that name, exactly one?
#define HYALITE_DETECT(member)              \
  template <class T, class = void>          \
  struct has_##member : std::false_type {}; \
  template <class T>                        \
  struct has_##member<T, std::void_t<decltype(&T::member)>> : std::true_type {};
  HYALITE_DETECT(configure)
  HYALITE_DETECT(start)
  HYALITE_DETECT(tick)
  HYALITE_DETECT(reopen)
  HYALITE_DETECT(drain)
  HYALITE_DETECT(stop)
  HYALITE_DETECT(settings_schema)
  HYALITE_HOOKS(HYALITE_DETECT)
#undef HYALITE_DETECT

// is_named_<name>: does it have any of that name, public or not, one or more? Then the name is
// ambiguous beside the one of HookNames. What is final has nobody beside it, and is not asked.
#define HYALITE_NAME(member) void member();
  struct HookNames {
    HYALITE_NAME(configure)
    HYALITE_HOOKS(HYALITE_NAME)
  };
#undef HYALITE_NAME
  template <class T, bool = std::is_final_v<T>>
  struct Beside : T, HookNames {};
  template <class T>
  struct Beside<T, true> : HookNames {};
#define HYALITE_DETECT(member)                  \
  template <class T, class = void>              \
  struct is_named_##member : std::true_type {}; \
  template <class T>                            \
  struct is_named_##member<T, std::void_t<decltype(&Beside<T>::member)>> : std::false_type {};
  HYALITE_DETECT(configure)
  HYALITE_HOOKS(HYALITE_DETECT)
#undef HYALITE_DETECT

  struct NoState {
    NoState() = delete;
  };
  template <class T, class = void>
  struct FlowStateOf {
    using type = NoState;
  };
  template <class T>
  struct FlowStateOf<T, std::void_t<typename T::FlowState>> {
    using type = typename T::FlowState;
  };
  template <class T, class = void>
  struct ExchangeStateOf {
    using type = NoState;
  };
  template <class T>
  struct ExchangeStateOf<T, std::void_t<typename T::ExchangeState>> {
    using type = typename T::ExchangeState;
  };

  // The functions of one state type in the table of states.
  template <class State>
  struct StateThunks {
    static constexpr bool kNone = std::is_same_v<State, NoState>;
    static constexpr std::size_t size() {
      if constexpr (kNone) {
        return 0;
      } else {
        static_assert(alignof(State) <= alignof(std::max_align_t),
                      "the host aligns state for ordinary types only");
        return sizeof(State);
      }
    }
    static hyalite_status init([[maybe_unused]] void* instance,
                               [[maybe_unused]] void* state) noexcept {
      HYALITE_TRY {
        if constexpr (!kNone) ::new (state) State();
        return HYALITE_OK;
      }
      HYALITE_CATCH(nullptr, "state", HYALITE_E_FAILED)
    }
    static void fini([[maybe_unused]] void* instance, [[maybe_unused]] void* state) noexcept {
      if constexpr (!kNone) static_cast<State*>(state)->~State();
    }
    static constexpr hyalite_status (*init_or_null())(void*, void*) {
      if constexpr (!kNone) return &init;
      return nullptr;
    }
    static constexpr void (*fini_or_null())(void*, void*) {
      if constexpr (!kNone && !std::is_trivially_destructible_v<State>) return &fini;
      return nullptr;
    }
  };

  constexpr hyalite_verdict number(Verdict verdict) {
    return static_cast<hyalite_verdict>(verdict);
  }

  // Calls a hook with its state when it takes one; what it returns becomes the ABI's number.
  template <class T, class State, class Method, class... Args>
  hyalite_verdict call(T& plugin, Method method, [[maybe_unused]] void* state, Args&&... args) {
    if constexpr (std::is_invocable_v<Method, T&, Args..., State&>) {
      auto& own = *static_cast<State*>(state);
      if constexpr (std::is_void_v<std::invoke_result_t<Method, T&, Args..., State&>>) {
        (plugin.*method)(std::forward<Args>(args)..., own);
        return HYALITE_CONTINUE;
      } else {
        return number((plugin.*method)(std::forward<Args>(args)..., own));
      }
    } else {
      static_assert(std::is_invocable_v<Method, T&, Args...>,
                    "a hook has other parameters than <hyalite/plugin.hpp> says");
      if constexpr (std::is_void_v<std::invoke_result_t<Method, T&, Args...>>) {
        (plugin.*method)(std::forward<Args>(args)...);
        return HYALITE_CONTINUE;
      } else {
        return number((plugin.*method)(std::forward<Args>(args)...));
      }
    }
  }

  template <class T>
  struct Thunks {
    using FlowState = typename FlowStateOf<T>::type;
    using ExchangeState = typename ExchangeStateOf<T>::type;

    static T& plugin(void* instance) { return *static_cast<T*>(instance); }
    static const Host& host(void* instance) { return plugin(instance).host_; }
    static const hyalite_host* root(void* instance) { return host(instance).root; }

    // ---- lifecycle

    static hyalite_status create(const hyalite_host* root, void** out) noexcept {
      HYALITE_TRY {
        const Host host = Host::of(root);
        if (!host.complete()) return HYALITE_E_UNSUPPORTED;
        if (const char* draft = lacking(host); draft != nullptr) {
          const std::string why = std::string("the plugin has hooks of ") + draft + ", a draft that this host does not have: rebuild it with the headers of this Hyalite";
          host.settings->mistake(root, nullptr, bytes(why));
          return HYALITE_E_UNSUPPORTED;
        }
        T* made = new (std::nothrow) T();
        if (made == nullptr) return HYALITE_E_FAILED;
        *out = made;  // destroyed by the host, also when configure fails
        made->host_ = host;
        if constexpr (has_configure<T>::value) return configure(*made);
        return HYALITE_OK;
      }
      HYALITE_CATCH(root, "create", HYALITE_E_FAILED)
    }
    // The draft that the class has hooks of, and the host does not call; null: none. Else they would silently never be called.
    static const char* lacking(const Host& host) {
      constexpr bool kHearsTls = has_on_client_hello<T>::value || has_on_upstream_tls<T>::value || has_on_tls_done<T>::value;
      if (kHearsTls && host.tls == nullptr) return HYALITE_TLS_ID;
      if (has_on_ws_message<T>::value && host.ws == nullptr) return HYALITE_WS_ID;
      return nullptr;
    }
    static hyalite_status configure(T& made) {
      const Settings settings(made.host_, made.host_.settings->root(made.host_.root));
      using R = decltype(made.configure(settings));
      if constexpr (std::is_void_v<R>) {
        made.configure(settings);  // mistakes were told to the host, which knows of them
        return HYALITE_OK;
      } else {
        return made.configure(settings);
      }
    }
    static hyalite_status start(void* instance, const hyalite_worker* worker) noexcept {
      HYALITE_TRY {
        plugin(instance).find_cells();
        if constexpr (has_start<T>::value) {
          using R = decltype(plugin(instance).start(*worker));
          if constexpr (!std::is_void_v<R>) return plugin(instance).start(*worker);
          if constexpr (std::is_void_v<R>) plugin(instance).start(*worker);
        }
        (void)worker;
        return HYALITE_OK;
      }
      HYALITE_CATCH(root(instance), "start", HYALITE_E_FAILED)
    }
    static void destroy(void* instance) noexcept { delete &plugin(instance); }

#define HYALITE_LIFE(member)                                                                    \
  static hyalite_status member(void* instance) noexcept {HYALITE_TRY{plugin(instance).member(); \
  return HYALITE_OK;                                                                            \
  }                                                                                             \
  HYALITE_CATCH(root(instance), #member, HYALITE_E_FAILED)                                      \
  }
    HYALITE_LIFE(tick)
    HYALITE_LIFE(reopen)
    HYALITE_LIFE(drain)
    HYALITE_LIFE(stop)
#undef HYALITE_LIFE

    // ---- hooks

#define HYALITE_BEGIN HYALITE_TRY {
#define HYALITE_END(where) \
  }                        \
  HYALITE_CATCH(root(instance), where, HYALITE_ERROR)

    static hyalite_verdict flow_open(void* instance, hyalite_flow* f, void* state) noexcept {
      HYALITE_BEGIN Flow flow(host(instance), f);
      return call<T, FlowState>(plugin(instance), &T::on_flow_open, state, flow);
      HYALITE_END("flow_open")
    }
    static hyalite_verdict protocol(void* instance, hyalite_flow* f, void* state,
                                    std::uint32_t which) noexcept {
      HYALITE_BEGIN Flow flow(host(instance), f);
      return call<T, FlowState>(plugin(instance), &T::on_protocol, state, flow, which);
      HYALITE_END("protocol")
    }
    static hyalite_verdict upstream_connect(void* instance, hyalite_flow* f, void* state,
                                            const hyalite_address* to) noexcept {
      HYALITE_BEGIN Flow flow(host(instance), f);
      return call<T, FlowState>(plugin(instance), &T::on_upstream_connect, state, flow, *to);
      HYALITE_END("upstream_connect")
    }
    static hyalite_verdict flow_close(void* instance, hyalite_flow* f, void* state,
                                      const hyalite_flow_summary* summary) noexcept {
      HYALITE_BEGIN Flow flow(host(instance), f);
      return call<T, FlowState>(plugin(instance), &T::on_flow_close, state, flow, *summary);
      HYALITE_END("flow_close")
    }
    static hyalite_verdict client_hello(void* instance, hyalite_flow* f, void* state,
                                        const hyalite_client_hello* hello) noexcept {
      HYALITE_BEGIN Flow flow(host(instance), f);
      return call<T, FlowState>(plugin(instance), &T::on_client_hello, state, flow, *hello);
      HYALITE_END("client_hello")
    }
    static hyalite_verdict upstream_tls(void* instance, hyalite_flow* f, void* state, const hyalite_tls_info* about) noexcept {
      HYALITE_BEGIN Flow flow(host(instance), f);
      return call<T, FlowState>(plugin(instance), &T::on_upstream_tls, state, flow, *about);
      HYALITE_END("upstream_tls")
    }
    static hyalite_verdict tls_done(void* instance, hyalite_flow* f, void* state, const hyalite_tls_info* about) noexcept {
      HYALITE_BEGIN Flow flow(host(instance), f);
      return call<T, FlowState>(plugin(instance), &T::on_tls_done, state, flow, *about);
      HYALITE_END("tls_done")
    }
    static hyalite_verdict data(void* instance, hyalite_flow* f, void* state,
                                hyalite_direction direction, hyalite_window* window,
                                const hyalite_window_view* view) noexcept {
      HYALITE_BEGIN Flow flow(host(instance), f);
      Body body(host(instance), window, view);
      return call<T, FlowState>(plugin(instance), &T::on_data, state, flow, direction, body);
      HYALITE_END("data")
    }
    static hyalite_verdict ws_message(void* instance, hyalite_flow* f, void* state, hyalite_direction direction,
                                      const hyalite_ws_message* about) noexcept {
      HYALITE_BEGIN Flow flow(host(instance), f);
      WebSocketMessage message(host(instance), f, *about);
      return call<T, FlowState>(plugin(instance), &T::on_ws_message, state, flow, direction, message);
      HYALITE_END("ws_message")
    }

    static hyalite_verdict request_head(void* instance, hyalite_exchange* x, void* state,
                                        const hyalite_headers* headers) noexcept {
      HYALITE_BEGIN Request request(host(instance), x, headers);
      return call<T, ExchangeState>(plugin(instance), &T::on_request_head, state, request);
      HYALITE_END("request_head")
    }
    static hyalite_verdict request_body(void* instance, hyalite_exchange* x, void* state,
                                        hyalite_window* window,
                                        const hyalite_window_view* view) noexcept {
      HYALITE_BEGIN Request request(host(instance), x);
      Body body(host(instance), window, view);
      return call<T, ExchangeState>(plugin(instance), &T::on_request_body, state, request, body);
      HYALITE_END("request_body")
    }
    static hyalite_verdict request_trailers(void* instance, hyalite_exchange* x, void* state,
                                            const hyalite_headers* headers) noexcept {
      HYALITE_BEGIN Trailers trailers(host(instance), x, HYALITE_PART_REQUEST_TRAILERS, headers);
      return call<T, ExchangeState>(plugin(instance), &T::on_request_trailers, state, trailers);
      HYALITE_END("request_trailers")
    }
    static hyalite_verdict request_end(void* instance, hyalite_exchange* x, void* state) noexcept {
      HYALITE_BEGIN Request request(host(instance), x);
      return call<T, ExchangeState>(plugin(instance), &T::on_request_end, state, request);
      HYALITE_END("request_end")
    }
    static hyalite_verdict response_info(void* instance, hyalite_exchange* x, void* state,
                                         std::uint32_t, const hyalite_headers* headers) noexcept {
      HYALITE_BEGIN Response response(host(instance), x, headers, HYALITE_PART_INFO);
      return call<T, ExchangeState>(plugin(instance), &T::on_response_info, state, response);
      HYALITE_END("response_info")
    }
    static hyalite_verdict response_head(void* instance, hyalite_exchange* x, void* state,
                                         const hyalite_headers* headers) noexcept {
      HYALITE_BEGIN Response response(host(instance), x, headers);
      return call<T, ExchangeState>(plugin(instance), &T::on_response_head, state, response);
      HYALITE_END("response_head")
    }
    static hyalite_verdict response_body(void* instance, hyalite_exchange* x, void* state,
                                         hyalite_window* window,
                                         const hyalite_window_view* view) noexcept {
      HYALITE_BEGIN Response response(host(instance), x);
      Body body(host(instance), window, view);
      return call<T, ExchangeState>(plugin(instance), &T::on_response_body, state, response, body);
      HYALITE_END("response_body")
    }
    static hyalite_verdict response_trailers(void* instance, hyalite_exchange* x, void* state,
                                             const hyalite_headers* headers) noexcept {
      HYALITE_BEGIN Trailers trailers(host(instance), x, HYALITE_PART_RESPONSE_TRAILERS, headers);
      return call<T, ExchangeState>(plugin(instance), &T::on_response_trailers, state, trailers);
      HYALITE_END("response_trailers")
    }
    static hyalite_verdict response_end(void* instance, hyalite_exchange* x, void* state) noexcept {
      HYALITE_BEGIN Response response(host(instance), x);
      return call<T, ExchangeState>(plugin(instance), &T::on_response_end, state, response);
      HYALITE_END("response_end")
    }
    static hyalite_verdict tunnel_open(void* instance, hyalite_exchange* x, void* state,
                                       std::uint32_t kind) noexcept {
      HYALITE_BEGIN Exchange exchange(host(instance), x);
      return call<T, ExchangeState>(plugin(instance), &T::on_tunnel_open, state, exchange, kind);
      HYALITE_END("tunnel_open")
    }
    static hyalite_verdict exchange_end(void* instance, hyalite_exchange* x, void* state,
                                        const hyalite_exchange_summary* summary) noexcept {
      HYALITE_BEGIN Exchange exchange(host(instance), x);
      return call<T, ExchangeState>(plugin(instance), &T::on_exchange_end, state, exchange,
                                    *summary);
      HYALITE_END("exchange_end")
    }
    static hyalite_verdict resume_flow(void* instance, hyalite_flow* f, void* state,
                                       const hyalite_resumption* about) noexcept {
      HYALITE_BEGIN Flow flow(host(instance), f);
      const Resumption resumption(host(instance), *about);
      return call<T, FlowState>(plugin(instance), &T::on_resume_flow, state, flow, resumption);
      HYALITE_END("resume_flow")
    }
    static hyalite_verdict resume(void* instance, hyalite_exchange* x, void* state,
                                  const hyalite_resumption* about) noexcept {
      HYALITE_BEGIN Exchange exchange(host(instance), x);
      const Resumption resumption(host(instance), *about);
      return call<T, ExchangeState>(plugin(instance), &T::on_resume, state, exchange, resumption);
      HYALITE_END("resume_exchange")
    }
#undef HYALITE_BEGIN
#undef HYALITE_END

    // ---- tables: a hook that the class lacks is NULL in them

#define HYALITE_PUT(table, member) \
  if constexpr (has_on_##member<T>::value) table.member = &member
    static constexpr hyalite_flow_hooks flow_hooks() {
      hyalite_flow_hooks table{};
      table.size = sizeof table;
      HYALITE_PUT(table, flow_open);
      HYALITE_PUT(table, protocol);
      HYALITE_PUT(table, upstream_connect);
      HYALITE_PUT(table, flow_close);
      return table;
    }
    static constexpr hyalite_tls_hooks tls_hooks() {
      hyalite_tls_hooks table{};
      table.size = sizeof table;
      HYALITE_PUT(table, client_hello);
      HYALITE_PUT(table, upstream_tls);
      HYALITE_PUT(table, tls_done);
      return table;
    }
    static constexpr hyalite_stream_hooks stream_hooks() {
      hyalite_stream_hooks table{};
      table.size = sizeof table;
      HYALITE_PUT(table, data);
      return table;
    }
    static constexpr hyalite_ws_hooks ws_hooks() {
      hyalite_ws_hooks table{};
      table.size = sizeof table;
      HYALITE_PUT(table, ws_message);
      return table;
    }
    static constexpr hyalite_http_hooks http_hooks() {
      hyalite_http_hooks table{};
      table.size = sizeof table;
      HYALITE_PUT(table, request_head);
      HYALITE_PUT(table, request_body);
      HYALITE_PUT(table, request_trailers);
      HYALITE_PUT(table, request_end);
      HYALITE_PUT(table, response_info);
      HYALITE_PUT(table, response_head);
      HYALITE_PUT(table, response_body);
      HYALITE_PUT(table, response_trailers);
      HYALITE_PUT(table, response_end);
      HYALITE_PUT(table, tunnel_open);
      HYALITE_PUT(table, exchange_end);
      return table;
    }
    static constexpr hyalite_async_hooks async_hooks() {
      hyalite_async_hooks table{};
      table.size = sizeof table;
      HYALITE_PUT(table, resume_flow);
      if constexpr (has_on_resume<T>::value) table.resume_exchange = &resume;
      return table;
    }
#undef HYALITE_PUT
    static constexpr hyalite_state_hooks state_hooks() {
      hyalite_state_hooks table{};
      table.size = sizeof table;
      table.flow_size = StateThunks<FlowState>::size();
      table.flow_init = StateThunks<FlowState>::init_or_null();
      table.flow_fini = StateThunks<FlowState>::fini_or_null();
      table.exchange_size = StateThunks<ExchangeState>::size();
      table.exchange_init = StateThunks<ExchangeState>::init_or_null();
      table.exchange_fini = StateThunks<ExchangeState>::fini_or_null();
      return table;
    }

    static constexpr hyalite_flow_hooks kFlow = flow_hooks();
    static constexpr hyalite_tls_hooks kTls = tls_hooks();
    static constexpr hyalite_stream_hooks kStream = stream_hooks();
    static constexpr hyalite_ws_hooks kWs = ws_hooks();
    static constexpr hyalite_http_hooks kHttp = http_hooks();
    static constexpr hyalite_state_hooks kState = state_hooks();
    static constexpr hyalite_async_hooks kAsync = async_hooks();

    static const void* get_interface(const char* id) noexcept {
      if (std::strcmp(id, HYALITE_FLOW_ID) == 0) return &kFlow;
      if (std::strcmp(id, HYALITE_TLS_ID) == 0) return &kTls;
      if (std::strcmp(id, HYALITE_STREAM_ID) == 0) return &kStream;
      if (std::strcmp(id, HYALITE_WS_ID) == 0) return &kWs;
      if (std::strcmp(id, HYALITE_HTTP_ID) == 0) return &kHttp;
      if (std::strcmp(id, HYALITE_STATE_ID) == 0) return &kState;
      if (std::strcmp(id, HYALITE_ASYNC_ID) == 0) return &kAsync;
      return nullptr;
    }

    static constexpr bool has_any() {
#define HYALITE_OR(member) || has_##member<T>::value
      return has_configure<T>::value || has_start<T>::value || has_tick<T>::value ||
             has_reopen<T>::value || has_drain<T>::value ||
             has_stop<T>::value HYALITE_HOOKS(HYALITE_OR);
#undef HYALITE_OR
    }
    // Whatever is no hook for them is silently never called.
    static constexpr void check_hooks() {
      static_assert(has_any(),
                    "no hook was found: are they public, spelt as in <hyalite/plugin.hpp>, and not "
                    "overloaded?");
#define HYALITE_CHECK(member)                                           \
  static_assert(has_##member<T>::value || !is_named_##member<T>::value, \
                #member " would never be called: is it public, and the only one of its name?");
      HYALITE_CHECK(configure)
      HYALITE_HOOKS(HYALITE_CHECK)
#undef HYALITE_CHECK
    }

    static constexpr hyalite_descriptor make_descriptor() {
      check_hooks();
      hyalite_descriptor d{};
      d.magic = HYALITE_DESCRIPTOR_MAGIC;
      d.abi_major = HYALITE_ABI_MAJOR;
      d.abi_minor = HYALITE_ABI_MINOR;
      d.size = sizeof d;
      d.id = T::info.id;
      d.version = T::info.version;
      d.summary = T::info.summary;
      d.license = T::info.license;
      if constexpr (has_settings_schema<T>::value) d.settings_schema = T::settings_schema;
      d.get_interface = &get_interface;
      d.create = &create;
      d.start = &start;
      if constexpr (has_tick<T>::value) d.tick = &tick;
      if constexpr (has_reopen<T>::value) d.reopen = &reopen;
      if constexpr (has_drain<T>::value) d.drain = &drain;
      if constexpr (has_stop<T>::value) d.stop = &stop;
      d.destroy = &destroy;
      return d;
    }
    static const hyalite_descriptor* descriptor() noexcept {
      static constexpr hyalite_descriptor kDescriptor = make_descriptor();
      return &kDescriptor;
    }
  };
#undef HYALITE_HOOKS

  }  // namespace detail
  }  // namespace v1
}  // namespace )
