// What TLS needs before there are workers: contexts, whom to trust, secrets. Loaded once, shared by all workers.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "settings/mistake.h"
#include "settings/settings.h"
#include "tls/handle.h"
#include "tls/key_log.h"
#include "tls/ticket_keys.h"

namespace hyalite {

// A certificate for upstreams that ask for one.
struct Identity {
  std::vector<std::string> domains;
  Certificate certificate;
  PrivateKey key;
  std::vector<Certificate> issuers;
};

class TlsGround {
 public:
  // Everything that is wrong is added to `mistakes`; null then. `file` is what mistakes call the settings file; paths are
  // seen from its directory.
  static std::unique_ptr<TlsGround> load(const Settings& settings, const std::string& file, Mistakes& mistakes);

  // One context for all connections of a side: leaves and names are given to each connection.
  SSL_CTX* clients() const { return clients_.get(); }
  SSL_CTX* upstreams() const { return upstreams_.get(); }
  const TicketKeys::Secret& ticket_secret() const { return ticket_secret_; }
  const TlsSettings& settings() const { return settings_; }
  std::size_t sessions() const { return sessions_; }
  // Null: no rule asks for it.
  const KeyLog* key_log() const { return key_log_.get(); }
  // What an upstream of that name gets when it asks; null: nothing.
  const Identity* identity_for(std::string_view server_name) const;

 private:
  TlsGround(const Settings& settings);
  bool load_trust(const std::string& file, Mistakes& mistakes);
  bool load_identities(const std::string& file, Mistakes& mistakes);
  bool open_key_log(const std::string& file, Mistakes& mistakes);

  const TlsSettings& settings_;
  std::size_t sessions_;
  Context clients_, upstreams_;
  TicketKeys::Secret ticket_secret_;
  std::vector<Identity> identities_;
  std::unique_ptr<KeyLog> key_log_;
};

}  // namespace hyalite
