// One request and its response, and the order of the hooks between them.
// SPDX-License-Identifier: MIT
#include "flow/exchange.h"

#include "http/recheck.h"
#include "http/writer.h"

namespace hyalite {

namespace {

// Shows the trailers of one direction to the plugins, as fields that they may edit.
Answer ask_trailers(Chain& chain, ExchangeSubject& subject, Direction direction, Trailers& trailers) {
  if (direction == Direction::request) {
    subject.request_trailers = &trailers;
    return chain.request_trailers(subject);
  }
  subject.response_trailers = &trailers;
  return chain.response_trailers(subject);
}

}  // namespace

Exchange::Exchange(Chain& chain, FlowSubject& flow, std::uint64_t number, const HttpRules& rules, const Clock& clock, ExchangeRoom& room)
    : request(room.request),
      request_body(room.request_body),
      response(room.response),
      response_body(room.response_body),
      request_reader(rules.head),
      response_reader(rules.head),
      room_(room),
      chain_(chain),
      rules_(rules),
      clock_(clock),
      arena_(room.arena),
      began_(clock.now()),
      subject(flow, number, arena_),
      request_trailers_(*this, Direction::request),
      response_trailers_(*this, Direction::response) {
  summary.started_at = clock.wall_time();
}

Exchange::~Exchange() {
  end(End::error, "internal");
  if (chain_.validates()) arena_.bury();
}

Nanoseconds Exchange::elapsed() const { return clock_.now() - began_; }

// ---- the request ----

void Exchange::request_came() {
  request.moved_to(arena_.copy(request.raw()).data());
  subject.request = &request;
}

Answer Exchange::judge_request(const Framing& framing) {
  summary.request_head = elapsed();
  request_framing_ = framing;
  request_keeps_alive_ = keeps_alive(request);
  awaits_continue_ = expects_continue(request);
  open();
  return judged_request(chain_.request_head(subject));
}

Answer Exchange::judged_request(Answer answer) {
  if (answer != Answer::go_on) return answer;
  // HTTP/1.0 has no chunks (RFC 9112, section 6.1): there a body whose length changes must be whole before its head goes.
  relay(Direction::request, request_framing_, request.minor_version() == 0 ? Wire::length : Wire::chunked, request_body);
  return Answer::go_on;
}

void Exchange::open() {
  if (opened_) return;
  opened_ = true;
  chain_.exchange_open(subject);
}

void Exchange::relay(Direction direction, const Framing& framing, Wire resized, Relay& body) {
  if (!framing.has_body()) return;
  const bool request_side = direction == Direction::request;
  const bool trailers = !framing.empty && chain_.wants(request_side ? Hook::request_trailers : Hook::response_trailers);
  body.become(Relay(framing, rules_.body, framing.empty ? BodyPipe() : chain_.body(subject, direction), resized, rules_.held_body_bytes, rules_.at_once_bytes,
                    trailers ? (request_side ? &request_trailers_ : &response_trailers_) : nullptr));
}

std::optional<Refusal> Exchange::send_request_head(Effects& effects) {
  Framing meant = request_framing_;
  frame(request, request_body, meant);
  // Extensions change what frames mean, and a plugin wants to see them (sdk/README.md).
  if (!subject.message_interests.empty() && request.find(Name::sec_websocket_extensions) != nullptr) {
    static_cast<void>(request.remove("Sec-WebSocket-Extensions"));
    offers_dropped_ = true;
  }
  subject.request_sent = true;
  if (!request.edited()) {
    effects.send(Side::upstream, request.raw());
    summary.to_upstream += request.raw().size();
    return std::nullopt;
  }
  const Bytes bytes = written(request, arena_);
  if (const auto refusal = recheck_request(bytes, request, meant, rules_.head)) return refusal;
  summary.to_upstream += bytes.size();
  effects.send(Side::upstream, bytes);
  return std::nullopt;
}

// `close` is of one hop (RFC 9110, section 7.6.1), and the next one is ours.
void Exchange::withhold_close() {
  if (request_keeps_alive_ || request.minor_version() == 0) return;
  request.unsay_close(arena_);
  close_withheld_ = true;
}

void Exchange::request_sent() {
  const bool again = summary.request_sent.has_value();
  summary.request_sent = elapsed();
  summary.request_content = request_body.content_in();
  if (!again) chain_.request_end(subject);
}

Asked Exchange::asked() const {
  Asked asked = asked_by(request);
  asked.complete = request_body.complete();
  return asked;
}

namespace {

// What the head says of the content was true of the coded one. (A digest cannot be made true again before the body is known;
// an ETag may stay as a weak one: RFC 9110, section 8.8.1.)
void forget_coding(Head& head, Arena& arena) {
  head.drop(Name::content_encoding);
  for (const Bytes name : {"Content-Digest", "Content-MD5", "Digest"}) static_cast<void>(head.remove(name));
  const Bytes tag = head.value(Name::etag);
  if (!tag.empty() && tag.substr(0, 2) != "W/") static_cast<void>(head.set("ETag", "W/" + std::string(tag), arena));
}

}  // namespace

// What the body's new form and framing make of the head.
void Exchange::frame(Head& head, const Relay& relay, Framing& meant) {
  if (relay.recoded()) forget_coding(head, arena_);
  switch (relay.wire()) {
    case Wire::as_came:
    case Wire::in_place: return;
    case Wire::length:
      head.frame_length(relay.length(), arena_);
      meant = relay.length() == 0 ? Framing{} : Framing{Framing::Kind::length, relay.length()};
      return;
    case Wire::chunked:
      if (meant.kind != Framing::Kind::chunked) head.frame_chunked(arena_);
      meant = Framing{Framing::Kind::chunked, 0};
      return;
    case Wire::until_close:
      head.frame_until_close(arena_);
      response_keeps_alive_ = false;
      meant = Framing{Framing::Kind::until_close, 0};
      return;
  }
}

// ---- the response ----

Answer Exchange::pass_interim(Effects& effects, std::optional<Refusal>& refusal) {
  subject.info = &response;
  const Answer answer = chain_.response_info(subject);
  subject.info = nullptr;
  if (answer == Answer::decided || subject.info_dropped()) return answer;
  const Bytes bytes = response.edited() ? written(response, arena_) : response.raw();
  if (response.edited()) refusal = recheck_response(bytes, response, asked(), Framing{}, rules_.head);
  if (refusal) return answer;
  summary.to_client += bytes.size();
  effects.send(Side::client, bytes);
  if (response.status() == 100) continue_sent_ = true;
  return answer;
}

Answer Exchange::judge_response(const Framing& framing) {
  response.moved_to(arena_.copy(response.raw()).data());
  response_framing_ = framing;
  response_keeps_alive_ = keeps_alive(response, framing);
  summary.response_head = elapsed();
  summary.upstream_status = static_cast<unsigned>(response.status());
  subject.response = &response;
  return judged_response(chain_.response_head(subject));
}

Answer Exchange::judged_response(Answer answer) {
  if (answer != Answer::go_on) return answer;
  const bool chunks = request.minor_version() > 0 && response.minor_version() > 0;
  relay(Direction::response, response_framing_, chunks ? Wire::chunked : Wire::until_close, response_body);
  return Answer::go_on;
}

std::optional<Refusal> Exchange::send_response_head(bool close_after, Effects& effects) {
  Framing meant = response_framing_;
  frame(response, response_body, meant);
  if (close_after) response.say_close(arena_);
  summary.status = static_cast<unsigned>(response.status());
  if (!response.edited()) {
    effects.send(Side::client, response.raw());
    summary.to_client += response.raw().size();
  } else {
    const Bytes bytes = written(response, arena_);
    if (const auto refusal = recheck_response(bytes, response, asked(), meant, rules_.head)) return refusal;
    summary.to_client += bytes.size();
    effects.send(Side::client, bytes);
  }
  subject.response_started = true;
  return std::nullopt;
}

void Exchange::response_sent() {
  summary.response_content = response_body.content_out();
  chain_.response_end(subject);
}

void Exchange::answered_by_us(unsigned status, std::uint64_t bytes) {
  subject.response_started = true;
  summary.status = status;
  summary.to_client += bytes;
}

// ---- trailers ----

TrailersHook::Said Exchange::TrailersOf::on_trailers(std::string& lines) {
  Exchange& x = exchange_;
  if (lines.empty() && !x.subject.wants_trailers(direction_)) return Said::unchanged;
  index_trailers(x.arena_.copy(lines), x.rules_.head.fields, trailers());
  return said(ask_trailers(x.chain_, x.subject, direction_, trailers()), lines);
}

TrailersHook::Said Exchange::TrailersOf::on_resumed(std::string& lines) {
  const Lane lane = direction_ == Direction::request ? Lane::request : Lane::response;
  return said(exchange_.chain_.resume(exchange_.subject, lane), lines);
}

Trailers& Exchange::TrailersOf::trailers() const {
  return direction_ == Direction::request ? exchange_.trailers_of_request_ : exchange_.trailers_of_response_;
}

TrailersHook::Said Exchange::TrailersOf::said(Answer answer, std::string& lines) const {
  if (answer == Answer::decided) return Said::decided;
  if (answer == Answer::paused) return Said::paused;
  if (!trailers().edited()) return Said::unchanged;
  lines.clear();
  for (const Field& field : trailers().fields()) {
    if (!field.line.empty()) {
      lines += field.line;
    } else {
      lines.append(field.name).append(": ").append(field.value).append("\r\n");
    }
  }
  return Said::changed;
}

// ---- the end ----

void Exchange::end(End how, std::string_view reason) {
  if (ended_) return;
  ended_ = true;
  // Plugins hear of a request that was refused before its head was whole, too.
  open();
  summary.end = how;
  summary.reason = reason;
  summary.duration = elapsed();
  summary.request_content = request_body.content_in();
  if (summary.response_content == 0) summary.response_content = response_body.content_out();
  chain_.exchange_end(subject, summary);
}

}  // namespace hyalite
