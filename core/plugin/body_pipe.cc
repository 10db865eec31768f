// The way of a body (or of one direction of a tunnel) through the plugins that want to see it.
// SPDX-License-Identifier: MIT
#include "plugin/body_pipe.h"

#include <algorithm>

#include "base/text.h"
#include "plugin/abi.h"
#include "plugin/body_works.h"
#include "plugin/chain_call.h"

namespace hyalite {

namespace {

constexpr std::uint32_t kEnd = HYALITE_WINDOW_END, kDecoded = HYALITE_WINDOW_DECODED, kCorrupt = HYALITE_WINDOW_CORRUPT;

std::size_t total(std::span<const Bytes> pieces) {
  std::size_t sum = 0;
  for (const Bytes& piece : pieces) sum += piece.size();
  return sum;
}

BodyLink::Phase phase_of(std::uint32_t mode) {
  switch (mode) {
    case HYALITE_BODY_TAP:
      return BodyLink::Phase::tapping;
    case HYALITE_BODY_STREAM:
      return BodyLink::Phase::streaming;
    case HYALITE_BODY_FULL:
    case HYALITE_BODY_PEEK:
      return BodyLink::Phase::collecting;
    default:
      return BodyLink::Phase::off;
  }
}

// What the body's coding is, when it can be undone: one of those we know, of a whole body.
std::optional<Coding> coding_in(const Head& head) {
  std::optional<Bytes> value;
  for (const Field& field : head.fields()) {
    if (equals_ignoring_case(field.name, "Content-Range")) return std::nullopt;
    if (!equals_ignoring_case(field.name, "Content-Encoding")) continue;
    if (value) return std::nullopt;
    value = field.value;
  }
  return value ? coding_of(trim(*value)) : std::nullopt;
}

}  // namespace

// ---- the face

BodyPipe::BodyPipe() = default;
BodyPipe::BodyPipe(BodyPipe&&) noexcept = default;
BodyPipe& BodyPipe::operator=(BodyPipe&&) noexcept = default;
BodyPipe::~BodyPipe() = default;
BodyPipe::BodyPipe(std::unique_ptr<Works> works) : works_(std::move(works)) {}

BodyNeed BodyPipe::need() const { return works_ ? works_->need() : BodyNeed::none; }
bool BodyPipe::decodes() const { return works_ && works_->decodes(); }
bool BodyPipe::recodes() const { return works_ && works_->recodes(); }
std::size_t BodyPipe::held() const { return works_ ? works_->held() : 0; }

BodyStep BodyPipe::feed(std::span<const Bytes> content, bool end) {
  if (works_) return works_->feed(content, end);
  return {BodyStep::Kind::forward, content, total(content), false, end};
}

BodyStep BodyPipe::feed(Bytes content, bool end) {
  single_ = content;
  return feed(std::span(&single_, content.empty() ? 0 : 1), end);
}

BodyStep BodyPipe::resume() { return works_ ? works_->resume() : BodyStep{}; }
BodyStep BodyPipe::release() { return works_ ? works_->release() : BodyStep{}; }

// ---- made by the chain

BodyPipe Chain::body(ExchangeSubject& exchange, Direction direction) {
  const auto wishes = exchange.interests(direction);
  if (wishes.empty()) return {};
  std::vector<BodyLink> links;
  for (const Entry& entry :
       entries(direction == Direction::request ? Hook::request_body : Hook::response_body)) {
    BodyOptions& wish = wishes[entry.index];
    if (wish.mode == HYALITE_BODY_NONE || is_left_out(entry, exchange.flow(), &exchange)) continue;
    BodyLink& link = links.emplace_back();
    link.instance = entry.instance;
    link.index = entry.index;
    link.wish = &wish;
    link.phase = phase_of(wish.mode);
    link.peeks = wish.mode == HYALITE_BODY_PEEK;
  }
  if (links.empty() && !exchange.wants_trailers(direction)) return {};
  const Head& head = direction == Direction::request ? static_cast<const Head&>(*exchange.request)
                                                     : static_cast<const Head&>(*exchange.response);
  auto works = std::make_unique<BodyPipe::Works>(*this, exchange.flow(), &exchange, direction, std::move(links));
  if (const auto coding = coding_in(head)) works->undo(*coding);
  return BodyPipe(std::move(works));
}

BodyPipe Chain::stream(FlowSubject& flow, Direction direction) {
  const auto wishes = flow.stream_interests(direction);
  if (wishes.empty()) return {};
  std::vector<BodyLink> links;
  for (const Entry& entry : entries(Hook::data)) {
    BodyOptions& wish = wishes[entry.index];
    if (wish.mode == HYALITE_BODY_NONE || is_left_out(entry, flow, nullptr)) continue;
    BodyLink& link = links.emplace_back();
    link.instance = entry.instance;
    link.index = entry.index;
    link.wish = &wish;
    link.phase = phase_of(wish.mode);
  }
  if (links.empty()) return {};
  if (direction == Direction::response) std::reverse(links.begin(), links.end());
  return BodyPipe(
      std::make_unique<BodyPipe::Works>(*this, flow, nullptr, direction, std::move(links)));
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
  for (const BodyLink& link : links_) sum += link.held.size() + link.rest.size();
  return sum;
}

void BodyPipe::Works::account() {
  const std::size_t now = held();
  chain_.services_->held_body_bytes += now - accounted_;
  accounted_ = now;
}

bool BodyPipe::Works::has_room(std::size_t more) const {
  const HostServices& services = *chain_.services_;
  const std::size_t mine = held();
  const std::uint64_t all = services.held_body_bytes - accounted_ + mine;
  return more <= services.limits.held_body_bytes &&
         mine <= services.limits.held_body_bytes - more &&
         all + more <= services.limits.held_bodies_bytes;
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
  if (links_.empty()) return {BodyStep::Kind::forward, content, total(content), false, end};
  const BodyStep step = run(0, enter(links_.front(), content, end), end);
  account();
  return step;
}

BodyStep BodyPipe::Works::resume() {
  if (!standstill().pause.ready()) return {BodyStep::Kind::paused, {}, 0};
  begin();
  const BodyStep step = run(paused_at_, call_again(links_[paused_at_]), paused_ends_);
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
        paused_at_ = at;
        paused_ends_ = end;
        return {BodyStep::Kind::paused, {}, 0};
      case Flow::decided:
        if (std::holds_alternative<PassThrough>(flow_.decision().what)) return let_pass(at);
        return {BodyStep::Kind::decided, {}, 0};
    }
    if (++at == links_.size()) break;
  }
  const auto& passing = links_.back().output.resolve();
  BodyStep step{BodyStep::Kind::forward, passing, total(passing), leaves_as_it_came(), end};
  held_first_ = false;
  return step;
}

