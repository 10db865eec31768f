// The services that plugins talk to, played by a test: no sockets, answers when the test says so.
// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "harness/held_connections.h"
#include "plugin/outbound.h"
#include "settings/settings.h"

namespace hyalite {

// One question that has no answer yet.
struct HeldQuestion {
  Ref ref = 0;
  FetchRequest request;
  Monotonic until;  // then it is given up, as the service's settings or the plugin say
  FetchesHeard* heard = nullptr;
};

// Where questions go when there are no sockets.
class HeldOutbound : public Outbound {
 public:
  // Gives the answers that are due. True when there was one.
  virtual bool deliver() = 0;
  virtual std::optional<Monotonic> next_deadline() const { return std::nullopt; }

 protected:
  ~HeldOutbound() = default;
};

class HeldServices final : public HeldOutbound {
 public:
  // Nothing: the question stays open.
  using Answers = std::function<std::optional<FetchResult>(const FetchRequest&)>;

  HeldServices(const std::vector<ServiceSettings>& settings, const Clock& clock) : settings_(settings), clock_(clock), connections_(clock) {}

  bool has(std::string_view service, ServiceProtocol protocol) const override {
    const ServiceSettings* found = find(service);
    return found != nullptr && found->protocol == protocol;
  }
  void start(Ref ref, FetchRequest request, FetchesHeard& heard) override;
  void cancel(Ref ref) override;
  Waker* connect(Ref channel, std::string_view service, Channels& channels) override {
    return connections_.connect(channel, *find(service), channels);
  }
  void disconnect(Ref channel) override { connections_.disconnect(channel); }

  // Those over TCP.
  HeldConnections& connections() { return connections_; }

  // Asked as soon as a question comes, never inside a call of a plugin.
  void answer_with(std::string service, Answers answers) { answers_[std::move(service)] = std::move(answers); }
  // Those that are open, in the order in which they were asked.
  const std::deque<HeldQuestion>& open() const { return open_; }
  // False: there is no such question (any more).
  bool answer(Ref ref, FetchResult result);

  bool deliver() override;
  std::optional<Monotonic> next_deadline() const override;

 private:
  const ServiceSettings* find(std::string_view name) const;
  bool ask_the_test();
  bool give_up_late();

  const std::vector<ServiceSettings>& settings_;
  const Clock& clock_;
  std::map<std::string, Answers, std::less<>> answers_;
  std::deque<HeldQuestion> open_;
  std::vector<Ref> fresh_;  // the test was not asked yet
  HeldConnections connections_;
};

}  // namespace hyalite
