// The life of a flow on one page: which stage comes next. READ THIS FIRST.
// SPDX-License-Identifier: MIT
//
//   accepted ──▶ Sniffing ──tls──▶ Handshaking ──pass────────▶ Tunnelling
//                   │  ▲                │                        ▲
//                   │  │            intercept                    │
//                   │  │                ▼                        │
//                   │  ├─◀─ Securing the client ◀── Securing the upstream ── pass, over a fresh connection
//                   │  │                │                        │
//                   │  │              Paging                     │
//                   │  └──── CONNECT that succeeded ────┐        │
//                   ├──http/1──────────▶ Inspecting ────┴upgrade─┤
//                   └──anything else, server speaks first────────┘
//   bypassed, or a plugin said pass_through: Tunnelling, from wherever it was
//   not redirected to us at all: TurningAway; blocked before there is TLS: Alerting
//   a plugin lets the flow wait (flow_open, protocol, client_hello): Waiting, and then on as if it had not
#pragma once

#include <memory>
#include <vector>

#include "base/log.h"
#include "flow/bypass.h"
#include "flow/exchange_pool.h"
#include "flow/flow_file.h"
#include "flow/inspecting.h"
#include "flow/sniffing.h"
#include "flow/stage.h"
#include "flow/tally.h"
#include "flow/tunnelling.h"
#include "net/connector.h"
#include "plugin/chain.h"
#include "tls/engine.h"
#include "tls/policy.h"
#include "tls/refusals.h"
#include "settings/settings.h"

namespace hyalite {

// How the upstream leg is connected, or whether at all.
struct Target {
  Answer answer = Answer::go_on;  // decided: a plugin forbids it; paused: one waits (Lane::upstream)
  ConnectSpec spec;               // when go_on
};

// One per worker. The plugins' hooks about a whole flow are called here, and nowhere else: their verdicts decide what the
// flow does next, like everything here.
class Route {
 public:
  // All outlive the route. `clock` is the loop's.
  Route(const Settings& settings, Chain& chain, const TlsPolicy& tls_policy, const TlsEngine& tls, Refusals& refusals, Tally& tally, Log& log,
        const Clock& clock);

  // The first stage of a flow that was just accepted.
  std::unique_ptr<Stage> begin(FlowFile& file) const;
  // Who hit us directly.
  std::unique_ptr<Stage> turn_away() const;
  // What follows after what a stage said. Never for Stay and Close.
  std::unique_ptr<Stage> next(const Outcome& outcome, FlowFile& file) const;
  // The flow is over: the plugins hear it, if they knew of it. Bytes on the wire.
  void end(FlowFile& file, CloseReason reason, const FlowBytes& bytes) const;
  Target target(const std::optional<Address>& instead, FlowFile& file) const;
  // The same, after it said paused.
  Target resumed_target(const std::optional<Address>& instead, FlowFile& file) const;

 private:
  std::unique_ptr<Stage> after(const Sniffed& sniffed, FlowFile& file) const;
  std::unique_ptr<Stage> after(const HelloRead& hello, FlowFile& file) const;
  // The plugins have spoken.
  std::unique_ptr<Stage> judged(Answer answer, const Moment& at, FlowFile& file) const;
  std::unique_ptr<Stage> go_on(const Opened& opened, FlowFile& file) const;
  std::unique_ptr<Stage> go_on(const Sniffed& sniffed, FlowFile& file) const;
  std::unique_ptr<Stage> go_on(const HelloRead& hello, FlowFile& file) const;
  std::unique_ptr<Stage> go_on(const Secured& secured, FlowFile& file) const;
  Target to(Answer answer, const std::optional<Address>& instead, FlowFile& file) const;
  std::unique_ptr<Stage> after(const Secured& secured, FlowFile& file) const;
  std::unique_ptr<Stage> sniff(const FlowFile& file) const;
  std::unique_ptr<Stage> inspect(FlowFile& file) const;
  std::unique_ptr<Stage> tunnel(Uninspected why, FlowFile& file) const;
  std::unique_ptr<TunnelFilter> tunnel_filter(FlowFile& file) const;
  std::unique_ptr<Stage> by_decision(FlowFile& file) const;
  std::unique_ptr<Stage> unless(Treatment treatment, Uninspected why, FlowFile& file) const;

  // TLS (route_tls.cc).
  bool decides_by_hellos() const;
  void open_tls(FlowFile& file) const;
  std::unique_ptr<Stage> by_hello(FlowFile& file) const;
  std::unique_ptr<Stage> by_upstream(FlowFile& file) const;
  std::unique_ptr<Stage> by_client(FlowFile& file) const;
  void note_answer(FlowFile& file) const;
  std::unique_ptr<Stage> refused_hello(FlowFile& file) const;
  std::unique_ptr<Stage> act_on(const TlsRuleSettings* rule, TlsAction action, FlowFile& file) const;
  std::unique_ptr<Stage> intercept(FlowFile& file) const;
  void log_keys(FlowFile& file) const;
  std::unique_ptr<Stage> pass_tls(FlowFile& file) const;
  std::unique_ptr<Stage> without_leaf(FlowFile& file) const;
  std::unique_ptr<Stage> block_tls(BlockAnswer with, PagePlan page, FlowFile& file) const;
  std::unique_ptr<Stage> show_page(PagePlan page, FlowFile& file) const;
  std::unique_ptr<Stage> secure(Side side) const;
  std::unique_ptr<Stage> accept_upstream(FlowFile& file) const;
  std::unique_ptr<Stage> pass_by_plugin(FlowFile& file) const;
  std::unique_ptr<Stage> block_by_plugin(const Block& block, FlowFile& file) const;
  std::unique_ptr<Stage> failed_upstream(FlowFile& file) const;
  const TlsRuleSettings* rule_at(TlsMoment moment, FlowFile& file) const;
  bool note(FindingAction action, std::string_view name, std::string_view detail, FlowFile& file) const;

  struct Rules {
    SniffingLimits sniffing;
    InspectingNeeds inspecting;
  };

  const Settings& settings_;
  Chain& chain_;
  const TlsPolicy& tls_policy_;
  Refusals& refusals_;
  const TlsEngine& tls_;
  Tally& tally_;
  Log& log_;
  const Clock& clock_;
  Bypass bypass_;
  ExchangePool exchanges_;
  std::vector<Rules> rules_;  // by listener
};

}  // namespace hyalite
