// One service over HTTP, as one worker talks to it: its connections, and the questions that wait for one.
// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "event/timer.h"
#include "plugin/fetches.h"
#include "services/answer_reader.h"
#include "services/service_connection.h"

namespace hyalite {

// Keeps connections for the next question. At most `connections` at once; a question beyond that waits its turn, and the
// wait counts towards its time.
class ServiceClient final : private ServiceConnectionOwner {
 public:
  explicit ServiceClient(const ServiceWay& way);
  ~ServiceClient();

  void start(Ref ref, FetchRequest request, FetchesHeard& heard);
  // False: it is not one of ours.
  bool cancel(Ref ref);

 private:
  // One question.
  struct Question {
    Question(ServiceClient& owner, Ref ref_, FetchRequest request_, FetchesHeard& heard_);
    void on_time() { client.late(ref); }

    ServiceClient& client;
    const Ref ref;
    const FetchRequest request;
    FetchesHeard& heard;
    Timer timer;
    ServiceConnection* on = nullptr;  // null: it waits for one
    bool retried = false;
  };

  void on_answer(ServiceConnection& connection, FetchResult result, bool reusable) override;
  void on_lost(ServiceConnection& connection, FetchResult why, bool unheard) override;
  void pump();
  void sweep();
  ServiceConnection* free_connection();
  // False: it is not one of ours.
  bool forget(Ref ref);
  void late(Ref ref);
  void finish(Ref ref, FetchResult result);
  void drop(ServiceConnection& connection);
  Question* asked_on(const ServiceConnection& connection);

  const ServiceWay way_;
  const ServiceSettings& settings_;
  std::map<Ref, std::unique_ptr<Question>> questions_;
  std::deque<Ref> waiting_;
  std::vector<std::unique_ptr<ServiceConnection>> connections_, dropped_;
  Turn turn_;
};

}  // namespace hyalite
