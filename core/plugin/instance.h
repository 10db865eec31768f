// One configured plugin of the chain: its settings checked, created once, called by the chain.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/plugin.h>

#include <cstdint>
#include <memory>
#include <string>

#include "plugin/hook.h"
#include "plugin/library.h"
#include "settings/mistake.h"
#include "settings/settings.h"

namespace hyalite {

class HostServices;

// All tables of hooks a plugin may have; null where it is not interested.
struct HookTables {
  hyalite_flow_hooks flow{};
  hyalite_tls_hooks tls{};
  hyalite_http_hooks http{};
  hyalite_stream_hooks stream{};
  hyalite_state_hooks state{};

  bool has(Hook hook) const;
};

// What the host counts for each instance.
enum class InstanceCount : std::size_t {
  calls,
  errors,     // hooks that failed, for whatever reason
  misuses,    // of these: verdicts and decisions that are not allowed
  slow,       // calls that took longer than the budget's warning
  decisions,  // respond, reset, pass_through, redirect_upstream
  left_out,   // flows and exchanges that went on without it after a failure
  overflows,  // bodies larger than it asked to see
};
inline constexpr std::size_t kInstanceCounts = static_cast<std::size_t>(InstanceCount::overflows) + 1;

class Instance {
 public:
  // Only names and tables; nothing of the plugin runs. `library` outlives it.
  Instance(const PluginSettings& settings, const Library& library, HostServices& services, std::size_t chain_index);
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  ~Instance();

  // Schema, then validate, then create; every mistake of the first that finds some. Empty: it was created, and this process
  // still has as many threads as before. `file` is what mistakes call the settings file.
  Mistakes create(std::string_view file);
  // For sanitizer builds and the checker; not after start.
  void destroy();

  const std::string& name() const { return name_; }
  const Library& library() const { return library_; }
  FailurePolicy policy() const { return policy_; }
  const GrantSettings& grants() const { return grants_; }
  const HookTables& hooks() const { return hooks_; }
  void* self() const { return self_; }

 private:
  const PluginSettings settings_;
  std::string name_;
  const Library& library_;
  FailurePolicy policy_;
  GrantSettings grants_;
  HookTables hooks_;
  void* self_ = nullptr;
  HostServices& services_;
  std::size_t chain_index_;
};

}  // namespace hyalite
