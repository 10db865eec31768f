// What a flow is, beyond its sockets: what the route decides by, what is counted, and what plugins see.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "flow/reason.h"
#include "flow/tally.h"
#include "flow/tls_file.h"
#include "net/original_destination.h"
#include "plugin/subject.h"
#include "sniff/client_hello.h"

namespace hyalite {

struct FlowFile {
  // `arrival`: nothing when nobody redirected it to us, and it is to be turned away.
  FlowFile(const FlowFacts& what, std::size_t index, std::optional<ArrivalMode> mode)
      : facts(what), subject(what), listener(index), arrival(mode) {}

  const FlowFacts facts;
  FlowSubject subject;
  const std::size_t listener;
  const std::optional<ArrivalMode> arrival;
  bool within_connect = false;    // behind a CONNECT that succeeded: its connection cannot be made afresh
  bool known_to_plugins = false;  // flow_open was called: flow_close must be
  bool finding_logged = false;    // about its requests
  std::uint64_t exchanges = 0;
  std::unique_ptr<ClientHelloReader> hello;  // once the client was found to speak TLS
  std::unique_ptr<TlsFile> tls;              // once a ClientHello was read
  std::optional<Uninspected> uninspected;    // why some of it passed without a look

  // From here on nobody looks, and this is why.
  void pass_uninspected(Uninspected why, Tally& tally) {
    uninspected = why;
    tally.uninspected(why);
  }
};

struct FlowBytes {
  std::uint64_t from_client = 0, to_client = 0, to_upstream = 0, from_upstream = 0;
};

}  // namespace hyalite
