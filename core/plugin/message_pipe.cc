// The way of a WebSocket's messages, in one direction, through the plugins that want to see them.
// SPDX-License-Identifier: MIT
#include "plugin/message_pipe.h"

#include <algorithm>

#include "plugin/abi.h"
#include "plugin/chain_call.h"
#include "plugin/message_works.h"

namespace hyalite {

namespace {

constexpr std::uint32_t kMostFrames = 4096;  // of one message that is held

hyalite_ws_message shown(const MessageUnit& unit) {
  hyalite_ws_message out{};
  out.size = sizeof out;
  out.opcode = static_cast<std::uint32_t>(unit.opcode);
  if (unit.final) out.flags |= HYALITE_WS_FINAL;
  if (unit.length > unit.payload.size()) out.flags |= HYALITE_WS_TRUNCATED;
  out.frames = unit.frames;
  out.length = unit.length;
  out.payload = abi(unit.payload);
  if (unit.opcode != Opcode::close) return out;
  out.close_code = 1005;
  if (unit.payload.size() < 2) return out;
  out.close_code = static_cast<unsigned char>(unit.payload[0]) * 256u + static_cast<unsigned char>(unit.payload[1]);
  out.payload = abi(Bytes(unit.payload).substr(2));
  return out;
}

}  // namespace

// ---- the face

MessagePipe::MessagePipe(MessagePipe&&) noexcept = default;
MessagePipe& MessagePipe::operator=(MessagePipe&&) noexcept = default;
MessagePipe::~MessagePipe() = default;
MessagePipe::MessagePipe(std::unique_ptr<Works> works) : works_(std::move(works)) {}

MessageStep MessagePipe::feed(Bytes bytes) { return works_->feed(bytes); }
MessageStep MessagePipe::finish() { return works_->finish(); }
MessageStep MessagePipe::resume() { return works_->resume(); }
MessageStep MessagePipe::release() { return works_->release(); }
std::vector<Injection> MessagePipe::take_injections() { return works_->take_injections(); }
std::string MessagePipe::inject(const Injection& injection) { return works_->inject(injection); }
void MessagePipe::pair_with(MessagePipe& other) {
  works_->pair_with(*other.works_);
  other.works_->pair_with(*works_);
}
std::optional<std::string> MessagePipe::close(unsigned code, Bytes reason) { return works_->close(code, reason); }

MessagePipe Chain::messages(FlowSubject& flow, Direction direction) {
  std::vector<MessageLink> links;
  for (const Entry& entry : entries(Hook::ws_message)) {
    if (flow.message_interests.empty()) break;
    MessageOptions& wish = flow.message_interests.of(direction, entry.index);
    if (wish.mode == HYALITE_WS_NONE || is_left_out(entry, flow, nullptr)) continue;
    MessageLink& link = links.emplace_back();
    link.instance = entry.instance;
    link.index = entry.index;
    link.wish = &wish;
    link.mode = wish.mode;
  }
  if (direction == Direction::response) std::reverse(links.begin(), links.end());
  return MessagePipe(std::make_unique<MessagePipe::Works>(*this, flow, direction, std::move(links)));
}

// ---- the works

MessagePipe::Works::Works(Chain& chain, FlowSubject& flow, Direction direction, std::vector<MessageLink> links)
    : chain_(chain),
      flow_(flow),
      direction_(direction),
      links_(std::move(links)),
      reader_(direction == Direction::request ? FrameReader::From::client : FrameReader::From::server),
      outlet_(direction == Direction::request) {}

MessagePipe::Works::~Works() { chain_.services_->held_body_bytes -= accounted_; }

std::size_t MessagePipe::Works::held() const {
  std::size_t sum = rest_.size() + outlet_.waiting_bytes();
  for (const MessageLink& link : links_) {
    for (const MessageUnit* unit : {&link.message, &link.control}) sum += unit->raw.size() + unit->payload.size();
  }
  return sum;
}

void MessagePipe::Works::account() {
  const std::size_t now = held();
  chain_.services_->held_body_bytes += now - accounted_;
  accounted_ = now;
}

MessageStep MessagePipe::Works::feed(Bytes bytes) {
  if (state_ == State::released) {
    passing_ = bytes;
    return {MessageStep::Kind::forward, {&passing_, 1}};
  }
  outlet_.begin();
  read(bytes);
  return step();
}

MessageStep MessagePipe::Works::finish() {
  const bool whole = std::all_of(links_.begin(), links_.end(), [](const MessageLink& link) { return link.message.raw.empty() && link.control.raw.empty(); });
  MessageStep last = step();
  last.output = {};
  if (state_ == State::going && (!whole || !reader_.partial().empty())) last.kind = MessageStep::Kind::cut_short;
  return last;
}

MessageStep MessagePipe::Works::resume() {
  outlet_.begin();
  if (state_ != State::paused || !flow_.pause(place().lane).ready()) return step();
  state_ = State::going;
  ask(paused_at_, *paused_, Asking::again);
  if (state_ == State::going) read(outlet_.own(std::exchange(rest_, {})));
  return step();
}

std::string MessagePipe::Works::inject(const Injection& injection) {
  std::string now = outlet_.put_apart(injection.opcode, injection.payload);
  account();
  return now;
}

std::optional<std::string> MessagePipe::Works::close(unsigned code, Bytes reason) {
  if (outlet_.closed()) return std::string();
  if (outlet_.inside_frame()) return std::nullopt;
  const std::string payload = close_payload(code, reason);
  return written(outlet_.head_for(Opcode::close, payload.size()), payload);
}

// Nobody looks any more. What is held goes its way in the order of the bytes: the last link's are the first.
MessageStep MessagePipe::Works::release() {
  if (state_ == State::released) return {};
  const std::size_t before = outlet_.output().size();
  chain_.end_wait(place());
  for (std::size_t i = links_.size(); i-- > 0;) {
    for (MessageUnit* unit : {&links_[i].message, &links_[i].control}) outlet_.pass(outlet_.own(std::exchange(unit->raw, {})));
    links_[i] = {};
  }
  outlet_.pass(outlet_.own(std::string(reader_.partial())));
  outlet_.pass(outlet_.own(std::exchange(rest_, {})));
  state_ = State::released;
  MessageStep rest = step();
  rest.output = rest.output.subspan(before);
  return rest;
}

MessageStep MessagePipe::Works::step() {
  account();
  MessageStep out;
  out.output = outlet_.output();
  out.refusal = refusal_;
  if (state_ == State::paused) out.kind = MessageStep::Kind::paused;
  if (state_ == State::decided) out.kind = MessageStep::Kind::decided;
  if (state_ == State::refused) out.kind = MessageStep::Kind::refused;
  return out;
}

void MessagePipe::Works::read(Bytes bytes) {
  while (state_ == State::going) {
    const FramePiece piece = reader_.next(bytes);
    switch (piece.kind) {
      case FramePiece::Kind::need_more: return;
      case FramePiece::Kind::refused: return refuse(piece.refusal);
      case FramePiece::Kind::head: head(0, reader_.frame(), piece.raw); break;
      case FramePiece::Kind::payload: payload(0, reader_.frame(), piece.raw, piece.clear); break;
      case FramePiece::Kind::end: end(0, reader_.frame()); break;
    }
  }
  if (state_ != State::refused) rest_ += bytes;
}

void MessagePipe::Works::refuse(FrameRefusal refusal) {
  state_ = State::refused;
  refusal_ = refusal;
}

// ---- events

// A plugin further on decided while it was given what was held: what comes behind that goes its way unseen, in its order.
void MessagePipe::Works::leave(Bytes raw) {
  if (state_ == State::decided) rest_ += raw;
}

bool MessagePipe::Works::is_off(const MessageLink& link) const {
  return link.wish->mode == HYALITE_WS_NONE || Chain::is_left_out({link.instance, link.index}, flow_, nullptr);
}

void MessagePipe::Works::head(std::size_t at, const FrameHead& frame, Bytes raw) {
  if (state_ != State::going) return leave(raw);
  if (at == links_.size()) return outlet_.head(frame, raw);
  MessageLink& link = links_[at];
  if (link.mode != HYALITE_WS_NONE && is_off(link)) turn_off(at);
  if (link.mode == HYALITE_WS_NONE) return head(at + 1, frame, raw);
  MessageUnit& unit = unit_of(link, frame);
  if (link.mode == HYALITE_WS_FRAMES || frame.opcode != Opcode::continuation) {
    unit = {};
    unit.opcode = frame.opcode;
  }
  ++unit.frames;
  unit.final = frame.final;
  if (link.mode != HYALITE_WS_MESSAGES || unit.passing) return head(at + 1, frame, raw);
  if (frame.length > link.wish->cap - unit.length || unit.frames > kMostFrames) {
    overflow(at, unit);
    return head(at + 1, frame, raw);
  }
  unit.held.push_back({frame, raw.size(), 0});
  unit.raw += raw;
}

void MessagePipe::Works::payload(std::size_t at, const FrameHead& frame, Bytes raw, Bytes clear) {
  if (state_ != State::going) return leave(raw);
  if (at == links_.size()) return outlet_.payload(raw);
  MessageLink& link = links_[at];
  if (link.mode == HYALITE_WS_NONE) return payload(at + 1, frame, raw, clear);
  MessageUnit& unit = unit_of(link, frame);
  unit.length += clear.size();
  if (link.mode != HYALITE_WS_MESSAGES) {
    unit.payload += clear.substr(0, static_cast<std::size_t>(link.wish->cap) - unit.payload.size());
    return payload(at + 1, frame, raw, clear);
  }
  const HostServices& services = *chain_.services_;
  const std::uint64_t all = services.held_body_bytes - accounted_ + held() + raw.size() + clear.size();
  if (!unit.passing && all > services.limits.held_bodies_bytes) overflow(at, unit);
  if (unit.passing) return payload(at + 1, frame, raw, clear);
  unit.held.back().raw_payload += raw.size();
  unit.raw += raw;
  unit.payload += clear;
}

// What only reads is shown it before it is told to whoever comes next: that may be the end of this round.
void MessagePipe::Works::end(std::size_t at, const FrameHead& frame) {
  if (state_ != State::going || at == links_.size()) return;
  MessageLink& link = links_[at];
  if (link.mode == HYALITE_WS_NONE) return end(at + 1, frame);
  MessageUnit& unit = unit_of(link, frame);
  if (is_off(link)) {
    const bool is_held = !unit.held.empty();
    turn_off(at);
    return is_held ? void() : end(at + 1, frame);
  }
  const bool is_whole = frame.final || link.mode == HYALITE_WS_FRAMES;
  if (link.mode == HYALITE_WS_MESSAGES && !unit.passing) return is_whole ? ask(at, unit, Asking::first) : void();
  if (is_whole && !unit.passing) ask(at, unit, Asking::first);
  if (is_whole) unit = {};
  end(at + 1, frame);
}

void MessagePipe::Works::overflow(std::size_t at, MessageUnit& unit) {
  links_[at].instance->host().count(InstanceCount::overflows);
  if (links_[at].wish->overflow == HYALITE_WS_OVERFLOW_REJECT) return refuse(FrameRefusal::message_too_large);
  give_on(at, unit);
  unit.passing = true;
}

// Its plugin wants no more.
void MessagePipe::Works::turn_off(std::size_t at) {
  MessageLink& link = links_[at];
  link.mode = HYALITE_WS_NONE;
  for (MessageUnit* unit : {&link.message, &link.control}) give_on(at, *unit);
}

// What a link held, as it came. The last of its frames may not have ended.
void MessagePipe::Works::give_on(std::size_t at, MessageUnit& unit) {
  const std::vector<MessageUnit::Frame> frames = std::exchange(unit.held, {});
  Bytes raw = outlet_.own(std::exchange(unit.raw, {}));
  const std::string payloads = std::exchange(unit.payload, {});
  Bytes clear = payloads;
  for (const MessageUnit::Frame& frame : frames) {
    head(at + 1, frame.head, raw.substr(0, frame.raw_head));
    raw.remove_prefix(frame.raw_head);
    if (frame.raw_payload > 0) payload(at + 1, frame.head, raw.substr(0, frame.raw_payload), clear.substr(0, frame.raw_payload));
    raw.remove_prefix(frame.raw_payload);
    clear.remove_prefix(frame.raw_payload);
    if (frame.raw_payload == frame.head.length) end(at + 1, frame.head);
  }
}

void MessagePipe::Works::give_on_edited(std::size_t at, MessageUnit& unit, std::string text) {
  const FrameHead frame = outlet_.head_for(unit.opcode, text.size());
  const Bytes raw = outlet_.own(written(frame, text));
  const Bytes clear = outlet_.own(std::move(text));
  head(at + 1, frame, raw.substr(0, raw.size() - clear.size()));
  if (!clear.empty()) payload(at + 1, frame, raw.substr(raw.size() - clear.size()), clear);
  end(at + 1, frame);
}

// ---- one call

std::size_t MessagePipe::Works::waiting(Direction direction) const {
  if (direction == direction_) return outlet_.waiting_bytes();
  std::size_t sum = other_ != nullptr ? other_->outlet_.waiting_bytes() : 0;
  for (const Injection& one : injections_) sum += one.payload.size();
  return sum;
}

void MessagePipe::Works::ask(std::size_t at, MessageUnit& unit, Asking asking) {
  MessageLink& link = links_[at];
  const bool is_held = link.mode == HYALITE_WS_MESSAGES;
  MessageEdit edit{is_held && unit.opcode != Opcode::close, unit.opcode};
  edit.waiting = {waiting(Direction::request), waiting(Direction::response)};
  hyalite_verdict verdict = HYALITE_ERROR;
  switch (put(link, unit, edit, asking, verdict)) {
    case Answer::paused:
      state_ = State::paused;
      paused_at_ = at;
      paused_ = &unit;
      return;
    case Answer::decided: state_ = State::decided; return;
    case Answer::go_on: break;
  }
  if (is_off(link) && verdict != HYALITE_IGNORE && link.wish->mode != HYALITE_WS_NONE) {
    edit.injections.clear();  // it failed
    edit.payload.reset();
    edit.dropped = false;
  }
  carry_out(at, unit, edit);
}

Answer MessagePipe::Works::put(const MessageLink& link, const MessageUnit& unit, MessageEdit& edit, Asking asking, hyalite_verdict& verdict) {
  const hyalite_ws_message message = shown(unit);
  const Chain::Entry entry{link.instance, link.index};
  HostServices& services = *chain_.services_;
  services.views.begin_round();
  services.message = &edit;
  Answer answer = Answer::go_on;
  if (asking == Asking::again) {
    answer = chain_.hear(entry, flow_, nullptr, place(), direction_, {nullptr, nullptr, &message}, verdict);
  } else {
    const WaitingPlace waits = link.mode == HYALITE_WS_MESSAGES ? place() : WaitingPlace{};
    answer = chain_.ask_one(Hook::ws_message, entry, flow_, nullptr, waits, [&](const Instance& i, void* state) {
      return verdict = i.hooks().ws.ws_message(i.self(), &flow_, state, static_cast<hyalite_direction>(direction_), &message);
    });
  }
  services.message = nullptr;
  return answer;
}

void MessagePipe::Works::carry_out(std::size_t at, MessageUnit& unit, MessageEdit& edit) {
  for (Injection& one : edit.injections) {
    if (one.direction == direction_)
      outlet_.put(one.opcode, one.payload);
    else
      injections_.push_back(std::move(one));
  }
  if (links_[at].mode != HYALITE_WS_MESSAGES) return;
  MessageUnit gone = std::exchange(unit, {});
  if (edit.dropped) return;
  if (edit.payload) return give_on_edited(at, gone, std::move(*edit.payload));
  give_on(at, gone);
}

}  // namespace hyalite
