// The same idea as plain.c, through the C++ wrapper: what its classes make of the interface is in the built plugin, and has to work for ever.
// Nothing may be changed here once it was released. SPDX-License-Identifier: MIT
#include <hyalite/plugin.hpp>

#include <chrono>
#include <stdexcept>
#include <string>

using namespace std::chrono_literals;

namespace {

std::string number(std::uint64_t n) { return std::to_string(n); }

class Wrapped : public hyalite::Plugin<Wrapped> {
 public:
  static constexpr hyalite::Info info{"conformance-cpp", "1.0.0", "Uses the whole wrapper and says what came of it", "MIT"};
  static constexpr const char* settings_schema = R"({"type": "object", "properties": {"greeting": {"type": "string"}}})";

  struct FlowState {
    int calls = 0;
  };
  struct ExchangeState {
    std::string what;
    std::string seen;
  };

  void configure(const hyalite::Settings& settings) {
    if (settings["wrong"]) settings["wrong"].mistake("this is wrong, as it was meant to be");
    did("configure " + std::string(settings["greeting"].text("none")) + " " + number(static_cast<std::uint64_t>(settings["times"].integer(-1))) + " " +
        (settings["loud"].boolean() ? "loud" : "quiet") + " " + (settings["ratio"].number() == 0.5 ? "half" : "other") + " list " + number(settings["list"].size()) +
        " deep " + number(static_cast<std::uint64_t>(settings["map/deep/deeper"].integer())) + " missing " + (settings["nothing"].exists() ? "no" : "yes"));
    for (const auto item : settings) did("  item " + std::string(item.key()));
    define(hooks_, "conformance_hooks_total", "Hooks that were called.", {{"kind", "any"}});
    wish_ = intern("X-Do");
    seen_ = own_note("seen");
  }
  hyalite_status start(const hyalite_worker& worker) {
    did("start " + number(worker.index) + " of " + number(worker.count));
    return HYALITE_OK;
  }
  void reopen() { did("reopen"); }
  void drain() { did("drain"); }

  // ---- flows

  hyalite::Verdict on_flow_open(hyalite::Flow& flow, FlowState& state) {
    hook(state, "flow_open");
    const auto& about = flow.info();
    did("  client " + hyalite::ip_text(about.client) + " destination " + hyalite::ip_text(about.destination) + " port " + number(about.destination.port));
    flow.add_finding("opened", "by conformance");
    flow.note(seen_, "flow");
    flow.want_stream(HYALITE_REQUEST, stream());
    flow.want_stream(HYALITE_RESPONSE, stream());
    switch (about.destination.port) {
      case 81: return flow.reset("port 81");
      case 82: return flow.pass_through("port 82");
      case 84: {
        const auto pause = flow.pause(1s, hyalite::AtDeadline::asks);
        if (pause.ref != 0) after(100ms, [this, ref = pause.ref] { did(resume(ref) ? "  resumed" : "  too late"); });
        return pause;
      }
      default: break;
    }
    if (about.destination.port == 83) {
      auto other = about.destination;
      other.port = 8083;
      did("  redirect " + std::to_string(flow.redirect_upstream(other, "port 83")));
    }
    return hyalite::Verdict::go_on;
  }
  void on_protocol(hyalite::Flow&, std::uint32_t protocol, FlowState& state) {
    hook(state, "protocol");
    did("  protocol " + number(protocol));
  }
  void on_upstream_connect(hyalite::Flow& flow, const hyalite_address& to, FlowState& state) {
    hook(state, "upstream_connect");
    did("  to " + hyalite::ip_text(to));
    if (const auto* hello = flow.client_hello(); hello != nullptr)
      did("  hello '" + text(hello->server_name) + "' suites " + number(hello->cipher_suites.count) + " name of the flow '" + std::string(flow.server_name()) + "'");
  }
  void on_data(hyalite::Flow&, hyalite_direction direction, hyalite::Body& body, FlowState& state) {
    hook(state, direction == HYALITE_REQUEST ? "data request" : "data response");
    edit(body);
  }
  void on_resume_flow(hyalite::Flow&, const hyalite::Resumption& resumption, FlowState& state) {
    hook(state, "resume_flow");
    did(std::string("  ") + (resumption.in_time() ? "in time" : "late") + " hook " + number(resumption.hook()));
  }
  void on_flow_close(hyalite::Flow& flow, const hyalite_flow_summary& summary, FlowState& state) {
    hook(state, "flow_close");
    did("  end " + number(summary.end) + " exchanges " + number(summary.exchanges) + " calls " + std::to_string(state.calls) + " note " + std::string(flow.noted(seen_)));
    hyalite_finding found{};
    for (std::size_t i = 0; flow.finding(i, found); ++i) did("  finding " + text(found.source) + " " + text(found.name));
  }

