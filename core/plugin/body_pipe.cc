// The way of a body (or of one direction of a tunnel) through the plugins that want to see it.
// SPDX-License-Identifier: MIT
#include "plugin/body_pipe.h"

#include <algorithm>

#include "base/text.h"
#include "http/connection.h"
#include "plugin/body_works.h"

namespace hyalite {

namespace {

// What the body's coding is, when it can be undone: one of those we know, of a whole body.
std::optional<Coding> coding_in(const Head& head) {
  std::optional<Bytes> only;
  for (const Field& field : head.fields()) {
    if (equals_ignoring_case(field.name, "Content-Range")) return std::nullopt;
    if (!equals_ignoring_case(field.name, "Content-Encoding")) continue;
    for (Bytes list = field.value; !list.empty();) {
      const Bytes coding = take_element(list);
      if (coding.empty()) continue;  // which says nothing (RFC 9110, section 5.6.1.2)
      if (only) return std::nullopt;
      only = coding;
    }
  }
  return only ? coding_of(*only) : std::nullopt;
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
std::size_t BodyPipe::lends() const { return works_ ? works_->lends() : 0; }
void BodyPipe::forget_output() {
  if (works_) works_->forget_output();
}
bool BodyPipe::has_room_besides(std::size_t bytes) const { return !works_ || works_->has_room_besides(bytes); }
void BodyPipe::count_besides(std::size_t bytes) {
  if (works_) works_->count_besides(bytes);
}
void BodyPipe::forget_original() {
  if (works_) works_->forget_original();
}

BodyStep BodyPipe::feed(std::span<const Bytes> content, bool end) {
  if (works_) return works_->feed(content, end);
  return {BodyStep::Kind::forward, content, total_of(content), false, end};
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
    link.phase = BodyLink::phase_of(wish.mode);
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
    link.phase = BodyLink::phase_of(wish.mode);
  }
  if (links.empty()) return {};
  if (direction == Direction::response) std::reverse(links.begin(), links.end());
  return BodyPipe(
      std::make_unique<BodyPipe::Works>(*this, flow, nullptr, direction, std::move(links)));
}

}  // namespace hyalite