// Of a body that was held until now, with its coding undone: nobody changed it, and nobody wants to.
bool BodyPipe::Works::leaves_as_it_came() {
  if (!recodes_ || !held_first_ || touched_) return false;
  for (const BodyLink& link : links_) {
    if (link.phase != BodyLink::Phase::off && link.phase != BodyLink::Phase::tapping) return false;
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
  Decoded came = Decoded::going;
  for (const Bytes& piece : in) {
    came = link.decoder->feed(piece, link.decoded);
    if (came == Decoded::corrupt || came == Decoded::too_large) return came;
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
    for (Buffer* waiting : {&link.held, &link.rest}) {
      if (!waiting->empty())
        output_.push_back(link.spent.emplace_back(std::exchange(*waiting, {})).bytes());
    }
    link.phase = BodyLink::Phase::off;
  }
  const bool by_plugin = decider < links_.size();
  return {by_plugin ? BodyStep::Kind::decided : BodyStep::Kind::forward, output_, total(output_)};
}

BodyStep BodyPipe::Works::release() {
  for (BodyLink& link : links_) link.spent.clear();
  chain_.services_->async.pauses.end(standstill().pause);
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
  if (!link.held.empty())
    link.output.pass(link.spent.emplace_back(std::exchange(link.held, {})).bytes());
  for (const Bytes& piece : in) link.output.pass(piece);
}

// ---- whole bodies

BodyPipe::Works::Flow BodyPipe::Works::collect(BodyLink& link, std::span<const Bytes> in,
                                               bool end) {
  const std::size_t more = total(in);
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
    for (const Bytes& piece : rest) link.rest.append(piece);
    link.rest_ends = end;
    return flow;
  }
  if (link.phase == BodyLink::Phase::collecting) link.phase = BodyLink::Phase::streaming;
  if (flow != Flow::forward || (rest.empty() && !end)) return flow;
  return through(link, rest, end);
}

// ---- one call

BodyPipe::Works::Flow BodyPipe::Works::call(BodyLink& link, std::span<const Bytes> in,
                                            std::uint32_t flags) {
  std::vector<hyalite_bytes> segments;
  link.flags = flags | (link.shown_decoded ? kDecoded : 0u);
  link.retained = link.phase == BodyLink::Phase::streaming ? link.held.size() : 0;
  if (!link.held.empty())
    segments.push_back(abi(link.spent.emplace_back(std::exchange(link.held, {})).bytes()));
  for (const Bytes& piece : in) {
    if (!piece.empty()) segments.push_back(abi(piece));
  }
  return show(link, std::move(segments), Asking::first);
}

// The plugin that paused is shown the same window, and then what followed it.
BodyPipe::Works::Flow BodyPipe::Works::call_again(BodyLink& link) {
  std::vector<hyalite_bytes> segments;
  if (!link.held.empty())
    segments.push_back(abi(link.spent.emplace_back(std::exchange(link.held, {})).bytes()));
  const Flow flow = show(link, std::move(segments), Asking::again);
  if (flow == Flow::paused) return flow;
  const bool was_whole = (link.flags & HYALITE_WINDOW_END) != 0;
  if (link.phase == BodyLink::Phase::collecting)
    link.phase = was_whole ? BodyLink::Phase::off : BodyLink::Phase::streaming;
  if (flow != Flow::forward || (link.rest.empty() && !link.rest_ends)) return flow;
  const Bytes piece = link.spent.emplace_back(std::exchange(link.rest, {})).bytes();
  return through(link, std::span(&piece, piece.empty() ? 0 : 1), std::exchange(link.rest_ends, false));
}

