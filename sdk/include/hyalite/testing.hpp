// Tests of plugins in C++17: a worker of the real engine inside of a test program. Header-only, over <hyalite/testing.h>.
// SPDX-License-Identifier: MIT
//
// clang-format off
//     #include <hyalite/testing.hpp>
//     using namespace hyalite::testing;
//     TEST(Hello, GreetsTheOrigin) {
//       Bench bench(Plugin{HELLO_SO, "greeting: hi"});            // a worker with this plugin, loaded from its file
//       ASSERT_TRUE(bench) << bench.mistakes();
//       Talk talk(bench);                                         // a client connects
//       talk.client(request("GET", "/"));                         // ... and says something
//       EXPECT_EQ(talk.to_upstream(0).header("X-Hello"), "hi");
//       talk.upstream(response(200, "hello\n"));
//       EXPECT_EQ(talk.to_client(0).content, "hello\n");
//       EXPECT_EQ(bench.complaints(), "");
//     }
//     TEST(Hello, DoesTheSameHoweverTheNetworkCuts) {
//       Bench bench(Plugin{HELLO_SO});
//       const EveryWay every(bench, Script().client(request("GET", "/")).upstream(response(200, "hello\n")));
//       EXPECT_TRUE(every) << every.difference();
//     }
// clang-format on
//
// A talk ends before its bench. What cannot be done with a bench that does not work ends the test program, and says why.
#ifndef HYALITE_TESTING_HPP_
#define HYALITE_TESTING_HPP_

