// Who carries out what plugins ask of the services that the settings name: whoever has sockets.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "plugin/pauses.h"
#include "plugin/refs.h"
#include "settings/settings.h"

namespace hyalite {

class Channels;

struct FetchRequest {
  std::string service;
  std::string method, target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::chrono::nanoseconds within{0};  // 0: as long as the service's settings say
};

struct FetchResult {
  hyalite_status status = HYALITE_OK;  // else there is no response
  std::string why;                     // for a person, when there is none
  unsigned http_status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

class FetchesHeard {
 public:
  // On the loop, never inside Outbound's functions; once for each start that was not cancelled.
  virtual void on_fetched(Ref ref, FetchResult result) = 0;

 protected:
  ~FetchesHeard() = default;
};

// Nothing is told inside of these functions.
class Outbound {
 public:
  virtual bool has(std::string_view service, ServiceProtocol protocol) const = 0;

  // ---- http
  virtual void start(Ref ref, FetchRequest request, FetchesHeard& heard) = 0;
  // Nothing more is to be heard of it.
  virtual void cancel(Ref ref) = 0;

  // ---- tcp
  // Opens a connection, and moves bytes between it and the channel (channels.h) from now on, until it finishes that or
  // disconnect(). Woken when the channel has something to send, or room for more. Null: all connections of that service are
  // open.
  virtual Waker* connect(Ref channel, std::string_view service, Channels& channels) = 0;
  // The channel is over: the connection is broken off, and touches it no more.
  virtual void disconnect(Ref channel) = 0;

 protected:
  ~Outbound() = default;
};

}  // namespace hyalite