  // ---- exchanges

  hyalite::Verdict on_request_head(hyalite::Request& request, ExchangeState& state) {
    hook("request_head");
    did("  " + std::string(request.method()) + " " + std::string(request.target()) + " path " + std::string(request.path()) + " query " + std::string(request.query()) +
        " host " + std::string(request.host_name()) + " number " + number(request.number()));
    request.for_each([&](std::string_view name, std::string_view value) { did("  " + std::string(name) + "=" + std::string(value)); });
    state.what = std::string(request.header(wish_));
    request.note(seen_, state.what);
    if (state.what == "edit") {
      request.set("X-New", "1");
      request.append("X-New", "2");
      request.set_if_absent("X-New", "3");
      request.remove("X-Old");
      request.set_at(0, "edited.example");
      did("  " + std::to_string(request.set("Content-Length", "1")) + " " + std::to_string(request.set_method("PUT")) + " " + std::to_string(request.set_target("/edited?yes")));
      request.add_finding("edited");
    }
    if (state.what == "respond") return request.respond(418, "short and stout\n", {{"X-Why", "conformance"}}, "it asked for it");
    if (state.what == "reset") return request.reset("it asked for it");
    if (state.what == "redirect") did("  redirect " + std::to_string(request.redirect_upstream({4, 0, 8080, {192, 0, 2, 77}, 0})));
    if (state.what == "timer" || state.what == "work" || state.what == "post" || state.what == "cancel" || state.what == "deadline" || state.what == "fails") return wait(request, state.what);
    if (state.what == "tap") want(request, hyalite::BodyWish::tap());
    if (state.what == "stream") want(request, stream().with_trailers());
    if (state.what == "full") want(request, hyalite::BodyWish::full(1000));
    if (state.what == "peek") want(request, hyalite::BodyWish::peek(4));
    if (state.what == "decoded") want(request, stream().decoded());
    if (state.what == "degrade" || state.what == "skip" || state.what == "reject") {
      const auto overflow = state.what == "degrade" ? HYALITE_OVERFLOW_DEGRADE : state.what == "skip" ? HYALITE_OVERFLOW_SKIP : HYALITE_OVERFLOW_REJECT;
      did("  little " + std::to_string(request.want_response_body(hyalite::BodyWish::full(4, overflow))));
    }
    if (state.what == "ignore") return hyalite::Verdict::ignore;
    if (state.what == "error") return hyalite::Verdict::error;
#if defined(__cpp_exceptions)
    if (state.what == "unknown") throw std::runtime_error("thrown on purpose");
#else
    if (state.what == "unknown") return hyalite::Verdict::error;
#endif
    return hyalite::Verdict::go_on;
  }
  void on_request_body(hyalite::Request&, hyalite::Body& body, ExchangeState&) {
    hook("request_body");
    edit(body);
  }
  void on_request_trailers(hyalite::Trailers& trailers) {
    hook("request_trailers");
    trailers.set("X-Trailer", "added");
  }
  void on_request_end(hyalite::Request&) { hook("request_end"); }
  void on_response_info(hyalite::Response& response) {
    hook("response_info");
    did("  status " + number(response.status()));
    if (response.status() == 102) response.drop();
  }
  void on_response_head(hyalite::Response& response, ExchangeState& state) {
    hook("response_head");
    did("  " + number(response.status()) + " " + std::string(response.reason()));
    if (state.what != "edit") return;
    response.set("X-New", "1");
    did("  status " + std::to_string(response.set_status(203, "Edited")));
  }
  void on_response_body(hyalite::Response&, hyalite::Body& body, ExchangeState&) {
    hook("response_body");
    edit(body);
  }
  void on_response_trailers(hyalite::Trailers& trailers) {
    hook("response_trailers");
    trailers.for_each([&](std::string_view name, std::string_view value) { did("  " + std::string(name) + "=" + std::string(value)); });
  }
  void on_response_end(hyalite::Response&) { hook("response_end"); }
  void on_tunnel_open(hyalite::Exchange&, std::uint32_t kind) {
    hook("tunnel_open");
    did("  kind " + number(kind));
  }
  void on_resume(hyalite::Exchange& exchange, const hyalite::Resumption& resumption, ExchangeState&) {
    hook("resume_exchange");
    did(std::string("  ") + (resumption.in_time() ? "in time" : "late") + " hook " + number(resumption.hook()));
    exchange.request().set("X-Resumed", "yes");
  }
  void on_exchange_end(hyalite::Exchange& exchange, const hyalite_exchange_summary& summary, ExchangeState& state) {
    hook("exchange_end");
    did("  end " + number(summary.end) + " status " + number(summary.status) + " upstream " + number(summary.upstream_status) + " content " + number(summary.request_content) +
        " " + number(summary.response_content) + " by '" + text(summary.decided_by) + "' seen '" + state.seen + "' flow calls " +
        std::to_string(exchange.flow_state<FlowState>().calls));
    exchange.for_each_note([&](std::string_view name, std::string_view value) { did("  note " + std::string(name) + "=" + std::string(value)); });
    hyalite_finding found{};
    for (std::size_t i = 0; exchange.finding(i, found); ++i) did("  finding " + text(found.source) + " " + text(found.name));
  }

