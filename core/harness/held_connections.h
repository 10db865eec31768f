// The connections that plugins open to services over TCP, played by a test: no sockets, the test says what a service does.
// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "plugin/channels.h"
#include "settings/settings.h"

namespace hyalite {

// One of them, from the service's side. As over a socket, the plugin is told later, and only as much as it takes.
class HeldConnection final : public Waker {
 public:
  // All are lent, and outlive it; `on_change` is told when there is something new for the test.
  HeldConnection(Ref channel, const ServiceSettings& service, Channels& channels, const Clock& clock, std::function<void(Ref)> on_change);

  Ref channel() const { return channel_; }
  const std::string& service() const { return service_.name; }
  // All that the plugin wrote so far; and will it write no more?
  const std::string& heard() const { return heard_; }
  bool plugin_ended() const { return plugin_ended_; }
  bool is_open() const { return state_ != State::over; }

  // ---- what the service does; nothing when it is over
  void accept();
  void refuse();
  void say(std::string_view text);
  void end();  // it says no more
  void break_off();
  void read(bool on);  // false: it takes nothing for now

  // The plugin has ended it.
  void forget() { state_ = State::over; }
  void on_wake() override;
  void on_time();
  std::optional<Monotonic> deadline() const;

 private:
  enum class State { connecting, open, over };
  void move();
  void finish(hyalite_status status, std::string why);

  const Ref channel_;
  const ServiceSettings& service_;
  Channels& channels_;
  const Clock& clock_;
  const std::function<void(Ref)> on_change_;
  State state_ = State::connecting;
  Monotonic moved_;
  std::string heard_, unsaid_;
  bool reads_ = true, plugin_ended_ = false, ended_ = false, end_told_ = false;
};

class HeldConnections {
 public:
  // Called when a connection was opened, when the plugin wrote something, and when it will write no more; never inside a call
  // of a plugin. What is new since the last time.
  using OnHeard = std::function<void(HeldConnection& connection, std::string_view fresh)>;

  explicit HeldConnections(const Clock& clock) : clock_(clock) {}

  Waker* connect(Ref channel, const ServiceSettings& service, Channels& channels);
  void disconnect(Ref channel);

  void tell(std::string service, OnHeard on_heard) { told_[std::move(service)] = std::move(on_heard); }
  // Nobody is there, from now on, or again somebody.
  void refuse(std::string service, bool on) { on ? void(refusing_.insert(std::move(service))) : void(refusing_.erase(service)); }
  // All that there ever were, in their order. Those that are over stay.
  std::deque<HeldConnection>& all() { return all_; }
  // Null: there never was one.
  HeldConnection* find(Ref channel);

  // What is due. True when something happened.
  bool deliver();
  std::optional<Monotonic> next_deadline() const;

 private:
  bool give_up_late();

  const Clock& clock_;
  std::deque<HeldConnection> all_;
  std::map<Ref, std::size_t> heard_until_;
  std::map<std::string, OnHeard, std::less<>> told_;
  std::set<std::string, std::less<>> refusing_;
  std::vector<Ref> fresh_, changed_;
};

}  // namespace hyalite
