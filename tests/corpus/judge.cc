// Runs one case of the corpus in one splitting, and says what is not as it should be.
// SPDX-License-Identifier: MIT
#include "tests/corpus/judge.h"

#include <algorithm>
#include <cstdlib>
#include <random>

#include "base/text.h"
#include "http/body.h"
#include "http/reader.h"
#include "tests/support/oracle.h"

namespace hyalite {

using corpus::Case;
using corpus::Tested;
using corpus::Verdict;
using Kind = Verdict::Kind;

namespace {

// Byte by byte is quadratic in the stages' input; larger cases come in pieces of this many bytes instead.
constexpr std::size_t kDripped = 12'000;
constexpr std::size_t kLargePiece = 211;

std::string shown(std::string_view bytes) {
  return "'" + printable(bytes.substr(0, 400), 1'200) + (bytes.size() > 400 ? "...'" : "'");
}

std::string ids(const std::vector<Refusal>& refusals) {
  std::string out;
  for (Refusal refusal : refusals) out.append(out.empty() ? "" : " ").append(describe(refusal).id);
  return out.empty() ? "none" : out;
}

// Of a request whose head may be bad: would its answer have no body?
bool asks_head(std::string_view bytes) { return bytes.substr(0, 5) == "HEAD "; }

// ---- playing both sides

class Trial {
 public:
  Trial(Gateway& gateway, const Case& made, const Splitting& splitting)
      : gateway_(gateway), made_(made), splitting_(splitting), call_(gateway) {}

  std::string run() {
    play();
    judge();
    return told();
  }

  // The plugin may hold and frame anew: what counts is what is read.
  std::string run_looked_at() {
    play();
    const bool request = made_.tested == Tested::request;
    const std::string& got = request ? upstream() : client();
    const oracle::Reading reading = request ? oracle::read_requests(got) : read_answers();
    if (verdict().kind == Kind::not_http || verdict().kind == Kind::late) return {};
    // Where a body lasts until the connection ends, that is the end for what HTTP/1.0 would have kept alive.
    const bool old = !reading.messages.empty() && reading.messages[0].http_1_0 && reading.messages.size() < verdict().complete;
    if (old) return told();
    if (request && verdict().kind == Kind::pass && !made_.early) judge_answers(reading);
    want(reading.state != oracle::State::malformed, "the receiver could misread it: " + reading.why);
    const Close* closed = call_.closed();
    if (reading.state == oracle::State::cut_short) {
      want(closed != nullptr && (request ? closed->upstream : closed->client) == Ending::reset, "what was cut short ends like something whole");
    }
    if (verdict().kind == Kind::pass && made_.becomes.empty()) judge_contents(reading);
    if (verdict().kind != Kind::pass && request) {
      want(reading.messages.size() == verdict().complete, "the receiver reads " + std::to_string(reading.messages.size()) + " messages");
    }
    return told();
  }

 private:
  const std::string& upstream() const { return call_.received(Side::upstream); }
  const std::string& client() const { return call_.received(Side::client); }
  const Verdict& verdict() const { return made_.verdict; }

  // ---- the two sides

  void play() {
    made_.tested == Tested::request ? play_request() : play_response();
    // Whoever waits for more than will come is let go by the clock.
    if (verdict().kind == Kind::broken && call_.now() != Call::Now::closed) call_.deadline();
  }

  std::string told() const {
    return wrong_.empty() ? "" : wrong_ + "\n  upstream got " + shown(upstream()) + "\n  client got " + shown(client());
  }

  void play_request() {
    for (const std::string& piece : splitting_.cut(made_.bytes)) {
      call_.say(Side::client, piece);
      serve();
    }
    serve();
    if (made_.ends) call_.end(Side::client);
    serve();
  }

  // The server: answers each request that it has got.
  void serve() {
    while (call_.now() == Call::Now::inspected && upstream().size() != served_at_) {
      served_at_ = upstream().size();
      if (made_.early && answered_ == 0 && upstream().find("\r\n\r\n") != std::string::npos) answer({});
      const auto reading = oracle::read_requests(upstream());
      for (; answered_ < reading.messages.size();) answer(reading.messages[answered_]);
    }
  }

  void answer(const oracle::Message& request) {
    const std::size_t n = answered_++;
    std::string bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
    if (request.method == "CONNECT") bytes = "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n";
    if (request.method != "HEAD") bytes += "ok";
    if (n < made_.answers.size()) bytes = made_.answers[n];
    for (const std::string& piece : splitting_.cut(bytes)) call_.say(Side::upstream, piece);
  }

  void play_response() {
    for (const std::string& request : asked()) call_.say(Side::client, request);
    for (const std::string& piece : splitting_.cut(made_.bytes)) call_.say(Side::upstream, piece);
    if (made_.ends) call_.end(Side::upstream);
  }

  std::vector<std::string> asked() const {
    return made_.asked.empty() ? std::vector<std::string>{"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"} : made_.asked;
  }

  // ---- what became of it

  void wrong(const std::string& what) { wrong_ += (wrong_.empty() ? "" : "; ") + what; }
  void want(bool right, const std::string& what) {
    if (!right) wrong(what);
  }

  void judge() {
    if (verdict().kind == Kind::not_http) {
      return want(call_.now() == Call::Now::untouched && upstream() == made_.bytes, "it was taken for HTTP");
    }
    if (verdict().kind == Kind::late) return judge_late();
    want(call_.now() != Call::Now::untouched, "it was not taken for HTTP, so nobody looked");
    made_.tested == Tested::request ? judge_request() : judge_response();
  }

  void judge_late() {
    const Close* closed = call_.closed();
    want(closed != nullptr && closed->upstream == Ending::reset && closed->client == Ending::reset, "no reset");
    want(made_.bytes.substr(0, upstream().size()) == upstream(), "what passed is not what came");
    // Lines of nothing but control characters are none.
    const auto visible = std::find_if(upstream().begin(), upstream().end(), [](char c) { return static_cast<unsigned char>(c) > ' ' && c != '\x7f'; });
    want(upstream().find("HTTP/") == std::string::npos && std::find(visible, upstream().end(), '\n') == upstream().end(), "the request line passed");
  }

  std::string expected() const { return made_.becomes.empty() ? made_.bytes.substr(made_.skipped) : made_.becomes; }

  // What the receiver got is the beginning of what it may get, and holds so many whole messages.
  void judge_received(const std::string& got, const oracle::Reading& reading) {
    const bool whole = verdict().kind == Kind::pass;
    want(whole ? got == expected() : expected().substr(0, got.size()) == got, "what passed is not what came");
    want(reading.state != oracle::State::malformed, "the receiver could misread it: " + reading.why);
    want(reading.messages.size() == verdict().complete,
         "the receiver reads " + std::to_string(reading.messages.size()) + " messages");
    const bool may_be_cut = verdict().kind == Kind::cut || verdict().kind == Kind::broken;
    if (!may_be_cut) want(reading.state != oracle::State::cut_short, "the receiver got the beginning of a message");
  }

  void judge_request() {
    const oracle::Reading asked = oracle::read_requests(upstream());
    judge_received(upstream(), asked);
    judge_refusals(gateway_.refused_requests(), gateway_.refused_responses());
    std::vector<oracle::Question> questions;
    for (const auto& message : asked.messages) questions.push_back(question_of(message));
    const bool told = verdict().status != 0 || verdict().kind == Kind::cut;
    if (told || verdict().kind == Kind::broken) {
      questions.push_back({asks_head(std::string_view(made_.bytes).substr(std::min(made_.bytes.size(), upstream().size()))) ? "HEAD" : "GET", false, false});
    }
    const Close* closed = call_.closed();
    const bool in_order = closed != nullptr && closed->client != Ending::reset;
    const oracle::Reading answers = oracle::read_responses(client(), questions, in_order);
    want(answers.state != oracle::State::malformed, "the client could misread its answers: " + answers.why);
    if (told && !made_.early) {
      want(answers.messages.size() == verdict().complete + 1, "the client got " + std::to_string(answers.messages.size()) + " answers");
      const int status = answers.messages.empty() ? 0 : answers.messages.back().status;
      want(verdict().status == 0 || status == verdict().status, "the client was told " + std::to_string(status));
      want(verdict().status != 0 || status >= 400, "the client was told " + std::to_string(status));
    }
    if (verdict().kind == Kind::tunnel) want(answers.state == oracle::State::tunnel, "the client reads of no tunnel");
    judge_end(Side::upstream, asked);
  }

  // Of a response: what the client reads.
  oracle::Reading read_answers() const {
    std::vector<oracle::Question> questions;
    for (const std::string& bytes : asked()) {
      for (const auto& message : oracle::read_requests(bytes).messages) questions.push_back(question_of(message));
    }
    // A request that is not whole yet can only be answered by a page of ours.
    if (questions.empty()) questions.emplace_back();
    const Close* closed = call_.closed();
    const bool in_order = closed != nullptr && closed->client != Ending::reset;
    return oracle::read_responses(client(), questions, in_order);
  }

  // To requests that pass: as many whole ones, and the last ends when the client can see it.
  void judge_answers(const oracle::Reading& asked) {
    std::vector<oracle::Question> questions;
    for (const auto& message : asked.messages) questions.push_back(question_of(message));
    const Close* closed = call_.closed();
    const bool in_order = closed != nullptr && closed->client != Ending::reset;
    const oracle::Reading answers = oracle::read_responses(client(), questions, in_order);
    want(answers.is_exactly(verdict().complete), "the client reads " + std::to_string(answers.messages.size()) + " answers");
  }

  // The same messages, however they are framed now.
  void judge_contents(const oracle::Reading& got) {
    const bool request = made_.tested == Tested::request;
    std::vector<oracle::Question> questions;
    for (const std::string& bytes : asked()) {
      for (const auto& message : oracle::read_requests(bytes).messages) questions.push_back(question_of(message));
    }
    const std::string bytes = expected();
    const oracle::Reading said = request ? oracle::read_requests(bytes) : oracle::read_responses(bytes, questions, made_.ends);
    want(got.state == said.state && got.messages.size() == said.messages.size(),
         "the receiver reads " + std::to_string(got.messages.size()) + " messages");
    for (std::size_t i = 0; i < std::min(got.messages.size(), said.messages.size()); ++i) {
      const oracle::Message &a = got.messages[i], &b = said.messages[i];
      want(a.method == b.method && a.target == b.target && a.status == b.status && a.interim == b.interim, "another start-line");
      want(a.content == b.content, "other content");
      want(a.trailers.size() == b.trailers.size(), "other trailers");
    }
  }

  void judge_response() {
    const oracle::Reading reading = read_answers();
    if (verdict().status != 0) {
      want(reading.is_exactly(verdict().complete + 1), "the client reads " + std::to_string(reading.messages.size()) + " messages");
      const int status = reading.messages.empty() ? 0 : reading.messages.back().status;
      want(status == verdict().status, "the client was told " + std::to_string(status));
    } else {
      judge_received(client(), reading);
    }
    judge_refusals(gateway_.refused_responses(), gateway_.refused_requests());
    if (verdict().kind == Kind::tunnel) want(reading.state == oracle::State::tunnel, "the client reads of no tunnel");
    judge_end(Side::client, reading);
  }

  void judge_refusals(const std::vector<Refusal>& counted, const std::vector<Refusal>& others) {
    const bool perhaps = !counted.empty() && ids(counted) == made_.perhaps;
    want(perhaps || ids(counted) == (verdict().refusal.empty() ? "none" : verdict().refusal), "refused: " + ids(counted));
    want(others.empty(), "the other side was refused: " + ids(others));
  }

  // How the connections ended.
  void judge_end(Side receiver, const oracle::Reading& got) {
    const Close* closed = call_.closed();
    const auto ending = [&](Side side) { return side == Side::client ? closed->client : closed->upstream; };
    switch (verdict().kind) {
      case Kind::pass: {
        const bool fine = closed == nullptr || ending(receiver) != Ending::reset;
        return want(fine && call_.now() != Call::Now::tunnelled, "the connection did not go on, nor end in order");
      }
      case Kind::tunnel: return want(call_.now() == Call::Now::tunnelled, "no tunnel was opened");
      case Kind::answered:
        return want(closed == nullptr || closed->client != Ending::reset, "the answer may not arrive");
      case Kind::refused:
        want(closed != nullptr, "the connection goes on");
        if (closed == nullptr) return;
        // The client gets its page, or the whole response before; whoever sent a bad response is reset.
        want(closed->client != Ending::reset, "what the client is sent may not arrive");
        if (receiver == Side::client) want(closed->upstream == Ending::reset, "no reset for the server");
        return;
      case Kind::cut:
      case Kind::broken:
        want(closed != nullptr, "the connection goes on");
        if (closed == nullptr) return;
        // Whoever has a beginning must not take it for the whole.
        if (got.state == oracle::State::cut_short || verdict().kind == Kind::cut) {
          want(ending(receiver) == Ending::reset, "what was cut short ends like something whole");
        }
        return;
      case Kind::not_http:
      case Kind::late:
        return;
    }
  }

  Gateway& gateway_;
  const Case& made_;
  const Splitting& splitting_;
  Call call_;
  std::size_t answered_ = 0, served_at_ = 0;
  std::string wrong_;
};

// ---- the readers alone

const HttpRules kRules{Settings{}, ListenerSettings{}};

// Reads messages as the stage would, from bytes that come in pieces.
class Reading {
 public:
  explicit Reading(const Case& made) : made_(made) {
    for (const std::string& request : made.asked) {
      requests_.emplace_back();
      static_cast<void>(RequestReader(kRules.head).read(request, requests_.back()));
    }
  }

  void take(std::string_view piece) {
    unread_ += piece;
    while (!refused_ && step()) {
    }
  }
  void end() {
    if (refused_ || !body_) return;
    if (const auto refusal = body_->finish(unread_)) {
      truncated_ = *refusal == Refusal::truncated_body;
    } else {
      ++complete_;
      body_.reset();
    }
  }

  std::size_t complete_ = 0;
  std::optional<Refusal> refused_;
  bool truncated_ = false;
  bool tunnel_ = false;
  bool idle() const { return unread_.empty() && !body_; }

 private:
  bool step() {
    if (body_) return read_body();
    return !tunnel_ && !unread_.empty() && read_head();
  }

  bool read_head() {
    const bool request = made_.tested == Tested::request;
    // Behind the response there is no request to be answered.
    if (!request && complete_ > 0) return false;
    const HeadProgress head = request ? requests_reader_.read(unread_, request_) : responses_reader_.read(unread_, asked(), response_);
    if (head.step == HeadProgress::Step::refused) refused_ = head.refusal;
    const bool complete = head.step == HeadProgress::Step::complete;
    tunnel_ = complete && head.framing.kind == Framing::Kind::tunnel;
    const bool interim = complete && !request && response_.is_interim();
    if (complete && !interim) start_body(head.framing);
    unread_.erase(0, head.consumed);
    return head.consumed > 0;
  }

  void start_body(const Framing& framing) {
    if (framing.has_body()) {
      body_.emplace(framing, kRules.body);
    } else {
      ++complete_;
    }
  }

  bool read_body() {
    const Piece piece = body_->next(unread_);
    if (piece.kind == Piece::Kind::refused) refused_ = piece.refusal;
    unread_.erase(0, piece.raw.size());
    if (piece.kind == Piece::Kind::end) {
      ++complete_;
      body_.reset();
      return true;
    }
    return piece.kind != Piece::Kind::need_more;
  }

  Asked asked() const {
    static const Asked plain;
    if (requests_.empty()) return plain;
    Asked asked = asked_by(requests_.front());
    asked.complete = true;
    return asked;
  }

  const Case& made_;
  std::vector<RequestHead> requests_;
  RequestReader requests_reader_{kRules.head};
  ResponseReader responses_reader_{kRules.head};
  RequestHead request_;
  ResponseHead response_;
  std::optional<BodyReader> body_;
  std::string unread_;
};

}  // namespace

// ---- splittings

std::vector<std::string> Splitting::cut(std::string_view bytes) const {
  std::vector<std::string> pieces;
  std::mt19937_64 random(seed);
  // Mostly small pieces, so that a cut falls between any two bytes now and then.
  while (!bytes.empty()) {
    std::size_t n = bytes.size();
    if (kind == Kind::byte_by_byte) n = bytes.size() > kDripped ? kLargePiece : 1;
    if (kind == Kind::random) n = 1 + random() % (random() % 4 == 0 ? bytes.size() : std::size_t{9});
    if (kind == Kind::random && bytes.size() > kDripped) n += kLargePiece;
    n = std::min(n, bytes.size());
    pieces.emplace_back(bytes.substr(0, n));
    bytes.remove_prefix(n);
  }
  return pieces;
}

std::string Splitting::text() const {
  if (kind == Kind::whole) return "whole";
  return kind == Kind::byte_by_byte ? "byte by byte" : "split at random, seed " + std::to_string(seed);
}

// ---- judgements

namespace {

// Tells the editor (editor.cc) what to do.
void tell_editor(const std::vector<std::string>& edits) {
  std::string hex;
  for (const std::string& edit : edits) {
    if (!hex.empty()) hex += ',';
    for (char c : edit) {
      char two[3];
      std::snprintf(two, sizeof two, "%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
      hex += two;
    }
  }
  setenv("HYALITE_TEST_EDITS", hex.c_str(), 1);
}

}  // namespace

std::string judge_looked_at(Gateway& gateway, const Case& made, const Splitting& splitting, const std::string& wish) {
  tell_editor({"request want " + wish});
  return Trial(gateway, made, splitting).run_looked_at();
}

std::string judge(Gateway& gateway, const Case& made, const Splitting& splitting) {
  tell_editor(made.edits);
  return Trial(gateway, made, splitting).run();
}

std::string judge_readers(const Case& made, const Splitting& splitting) {
  const Verdict& verdict = made.verdict;
  // What the readers cannot know: policy, what came before, that nobody reads on.
  if (verdict.kind == Kind::answered || verdict.kind == Kind::not_http || verdict.kind == Kind::late || made.early || !made.becomes.empty()) return {};
  if (!made.edits.empty()) return {};
  Reading reading(made);
  for (const std::string& piece : splitting.cut(made.bytes)) reading.take(piece);
  if (made.ends) reading.end();
  std::string refused = reading.refused_ ? std::string(describe(*reading.refused_).id) : "";
  const bool beyond_readers = verdict.refusal == "unasked_response" || verdict.refusal == "target_too_long" ||
                              verdict.refusal == "too_many_interim_responses" || verdict.refusal == "behind_refused_connect" || verdict.refusal == "switched_too_early";
  if (beyond_readers && refused != verdict.refusal) return {};
  std::string wrong;
  if (refused != verdict.refusal) wrong += "the readers refuse: " + (refused.empty() ? "nothing" : refused);
  if (reading.complete_ != verdict.complete) wrong += "; the readers see " + std::to_string(reading.complete_) + " messages";
  if (verdict.kind == Kind::pass && !reading.idle()) wrong += "; the readers leave something";
  if (verdict.kind == Kind::tunnel && !reading.tunnel_ && made.tested == Tested::response) wrong += "; no tunnel";
  return wrong;
}

std::string judge_referee(const Case& made) {
  const Verdict& verdict = made.verdict;
  if (verdict.kind == Kind::not_http || verdict.kind == Kind::late || !made.edits.empty()) return {};
  const std::string_view bytes = std::string_view(made.bytes).substr(made.skipped);
  std::vector<oracle::Question> questions;
  for (const std::string& request : made.asked) {
    for (const auto& message : oracle::read_requests(request).messages) questions.push_back(question_of(message));
  }
  if (questions.empty()) questions.emplace_back();
  const oracle::Reading reading =
      made.tested == Tested::request ? oracle::read_requests(bytes) : oracle::read_responses(bytes, questions, made.ends);
  const bool bad = reading.state == oracle::State::malformed;
  switch (verdict.kind) {
    case Kind::pass:
      if (!made.becomes.empty()) return {};
      return reading.is_exactly(verdict.complete) ? "" : "the referee does not read it as whole messages: " + reading.why;
    case Kind::tunnel:
      return bad ? "the referee finds it malformed: " + reading.why : "";
    case Kind::refused:
    case Kind::cut:
      if (made.stricter.empty()) return bad ? "" : "the referee finds nothing wrong; say 'stricter' and why";
      return bad ? "it says 'stricter', but the referee refuses it, too: " + reading.why : "";
    case Kind::broken:
      return reading.state == oracle::State::whole && reading.messages.size() > verdict.complete ? "the referee finds it whole" : "";
    default:
      return {};
  }
}

}  // namespace hyalite
