// What the admin process knows of the CA, and of who refuses its certificates.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "admin/ca_page.h"
#include "admin/source.h"
#include "base/clock.h"
#include "base/log.h"
#include "settings/settings.h"
#include "tls/refusals.h"

namespace hyalite {

// The CA's certificates, as the settings name them; never its key. Read once.
class CaWatch {
 public:
  static CaWatch open(const CaSettings& settings, WallTime now);

  // Nothing when the settings name no CA.
  std::optional<CaFacts> facts(WallTime now) const;
  std::optional<WallTime> not_after() const;
  // What clients have to trust; null: there is none, or it cannot be read.
  const CaFiles* files() const { return files_ ? &*files_ : nullptr; }
  // Says so when the end is near, or it cannot be read.
  void warn(WallTime now, Log& log) const;

 private:
  std::optional<CaFacts> facts_;
  std::optional<CaFiles> files_;
  Milliseconds warn_before_{0};
};

// The latest first.
std::vector<RefusedName> refused_names(const Refusals& refusals, WallTime now, std::size_t most);

}  // namespace hyalite
