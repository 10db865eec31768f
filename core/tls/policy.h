// The operator's rules for TLS: which of them holds for a connection, at a moment.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/cpp/name_set.hpp>

#include <memory>
#include <string>
#include <vector>

#include "settings/mistake.h"
#include "settings/settings.h"
#include "sniff/client_hello.h"
#include "tls/facts.h"

namespace hyalite {

// Does the client offer HTTP/2, and no HTTP that we speak?
bool offers_only_http2(const ClientHello& hello);

// What a rule may look at. What is not known yet is null.
struct TlsCase {
  const ClientHello& hello;
  IpAddress client, destination;
  const std::string& ja3;
  const std::string& ja4;
  const TlsFacts* upstream = nullptr;  // from the moment certificate on
  const TlsFacts* ours = nullptr;      // the client's connection: at the moment handshake
};

class TlsPolicy {
 public:
  // Reads the lists; what is wrong with them is added to `mistakes`. `file` is the settings file, `settings` outlive this.
  TlsPolicy(const TlsSettings& settings, const std::string& file, Mistakes& mistakes);

  // The first rule of that moment that holds; null: none does.
  const TlsRuleSettings* rule(TlsMoment moment, const TlsCase& about) const;

 private:
  struct Rule {
    const TlsRuleSettings* settings;
    NameSet names;
  };
  static bool holds(const Rule& rule, const TlsCase& about);

  std::vector<Rule> rules_;
};

}  // namespace hyalite