BodyPipe::Works::Flow BodyPipe::Works::show(BodyLink& link, std::vector<hyalite_bytes> segments,
                                            Asking asking) {
  const bool is_tap = link.phase == BodyLink::Phase::tapping;
  const bool is_last = (link.flags & HYALITE_WINDOW_END) != 0;
  Window window(std::move(segments),
                {!is_tap, is_last, link.wish->keep_max, chain_.services_->limits.held_body_bytes},
                link.output);
  const std::size_t before = link.output.size();
  hyalite_verdict verdict = HYALITE_ERROR;
  const hyalite_window_view view = window.view(link.offset, link.retained, link.flags);
  HostServices& services = *chain_.services_;
  services.window = &window;
  // What is collected counts already; what streams is held only when its plugin pauses.
  services.window_would_hold = link.phase == BodyLink::Phase::streaming ? window.length() : 0;
  Answer answer = ask(link, window, view, asking, verdict);
  services.window = nullptr;
  services.window_would_hold = 0;
  if (answer == Answer::paused) {
    window.put_back(link.held);
    return Flow::paused;
  }
  const bool passes =
      answer == Answer::decided && std::holds_alternative<PassThrough>(flow_.decision().what);
  if (answer == Answer::decided && !passes) return Flow::decided;

  const bool failed = !passes && is_left_out(link) && verdict != HYALITE_IGNORE;
  if (!failed) window.finish(link.held);
  const std::uint64_t out = link.output.size() - before;
  if (!failed && !is_tap && !may_resize(link) && out + link.held.size() != window.length()) {
    answer = chain_.misuse(hook(), {link.instance, link.index}, flow_, exchange_,
                           "it changed the size of a body that it said it would not resize");
    if (answer == Answer::decided) return Flow::decided;
  }
  touched_ |= window.edited();
  resized_ |= link.phase == BodyLink::Phase::collecting && window.edited();
  const bool undone = !passes && is_left_out(link) && verdict != HYALITE_IGNORE;
  if (undone) {
    link.held.clear();
    window.pass_untouched();
  }
  link.offset += window.length() - link.held.size();
  settle(link);
  if (link.instance->validates()) window.bury();
  return passes ? Flow::decided : Flow::forward;
}

Standstill& BodyPipe::Works::standstill() const {
  const Lane lane = lane_of(hook(), direction_);
  return exchange_ != nullptr ? exchange_->standstill(lane) : flow_.standstill(lane);
}

Answer BodyPipe::Works::ask(BodyLink& link, Window& window, const hyalite_window_view& view,
                            Asking asking, hyalite_verdict& verdict) {
  const Chain::Entry entry{link.instance, link.index};
  chain_.services_->views.begin_round();
  if (exchange_ != nullptr) {
    exchange_->head_is_held = link.phase == BodyLink::Phase::collecting;
    exchange_->peeking = link.peeks;
  }
  Answer answer = Answer::go_on;
  if (asking == Asking::again) {
    answer = chain_.hear(entry, flow_, exchange_, standstill(), direction_, {&window, &view, nullptr},
                         verdict);
  } else {
    const bool may_wait = link.phase != BodyLink::Phase::tapping;
    answer = chain_.ask_one(hook(), entry, flow_, exchange_, may_wait ? &standstill() : nullptr,
                            [&](const Instance& i, void* state) {
                              return verdict = put(i, state, window, view);
                            });
  }
  if (exchange_ != nullptr) exchange_->head_is_held = false;
  return answer;
}

hyalite_verdict BodyPipe::Works::put(const Instance& i, void* state, Window& window,
                                     const hyalite_window_view& view) {
  switch (hook()) {
    case Hook::request_body:
      return i.hooks().http.request_body(i.self(), exchange_, state, &window, &view);
    case Hook::response_body:
      return i.hooks().http.response_body(i.self(), exchange_, state, &window, &view);
    default:
      return i.hooks().stream.data(i.self(), &flow_, state,
                                   static_cast<hyalite_direction>(direction_), &window, &view);
  }
}

// The plugin may have lowered its interest, or left: then it keeps nothing back.
void BodyPipe::Works::settle(BodyLink& link) {
  const auto wished = phase_of(link.wish->mode);
  if (is_left_out(link))
    link.phase = BodyLink::Phase::off;
  else if (wished < link.phase)
    link.phase = wished;
  const bool lets_go = link.phase == BodyLink::Phase::off || link.phase == BodyLink::Phase::tapping;
  if (lets_go && !link.held.empty()) flush(link, {});
}

}  // namespace hyalite
