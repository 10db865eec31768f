// Flows, exchanges and bodies as small handles. Good inside the hook that was given them. Included
// by <hyalite/plugin.hpp>. SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/cpp/border.hpp>
#include <hyalite/cpp/ws.hpp>

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

namespace hyalite __attribute__((visibility("hidden"))) {
  inline namespace v1 {

  // A header's name that was interned in configure, or a well-known one:
  // HeaderName{HYALITE_HEADER_HOST}.
  struct HeaderName {
    std::uint16_t id = 0;
    std::string text = {};  // empty for well-known ones
  };

  // What a plugin needs of a body; see body.h.
  struct BodyWish {
    std::uint32_t mode = HYALITE_BODY_NONE;
    std::uint32_t flags = 0;
    std::uint32_t overflow = HYALITE_OVERFLOW_DEGRADE;
    std::uint64_t cap = 0;
    std::uint32_t keep_max = 0;

    static BodyWish none() { return {}; }
    static BodyWish tap() { return {HYALITE_BODY_TAP}; }
    static BodyWish stream(std::uint32_t keep_max = 0) {
      return {HYALITE_BODY_STREAM, 0, 0, 0, keep_max};
    }
    static BodyWish resize(std::uint32_t keep_max = 0) {
      return {HYALITE_BODY_STREAM, HYALITE_BODY_MAY_RESIZE, 0, 0, keep_max};
    }
    static BodyWish full(std::uint64_t cap = 0, std::uint32_t overflow = HYALITE_OVERFLOW_DEGRADE) {
      return {HYALITE_BODY_FULL, 0, overflow, cap, 0};
    }
    // The first `n` bytes; then ask for what is needed of the rest.
    static BodyWish peek(std::uint64_t n) { return {HYALITE_BODY_PEEK, 0, 0, n, 0}; }
    // Without its content coding.
    BodyWish decoded() const {
      BodyWish copy = *this;
      copy.flags |= HYALITE_BODY_DECODED;
      return copy;
    }
    BodyWish with_trailers() const {
      BodyWish copy = *this;
      copy.flags |= HYALITE_BODY_WANT_TRAILERS;
      return copy;
    }
    hyalite_body_options options() const {
      hyalite_body_options o{};
      o.size = sizeof o;
      o.mode = mode;
      o.flags = flags;
      o.overflow = overflow;
      o.cap = cap;
      o.keep_max = keep_max;
      return o;
    }
  };

  // A pause that was recorded: return it from the hook, and resume(pause.ref) when you know more.
  struct Pause {
    hyalite_ref ref = 0;  // 0: it was not to be had, and the verdict is error
    operator Verdict() const { return ref != 0 ? Verdict::pause : Verdict::error; }
  };
  // What a pause's deadline brings: the failure policy, or the resume hook's verdict.
  enum class AtDeadline : std::uint32_t { fails = HYALITE_DEADLINE_FAILS, asks = HYALITE_DEADLINE_ASKS };

  // The key of a note, made in configure: own_note("risk"), or note("other-plugin.risk") to read another's.
  struct NoteKey {
    std::uint32_t id = 0;
  };

  class Flow {
   public:
    Flow(const Host& host, hyalite_flow* flow) : host_(&host), flow_(flow) {}

    const hyalite_flow_info& info() const { return *host_->flow->info(flow_); }
    std::string_view server_name() const { return view(info().server_name); }
    // Null when no ClientHello was read.
    const hyalite_client_hello* client_hello() const { return host_->flow->client_hello(flow_); }

    // Null when the proxy takes no part in that side's TLS.
    const hyalite_tls_info* tls(hyalite_side side) const {
      return host_->tls == nullptr ? nullptr : host_->tls->info(flow_, side);
    }
    std::string_view ja3() const { return host_->tls == nullptr ? std::string_view() : view(host_->tls->ja3(flow_)); }
    std::string_view ja4() const { return host_->tls == nullptr ? std::string_view() : view(host_->tls->ja4(flow_)); }
    // These three are decisions: return what they return.
    Verdict intercept(std::string_view reason = {}) {
      return host_->tls == nullptr ? Verdict::error : made(host_->tls->intercept(flow_, bytes(reason)));
    }
    Verdict block(hyalite_block_with with, std::string_view reason = {}) {
      return host_->tls == nullptr ? Verdict::error : made(host_->tls->block(flow_, with, bytes(reason)));
    }
    Verdict accept_certificate(std::string_view reason = {}) {
      return host_->tls == nullptr ? Verdict::error : made(host_->tls->accept_certificate(flow_, bytes(reason)));
    }

    Verdict reset(std::string_view reason = {}) {
      return made(host_->flow->reset(flow_, bytes(reason)));
    }
    Verdict pass_through(std::string_view reason = {}) {
      return made(host_->flow->pass_through(flow_, bytes(reason)));
    }
    hyalite_status redirect_upstream(const hyalite_address& to, std::string_view reason = {}) {
      return host_->flow->redirect_upstream(flow_, &to, bytes(reason));
    }
    // Then on_resume_flow is called.
    Pause pause(std::chrono::nanoseconds within, AtDeadline then = AtDeadline::fails) {
      const hyalite_pause_options options{sizeof options, static_cast<std::uint32_t>(then), within.count()};
      Pause made;
      if (host_->async->pause_flow(flow_, &options, &made.ref) != HYALITE_OK) made.ref = 0;
      return made;
    }
    hyalite_status want_stream(hyalite_direction direction, const BodyWish& wish) {
      const hyalite_body_options options = wish.options();
      return host_->flow->stream_interest(flow_, direction, &options);
    }
    // False past the last one.
    bool finding(std::size_t index, hyalite_finding& out) const {
      out.size = sizeof out;
      return host_->flow->finding(flow_, index, &out) == HYALITE_OK;
    }
    hyalite_status add_finding(std::string_view name, std::string_view detail = {}) {
      return host_->flow->add_finding(flow_, bytes(name), bytes(detail));
    }
    hyalite_status note(NoteKey key, std::string_view value) { return host_->notes->set_flow(flow_, key.id, bytes(value)); }
    // Empty when nobody wrote it.
    std::string_view noted(NoteKey key) const {
      hyalite_bytes value{};
      return host_->notes->get_flow(flow_, key.id, &value) == HYALITE_OK ? view(value) : std::string_view();
    }
    // Calls visit(name, value) for each note.
    template <class Visit>
    void for_each_note(Visit visit) const {
      hyalite_field note{};
      for (std::size_t i = 0; host_->notes->at_flow(flow_, i, &note) == HYALITE_OK; ++i) visit(view(note.name), view(note.value));
    }
    hyalite_flow* raw() const { return flow_; }

   private:
    // A decision that was not taken down is an error, never a silent "go on".
    static Verdict made(hyalite_status status) {
      return status == HYALITE_OK ? Verdict::final : Verdict::error;
    }
    const Host* host_;
    hyalite_flow* flow_;
  };

  using ClientHello = hyalite_client_hello;
  using TlsInfo = hyalite_tls_info;
  class Message;

  class Request;
  class Response;
  class Trailers;

  // One request and its response.
  class Exchange {
   public:
    Exchange(const Host& host, hyalite_exchange* exchange) : host_(&host), exchange_(exchange) {}

    Flow flow() const { return {*host_, host_->http->flow(exchange_)}; }
    // This instance's FlowState of the exchange's flow.
    template <class State>
    State& flow_state() const {
      return *static_cast<State*>(host_->http->flow_state(exchange_));
    }
    std::uint64_t number() const { return host_->http->number(exchange_); }
    // Null: there is none (yet).
    const hyalite_request_line* request_line() const {
      return host_->http->request_line(exchange_);
    }
    const hyalite_response_line* response_line() const {
      return host_->http->response_line(exchange_);
    }
    const hyalite_headers* headers_of(hyalite_part part) const {
      return host_->http->headers(exchange_, part);
    }
    // The same with names and values to go through; empty when there is no such part.
    Message part(hyalite_part part) const;

    Verdict respond(std::uint32_t status, std::string_view body,
                    std::initializer_list<Pair> headers = {}, std::string_view reason = {}) {
      const auto list = detail::fields(headers.begin(), headers.size());
      hyalite_response response{};
      response.size = sizeof response;
      response.status = status;
      response.headers = list.data();
      response.header_count = list.size();
      response.body = bytes(body);
      response.reason = bytes(reason);
      return made(host_->http->respond(exchange_, &response));
    }
    Verdict reset(std::string_view reason = {}) {
      return made(host_->http->reset(exchange_, bytes(reason)));
    }
    hyalite_status redirect_upstream(const hyalite_address& to, std::string_view reason = {}) {
      return host_->http->redirect_upstream(exchange_, &to, bytes(reason));
    }
    // Then on_resume is called.
    Pause pause(std::chrono::nanoseconds within, AtDeadline then = AtDeadline::fails) {
      const hyalite_pause_options options{sizeof options, static_cast<std::uint32_t>(then), within.count()};
      Pause made;
      if (host_->async->pause_exchange(exchange_, &options, &made.ref) != HYALITE_OK) made.ref = 0;
      return made;
    }
    // The same exchange's parts, e.g. in on_resume.
    inline Request request() const;
    inline Response response() const;
    inline Trailers trailers(hyalite_direction direction) const;
    hyalite_status want_request_body(const BodyWish& wish) { return want(HYALITE_REQUEST, wish); }
    hyalite_status want_response_body(const BodyWish& wish) { return want(HYALITE_RESPONSE, wish); }
    // Once it has become a WebSocket: on_ws_message. In on_request_head; HYALITE_E_MISSING: it does not ask for one.
    hyalite_status want_messages(hyalite_direction direction, const MessageWish& wish) {
      const hyalite_ws_options options = wish.options();
      return host_->ws == nullptr ? HYALITE_E_UNSUPPORTED : host_->ws->interest(exchange_, direction, &options);
    }
    bool finding(std::size_t index, hyalite_finding& out) const {
      out.size = sizeof out;
      return host_->http->finding(exchange_, index, &out) == HYALITE_OK;
    }
    hyalite_status add_finding(std::string_view name, std::string_view detail = {}) {
      return host_->http->add_finding(exchange_, bytes(name), bytes(detail));
    }
    hyalite_status note(NoteKey key, std::string_view value) { return host_->notes->set(exchange_, key.id, bytes(value)); }
    // Empty when nobody wrote it.
    std::string_view noted(NoteKey key) const {
      hyalite_bytes value{};
      return host_->notes->get(exchange_, key.id, &value) == HYALITE_OK ? view(value) : std::string_view();
    }
    // Calls visit(name, value) for each note.
    template <class Visit>
    void for_each_note(Visit visit) const {
      hyalite_field note{};
      for (std::size_t i = 0; host_->notes->at(exchange_, i, &note) == HYALITE_OK; ++i) visit(view(note.name), view(note.value));
    }
    hyalite_exchange* raw() const { return exchange_; }

   protected:
    static Verdict made(hyalite_status status) {
      return status == HYALITE_OK ? Verdict::final : Verdict::error;
    }
    hyalite_status want(hyalite_direction direction, const BodyWish& wish) {
      const hyalite_body_options options = wish.options();
      return host_->http->body_interest(exchange_, direction, &options);
    }
    const Host* host_;
    hyalite_exchange* exchange_;
  };

  // A part of an exchange that has headers. Reading makes no call and no copy while nothing is
  // edited.
  class Message : public Exchange {
   public:
    // `headers` is the current view; null: ask the host when needed.
    Message(const Host& host, hyalite_exchange* exchange, hyalite_part part,
            const hyalite_headers* headers)
        : Exchange(host, exchange), part_(part), headers_(headers) {}

    // All of them, after all edits so far; empty when there is no such part, or no view of it to be had: see readable().
    const hyalite_headers& headers() const {
      static constexpr hyalite_headers kNone{};
      return readable() ? *headers_ : kNone;
    }
    // False: there is no such part, or this call had so many views that it gets no more and counts as failed (http.h).
    bool readable() const {
      if (headers_ == nullptr) headers_ = host_->http->headers(exchange_, part_);
      return headers_ != nullptr;
    }
    // The first one's value; empty when there is none.
    std::string_view header(std::uint16_t id) const {
      const hyalite_header* found = hyalite_header_find(&headers(), id);
      return found == nullptr ? std::string_view() : view(found->value);
    }
    std::string_view header(const HeaderName& name) const {
      return name.id != 0 ? header(name.id) : header(name.text);
    }
    // By text, case ignored: a search. Intern names that are asked for often.
    std::string_view header(std::string_view name) const {
      for (std::size_t i = 0; i < headers().count; ++i) {
        const hyalite_header* at = hyalite_header_at(&headers(), i);
        if (same_name(view(at->name), name)) return view(at->value);
      }
      return {};
    }
    // Calls visit(name, value) for each, in order.
    template <class Visit>
    void for_each(Visit visit) const {
      const hyalite_headers& all = headers();
      for (std::size_t i = 0; i < all.count; ++i) {
        const hyalite_header* at = hyalite_header_at(&all, i);
        visit(view(at->name), view(at->value));
      }
    }

    hyalite_status set(std::string_view name, std::string_view value) {
      return edit(0, name, value, HYALITE_SET_REPLACE);
    }
    hyalite_status set(const HeaderName& name, std::string_view value) {
      return edit(name.id, name.text, value, HYALITE_SET_REPLACE);
    }
    hyalite_status append(std::string_view name, std::string_view value) {
      return edit(0, name, value, HYALITE_SET_APPEND);
    }
    hyalite_status append(const HeaderName& name, std::string_view value) {
      return edit(name.id, name.text, value, HYALITE_SET_APPEND);
    }
    hyalite_status set_if_absent(std::string_view name, std::string_view value) {
      return edit(0, name, value, HYALITE_SET_IF_ABSENT);
    }
    hyalite_status set_if_absent(const HeaderName& name, std::string_view value) {
      return edit(name.id, name.text, value, HYALITE_SET_IF_ABSENT);
    }
    hyalite_status remove(std::string_view name) { return removed(0, name); }
    hyalite_status remove(const HeaderName& name) { return removed(name.id, name.text); }
    // Gives header number `index` of headers() another value; its name and place stay. So do the others', and however many are
    // given values one after the other, no view is needed between them.
    hyalite_status set_at(std::size_t index, std::string_view value) {
      if (headers_ == nullptr && generation_ != kUnknown) {
        const hyalite_status status = put_at(index, generation_, value);
        if (status != HYALITE_E_LATE) return status;  // late: another handle edited meanwhile
      }
      return put_at(index, headers().generation, value);
    }

    static bool same_name(std::string_view a, std::string_view b) {
      const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
      };
      if (a.size() != b.size()) return false;
      for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower(a[i]) != lower(b[i])) return false;
      }
      return true;
    }

   protected:
    hyalite_status edit(std::uint16_t id, std::string_view name, std::string_view value,
                        std::uint32_t how) {
      headers_ = nullptr;
      generation_ = kUnknown;
      return host_->http->header_set(exchange_, part_, id, bytes(name), bytes(value), how);
    }
    hyalite_status removed(std::uint16_t id, std::string_view name) {
      headers_ = nullptr;
      generation_ = kUnknown;
      return host_->http->header_remove(exchange_, part_, id, bytes(name));
    }
    hyalite_status put_at(std::size_t index, std::uint32_t generation, std::string_view value) {
      headers_ = nullptr;
      const hyalite_status status = host_->http->header_set_at(
          exchange_, part_, static_cast<std::uint32_t>(index), generation, bytes(value));
      generation_ = status == HYALITE_OK ? generation + 1 : kUnknown;
      return status;
    }

    static constexpr std::uint32_t kUnknown = 0;  // what was edited has another one
    hyalite_part part_;
    mutable const hyalite_headers* headers_;
    std::uint32_t generation_ = kUnknown;  // that set_at left
  };

  inline Message Exchange::part(hyalite_part part) const {
    return {*host_, exchange_, part, nullptr};
  }

  // In request hooks there is a request line, always. Where there is none, as in on_exchange_end of
  // a request that was refused before its head was whole, its parts are empty.
  class Request : public Message {
   public:
    Request(const Host& host, hyalite_exchange* exchange, const hyalite_headers* headers = nullptr)
        : Message(host, exchange, HYALITE_PART_REQUEST, headers) {}

    std::string_view method() const { return view(line().method); }
    std::string_view target() const { return view(line().target); }
    std::string_view path() const { return view(line().path); }
    std::string_view query() const { return view(line().query); }
    std::string_view authority() const { return view(line().authority); }
    // Of the authority, without its port; in its own case.
    std::string_view host_name() const { return host_of(authority()); }
    hyalite_status set_method(std::string_view method) {
      return host_->http->set_method(exchange_, bytes(method));
    }
    hyalite_status set_target(std::string_view target) {
      return host_->http->set_target(exchange_, bytes(target));
    }

   private:
    const hyalite_request_line& line() const {
      static constexpr hyalite_request_line kNone{};
      const hyalite_request_line* found = request_line();
      return found == nullptr ? kNone : *found;
    }
  };

  // In response hooks there is a response line, always. In on_response_info it is the interim
  // response. Where there is none (yet), the status is 0 and the reason empty.
  class Response : public Message {
   public:
    Response(const Host& host, hyalite_exchange* exchange, const hyalite_headers* headers = nullptr,
             hyalite_part part = HYALITE_PART_RESPONSE)
        : Message(host, exchange, part, headers) {}

    std::uint32_t status() const { return line().status; }
    std::string_view reason() const { return view(line().reason); }
    hyalite_status set_status(std::uint32_t status, std::string_view reason = {}) {
      return host_->http->set_status(exchange_, status, bytes(reason));
    }
    // In on_response_info: the client does not get it.
    hyalite_status drop() { return host_->http->drop_info(exchange_); }

   private:
    const hyalite_response_line& line() const {
      static constexpr hyalite_response_line kNone{};
      const hyalite_response_line* found = response_line();
      return found == nullptr ? kNone : *found;
    }
  };

  class Trailers : public Message {
   public:
    using Message::Message;
  };

  inline Request Exchange::request() const { return {*host_, exchange_}; }
  inline Response Exchange::response() const { return {*host_, exchange_}; }
  inline Trailers Exchange::trailers(hyalite_direction direction) const {
    return {*host_, exchange_, direction == HYALITE_REQUEST ? HYALITE_PART_REQUEST_TRAILERS : HYALITE_PART_RESPONSE_TRAILERS, nullptr};
  }

  // A piece of a body or of a tunnel; the cursor goes through it once (body.h).
  class Body {
   public:
    Body(const Host& host, hyalite_window* window, const hyalite_window_view* view)
        : host_(&host), window_(window), view_(view) {}

    std::uint64_t size() const { return view_->length; }
    std::uint64_t offset() const { return view_->offset; }
    std::uint64_t retained() const { return view_->retained; }
    // Nothing follows. A message whose head says that it has no content has no such call: see hyalite_window_flags.
    bool last() const { return (view_->flags & HYALITE_WINDOW_END) != 0; }
    bool decoded() const { return (view_->flags & HYALITE_WINDOW_DECODED) != 0; }
    bool corrupt() const { return (view_->flags & HYALITE_WINDOW_CORRUPT) != 0; }
    bool truncated() const { return (view_->flags & HYALITE_WINDOW_TRUNCATED) != 0; }
    // Calls visit(piece) for each piece, in order.
    template <class Visit>
    void for_each(Visit visit) const {
      for (std::size_t i = 0; i < view_->segment_count; ++i) visit(view(view_->segments[i]));
    }
    // All of it in one piece; copied only when it is in several.
    std::string_view text() const {
      hyalite_bytes out{};
      return host_->body->flat(window_, 0, view_->length, &out) == HYALITE_OK ? view(out)
                                                                              : std::string_view();
    }

    hyalite_status pass(std::uint64_t n) { return host_->body->pass(window_, n); }
    hyalite_status drop(std::uint64_t n) { return host_->body->drop(window_, n); }
    hyalite_status write(std::string_view text) { return host_->body->write(window_, bytes(text)); }
    hyalite_status keep(std::uint64_t n) { return host_->body->keep(window_, n); }

   private:
    static std::string_view view(hyalite_bytes b) { return {b.data, b.size}; }
    const Host* host_;
    hyalite_window* window_;
    const hyalite_window_view* view_;
  };

  }  // namespace v1
}  // namespace )