#include <hyalite/testing.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hyalite {
  namespace testing {

  using Headers = std::vector<std::pair<std::string, std::string>>;

  namespace detail {
  inline hyalite_bytes bytes(std::string_view text) { return {text.data(), text.size()}; }
  inline std::string text(hyalite_bytes bytes) { return bytes.size == 0 ? std::string() : std::string(bytes.data, bytes.size); }
  inline Headers headers(const hyalite_field* fields, std::size_t count) {
    Headers all;
    for (std::size_t i = 0; i < count; ++i) all.emplace_back(text(fields[i].name), text(fields[i].value));
    return all;
  }
  inline std::vector<hyalite_field> fields(const Headers& headers) {
    std::vector<hyalite_field> all;
    for (const auto& header : headers) all.push_back({bytes(header.first), bytes(header.second)});
    return all;
  }
  inline bool same_name(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
      if (lower(a[i]) != lower(b[i])) return false;
    }
    return true;
  }
  // The first one's value; empty: there is none.
  inline std::string value(const Headers& headers, std::string_view name) {
    for (const auto& header : headers) {
      if (same_name(header.first, name)) return header.second;
    }
    return {};
  }
  inline std::string lines(const Headers& headers) {
    std::string all;
    for (const auto& header : headers) all += header.first + ": " + header.second + "\r\n";
    return all;
  }
  [[noreturn]] inline void give_up(const std::string& why) {
    std::fprintf(stderr, "hyalite::testing: %s\n", why.c_str());
    std::abort();
  }
  }  // namespace detail

  // ---- texts to say

  // A request to h.example; with a Content-Length when there is a body.
  inline std::string request(std::string_view method, std::string_view target, const Headers& headers = {}, std::string_view body = {}) {
    std::string out = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\n";
    if (detail::value(headers, "Host").empty()) out += "Host: h.example\r\n";
    out += detail::lines(headers);
    if (!body.empty()) out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return out + "\r\n" + std::string(body);
  }
  // A response with a Content-Length.
  inline std::string response(unsigned status, std::string_view body = {}, const Headers& headers = {}) {
    return "HTTP/1.1 " + std::to_string(status) + " Said\r\n" + detail::lines(headers) + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
  }
  // A response in chunks.
  inline std::string chunked_response(unsigned status, const std::vector<std::string>& chunks, const Headers& headers = {},
                                      const Headers& trailers = {}) {
    std::string out = "HTTP/1.1 " + std::to_string(status) + " Said\r\n" + detail::lines(headers) + "Transfer-Encoding: chunked\r\n\r\n";
    for (const std::string& chunk : chunks) {
      char size[32];
      std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
      out += size + chunk + "\r\n";
    }
    return out + "0\r\n" + detail::lines(trailers) + "\r\n";
  }

  // ---- the bench

  // A plugin's entry in the settings.
  struct Plugin {
    std::string file;           // the .so, or the name of an installed one
    std::string settings = {};  // YAML, as under `settings:`
    std::string name = "tested";
    std::string more = {};      // further lines of the entry: "on_failure: closed", "grants: { pass_through: true }"

    std::string entry() const {
      std::string out = "  - name: " + name + "\n    use: \"" + file + "\"\n";
      if (!more.empty()) out += indented(more, 4);
      if (!settings.empty()) out += "    settings:\n" + indented(settings, 6);
      return out;
    }

   private:
    static std::string indented(const std::string& text, std::size_t by) {
      std::string out(by, ' ');
      for (const char c : text) {
        out += c;
        if (c == '\n') out += std::string(by, ' ');
      }
      return out + "\n";
    }
  };

  // A question that a plugin asked a service.
  struct Question {
    std::uint64_t id = 0;
    std::string service, method, target, body;
    Headers headers;
  };
  struct Answer {
    unsigned http_status = 200;
    std::string body = {};
    Headers headers = {};
    hyalite_status status = HYALITE_OK;  // else there is no answer: HYALITE_E_FAILED, HYALITE_E_TIMED_OUT
  };

  // The service's side of a connection that a plugin opened with connect. Good as long as its bench.
  class Peer {
   public:
    Peer(hyalite_bench* bench, const hyalite_service_connection& now) : bench_(bench), id_(now.id), service_(detail::text(now.service)) {}

    std::uint64_t id() const { return id_; }
    const std::string& service() const { return service_; }
    // All that the plugin wrote so far; and will it write no more?
    std::string heard() const { return detail::text(now().heard); }
    bool plugin_ended() const { return now().plugin_ended != 0; }
    bool is_open() const { return now().is_open != 0; }

    // Each false: it is over.
    bool say(std::string_view text) const { return does(HYALITE_SERVICE_SAYS, text); }
    bool end() const { return does(HYALITE_SERVICE_ENDS); }
    bool break_off() const { return does(HYALITE_SERVICE_BREAKS); }
    bool pause_reading() const { return does(HYALITE_SERVICE_PAUSES); }
    bool read_on() const { return does(HYALITE_SERVICE_READS_ON); }

   private:
    bool does(std::uint32_t what, std::string_view text = {}) const {
      return hyalite_bench_service(bench_, id_, what, detail::bytes(text)) == HYALITE_OK;
    }
    hyalite_service_connection now() const {
      hyalite_service_connection one{};
      for (std::size_t i = 0; hyalite_bench_connection(bench_, i, &one) == HYALITE_OK; ++i) {
        if (one.id == id_) return one;
      }
      return {};
    }

    hyalite_bench* bench_;
    std::uint64_t id_;
    std::string service_;
  };

  class Bench {
   public:
    // `more`: further settings, e.g. "services: [ { name: look-up, address: \"127.0.0.1:8081\" } ]".
    explicit Bench(const Plugin& plugin, const std::string& more = {}) : Bench(std::vector<Plugin>{plugin}, more) {}
    // A chain, in this order.
    explicit Bench(const std::vector<Plugin>& chain, const std::string& more = {}) : Bench(chain_of(chain) + more) {}
    // A whole settings file.
    explicit Bench(const std::string& settings) : bench_(hyalite_bench_open(detail::bytes(settings))) {}

    // Does it work?
    explicit operator bool() const { return mistakes().empty(); }
    std::string mistakes() const { return detail::text(hyalite_bench_mistakes(raw())); }

    void advance(std::chrono::nanoseconds time) { hyalite_bench_advance(raw(), time.count()); }
    // Until `is_true`, which threads of plugins bring about; for work and post. False: it did not come true in ten seconds.
    template <class Predicate>
    bool wait_until(Predicate is_true) {
      const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
      while (!is_true()) {
        if (std::chrono::steady_clock::now() > end) return false;
        hyalite_bench_wait(raw(), 100'000'000);
      }
      return true;
    }
    void reopen() { hyalite_bench_reopen(raw()); }
    void drain() { hyalite_bench_drain(raw()); }

    std::string log() const { return detail::text(hyalite_bench_log(raw())); }
    std::string complaints() const { return detail::text(hyalite_bench_complaints(raw())); }
    // -1: there is no such counter.
    std::int64_t count(std::string_view metric, std::string_view instance = "tested") const {
      return hyalite_bench_count(raw(), detail::bytes(metric), detail::bytes(instance));
    }

    // Answers each question to that service, as soon as it is asked.
    void service(const std::string& name, std::function<Answer(const Question&)> answers) {
      services_.push_back(std::make_unique<Service>());
      services_.back()->answers = std::move(answers);
      hyalite_bench_on_question(raw(), detail::bytes(name), &Service::on_question, services_.back().get());
    }
    // Those that have no answer yet.
    std::vector<Question> questions() const {
      std::vector<Question> all;
      hyalite_question question{};
      while (hyalite_bench_question(raw(), all.size(), &question) == HYALITE_OK) all.push_back(copied(question));
      return all;
    }
    // False: it is not open any more.
    bool answer(const Question& question, const Answer& with) {
      std::vector<hyalite_field> headers;
      const hyalite_answer answer = lent(with, headers);
      return hyalite_bench_answer(raw(), question.id, &answer) == HYALITE_OK;
    }

    // Plays a service over TCP: called when a connection was opened, when the plugin wrote more (`fresh`), and when it will write
    // no more.
    void service(const std::string& name, std::function<void(const Peer& peer, std::string_view fresh)> hears) {
      heard_.push_back(std::make_unique<Heard>(Heard{raw(), std::move(hears)}));
      hyalite_bench_on_heard(raw(), detail::bytes(name), &Heard::on_heard, heard_.back().get());
    }
    // Nobody is there, from now on; or somebody again.
    void service_is_gone(const std::string& name, bool gone = true) {
      hyalite_bench_service_is_gone(raw(), detail::bytes(name), gone ? 1 : 0);
    }
    // All connections over TCP that plugins opened so far.
    std::vector<Peer> peers() const {
      std::vector<Peer> all;
      hyalite_service_connection one{};
      while (hyalite_bench_connection(raw(), all.size(), &one) == HYALITE_OK) all.emplace_back(raw(), one);
      return all;
    }

    hyalite_bench* raw() const { return bench_.get(); }

   private:
    struct Close {
      void operator()(hyalite_bench* bench) const { hyalite_bench_close(bench); }
    };
    struct Heard {
      hyalite_bench* bench;
      std::function<void(const Peer&, std::string_view)> hears;
      static void on_heard(void* user, const hyalite_service_connection* connection, hyalite_bytes fresh) {
        const Heard& self = *static_cast<Heard*>(user);
        self.hears(Peer(self.bench, *connection), detail::text(fresh));
      }
    };
    struct Service {
      std::function<Answer(const Question&)> answers;
      Answer last;
      std::vector<hyalite_field> headers;
      static int on_question(void* user, const hyalite_question* question, hyalite_answer* out) {
        Service& self = *static_cast<Service*>(user);
        self.last = self.answers(copied(*question));
        *out = lent(self.last, self.headers);
        return 1;
      }
    };
    static Question copied(const hyalite_question& question) {
      return {question.id,
              detail::text(question.service),
              detail::text(question.method),
              detail::text(question.target),
              detail::text(question.body),
              detail::headers(question.headers, question.header_count)};
    }
    static hyalite_answer lent(const Answer& answer, std::vector<hyalite_field>& headers) {
      headers = detail::fields(answer.headers);
      return {sizeof(hyalite_answer), answer.status,  answer.http_status,        0,
              headers.data(),         headers.size(), detail::bytes(answer.body)};
    }
    static std::string chain_of(const std::vector<Plugin>& chain) {
      std::string settings = chain.empty() ? "" : "plugins:\n";
      for (const Plugin& plugin : chain) settings += plugin.entry();
      return settings;
    }

    std::unique_ptr<hyalite_bench, Close> bench_;
    std::vector<std::unique_ptr<Service>> services_;
    std::vector<std::unique_ptr<Heard>> heard_;
  };

  // ---- a talk

  struct Message {
    std::string method, target;  // of a request
    unsigned status = 0;         // of a response; 0: it is a request, or there is no such message
    std::string content;         // without framing
    Headers headers, trailers;

    bool exists() const { return status != 0 || !method.empty(); }
    // The first one's value; empty: there is none.
    std::string header(std::string_view name) const { return detail::value(headers, name); }
    bool has(std::string_view name) const {
      for (const auto& header : headers) {
        if (detail::same_name(header.first, name)) return true;
      }
      return false;
    }
  };

  // How an exchange ended.
  struct Ended {
    std::uint32_t end = 0;  // enum hyalite_end
    unsigned status = 0;    // what the client got
    std::string reason, decided_by, decision_reason;
    Headers notes, findings;

    std::string note(std::string_view name) const { return detail::value(notes, name); }
  };

  struct Client {
    std::string address = {}, destination = {};
    std::uint32_t upstream = HYALITE_UPSTREAM_THERE;
    std::uint32_t listener = 0;
    std::uint32_t upstream_defects = 0;
    bool upstream_has_no_tls = false, client_refuses_tls = false;

    hyalite_talk_options options() const {
      hyalite_talk_options out{};
      out.size = sizeof out;
      out.upstream = upstream;
      out.client = detail::bytes(address);
      out.destination = detail::bytes(destination);
      out.listener = listener;
      out.upstream_defects = upstream_defects;
      out.upstream_has_no_tls = upstream_has_no_tls;
      out.client_refuses_tls = client_refuses_tls;
      return out;
    }
  };

  class Talk {
   public:
    explicit Talk(const Bench& bench, const Client& client = {}) {
      const hyalite_talk_options options = client.options();
      take(bench, hyalite_talk_open(bench.raw(), &options));
    }

    // Each false: nobody is there to be heard (upstream was never connected), or all is over.
    bool client(std::string_view text) { return hyalite_talk_say(raw(), HYALITE_SIDE_CLIENT, detail::bytes(text)) != 0; }
    bool upstream(std::string_view text) { return hyalite_talk_say(raw(), HYALITE_SIDE_UPSTREAM, detail::bytes(text)) != 0; }
    bool client_hello(std::string_view server_name, std::string_view alpn = "http/1.1") {
      return client(detail::text(hyalite_talk_client_hello(raw(), detail::bytes(server_name), detail::bytes(alpn))));
    }
    bool client_ends() { return hyalite_talk_end(raw(), HYALITE_SIDE_CLIENT) != 0; }
    bool upstream_ends() { return hyalite_talk_end(raw(), HYALITE_SIDE_UPSTREAM) != 0; }
    bool client_breaks() { return hyalite_talk_break(raw(), HYALITE_SIDE_CLIENT) != 0; }
    bool upstream_breaks() { return hyalite_talk_break(raw(), HYALITE_SIDE_UPSTREAM) != 0; }
    void let_connect() { hyalite_talk_let_connect(raw()); }
    // The connection is over: every plugin hears it. Afterwards nothing else may be called but what looks.
    void cut_off() { hyalite_talk_break(raw(), HYALITE_SIDE_CLIENT); }

    // All bytes so far.
    std::string to_upstream() const { return detail::text(hyalite_talk_sent(raw(), HYALITE_SIDE_UPSTREAM)); }
    std::string to_client() const { return detail::text(hyalite_talk_sent(raw(), HYALITE_SIDE_CLIENT)); }
    // Whole request number `index` that upstream got, response number `index` that the client got; exists() is false past the
    // last one.
    Message to_upstream(std::size_t index) const { return message(HYALITE_SIDE_UPSTREAM, index); }
    Message to_client(std::size_t index) const { return message(HYALITE_SIDE_CLIENT, index); }
    // Said, and not taken yet.
    std::string unread_of_client() const { return detail::text(hyalite_talk_unread(raw(), HYALITE_SIDE_CLIENT)); }
    std::string unread_of_upstream() const { return detail::text(hyalite_talk_unread(raw(), HYALITE_SIDE_UPSTREAM)); }

    bool connected() const { return look().connected != 0; }
    std::size_t connections() const { return look().connections; }
    std::string connected_to() const { return detail::text(look().connected_to); }
    std::string stage() const { return detail::text(look().stage); }
    // Why it ended; empty: it goes on.
    std::string reason() const { return detail::text(look().reason); }
    bool over() const { return look().client != HYALITE_STILL_OPEN; }
    bool client_was_reset() const { return look().client == HYALITE_ENDED_BY_RESET; }

    // Exchanges that have ended.
    std::vector<Ended> ended() const {
      std::vector<Ended> all;
      hyalite_ended_exchange one{};
      while (hyalite_talk_ended(raw(), all.size(), &one) == HYALITE_OK) {
        all.push_back({one.end, one.status, detail::text(one.reason), detail::text(one.decided_by), detail::text(one.decision_reason),
                       detail::headers(one.notes, one.note_count), detail::headers(one.findings, one.finding_count)});
      }
      return all;
    }

    hyalite_talk* raw() const { return talk_.get(); }

   private:
    friend class EveryWay;
    friend class Script;
    struct Close {
      void operator()(hyalite_talk* talk) const { hyalite_talk_close(talk); }
    };
    Talk() = default;
    void take(const Bench& bench, hyalite_talk* talk) {
      talk_.reset(talk);
      if (talk == nullptr) detail::give_up("no client can connect: " + (bench ? "an address is none" : bench.mistakes()));
    }
    Message message(hyalite_side side, std::size_t index) const {
      hyalite_message one{};
      if (hyalite_talk_message(raw(), side, index, &one) != HYALITE_OK) return {};
      return {detail::text(one.method),  detail::text(one.target),
              one.status,                detail::text(one.content),
              detail::headers(one.headers, one.header_count), detail::headers(one.trailers, one.trailer_count)};
    }
    hyalite_talk_state look() const {
      hyalite_talk_state state{};
      state.size = sizeof state;
      hyalite_talk_look(raw(), &state);
      return state;
    }

    std::unique_ptr<hyalite_talk, Close> talk_;
  };

  // ---- scripts

  // What happens, one after the other. What cannot happen (upstream was never connected) does not.
  class Script {
   public:
    Script& client(std::string text) { return add(HYALITE_STEP_SAY, HYALITE_SIDE_CLIENT, std::move(text)); }
    Script& upstream(std::string text) { return add(HYALITE_STEP_SAY, HYALITE_SIDE_UPSTREAM, std::move(text)); }
    Script& client_ends() { return add(HYALITE_STEP_END, HYALITE_SIDE_CLIENT); }
    Script& upstream_ends() { return add(HYALITE_STEP_END, HYALITE_SIDE_UPSTREAM); }
    Script& client_breaks() { return add(HYALITE_STEP_BREAK, HYALITE_SIDE_CLIENT); }
    Script& upstream_breaks() { return add(HYALITE_STEP_BREAK, HYALITE_SIDE_UPSTREAM); }
    Script& time_passes(std::chrono::nanoseconds time) { return add(HYALITE_STEP_TIME, HYALITE_SIDE_CLIENT, {}, time.count()); }

    Talk play(const Bench& bench, const Client& client = {}) const {
      Talk talk;
      const hyalite_talk_options options = client.options();
      const auto steps = this->steps();
      talk.take(bench, hyalite_talk_play(bench.raw(), &options, steps.data(), steps.size()));
      return talk;
    }
    // Lent by the script.
    std::vector<hyalite_step> steps() const {
      std::vector<hyalite_step> all;
      for (const Step& step : steps_) all.push_back({step.what, step.side, detail::bytes(step.text), step.ns});
      return all;
    }

   private:
    struct Step {
      std::uint32_t what;
      hyalite_side side;
      std::string text;
      std::int64_t ns;
    };
    Script& add(std::uint32_t what, hyalite_side side, std::string text = {}, std::int64_t ns = 0) {
      steps_.push_back({what, side, std::move(text), ns});
      return *this;
    }
    std::vector<Step> steps_;
  };

  // A script in every way in which the network might cut what is said (hyalite_talk_play_in_every_way).
  class EveryWay {
   public:
    EveryWay(const Bench& bench, const Script& script, const Client& client = {}, std::uint64_t seed = 1) {
      const hyalite_talk_options options = client.options();
      const auto steps = script.steps();
      hyalite_bytes difference{};
      talk_.take(bench, hyalite_talk_play_in_every_way(bench.raw(), &options, steps.data(), steps.size(), seed, &difference, &ways_));
      difference_ = detail::text(difference);
    }

    // The same came of all of them.
    explicit operator bool() const { return difference_.empty(); }
    const std::string& difference() const { return difference_; }
    std::size_t ways() const { return ways_; }
    // The one that was not cut.
    const Talk& talk() const { return talk_; }

   private:
    Talk talk_;
    std::string difference_;
    std::size_t ways_ = 0;
  };

  }  // namespace testing
}  // namespace hyalite

#endif
