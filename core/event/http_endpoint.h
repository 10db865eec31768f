// A small HTTP server for the admin pages: evhttp behind our own words.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "event/loop.h"

namespace hyalite {

struct PeerCredentials {
  pid_t pid;
  uid_t uid;
  gid_t gid;
};

// What somebody asks of an endpoint. The views live until the handler returns.
struct EndpointRequest {
  std::string_view method;  // "GET"
  std::string_view path;    // begins with '/', percent-decoding is the handler's
  std::string_view query;   // without '?'; empty when there is none
  std::string_view host;    // the Host header as it came; empty when there is none. Check it: a browser may be made to ask (DNS rebinding)
  std::string_view body;
  std::optional<PeerCredentials> peer;  // on a unix socket only
};

struct EndpointAnswer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// The duty to answer one request, now or later. Destroyed without an answer: 500. The asker may be gone by then: nothing happens.
// Must not outlive its endpoint.
class EndpointReply {
 public:
  struct Pending;
  explicit EndpointReply(Pending* pending) : pending_(pending) {}
  EndpointReply(EndpointReply&& other) noexcept;
  EndpointReply& operator=(EndpointReply&& other) noexcept;
  ~EndpointReply();
  void send(EndpointAnswer answer);

 private:
  Pending* pending_;
};

struct EndpointLimits {
  std::size_t most_header_bytes = 8 * 1024;
  std::size_t most_body_bytes = 64 * 1024;
  Seconds idle{10};  // also how long one request may take to arrive between two reads
};

// Serves until it is destroyed. Whoever may connect is served: listen on loopback or on a unix socket.
class HttpEndpoint {
 public:
  using Handler = std::function<void(const EndpointRequest& request, EndpointReply reply)>;

  HttpEndpoint(Loop& loop, Handler handler, EndpointLimits limits = {});
  ~HttpEndpoint();
  HttpEndpoint(const HttpEndpoint&) = delete;
  HttpEndpoint& operator=(const HttpEndpoint&) = delete;

  // Several calls: several places. Port 0 takes a free one; the answer is the address in use.
  Result<Address> listen(const Address& address);
  // A socket that nobody answers any more is replaced; `mode` is its permission bits.
  Result<void> listen_unix(const std::string& path, mode_t mode = 0600);
  // A socket that listens already, e.g. from systemd or the master.
  Result<void> serve(Fd listening);

 private:
  struct Server;
  std::unique_ptr<Server> server_;
};

}  // namespace hyalite
