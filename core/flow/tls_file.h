// What a flow knows of its TLS: what was said, what is planned, what came of it.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "flow/reason.h"
#include "tls/engine.h"
#include "tls/facts.h"

namespace hyalite {

// A page that ends the flow, once the client's connection is TLS.
struct PagePlan {
  int status = 403;
  std::string sentence;   // without its dot
  std::string reference;  // a short fixed word, for the operator
  CloseReason reason = CloseReason::tls_blocked;
};

struct TlsFile {
  std::string ja3, ja4;
  UpstreamPlan upstream_plan;
  ClientPlan client_plan;
  TlsFacts upstream, client;
  std::string rule;              // whose answer it was; empty: no rule's
  std::optional<PagePlan> page;  // what the client gets, instead of its upstream
  // We spoke with the upstream: whoever passes now needs a connection of its own.
  bool upstream_spoken = false;
  // Both sides are TLS: every further connection to the upstream will be, too.
  bool intercepted = false;
  // Such a connection has shaken hands by then.
  Monotonic reconnect_by{};
  // Of the upstream's certificate, when the client asked for no name of a host: what a Host may be.
  std::optional<std::vector<std::string>> names;
  // Somebody accepted this certificate with its defects: it is good for further connections.
  std::optional<Digest256> accepted;
};

}  // namespace hyalite
