// SPDX-License-Identifier: MIT
#include "process/roster.h"

#include <algorithm>
#include <utility>

namespace hyalite {

namespace {

template <class Part, class Matches>
Part* find(const std::vector<std::unique_ptr<Part>>& parts, const Matches& matches) {
  const auto it =
      std::find_if(parts.begin(), parts.end(), [&](const auto& part) { return matches(*part); });
  return it == parts.end() ? nullptr : it->get();
}

template <class Part>
std::unique_ptr<Part> take(std::vector<std::unique_ptr<Part>>& parts, pid_t pid) {
  const auto it = std::find_if(parts.begin(), parts.end(),
                               [pid](const auto& part) { return part->child.pid == pid; });
  if (it == parts.end()) return nullptr;
  auto part = std::move(*it);
  parts.erase(it);
  return part;
}

}  // namespace

GenerationPart& Roster::add(std::unique_ptr<GenerationPart> part) {
  return *generations_.emplace_back(std::move(part));
}

AdminPart& Roster::add(std::unique_ptr<AdminPart> part) {
  return *admins_.emplace_back(std::move(part));
}

std::unique_ptr<GenerationPart> Roster::take_generation(pid_t pid) {
  return take(generations_, pid);
}

std::unique_ptr<AdminPart> Roster::take_admin(pid_t pid) { return take(admins_, pid); }

GenerationPart* Roster::generation(std::uint64_t number) const {
  return find(generations_, [number](const auto& part) { return part.number == number; });
}

GenerationPart* Roster::serving() const {
  return find(generations_,
              [](const auto& part) { return part.state == GenerationState::serving; });
}

AdminPart* Roster::admin(pid_t pid) const {
  return find(admins_, [pid](const auto& part) { return part.child.pid == pid; });
}

AdminPart* Roster::serving_admin() const {
  return find(admins_, [](const auto& part) { return part.state == AdminPart::State::serving; });
}

bool Roster::has_admin() const {
  return find(admins_, [](const auto& part) { return part.state != AdminPart::State::leaving; }) !=
         nullptr;
}

int Roster::channel_of(pid_t pid) const {
  const auto* generation =
      find(generations_, [pid](const auto& part) { return part.child.pid == pid; });
  if (generation != nullptr) return generation->child.channel.fd();
  const AdminPart* page = admin(pid);
  return page == nullptr ? -1 : page->child.channel.fd();
}

std::size_t Roster::draining() const {
  return static_cast<std::size_t>(
      std::count_if(generations_.begin(), generations_.end(),
                    [](const auto& part) { return part->state == GenerationState::draining; }));
}

std::vector<const GenerationPart*> Roster::newest(std::size_t most) const {
  std::vector<const GenerationPart*> found;
  const GenerationPart* current = serving();
  for (auto part = generations_.rbegin(); part != generations_.rend(); ++part) {
    // The last place is kept for the one that serves.
    const bool awaited = current != nullptr && (*part).get() != current;
    if (found.size() + (awaited ? 1 : 0) < most) found.push_back(part->get());
    if ((*part).get() == current) current = nullptr;
  }
  std::reverse(found.begin(), found.end());
  return found;
}

}  // namespace hyalite
