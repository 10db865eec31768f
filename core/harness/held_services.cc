// The services that plugins talk to, played by a test: no sockets, answers when the test says so.
// SPDX-License-Identifier: MIT
#include "harness/held_services.h"

#include <algorithm>
#include <utility>

namespace hyalite {

const ServiceSettings* HeldServices::find(std::string_view name) const {
  const auto found = std::find_if(settings_.begin(), settings_.end(), [&](const auto& service) { return service.name == name; });
  return found == settings_.end() ? nullptr : &*found;
}

void HeldServices::start(Ref ref, FetchRequest request, FetchesHeard& heard) {
  const std::chrono::nanoseconds most = find(request.service)->within;
  const auto within = request.within.count() > 0 ? std::min(request.within, most) : most;
  open_.push_back({ref, std::move(request), clock_.now() + within, &heard});
  fresh_.push_back(ref);
}

void HeldServices::cancel(Ref ref) {
  std::erase_if(open_, [&](const HeldQuestion& question) { return question.ref == ref; });
}

bool HeldServices::answer(Ref ref, FetchResult result) {
  const auto found = std::find_if(open_.begin(), open_.end(), [&](const auto& question) { return question.ref == ref; });
  if (found == open_.end()) return false;
  FetchesHeard& heard = *found->heard;
  open_.erase(found);
  heard.on_fetched(ref, std::move(result));
  return true;
}

bool HeldServices::deliver() {
  const bool asked = ask_the_test();
  const bool moved = connections_.deliver();
  return give_up_late() || asked || moved;
}

bool HeldServices::ask_the_test() {
  bool answered = false;
  for (const Ref ref : std::exchange(fresh_, {})) {
    const auto question = std::find_if(open_.begin(), open_.end(), [&](const auto& one) { return one.ref == ref; });
    if (question == open_.end()) continue;
    const auto answers = answers_.find(question->request.service);
    if (answers == answers_.end()) continue;
    if (auto result = answers->second(question->request)) answered |= answer(ref, std::move(*result));
  }
  return answered;
}

bool HeldServices::give_up_late() {
  std::vector<Ref> late;
  for (const HeldQuestion& question : open_) {
    if (question.until <= clock_.now()) late.push_back(question.ref);
  }
  for (const Ref ref : late) {
    FetchResult result;
    result.status = HYALITE_E_TIMED_OUT;
    result.why = "the service did not answer in time";
    answer(ref, std::move(result));
  }
  return !late.empty();
}

std::optional<Monotonic> HeldServices::next_deadline() const {
  std::optional<Monotonic> next = connections_.next_deadline();
  for (const HeldQuestion& question : open_) {
    if (!next || question.until < *next) next = question.until;
  }
  return next;
}

}  // namespace hyalite
