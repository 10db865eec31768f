// Inside a body pipe: one plugin is shown bytes.
// SPDX-License-Identifier: MIT
#include "plugin/body_judgement.h"

#include "plugin/abi.h"
#include "plugin/chain_call.h"

namespace hyalite {

BodyPipe::Works::Judged BodyPipe::Works::Judgement::first(std::span<const Bytes> in, std::uint32_t flags) {
  BodyLink::Waiting shown;
  shown.flags = flags | (link_.shown_decoded ? std::uint32_t{HYALITE_WINDOW_DECODED} : 0u);
  shown.retained = link_.phase == BodyLink::Phase::streaming ? link_.held.size() : 0;
  std::vector<hyalite_bytes> segments;
  if (!link_.held.empty()) segments.push_back(abi(link_.lend(std::exchange(link_.held, {}))));
  for (const Bytes& piece : in) {
    if (!piece.empty()) segments.push_back(abi(piece));
  }
  return show(std::move(segments), Asking::first, shown);
}

BodyPipe::Works::Judged BodyPipe::Works::Judgement::again(BodyLink::Waiting& waited) {
  std::vector<hyalite_bytes> segments;
  if (!waited.window.empty()) segments.push_back(abi(link_.lend(std::exchange(waited.window, {}))));
  return show(std::move(segments), Asking::again, waited);
}

BodyPipe::Works::Judged BodyPipe::Works::Judgement::show(std::vector<hyalite_bytes> segments, Asking asking,
                                                         BodyLink::Waiting& shown) {
  HostServices& services = *chain_.services_;
  const bool is_tap = link_.phase == BodyLink::Phase::tapping;
  const bool is_last = (shown.flags & HYALITE_WINDOW_END) != 0;
  const WindowRules rules{!is_tap, is_last, link_.wish->keep_max, services.limits.held_body_bytes};
  Window window(std::move(segments), rules, link_.output);
  const std::size_t before = link_.output.size();
  const hyalite_window_view view = window.view(link_.offset, shown.retained, shown.flags);
  services.window = &window;
  // What is collected counts already; what streams is held only when its plugin pauses.
  services.window_would_hold = link_.phase == BodyLink::Phase::streaming ? window.length() : 0;
  hyalite_verdict verdict = HYALITE_ERROR;
  Answer answer = ask(window, view, asking, verdict);
  services.window = nullptr;
  services.window_would_hold = 0;
  if (answer == Answer::paused) {
    window.put_back(shown.window);
    link_.waiting = std::move(shown);
    return {Flow::paused};
  }
  const bool passes = passes_through(answer);
  if (answer == Answer::decided && !passes) return {Flow::decided};
  const bool counts = passes || !fell_out(verdict);
  if (counts) window.finish(link_.held);
  if (counts && resized_without_leave(window, before)) {
    answer = chain_.misuse(works_.hook(), {link_.instance, link_.index}, works_.flow_, works_.exchange_,
                           "it changed the size of a body that it said it would not resize");
    if (answer == Answer::decided) return {Flow::decided};
  }
  return settle(window, passes, verdict);
}

BodyPipe::Works::Judged BodyPipe::Works::Judgement::settle(Window& window, bool passes, hyalite_verdict verdict) {
  const Judged judged{passes ? Flow::decided : Flow::forward, window.edited(), link_.phase == BodyLink::Phase::collecting};
  // As if nobody had looked.
  if (!passes && fell_out(verdict)) {
    link_.held.clear();
    window.pass_untouched();
  }
  link_.offset += window.length() - link_.held.size();
  follow_wish();
  if (link_.instance->validates()) window.bury();
  return judged;
}

// The whole flow passes, unseen, from here on.
bool BodyPipe::Works::Judgement::passes_through(Answer answer) const {
  return answer == Answer::decided && std::holds_alternative<PassThrough>(works_.flow_.decision().what);
}

// It failed, and is left out: what it did does not count.
bool BodyPipe::Works::Judgement::fell_out(hyalite_verdict verdict) const {
  return works_.is_left_out(link_) && verdict != HYALITE_IGNORE;
}

bool BodyPipe::Works::Judgement::resized_without_leave(const Window& window, std::size_t before) const {
  if (link_.phase == BodyLink::Phase::tapping || works_.may_resize(link_)) return false;
  return link_.output.size() - before + link_.held.size() != window.length();
}

Answer BodyPipe::Works::Judgement::ask(Window& window, const hyalite_window_view& view, Asking asking, hyalite_verdict& verdict) {
  const Chain::Entry entry{link_.instance, link_.index};
  ExchangeSubject* exchange = works_.exchange_;
  chain_.services_->views.begin_round();
  if (exchange != nullptr) {
    exchange->head_is_held = link_.phase == BodyLink::Phase::collecting;
    exchange->peeking = link_.peeks;
  }
  Answer answer = Answer::go_on;
  if (asking == Asking::again) {
    answer = chain_.hear(entry, works_.flow_, exchange, works_.place(), works_.direction_, {&window, &view, nullptr}, verdict);
  } else {
    const bool may_wait = link_.phase != BodyLink::Phase::tapping;
    answer = chain_.ask_one(works_.hook(), entry, works_.flow_, exchange, may_wait ? works_.place() : WaitingPlace{},
                            [&](const Instance& i, void* state) { return verdict = put(i, state, window, view); });
  }
  if (exchange != nullptr) exchange->head_is_held = false;
  return answer;
}

hyalite_verdict BodyPipe::Works::Judgement::put(const Instance& i, void* state, Window& window, const hyalite_window_view& view) {
  switch (works_.hook()) {
    case Hook::request_body:
      return i.hooks().http.request_body(i.self(), works_.exchange_, state, &window, &view);
    case Hook::response_body:
      return i.hooks().http.response_body(i.self(), works_.exchange_, state, &window, &view);
    default:
      return i.hooks().stream.data(i.self(), &works_.flow_, state, static_cast<hyalite_direction>(works_.direction_), &window, &view);
  }
}

// The plugin may have lowered its interest, or left: then it keeps nothing back.
void BodyPipe::Works::Judgement::follow_wish() {
  const auto wished = BodyLink::phase_of(link_.wish->mode);
  if (works_.is_left_out(link_))
    link_.phase = BodyLink::Phase::off;
  else if (wished < link_.phase)
    link_.phase = wished;
  const bool lets_go = link_.phase == BodyLink::Phase::off || link_.phase == BodyLink::Phase::tapping;
  if (lets_go) link_.pass_held();
}

}  // namespace hyalite
