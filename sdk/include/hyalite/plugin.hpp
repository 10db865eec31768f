// A plugin as a C++17 class: override nothing, just write the hooks you need. Header-only.
// SPDX-License-Identifier: MIT
//
// clang-format off
//     #include <hyalite/plugin.hpp>
//     struct Hello : hyalite::Plugin<Hello> {
//       static constexpr hyalite::Info info{"org.example.hello", "1.0.0", "Greets", "MIT"};
//       void on_request_head(hyalite::Request& request) { request.set("X-Hello", "yes"); }
//     };
//     HYALITE_PLUGIN(Hello)
//
// A hook that the class does not have is never called and costs nothing. Hooks must be public and
// not overloaded; a class without any does not compile. They return hyalite::Verdict, or void to go
// on. What they may end with is in their comments in flow.h, http.h and ws.h:
//     return request.respond(403, "no\n");         // and so with reset, pass_through
//     return hyalite::Verdict::ignore;             // leave me out of the rest
// An exception that leaves a hook is logged and becomes Verdict::error; it works without exceptions
// (-fno-exceptions), too.
//
//   in create:      configure(const Settings&); tell mistakes with value.mistake("...")
//   in a worker:    start(const hyalite_worker&), may return hyalite_status; tick(); reopen();
//                   drain(); stop()
//   about flows:    on_flow_open(Flow&)
//                   on_protocol(Flow&, uint32_t)
//                   on_client_hello(Flow&, const ClientHello&)
//                   on_upstream_tls(Flow&, const TlsInfo&)
//                   on_tls_done(Flow&, const TlsInfo&)
//                   on_upstream_connect(Flow&, const hyalite_address&)
//                   on_data(Flow&, hyalite_direction, Body&)
//                   on_ws_message(Flow&, hyalite_direction, WebSocketMessage&)
//                   on_flow_close(Flow&, const hyalite_flow_summary&)
//   about requests: on_request_head(Request&)          on_request_body(Request&, Body&)
//                   on_request_trailers(Trailers&)     on_request_end(Request&)
//   and responses:  on_response_info(Response&)
//                   on_response_head(Response&)        on_response_body(Response&, Body&)
//                   on_response_trailers(Trailers&)    on_response_end(Response&)
//   about both:     on_tunnel_open(Exchange&, uint32_t kind)
//                   on_exchange_end(Exchange&, const hyalite_exchange_summary&)
//   after a pause:  on_resume(Exchange&, const Resumption&)
//                   on_resume_flow(Flow&, const Resumption&)
//
// State: declare `struct FlowState` or `struct ExchangeState` in the class and take it by reference
// as a hook's last parameter. It is made before the first hook of each flow or exchange, and
// destroyed after the last.
// clang-format on
#ifndef HYALITE_PLUGIN_HPP_
#define HYALITE_PLUGIN_HPP_

#include <hyalite/plugin.h>

#include <cstring>
#include <initializer_list>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>
#if defined(__cpp_exceptions)
#include <exception>
#define HYALITE_TRY try
#define HYALITE_CATCH(host, where, result)                  \
  catch (const std::exception& e) {                         \
    ::hyalite::detail::report(host, where, e.what());       \
    return result;                                          \
  }                                                         \
  catch (...) {                                             \
    ::hyalite::detail::report(host, where, "an exception"); \
    return result;                                          \
  }
#else
#define HYALITE_TRY
#define HYALITE_CATCH(host, where, result)
#endif

#include <hyalite/cpp/async.hpp>
#include <hyalite/cpp/border.hpp>
#include <hyalite/cpp/http.hpp>
#include <hyalite/cpp/settings.hpp>
#include <hyalite/cpp/thunks.hpp>
#include <hyalite/cpp/ws.hpp>

