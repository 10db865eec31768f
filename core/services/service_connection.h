// One connection to a service: connects, then carries one question after the other.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "event/resolver.h"
#include "event/timer.h"
#include "event/watch.h"
#include "net/plain_transport.h"
#include "services/answer_reader.h"
#include "services/target.h"

namespace hyalite {

class ServiceConnection;

class ServiceConnectionOwner {
 public:
  // Of the question that was asked. May destroy the connection only later.
  virtual void on_answer(ServiceConnection& connection, FetchResult result, bool reusable) = 0;
  // It cannot be used (any more). `unheard`: the question was asked on a connection that had served before, and not one byte
  // of an answer came, so the service may have closed it before it read the question.
  virtual void on_lost(ServiceConnection& connection, std::string why, bool unheard) = 0;

 protected:
  ~ServiceConnectionOwner() = default;
};

class ServiceConnection {
 public:
  ServiceConnection(Loop& loop, Resolver& resolver, const ServiceSettings& settings, const OwnMark& mark, ServiceConnectionOwner& owner);

  // One at a time; sent as soon as it is connected. May say on_lost at once.
  void ask(std::string bytes, bool is_head);
  bool idle() const { return !reader_; }

 private:
  enum class State { fresh, resolving, connecting, connected, lost };

  void connect();
  void connect_to_next();
  void connected_as(Result<Fd> fd);
  void on_resolved(Resolver::Found found);
  void on_late();
  void on_ready(Readiness ready);
  void move();
  bool send();
  void receive();
  void lose(std::string why);

  Resolver& resolver_;
  const ServiceSettings& settings_;
  const OwnMark mark_;
  ServiceConnectionOwner& owner_;
  State state_ = State::fresh;
  std::unique_ptr<Resolver::Lookup> lookup_;
  std::vector<Address> to_try_;
  std::string last_failure_;
  Timer connect_timer_;
  Watch watch_;
  std::unique_ptr<PlainTransport> transport_;
  bool readable_ = false, writable_ = false;
  Buffer unsent_;
  std::optional<AnswerReader> reader_;  // while a question is under way
  bool served_ = false;                 // a question before this one
};

}  // namespace hyalite
