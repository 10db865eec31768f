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
  std::string_view path;    // begins with '/'; percent-decoding is the handler's business
  std::string_view query;   // without '?'; empty when there is none
  std::string_view host;  // the Host header; empty when there is none. To be checked: browsers can
                          // be made to ask (DNS rebinding)
  std::string_view body;
  std::optional<PeerCredentials> peer;  // on a unix socket only
};

struct EndpointAnswer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// The duty to answer one request, now or later. Destroyed without an answer: 500. Whether the asker
// or the endpoint is gone by then does not matter.
class EndpointReply {
 public:
  struct Pending;
  explicit EndpointReply(std::unique_ptr<Pending> pending);
  EndpointReply(EndpointReply&& other) noexcept;
  EndpointReply& operator=(EndpointReply&& other) noexcept;
  ~EndpointReply();
  // Once. To HEAD only the length of the body is told.
  void send(const EndpointAnswer& answer);

 private:
  std::unique_ptr<Pending> pending_;
};

struct EndpointLimits {
  std::size_t most_header_bytes = 8 * 1024;
  std::size_t most_body_bytes = 64 * 1024;
  Seconds idle{10};          // also how long one request may take to arrive between two reads
  Milliseconds rest{1'000};  // without descriptors to accept with
  // So many are left to the rest of the process: nobody is accepted when fewer are free. 0: all may be taken.
  std::size_t spare_descriptors = 0;
};

// Serves GET, HEAD, POST, PUT and DELETE until it is destroyed. Whoever may connect is served:
// listen on loopback or on a unix socket. The number of connections has no limit but the process's
// own (RLIMIT_NOFILE), of which some may be left to others: set one in a process that lives on after what an endpoint may
// cost.
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
  // Closes its listening sockets. Who is connected already is served on.
  void stop_accepting();

 private:
  struct Server;
  std::unique_ptr<Server> server_;
};

}  // namespace hyalite