namespace hyalite __attribute__((visibility("hidden"))) {
  inline namespace v1 {

  // Who the plugin is. All are literals.
  struct Info {
    const char* id;  // reverse DNS, or a short word: [a-z0-9.-]
    const char* version;
    const char* summary;  // one line
    const char* license;  // SPDX
  };

  // A counter that every worker keeps for itself; the proxy adds them up. One thread of the worker adds to it: hooks, or a
  // thread that the plugin started.
  class Counter {
   public:
    void add(std::uint64_t n = 1) {
      if (cell_ != nullptr) __atomic_store_n(cell_, *cell_ + n, __ATOMIC_RELAXED);  // before start there is nothing to count
    }
    // What this worker counted, and those before it in its place: more than 0 in start when one crashed.
    std::uint64_t value() const { return cell_ == nullptr ? 0 : __atomic_load_n(cell_, __ATOMIC_RELAXED); }

   private:
    template <class T>
    friend class Plugin;
    std::uint32_t id_ = 0;
    std::uint64_t* cell_ = nullptr;
  };

  // What the class inherits. An instance is made in create, by its default constructor, then
  // configured.
  template <class T>
  class Plugin {
   public:
    Plugin() = default;
    Plugin(const Plugin&) = delete;
    Plugin& operator=(const Plugin&) = delete;

   protected:
    const Host& host() const { return host_; }
    bool logs(std::uint32_t level) const { return level <= host_.root->log_level; }
    void log(std::uint32_t level, std::string_view message,
             std::initializer_list<Pair> fields = {}) const {
      if (logs(level)) detail::log(host_.root, level, message, fields);
    }
    // Nanoseconds.
    std::int64_t wall_clock() const { return host_.root->now(host_.root, HYALITE_CLOCK_WALL); }
    std::int64_t monotonic_clock() const {
      return host_.root->now(host_.root, HYALITE_CLOCK_MONOTONIC);
    }
    // From any thread: the resume hook is called soon. False: what waited is over, or was resumed already.
    bool resume(hyalite_ref pause) const { return host_.async->resume(host_.root, pause) == HYALITE_OK; }

    // The callables below are called once (every: again and again), later, in the worker; then they are gone. Those that take a
    // hyalite_status hear of every end, those without a parameter only of HYALITE_OK. 0 or false: nothing was begun.
    template <class F>
    hyalite_ref after(std::chrono::nanoseconds delay, F function) const {
      using Box = detail::Called<F>;
      return begun(new Box{host_.root, std::move(function)}, [&](Box* box, hyalite_ref* ref) {
        return host_.async->timer(host_.root, delay.count(), 0, &Box::once, box, ref);
      });
    }
    template <class F>
    hyalite_ref every(std::chrono::nanoseconds period, F function) const {
      using Box = detail::Called<F>;
      return begun(new Box{host_.root, std::move(function)}, [&](Box* box, hyalite_ref* ref) {
        return host_.async->timer(host_.root, period.count(), period.count(), &Box::again, box, ref);
      });
    }
    // From any thread of the plugin's own.
    template <class F>
    bool post(F function) const {
      using Box = detail::Called<F>;
      return begun(new Box{host_.root, std::move(function)}, [&](Box* box, hyalite_ref* ref) {
               *ref = 1;
               return host_.async->post(host_.root, &Box::once, box);
             }) != 0;
    }
    // `run` on one of the host's threads, touching nothing of the host; then `done`.
    template <class Run, class Done>
    hyalite_ref work(Run run, Done done) const {
      using Box = detail::Working<Run, Done>;
      return begun(new Box{std::move(run), {host_.root, std::move(done)}}, [&](Box* box, hyalite_ref* ref) {
        return host_.async->work(host_.root, &Box::work, &Box::ended, box, ref);
      });
    }
    // `done` takes a const FetchResult&. This and the channels below are drafts: where the host lacks them, nothing is begun
    // (host().fetch, host().channel: null).
    template <class F>
    hyalite_ref fetch(const Fetch& what, F done) const {
      using Box = detail::Called<F>;
      const auto fields = detail::fields(what.headers.begin(), what.headers.size());
      const hyalite_fetch question{sizeof question,     0,
                                   bytes(what.service), bytes(what.method),
                                   bytes(what.target),  fields.data(),
                                   fields.size(),       bytes(what.body),
                                   what.within.count(), what.exchange};
      return begun(new Box{host_.root, std::move(done)}, [&](Box* box, hyalite_ref* ref) {
        return host_.fetch == nullptr ? HYALITE_E_UNSUPPORTED : host_.fetch->fetch(host_.root, &question, &Box::fetched, box, ref);
      });
    }
    // An answer whose body is written afterwards: `told` takes a hyalite_ref and a ChannelEvent (or hyalite_channel_event&).
    template <class F>
    Streamed respond_stream(Exchange& exchange, std::uint32_t status, F told, std::initializer_list<Pair> headers = {},
                            std::string_view beginning = {}, std::string_view reason = {}) const {
      using Box = detail::Called<F>;
      const auto fields = detail::fields(headers.begin(), headers.size());
      hyalite_response head{};
      head.size = sizeof head;
      head.status = status;
      head.headers = fields.data();
      head.header_count = fields.size();
      head.body = bytes(beginning);
      head.reason = bytes(reason);
      return {begun(new Box{host_.root, std::move(told)}, [&](Box* box, hyalite_ref* ref) {
        return host_.channel == nullptr ? HYALITE_E_UNSUPPORTED : host_.channel->respond_stream(exchange.raw(), &head, &Box::channel, box, ref);
      })};
    }
    // A connection to a service with `protocol: tcp`: `told` takes a hyalite_ref and a ChannelEvent. 0: it was not to be had, and
    // nothing is told. `exchange` (request.raw()): broken off when that ends.
    template <class F>
    hyalite_ref connect(std::string_view service, F told, hyalite_exchange* exchange = nullptr) const {
      using Box = detail::Called<F>;
      const hyalite_connect what{sizeof what, 0, bytes(service), exchange};
      return begun(new Box{host_.root, std::move(told)}, [&](Box* box, hyalite_ref* ref) {
        return host_.channel == nullptr ? HYALITE_E_UNSUPPORTED : host_.channel->connect(host_.root, &what, &Box::channel, box, ref);
      });
    }
    // false: no more data of this connection for now.
    bool receive(hyalite_ref channel, bool on) const {
      return host_.channel != nullptr && host_.channel->receive(host_.root, channel, on ? 1 : 0) == HYALITE_OK;
    }
    // HYALITE_E_LIMIT: nothing was taken; wait until there is room().
    hyalite_status write(hyalite_ref channel, std::string_view text, bool last = false) const {
      return host_.channel == nullptr ? HYALITE_E_UNSUPPORTED : host_.channel->write(host_.root, channel, bytes(text), last ? 1 : 0);
    }
    bool cancel(hyalite_ref ref) const { return host_.async->cancel(host_.root, ref) == HYALITE_OK; }

    // In configure: a name that is then looked up fast.
    HeaderName intern(std::string_view name) const {
      return {host_.http->intern(host_.root, bytes(name)), std::string(name)};
    }
    // In configure: the key of a note of this plugin's own ("risk": noted as PLUGIN.risk), or of any by its whole name.
    NoteKey own_note(std::string_view word) const { return note(std::string(T::info.id) + "." + std::string(word)); }
    NoteKey note(std::string_view name) const { return {host_.notes->key(host_.root, bytes(name))}; }
    // In configure. `counter` is a member of the plugin; the name ends in _total.
    bool define(Counter& counter, std::string_view name, std::string_view help,
                std::initializer_list<Pair> labels = {}) {
      const auto fields = detail::fields(labels.begin(), labels.size());
      hyalite_metric metric{};
      metric.size = sizeof metric;
      metric.kind = HYALITE_COUNTER;
      metric.name = bytes(name);
      metric.help = bytes(help);
      metric.labels = fields.data();
      metric.label_count = fields.size();
      if (host_.metrics->define(host_.root, &metric, &counter.id_) != HYALITE_OK) return false;
      counters_.push_back(&counter);
      return true;
    }

   private:
    friend struct detail::Thunks<T>;
    template <class Box, class Begin>
    hyalite_ref begun(Box* box, Begin begin) const {
      hyalite_ref ref = 0;
      if (begin(box, &ref) == HYALITE_OK) return ref;
      delete box;
      return 0;
    }
    void find_cells() {
      for (Counter* counter : counters_)
        counter->cell_ = host_.metrics->cell(host_.root, counter->id_);
    }

    Host host_;
    std::vector<Counter*> counters_;
  };

  // The descriptor of a plugin class; HYALITE_PLUGIN hands it to the proxy, tests may use it
  // directly.
  template <class T>
  const hyalite_descriptor* descriptor_of() {
    return detail::Thunks<T>::descriptor();
  }

  // The note of a plugin class, made by the compiler.
  constexpr hyalite_elf_note note_of(const Info& info) {
    hyalite_elf_note note{};
    note.name_size = sizeof note.name;
    note.description_size = sizeof(hyalite_elf_note) - offsetof(hyalite_elf_note, abi_major);
    note.type = HYALITE_NOTE_TYPE;
    detail::copy(note.name, HYALITE_NOTE_NAME);
    note.abi_major = HYALITE_ABI_MAJOR;
    note.abi_minor = HYALITE_ABI_MINOR;
    note.min_host_minor = HYALITE_MIN_HOST_MINOR;
    detail::copy(note.id, info.id);
    detail::copy(note.version, info.version);
    detail::copy(note.license, info.license);
    return note;
  }

  }  // namespace v1
}  // namespace )

// Once per plugin, at the end of its file: the exported function and the note.
#define HYALITE_PLUGIN(Class)                                                                \
  __attribute__((                                                                            \
      used, aligned(4),                                                                      \
      section(HYALITE_NOTE_SECTION))) static constexpr hyalite_elf_note hyalite_note_of_plugin = \
      ::hyalite::note_of(Class::info);                                                       \
  extern "C" HYALITE_EXPORT const hyalite_descriptor* hyalite_plugin_entry(void);            \
  const hyalite_descriptor* hyalite_plugin_entry(void) { return ::hyalite::descriptor_of<Class>(); }

#endif
