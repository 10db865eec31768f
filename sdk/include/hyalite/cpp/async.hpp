// Waiting, timers, work on threads and questions to services, in C++. Included by <hyalite/plugin.hpp>.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/cpp/border.hpp>
#include <hyalite/cpp/http.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace hyalite __attribute__((visibility("hidden"))) {
  inline namespace v1 {

  // How a pause ended; what was paused may be decided now.
  class Resumption {
   public:
    Resumption(const Host& host, const hyalite_resumption& about) : host_(&host), about_(&about) {}

    // Else its deadline came first.
    bool in_time() const { return about_->status == HYALITE_OK; }
    hyalite_status status() const { return about_->status; }
    hyalite_ref pause() const { return about_->pause; }
    // HYALITE_HOOK_...: the one that paused.
    std::uint32_t hook() const { return about_->hook; }
    hyalite_direction direction() const { return about_->direction; }
    // In body and data hooks only: all the bytes of the paused call, again.
    bool has_body() const { return about_->window != nullptr; }
    Body body() const { return {*host_, about_->window, about_->view}; }
    // In ws_message only; else there is none.
    WebSocketMessage message(const Flow& flow) const { return {*host_, flow.raw(), *static_cast<const hyalite_ws_message*>(about_->subject)}; }

   private:
    const Host* host_;
    const hyalite_resumption* about_;
  };

  // A question to a service of the settings. Views are copied by fetch().
  struct Fetch {
    std::string_view service;
    std::string_view target;  // "/path?query"
    std::string_view method = "GET";
    std::string_view body = {};
    std::initializer_list<Pair> headers = {};
    std::chrono::nanoseconds within{0};   // 0: as long as the settings allow
    hyalite_exchange* exchange = nullptr;  // given up when it ends: request.raw()
  };

  // An answer in a stream that was begun: return it from the hook.
  struct Streamed {
    hyalite_ref channel = 0;  // 0: it was not to be had, and the verdict is error
    operator Verdict() const { return channel != 0 ? Verdict::final : Verdict::error; }
  };

  // Something that a channel (an answer in a stream, a connection to a service) is told; good while it is told.
  class ChannelEvent {
   public:
    explicit ChannelEvent(const hyalite_channel_event& event) : event_(&event) {}

    // Bytes may be written, for the first time (it is connected) or again.
    bool room() const { return event_->kind == HYALITE_CHANNEL_ROOM; }
    bool data() const { return event_->kind == HYALITE_CHANNEL_DATA; }
    // The service says no more.
    bool end() const { return event_->kind == HYALITE_CHANNEL_END; }
    // The last that is told: how it ended.
    bool over() const { return event_->kind == HYALITE_CHANNEL_OVER; }
    bool in_order() const { return over() && event_->status == HYALITE_OK; }
    hyalite_status status() const { return event_->status; }
    std::string_view bytes() const { return view(event_->bytes); }
    // Why a connection failed.
    std::string_view why() const { return view(event_->why); }
    std::uint64_t writable() const { return event_->room; }

   private:
    const hyalite_channel_event* event_;
  };

  // Good while it is told.
  class FetchResult {
   public:
    explicit FetchResult(const hyalite_fetch_result& result) : result_(&result) {}

    // A whole answer came, whatever its status.
    bool answered() const { return result_->status == HYALITE_OK; }
    hyalite_status status() const { return result_->status; }
    std::uint32_t http_status() const { return result_->http_status; }
    std::string_view body() const { return view(result_->body); }
    // Why there is no answer.
    std::string_view why() const { return view(result_->why); }
    // The first one's value; empty when there is none.
    std::string_view header(std::string_view name) const {
      for (std::size_t i = 0; i < result_->header_count; ++i) {
        if (Message::same_name(view(result_->headers[i].name), name)) return view(result_->headers[i].value);
      }
      return {};
    }

   private:
    const hyalite_fetch_result* result_;
  };

  namespace detail {

  // A callable on its way through C: owned here, freed in the one call that is the last.
  template <class F>
  struct Called {
    const hyalite_host* root;
    F function;

    template <class... Args>
    void call([[maybe_unused]] const char* where, Args&&... args) noexcept {
      HYALITE_TRY { function(std::forward<Args>(args)...); }
      HYALITE_CATCH(root, where, )
    }
    void tell(const char* where, hyalite_status status) noexcept {
      if constexpr (std::is_invocable_v<F, hyalite_status>)
        call(where, status);
      else if (status == HYALITE_OK)
        call(where);
    }

    static void once(void*, hyalite_ref, void* user, hyalite_status status) noexcept {
      const std::unique_ptr<Called> self(static_cast<Called*>(user));
      self->tell("a completion", status);
    }
    static void again(void*, hyalite_ref, void* user, hyalite_status status) noexcept {
      static_cast<Called*>(user)->tell("a timer", status);
      if (status != HYALITE_OK) delete static_cast<Called*>(user);
    }
    static void channel(void*, hyalite_ref ref, void* user, const hyalite_channel_event* event) noexcept {
      if constexpr (std::is_invocable_v<F, hyalite_ref, const ChannelEvent&>)
        static_cast<Called*>(user)->call("a channel's event", ref, ChannelEvent(*event));
      else
        static_cast<Called*>(user)->call("a channel's event", ref, *event);
      if (event->kind == HYALITE_CHANNEL_OVER) delete static_cast<Called*>(user);
    }
    static void fetched(void*, hyalite_ref, void* user, const hyalite_fetch_result* result) noexcept {
      const std::unique_ptr<Called> self(static_cast<Called*>(user));
      self->call("a fetch's end", FetchResult(*result));
    }
  };

  // What runs on a thread, and what is told afterwards.
  template <class Run, class Done>
  struct Working {
    Run run;
    Called<Done> done;
    static void work(void* user) { static_cast<Working*>(user)->run(); }
    static void ended(void*, hyalite_ref, void* user, hyalite_status status) noexcept {
      const std::unique_ptr<Working> self(static_cast<Working*>(user));
      self->done.tell("the end of work", status);
    }
  };

  }  // namespace detail
  }  // namespace v1
}  // namespace )
