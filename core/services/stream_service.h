// One service over TCP, as one worker talks to it: the connections that its plugins have open.
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "services/service_stream.h"

namespace hyalite {

class StreamService final : private ServiceStreamOwner {
 public:
  explicit StreamService(const ServiceWay& way);

  // Null: all connections are open. Nothing is told inside of this.
  Waker* connect(Ref channel, Channels& channels);
  // False: it is not one of ours.
  bool disconnect(Ref channel);

 private:
  void on_over(ServiceStream& stream) override { drop(stream.channel()); }
  void drop(Ref channel);
  void on_turn();

  const ServiceWay way_;
  std::map<Ref, std::unique_ptr<ServiceStream>> open_;
  std::vector<std::unique_ptr<ServiceStream>> dropped_;
  std::vector<Ref> to_start_;
  Turn turn_;
};

}  // namespace hyalite
