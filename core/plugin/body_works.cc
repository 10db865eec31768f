// Inside a body pipe: how bytes go from one plugin to the next.
// SPDX-License-Identifier: MIT
#include "plugin/body_works.h"

#include <algorithm>

#include "plugin/body_judgement.h"

namespace hyalite {

namespace {

constexpr std::uint32_t kEnd = HYALITE_WINDOW_END, kCorrupt = HYALITE_WINDOW_CORRUPT;
// What any flow may have, however many bodies are held: so much of a decoder's memory, a window of
// gzip's say ...
constexpr std::size_t kSmallWindow = 64 * 1024;
// ... and so much of what comes out of a coding at once.
constexpr std::size_t kSmallPiece = 256 * 1024;

}  // namespace

std::size_t total_of(std::span<const Bytes> pieces) {
  std::size_t sum = 0;
  for (const Bytes& piece : pieces) sum += piece.size();
  return sum;
}

// ---- one link

BodyLink::Phase BodyLink::phase_of(std::uint32_t mode) {
  switch (mode) {
    case HYALITE_BODY_TAP:
      return Phase::tapping;
    case HYALITE_BODY_STREAM:
      return Phase::streaming;
    case HYALITE_BODY_FULL:
    case HYALITE_BODY_PEEK:
      return Phase::collecting;
    default:
      return Phase::off;
  }
}

std::size_t BodyLink::holds() const {
  return held.size() + (waiting ? waiting->window.size() + waiting->rest.size() : 0);
}

std::size_t BodyLink::lends() const {
  std::size_t sum = decoded.capacity() + output.written();
  for (const Buffer& bytes : spent) sum += bytes.capacity();
  return sum;
}

Bytes BodyLink::lend(Buffer bytes) { return spent.emplace_back(std::move(bytes)).bytes(); }

void BodyLink::pass_held() {
  if (!held.empty()) output.pass(lend(std::exchange(held, {})));
}

// ---- the works

BodyPipe::Works::Works(Chain& chain, FlowSubject& flow, ExchangeSubject* exchange,
                       Direction direction, std::vector<BodyLink> links)
    : chain_(chain),
      flow_(flow),
      exchange_(exchange),
      direction_(direction),
      links_(std::move(links)) {
  for (const BodyLink& link : links_) held_first_ |= link.phase == BodyLink::Phase::collecting;
}

// Who may edit sees what everybody behind sees, too; who only taps has a decoder to itself.
void BodyPipe::Works::undo(Coding coding) {
  for (BodyLink& link : links_) {
    link.shown_decoded = recodes_;
    if (recodes_ || (link.wish->flags & HYALITE_BODY_DECODED) == 0) continue;
    link.decoder = Decoder::make(coding, chain_.services_->limits.decode);
    link.shown_decoded = true;
    link.only_shows = link.phase == BodyLink::Phase::tapping;
    recodes_ = !link.only_shows;
  }
}

bool BodyPipe::Works::decodes() const {
  for (const BodyLink& link : links_) {
    if (link.decoder) return true;
  }
  return false;
}

BodyPipe::Works::~Works() { chain_.services_->held_body_bytes -= accounted_; }

Hook BodyPipe::Works::hook() const {
  if (exchange_ == nullptr) return Hook::data;
  return direction_ == Direction::request ? Hook::request_body : Hook::response_body;
}

bool BodyPipe::Works::is_left_out(const BodyLink& link) const {
  return Chain::is_left_out({link.instance, link.index}, flow_, exchange_);
}

std::size_t BodyPipe::Works::held() const {
  std::size_t sum = 0;
  for (const BodyLink& link : links_) sum += link.holds();
  return sum;
}

std::size_t BodyPipe::Works::lends() const {
  std::size_t sum = 0;
  for (const BodyLink& link : links_) sum += link.lends();
  return sum;
}

void BodyPipe::Works::account() {
  const std::size_t now = held() + windows() + besides_;
  chain_.services_->held_body_bytes += now - accounted_;
  accounted_ = now;
}

bool BodyPipe::Works::has_room(std::size_t more) const {
  const ChainLimits& limits = chain_.services_->limits;
  return more <= limits.held_body_bytes && held() <= limits.held_body_bytes - more &&
         all_held(besides_) + more <= limits.held_bodies_bytes;
}

// Of the codings that are undone here.
std::size_t BodyPipe::Works::windows() const {
  std::size_t sum = 0;
  for (const BodyLink& link : links_) {
    const std::size_t holds = link.decoder ? link.decoder->holds() : 0;
    sum += holds - std::min(holds, kSmallWindow);
  }
  return sum;
}

// In this worker, were it `besides` that whoever forwards holds.
std::uint64_t BodyPipe::Works::all_held(std::size_t besides) const {
  return chain_.services_->held_body_bytes - accounted_ + held() + windows() + besides;
}

bool BodyPipe::Works::has_room_besides(std::size_t bytes) const {
  return all_held(bytes) <= chain_.services_->limits.held_bodies_bytes;
}

void BodyPipe::Works::count_besides(std::size_t bytes) {
  besides_ = bytes;
  account();
}

bool BodyPipe::Works::may_resize(const BodyLink& link) const {
  // What once was collected was announced without a length.
  return link.wish->mode == HYALITE_BODY_FULL || link.phase == BodyLink::Phase::collecting ||
         (link.wish->flags & HYALITE_BODY_MAY_RESIZE) != 0 || resized_ || recodes_;
}

BodyNeed BodyPipe::Works::need() const {
  BodyNeed need = BodyNeed::none;
  if (resized_ || recodes_ || (exchange_ != nullptr && exchange_->wants_trailers(direction_)))
    need = BodyNeed::resize;
  for (const BodyLink& link : links_) {
    switch (link.phase) {
      case BodyLink::Phase::off:
        break;
      case BodyLink::Phase::tapping:
        need = std::max(need, BodyNeed::tap);
        break;
      case BodyLink::Phase::streaming:
        need = std::max(need, may_resize(link) ? BodyNeed::resize : BodyNeed::edit);
        break;
      case BodyLink::Phase::collecting:
        need = std::max(need, BodyNeed::hold);
        break;
    }
  }
  return need;
}

void BodyPipe::Works::begin() {
  for (BodyLink& link : links_) {
    link.output.clear();
    link.spent.clear();
    link.decoded.clear();
  }
}

BodyStep BodyPipe::Works::feed(std::span<const Bytes> content, bool end) {
  begin();
  if (links_.empty()) return {BodyStep::Kind::forward, content, total_of(content), false, end};
  return settled(run(0, enter(links_.front(), content, end), end));
}

BodyStep BodyPipe::Works::resume() {
  if (!standing_ || !place().of->pause(place().lane).ready()) return {BodyStep::Kind::paused, {}, 0};
  begin();
  const Standing stood = *std::exchange(standing_, std::nullopt);
  return settled(run(stood.at, go_on(links_[stood.at]), stood.ends));
}

// Where nothing leaves, whoever waits has a copy of what it waits with.
BodyStep BodyPipe::Works::settled(const BodyStep& step) {
  if (step.output.empty()) begin();
  account();
  return step;
}

// From the link at `at`, which came to `flow`, through those behind it.
BodyStep BodyPipe::Works::run(std::size_t at, Flow flow, bool end) {
  for (;; flow = enter(links_[at], links_[at - 1].output.resolve(), end)) {
    switch (flow) {
      case Flow::forward:
        break;
      case Flow::hold:
        return {BodyStep::Kind::hold, {}, 0};
      case Flow::paused:
        standing_ = Standing{at, end};
        return {BodyStep::Kind::paused, {}, 0};
      case Flow::decided:
        if (std::holds_alternative<PassThrough>(flow_.decision().what)) return let_pass(at);
        return {BodyStep::Kind::decided, {}, 0};
    }
    if (++at == links_.size()) break;
  }
  const auto& passing = links_.back().output.resolve();
  BodyStep step{BodyStep::Kind::forward, passing, total_of(passing), leaves_as_it_came(), end};
  held_first_ = false;
  return step;
}

// Of a body that was held until now, with its coding undone: nobody changed it, and nobody wants to.
bool BodyPipe::Works::leaves_as_it_came() {
  if (!recodes_ || !held_first_ || touched_) return false;
  for (const BodyLink& link : links_) {
    if (link.phase != BodyLink::Phase::off && link.phase != BodyLink::Phase::tapping) return false;
    // It sees what somebody in front of it had decoded, and can decode nothing by itself.
    if (link.phase == BodyLink::Phase::tapping && link.shown_decoded && !link.decoder) return false;
  }
  // Of what follows, those that tap are still shown what they asked for.
  for (BodyLink& link : links_) {
    link.only_shows = true;
    if (link.phase == BodyLink::Phase::off) link.decoder.reset();
  }
  recodes_ = false;
  return true;
}

// ---- codings

Decoded BodyPipe::Works::decode(BodyLink& link, std::span<const Bytes> in, bool end) {
  const std::uint64_t limit = chain_.services_->limits.held_bodies_bytes;
  const std::uint64_t room = limit - std::min(limit, all_held(besides_));
  const auto most = static_cast<std::size_t>(std::max<std::uint64_t>(kSmallPiece, room));
  const std::size_t before = windows();
  Decoded came = Decoded::going;
  for (const Bytes& piece : in) {
    came = link.decoder->feed(piece, link.decoded, most);
    if (came == Decoded::corrupt || came == Decoded::too_large) return came;
    // A window for which there is no room is as good as too much.
    if (windows() > before && all_held(besides_) > limit)
      return link.decoder->finish(), Decoded::too_large;
  }
  return end ? link.decoder->finish() : came;
}

BodyPipe::Works::Flow BodyPipe::Works::enter(BodyLink& link, std::span<const Bytes> in, bool end) {
  if (!link.decoder) return through(link, in, end);
  if (link.only_shows) return show_decoded(link, in, end);
  switch (decode(link, in, end)) {
    case Decoded::corrupt:
      return refuse(link, 400, "The content is not what its coding says.\n", "a content coding that cannot be undone");
    case Decoded::too_large:
      return refuse(link, 413, "The content is too large to be inspected.\n", "too much came out of a content coding");
    case Decoded::going:
    case Decoded::ended:
      break;
  }
  const Bytes piece = link.decoded.bytes();
  return through(link, std::span(&piece, piece.empty() ? 0 : 1), end);
}

// What came is passed on; what is shown is another matter.
BodyPipe::Works::Flow BodyPipe::Works::show_decoded(BodyLink& link, std::span<const Bytes> in, bool end) {
  if (is_left_out(link)) link.phase = BodyLink::Phase::off;
  Flow flow = Flow::forward;
  const Output::Mark before = link.output.mark();
  if (link.phase == BodyLink::Phase::tapping) {
    const Decoded came = decode(link, in, end);
    const bool corrupt = came == Decoded::corrupt || came == Decoded::too_large;
    const std::uint32_t flags = (end ? kEnd : 0u) | (corrupt ? kCorrupt : 0u);
    const Bytes piece = link.decoded.bytes();
    if (corrupt) link.instance->host().count(InstanceCount::undecoded);
    if (!piece.empty() || flags != 0) flow = call(link, std::span(&piece, piece.empty() ? 0 : 1), flags);
    if (corrupt) link.phase = BodyLink::Phase::off;
  }
  link.output.rewind(before);
  for (const Bytes& piece : in) link.output.pass(piece);
  return flow;
}

BodyPipe::Works::Flow BodyPipe::Works::refuse(BodyLink& link, unsigned request_status, std::string_view page, std::string reason) {
  link.instance->host().count(InstanceCount::undecoded);
  Decision decision;
  decision.cause = Decision::Cause::overflow;
  decision.decided_by = link.instance->name();
  decision.reason = std::move(reason);
  if (exchange_->response_started)
    decision.what = Reset{};
  else
    decision.what = Respond{direction_ == Direction::request ? request_status : 502,
                            {{"Content-Type", "text/plain"}}, std::string(page)};
  exchange_->decide(std::move(decision));
  return Flow::decided;
}

// Nobody looks any more: everything that is held goes its way, in the order of the bytes. The last
// link's are the first.
BodyStep BodyPipe::Works::let_pass(std::size_t decider) {
  output_.clear();
  for (std::size_t i = links_.size(); i-- > 0;) {
    BodyLink& link = links_[i];
    if (i == decider) {
      const auto& decided = link.output.resolve();
      output_.insert(output_.end(), decided.begin(), decided.end());
    }
    if (auto waiting = std::exchange(link.waiting, std::nullopt)) {
      for (Buffer* bytes : {&waiting->window, &waiting->rest}) {
        if (!bytes->empty()) output_.push_back(link.lend(std::move(*bytes)));
      }
    }
    if (!link.held.empty()) output_.push_back(link.lend(std::exchange(link.held, {})));
    link.phase = BodyLink::Phase::off;
  }
  const bool by_plugin = decider < links_.size();
  return {by_plugin ? BodyStep::Kind::decided : BodyStep::Kind::forward, output_, total_of(output_)};
}

BodyStep BodyPipe::Works::release() {
  for (BodyLink& link : links_) link.spent.clear();
  chain_.end_wait(place());
  const BodyStep step = let_pass(links_.size());
  account();
  return step;
}

BodyPipe::Works::Flow BodyPipe::Works::through(BodyLink& link, std::span<const Bytes> in,
                                               bool end) {
  if (is_left_out(link)) link.phase = BodyLink::Phase::off;
  const std::uint32_t flags = end ? HYALITE_WINDOW_END : 0;
  switch (link.phase) {
    case BodyLink::Phase::off:
      flush(link, in);
      return Flow::forward;
    case BodyLink::Phase::collecting:
      return collect(link, in, end);
    case BodyLink::Phase::tapping:
    case BodyLink::Phase::streaming:
      return in.empty() && !end ? Flow::forward : call(link, in, flags);
  }
  return Flow::forward;
}

void BodyPipe::Works::flush(BodyLink& link, std::span<const Bytes> in) {
  link.pass_held();
  for (const Bytes& piece : in) link.output.pass(piece);
}

// ---- whole bodies

BodyPipe::Works::Flow BodyPipe::Works::collect(BodyLink& link, std::span<const Bytes> in,
                                               bool end) {
  const std::size_t more = total_of(in);
  const std::uint64_t room = link.wish->cap - link.held.size();
  if (link.peeks && more >= room && !(end && more == room)) return degrade(link, in, end);
  if (more > room) return overflow(link, in, end);
  if (end) {
    if (link.peeks) link.wish->mode = HYALITE_BODY_NONE;
    resized_ = resized_ || !link.peeks;
    const Flow flow = call(link, in, HYALITE_WINDOW_END);
    if (flow != Flow::paused) link.phase = BodyLink::Phase::off;
    return flow;
  }
  if (!has_room(more)) return link.peeks ? degrade(link, in, end) : overflow(link, in, end);
  for (const Bytes& piece : in) link.held.append(piece);
  return Flow::hold;
}

BodyPipe::Works::Flow BodyPipe::Works::overflow(BodyLink& link, std::span<const Bytes> in,
                                                bool end) {
  link.instance->host().count(InstanceCount::overflows);
  switch (link.wish->overflow) {
    case HYALITE_OVERFLOW_REJECT:
      return reject(link);
    case HYALITE_OVERFLOW_SKIP:
      link.phase = BodyLink::Phase::off;
      flush(link, in);
      return Flow::forward;
    default:
      return degrade(link, in, end);
  }
}

BodyPipe::Works::Flow BodyPipe::Works::reject(BodyLink& link) {
  Decision decision;
  decision.cause = Decision::Cause::overflow;
  decision.decided_by = link.instance->name();
  decision.reason = "a body larger than " + std::to_string(link.wish->cap) + " bytes";
  if (exchange_->response_started)
    decision.what = Reset{};
  else if (direction_ == Direction::request)
    decision.what = Respond{
        413, {{"Content-Type", "text/plain"}}, "The request is too large to be inspected.\n"};
  else
    decision.what = Respond{
        502, {{"Content-Type", "text/plain"}}, "The response is too large to be inspected.\n"};
  exchange_->decide(std::move(decision));
  return Flow::decided;
}

// First exactly `cap` bytes (or what there was room for), then the rest: the same however the bytes
// were cut on the way.
BodyPipe::Works::Flow BodyPipe::Works::degrade(BodyLink& link, std::span<const Bytes> in,
                                               bool end) {
  std::vector<Bytes> first, rest;
  std::size_t room = static_cast<std::size_t>(link.wish->cap) - link.held.size();
  for (const Bytes& piece : in) {
    const std::size_t take = std::min(room, piece.size());
    if (take > 0) first.push_back(piece.substr(0, take));
    if (take < piece.size()) rest.push_back(piece.substr(take));
    room -= take;
  }
  if (link.peeks)
    link.wish->mode = HYALITE_BODY_NONE;  // unless the plugin says otherwise, now
  else
    resized_ = true;
  const Flow flow = call(link, first, HYALITE_WINDOW_TRUNCATED);
  if (flow == Flow::paused) {
    for (const Bytes& piece : rest) link.waiting->rest.append(piece);
    link.waiting->rest_ends = end;
    return flow;
  }
  if (link.phase == BodyLink::Phase::collecting) link.phase = BodyLink::Phase::streaming;
  if (flow != Flow::forward || (rest.empty() && !end)) return flow;
  return through(link, rest, end);
}

// ---- one call

BodyPipe::Works::Flow BodyPipe::Works::call(BodyLink& link, std::span<const Bytes> in, std::uint32_t flags) {
  return heard(Judgement(*this, link).first(in, flags));
}

// The plugin that paused is shown the same window, and then what followed it.
BodyPipe::Works::Flow BodyPipe::Works::go_on(BodyLink& link) {
  BodyLink::Waiting waited = *std::exchange(link.waiting, std::nullopt);
  const bool was_whole = (waited.flags & HYALITE_WINDOW_END) != 0;
  const Flow flow = heard(Judgement(*this, link).again(waited));
  if (flow == Flow::paused) return flow;
  if (link.phase == BodyLink::Phase::collecting)
    link.phase = was_whole ? BodyLink::Phase::off : BodyLink::Phase::streaming;
  if (flow != Flow::forward || (waited.rest.empty() && !waited.rest_ends)) return flow;
  const Bytes piece = link.lend(std::move(waited.rest));
  return through(link, std::span(&piece, piece.empty() ? 0 : 1), waited.rest_ends);
}

BodyPipe::Works::Flow BodyPipe::Works::heard(const Judged& judged) {
  touched_ |= judged.edited;
  resized_ |= judged.edited && judged.of_whole;
  return judged.flow;
}

WaitingPlace BodyPipe::Works::place() const {
  return {&Chain::standstills_of(flow_, exchange_), lane_of(hook(), direction_)};
}

}  // namespace hyalite
