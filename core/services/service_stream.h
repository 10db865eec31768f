// One connection to a service over TCP, for one channel of a plugin: moves its bytes, both ways.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "plugin/channels.h"
#include "services/service_link.h"

namespace hyalite {

class ServiceStream;

class ServiceStreamOwner {
 public:
  // Its channel is finished. May destroy the stream only later.
  virtual void on_over(ServiceStream& stream) = 0;

 protected:
  ~ServiceStreamOwner() = default;
};

class ServiceStream final : public Waker, private ServiceLinkOwner {
 public:
  // All outlive this.
  ServiceStream(const ServiceWay& way, Ref channel, Channels& channels, ServiceStreamOwner& owner);

  void start() { link_.start(); }
  Ref channel() const { return channel_; }
  // The channel is over: it is not touched any more, and the service sees a reset.
  void break_off();
  // There is something to send, or room for more.
  void on_wake() override;

 private:
  enum class State { connecting, open, over };
  // The two directions, each on its own.
  enum class Way { open, ended };

  void on_linked() override;
  void on_ready() override { move(); }
  void on_unlinked(hyalite_status status, std::string why) override;
  void on_time();

  void move();
  bool send();
  bool receive();
  void touched();
  void fail(const Moved& moved);
  void finish(Talked how, hyalite_status status, std::string why = {});

  const ServiceWay& way_;
  const Ref channel_;
  Channels& channels_;
  ServiceStreamOwner& owner_;
  ServiceLink link_;
  Timer idle_;
  Monotonic moved_{};
  State state_ = State::connecting;
  Way out_ = Way::open, in_ = Way::open;
};

}  // namespace hyalite
