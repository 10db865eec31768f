// One service over TCP, as one worker talks to it.
// SPDX-License-Identifier: MIT
#include "services/stream_service.h"

#include <utility>

namespace hyalite {

StreamService::StreamService(const ServiceWay& way) : way_(way), turn_(way_.loop, callback<&StreamService::on_turn>(*this)) {}

Waker* StreamService::connect(Ref channel, Channels& channels) {
  if (open_.size() == way_.service.connections) {
    way_.record.talked(Talked::none_free);
    return nullptr;
  }
  ServiceStreamOwner& self = *this;
  ServiceStream& stream = *(open_[channel] = std::make_unique<ServiceStream>(way_, channel, channels, self));
  to_start_.push_back(channel);
  turn_.ask();
  return &stream;
}

bool StreamService::disconnect(Ref channel) {
  const auto found = open_.find(channel);
  if (found == open_.end()) return false;
  found->second->break_off();
  way_.record.talked(Talked::given_up);
  drop(channel);
  return true;
}

// It may be inside of its own call: it is destroyed with the next turn.
void StreamService::drop(Ref channel) {
  const auto found = open_.find(channel);
  dropped_.push_back(std::move(found->second));
  open_.erase(found);
  turn_.ask();
}

void StreamService::on_turn() {
  dropped_.clear();
  for (const Ref channel : std::exchange(to_start_, {})) {
    if (const auto found = open_.find(channel); found != open_.end()) found->second->start();
  }
}

}  // namespace hyalite
