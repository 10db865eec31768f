// What the tables for flows and exchanges have in common: who asks, and may they now?
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/plugin.h>

#include <initializer_list>

#include "base/result.h"
#include "plugin/abi.h"
#include "plugin/hook.h"
#include "plugin/host.h"
#include "plugin/instance.h"
#include "plugin/subject.h"

namespace hyalite {

inline FlowSubject& subject(hyalite_flow* flow) { return static_cast<FlowSubject&>(*flow); }
inline ExchangeSubject& subject(hyalite_exchange* exchange) {
  return static_cast<ExchangeSubject&>(*exchange);
}

// Is one of these hooks running, for this flow?
inline bool is_in(const FlowSubject& flow, std::initializer_list<Hook> hooks) {
  if (flow.running.instance == nullptr) return false;
  for (const Hook hook : hooks) {
    if (hook == flow.running.hook) return true;
  }
  return false;
}

// May something be begun that ends with this exchange? Null: it ends with none.
inline hyalite_status may_ask_for(const ExchangeSubject* exchange) {
  if (exchange == nullptr) return HYALITE_OK;
  const Running& running = exchange->flow().running;
  // What is asked in its very end would end with nothing.
  if (running.instance == nullptr || running.hook == Hook::exchange_end) return HYALITE_E_LATE;
  return exchange->asked_for.size() == ExchangeSubject::kMostAskedFor ? HYALITE_E_LIMIT : HYALITE_OK;
}

// What people read in records: not longer than this.
inline std::string reason_text(hyalite_bytes reason) {
  return std::string(view(reason).substr(0, 1024));
}

// Written down; the last one counts, and only if the hook answers FINAL.
template <class What>
hyalite_status propose(FlowSubject& flow, What what, hyalite_bytes reason) {
  flow.running.proposed.touch() = {std::move(what), Decision::Cause::plugin, flow.running.instance->name(),
                                   reason_text(reason)};
  return HYALITE_OK;
}

inline hyalite_status give_finding(const Findings& findings, std::size_t index,
                                   hyalite_finding* out) {
  if (out == nullptr || out->size < offsetof(hyalite_finding, detail) + sizeof out->detail) return HYALITE_E_INVALID;
  if (index >= findings.all().size()) return HYALITE_E_MISSING;
  const Finding& found = findings.all()[index];
  write_struct(hyalite_finding{0, 0, abi(found.source), abi(found.name), abi(found.detail)}, *out);
  return HYALITE_OK;
}

inline hyalite_status add_finding(FlowSubject& flow, Findings& findings, hyalite_bytes name,
                                  hyalite_bytes detail) {
  if (flow.running.instance == nullptr) return HYALITE_E_LATE;
  if (name.size == 0 || name.size > 64 || detail.size > 1024) return HYALITE_E_INVALID;
  return findings.add(flow.running.instance->name(), view(name), view(detail)) ? HYALITE_OK
                                                                               : HYALITE_E_LIMIT;
}

// Redirects need a grant, and an address that can be connected to.
inline Result<Address> checked_redirect(const FlowSubject& flow, const hyalite_address* to,
                                        hyalite_status& status) {
  const auto address = to == nullptr ? std::nullopt : address_of(*to);
  status = !flow.running.instance->grants().redirect_upstream ? HYALITE_E_FORBIDDEN
           : address                                          ? HYALITE_OK
                                                              : HYALITE_E_INVALID;
  if (status != HYALITE_OK) return Error{Fault::plugin, "no redirect"};
  return *address;
}

// An interest as a plugin gave it, or why it cannot be. `most` is the strongest mode allowed here.
hyalite_status read_interest(const hyalite_body_options* options, std::uint32_t most,
                             const ChainLimits& limits, BodyOptions& out);

}  // namespace hyalite