 private:
  static std::string text(hyalite_bytes bytes) { return bytes.size == 0 ? std::string() : std::string(bytes.data, bytes.size); }
  static hyalite::BodyWish stream() {
    auto wish = hyalite::BodyWish::stream(3);
    wish.flags |= HYALITE_BODY_MAY_RESIZE;
    return wish;
  }
  void did(const std::string& what) const { log(HYALITE_LOG_INFO, "did: " + what); }
  void hook(std::string_view name) {
    hooks_.add();
    did("hook " + std::string(name));
  }
  void hook(FlowState& state, std::string_view name) {
    ++state.calls;
    hook(name);
  }
  void want(hyalite::Request& request, const hyalite::BodyWish& wish) {
    did("  wanted " + std::to_string(request.want_request_body(wish)) + " " + std::to_string(request.want_response_body(wish)));
  }
  // Every second byte becomes a dash.
  void edit(hyalite::Body& body) {
    if (body.truncated() || body.decoded() || body.corrupt()) did(std::string("  ") + (body.truncated() ? "truncated" : "") + (body.decoded() ? "decoded" : ""));
    did("  " + number(body.size()) + " at " + number(body.offset()) + " retained " + number(body.retained()) + (body.last() ? " last" : "") + " '" + std::string(body.text()) + "'");
    const std::uint64_t keeps = !body.last() && body.size() > 3 ? 3 : 0;
    for (std::uint64_t at = 0; at + 2 <= body.size() - keeps; at += 2) {
      body.pass(1);
      body.drop(1);
      body.write("-");
    }
    if (keeps != 0) body.keep(keeps);
  }
  hyalite::Verdict wait(hyalite::Request& request, const std::string& how) {
    const auto pause = request.pause(2s, how == "fails" ? hyalite::AtDeadline::fails : hyalite::AtDeadline::asks);
    const auto go = [this, ref = pause.ref] { did(resume(ref) ? "  resumed" : "  too late"); };
    did(std::string("  has ") + (host().http.has(&hyalite_host_http::respond) && host().async.has(&hyalite_host_async::cancel) ? "all" : "less"));
    if (how == "timer") after(1s, go);
    if (how == "work") work([] {}, go);
    if (how == "post") post(go);
    if (how == "cancel") did(cancel(after(1s, go)) ? "  cancelled" : "  not cancelled");
    return pause;
  }

  hyalite::Counter hooks_;
  hyalite::HeaderName wish_;
  hyalite::NoteKey seen_;
};

}  // namespace

HYALITE_PLUGIN(Wrapped)
