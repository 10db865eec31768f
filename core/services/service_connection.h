// One connection to a service over HTTP: carries one question after the other.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "base/buffer.h"
#include "services/answer_reader.h"
#include "services/service_link.h"

namespace hyalite {

class ServiceConnection;

class ServiceConnectionOwner {
 public:
  // Of the question that was asked. May destroy the connection only later.
  virtual void on_answer(ServiceConnection& connection, FetchResult result, bool reusable) = 0;
  // It cannot be used (any more). `unheard`: the question was asked on a connection that had served before, and not one byte
  // of an answer came, so the service may have closed it before it read the question.
  virtual void on_lost(ServiceConnection& connection, FetchResult why, bool unheard) = 0;

 protected:
  ~ServiceConnectionOwner() = default;
};

class ServiceConnection final : private ServiceLinkOwner {
 public:
  // Both outlive this.
  ServiceConnection(const ServiceWay& way, ServiceConnectionOwner& owner);

  // One at a time; sent as soon as it is connected. May say on_lost at once.
  void ask(std::string bytes, bool is_head);
  bool idle() const { return !reader_; }

 private:
  enum class State { fresh, connecting, connected, lost };

  void on_linked() override;
  void on_ready() override { move(); }
  void on_unlinked(hyalite_status status, std::string why) override { lose(failed(status, std::move(why))); }
  void move();
  void send();
  // False: nothing is there to be read.
  bool receive();
  void hear(const Moved& moved, Bytes bytes);
  void lose(FetchResult why);

  const ServiceSettings& settings_;
  ServiceConnectionOwner& owner_;
  State state_ = State::fresh;
  ServiceLink link_;
  Buffer unsent_;
  std::optional<AnswerReader> reader_;  // while a question is under way
  bool served_ = false;                 // a question before this one
};

}  // namespace hyalite
