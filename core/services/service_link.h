// One way to a service, until bytes can pass and while they do: its address is found, connected to, and secured with TLS.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/abi.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "event/resolver.h"
#include "event/timer.h"
#include "event/watch.h"
#include "net/transport.h"
#include "services/service_record.h"
#include "services/target.h"
#include "tls/service_tls.h"

namespace hyalite {

class ServiceLinkOwner {
 public:
  // Bytes can pass from now on. None of these three comes inside of a function of the link but start(), which may say on_unlinked.
  virtual void on_linked() = 0;
  // It can be read or written again. May destroy the link only later.
  virtual void on_ready() = 0;
  // There is no way, or not in time: nothing more is told.
  virtual void on_unlinked(hyalite_status status, std::string why) = 0;

 protected:
  ~ServiceLinkOwner() = default;
};

// What all links to one service have in common; lent, and outlives them.
struct ServiceWay {
  Loop& loop;
  Resolver& resolver;
  const ServiceSettings& service;
  OwnMark mark;
  ServiceTls* tls;  // null: nobody loaded any, and the service has none
  ServiceRecord& record;
};

class ServiceLink {
 public:
  ServiceLink(const ServiceWay& way, ServiceLinkOwner& owner);

  // Once.
  void start();
  bool linked() const { return state_ == State::linked; }
  // While linked. `later`: on_ready comes when it is worth trying again.
  Moved read(std::span<char> room);
  Moved write(Bytes bytes);
  // No more is sent; what was written still is.
  void end();
  // Has everything that was written left?
  Moved push();
  // Gone at once; nothing more is told. In order: what was written may still leave; else the peer sees a reset.
  void close(bool in_order);

 private:
  enum class State { fresh, resolving, connecting, securing, linked, closed };

  void on_resolved(Resolver::Found found);
  void connect_to_next();
  void connecting_as(Result<Fd> fd);
  void on_late();
  void on_ready(Readiness ready);
  void on_connected();
  void secure();
  void become_linked();
  void give_up(Reached how, std::string why);

  const ServiceWay& way_;
  ServiceLinkOwner& owner_;
  State state_ = State::fresh;
  std::unique_ptr<Resolver::Lookup> lookup_;
  std::vector<Address> to_try_;
  std::string last_failure_;
  Timer timer_;
  Watch watch_;
  TlsFacts facts_;  // before the transport, which fills them in
  std::unique_ptr<Transport> transport_;
  bool readable_ = false, writable_ = false;
};

}  // namespace hyalite
