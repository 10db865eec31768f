// One configured plugin of the chain: its settings checked, created once, called by the chain.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/plugin.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "plugin/hook.h"
#include "plugin/library.h"
#include "settings/mistake.h"
#include "settings/settings.h"

namespace hyalite {

class CheckedInstance;
class HostServices;
class InstanceHost;

// All tables of hooks a plugin may have; null where it is not interested.
struct HookTables {
  hyalite_flow_hooks flow{};
  hyalite_tls_hooks tls{};
  hyalite_http_hooks http{};
  hyalite_stream_hooks stream{};
  hyalite_state_hooks state{};
  hyalite_async_hooks async{};
  hyalite_ws_hooks ws{};

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
  overflows,  // bodies and messages larger than it asked to see
  pauses,     // times it let something wait
  late,       // of these: those that reached their deadline
  misused_calls,  // calls of the host that validation found wrong
  undecoded,  // bodies whose content coding could not be undone, though it is one that we know
};
inline constexpr std::size_t kInstanceCounts =
    static_cast<std::size_t>(InstanceCount::undecoded) + 1;

// A word for an instance of the plugin with that fingerprint and these settings.
std::string build_of(std::string_view fingerprint, const PluginSettings& settings);

class Instance {
 public:
  static constexpr std::size_t kMostStateBytes = 4'096;  // of a flow, and of an exchange

  // Only names and tables; nothing of the plugin runs. Both references outlive it.
  Instance(const PluginSettings& settings, std::size_t chain_index, const Library& library,
           HostServices& services);
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  ~Instance();

  // Schema, then validate, then create; every mistake of the first that finds some. Empty: it was
  // created, and this process still has as many threads as before. `file` is what mistakes call the
  // settings file.
  Mistakes create(std::string_view file);
  // Where memory is checked (tests, the checker): after stop where it was started.
  void destroy();

  const std::string& name() const { return settings_.name; }
  const Library& library() const { return library_; }
  std::string build() const { return build_of(library_.fingerprint(), settings_); }
  const hyalite_descriptor& descriptor() const { return library_.descriptor(); }
  FailurePolicy policy() const { return settings_.failure_policy(); }
  const GrantSettings& grants() const { return settings_.grants; }
  const HookTables& hooks() const { return hooks_; }
  void* self() const { return self_; }
  bool validates() const { return checked_ != nullptr; }
  InstanceHost& host() const { return *host_; }
  HostServices& services() const { return services_; }

  // Where its states begin in the chain's block for a flow and for an exchange; set by the chain.
  std::size_t flow_state_at = 0, exchange_state_at = 0;

 private:
  Mistake mistake(std::string_view what, std::string_view file) const;
  Mistakes check_settings(std::string_view file) const;
  std::string call_create(const Mistakes& mistakes);

  const PluginSettings settings_;
  const std::size_t chain_index_;
  const Library& library_;
  HostServices& services_;
  HookTables hooks_;
  std::unique_ptr<InstanceHost> host_;
  std::unique_ptr<CheckedInstance> checked_;  // null: its calls are not checked
  void* self_ = nullptr;
};

}  // namespace hyalite
