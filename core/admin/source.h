// What the admin pages show and ask for; the admin process has it.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/ca_page.h"
#include "base/clock.h"
#include "metrics/totals.h"
#include "settings/settings.h"

namespace hyalite {

struct WorkerFacts {
  unsigned index = 0;
  pid_t pid = 0;               // 0: none at this moment
  std::uint64_t replaced = 0;  // how often a new process took this place
  WallTime started{};
  pid_t retired_pid = 0;  // the one before, while it drains; 0: none
};

// What went wrong in a worker lately: it died, it was replaced, or a plugin failed in it.
struct FaultFacts {
  static constexpr std::size_t kMost = 32;
  WallTime at{};
  std::uint64_t generation = 0;
  unsigned worker = 0;
  pid_t pid = 0;      // 0: it lives
  std::string cause;  // crash, hang, exit, killed, stall, memory; error, exception, misuse
  std::string instance, hook;  // whose code was running; empty: nobody's
  std::string what;            // in a few words
};

struct GenerationFacts {
  std::uint64_t number = 0;
  pid_t pid = 0;
  std::string_view state;  // loading, serving, draining, ending
  WallTime since{};        // in that state
  std::vector<WorkerFacts> workers;
};

// The CA that clients trust.
struct CaFacts {
  std::string subject, sha256;
  WallTime not_after{};
  bool ends_soon = false;  // within tls.ca.warn_before
  std::string fault;       // why it cannot be read; then the others are empty
};

// A server name for which clients refused our certificate.
struct RefusedName {
  struct Client {
    std::string address;
    std::uint64_t count = 0;
    std::string_view last_sign;
  };
  std::string name;
  std::uint64_t count = 0;
  WallTime last{};
  std::optional<WallTime> passes_until;  // when it passes because of that
  std::vector<Client> clients;           // the latest ones
  std::string cause;                     // the likely one, in words
};

struct ServiceFacts {
  std::string version;
  pid_t master_pid = 0;
  std::string settings_file;
  WallTime started{}, now{};
  std::vector<std::string> listening;
  std::vector<GenerationFacts> generations;
  std::vector<std::string> quarantined;  // plugin instances
  std::vector<FaultFacts> faults;        // the newest first, at most FaultFacts::kMost
  std::string last_failure;              // why the last change failed; empty: it did not
  std::optional<CaFacts> ca;             // none: there is no CA
  std::vector<RefusedName> refused;      // the latest first
  std::string plugins;  // a JSON array with an object per plugin of the serving generation

  bool serving() const {
    for (const GenerationFacts& one : generations) {
      if (one.state == "serving") return true;
    }
    return false;
  }
};

enum class AdminCommand { reload, release, upgrade, reopen };
struct CommandOutcome {
  bool done = false;
  std::string text;             // for people, lines ended
  std::string mistakes = "[]";  // a JSON array of mistakes in the settings
};

// Lent to the pages for their life. Answers come once, now or later.
class AdminSource {
 public:
  virtual ServiceFacts facts() const = 0;
  // Of all generations since the service started.
  virtual Totals totals() const = 0;
  virtual const Settings& settings() const = 0;
  // A JSON array of at most `most` flows of all workers, with those that did not answer in time
  // left out.
  virtual void flows(std::size_t most, std::function<void(std::string json)> answer) = 0;
  // Forgets who refused our certificates for this name; it does not pass any more.
  virtual CommandOutcome forget(std::string_view name) = 0;
  // What clients have to trust; null: there is nothing.
  virtual const CaFiles* ca_files() const = 0;
  virtual void command(AdminCommand command, std::function<void(const CommandOutcome&)> answer) = 0;

 protected:
  ~AdminSource() = default;
};

}  // namespace hyalite
