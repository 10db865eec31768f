// The life of a flow, where it is TLS: who passes, who is looked into, who is blocked.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "base/text.h"
#include "flow/blocking.h"
#include "flow/ending.h"
#include "flow/finding_line.h"
#include "flow/route.h"
#include "flow/securing.h"
#include "flow/tls_view.h"
#include "flow/tunnelling.h"
#include "tls/fingerprint.h"
#include "tls/refusals.h"

namespace hyalite {

namespace {

constexpr std::string_view kHttp1 = "http/1.1";

bool offers(const ClientHello& hello, std::string_view protocol) {
  return std::find(hello.alpn.begin(), hello.alpn.end(), protocol) != hello.alpn.end();
}

// What we can speak of what the client offers. HTTP/2 we cannot, yet.
std::vector<std::string> mirrored_alpn(const ClientHello& hello) {
  std::vector<std::string> offered = hello.alpn;
  std::erase_if(offered, [](const std::string& protocol) { return protocol == "h2"; });
  return offered;
}

std::string asked_name(const ClientHello& hello) {
  return hello.server_name_kind == ServerName::invalid ? std::string() : hello.server_name;
}

// What clients refuse certificates for: the name they asked for, or where they were going. Empty: within a CONNECT nobody knows.
std::string name_for_refusals(const FlowFile& file) {
  const std::string& name = file.tls->client_plan.server_name;
  if (!name.empty()) return to_lower(name);
  return file.within_connect ? std::string() : file.facts.destination.ip.text();
}

PagePlan blocked_by(const TlsRuleSettings* rule) {
  return {403, "This network does not allow connections to this server", rule == nullptr ? "tls_blocked" : rule->name,
          CloseReason::tls_blocked};
}

}  // namespace

// ---- the ClientHello ----

// Does anybody decide by what hellos say? Then one that only some servers can read must not get past them.
bool Route::decides_by_hellos() const {
  const PolicySettings& policy = settings_.policy;
  const auto decides = [](const TlsRuleSettings& rule) {
    return rule.moment == TlsMoment::client_hello && rule.action != TlsAction::pass;
  };
  return settings_.tls.action != TlsAction::pass || policy.no_server_name == FindingAction::refuse ||
         policy.encrypted_hello == FindingAction::refuse || chain_.wants(Hook::client_hello) ||
         std::any_of(settings_.tls.rules.begin(), settings_.tls.rules.end(), decides);
}

// Where all TLS passes, one that cannot be read does, too.
std::unique_ptr<Stage> Route::after(const HelloRead& hello, FlowFile& file) const {
  if (!hello.readable) {
    (void)note(FindingAction::count, "malformed_client_hello", file.hello->why(), file);
    if (!decides_by_hellos()) return pass_tls(file);
    tally_.tls_answer(TlsAction::block);
    return std::make_unique<Alerting>(Alert::decode_error, CloseReason::tls_blocked);
  }
  file.subject.set_client_hello(file.hello->hello());
  if (bypass_.covers_name(file.subject.server_name())) return tunnel(Uninspected::bypass, file);
  open_tls(file);
  if (auto refused = refused_hello(file)) return refused;
  return judged(chain_.client_hello(file.subject), hello, file);
}

void Route::open_tls(FlowFile& file) const {
  const ClientHello& hello = file.hello->hello();
  file.tls = std::make_unique<TlsFile>();
  TlsFile& tls = *file.tls;
  tls.ja3 = ja3(hello);
  tls.ja4 = ja4(hello);
  file.subject.set_fingerprints(tls.ja3, tls.ja4);
  tls.client_plan.server_name = tls.upstream_plan.server_name = asked_name(hello);
  tls.client_plan.destination = file.facts.destination.ip;
  tls.upstream_plan.alpn = mirrored_alpn(hello);
}

// True when it is to be refused.
bool Route::note(FindingAction action, std::string_view name, std::string_view detail, FlowFile& file) const {
  file.subject.findings.add("hyalite", name, detail);
  ++tally_.findings;
  if (action == FindingAction::log) log_finding(log_, file.facts, name, detail);
  return action == FindingAction::refuse;
}

std::unique_ptr<Stage> Route::refused_hello(FlowFile& file) const {
  const ClientHello& hello = file.hello->hello();
  const PolicySettings& policy = settings_.policy;
  bool refused = false;
  if (hello.server_name_kind != ServerName::host) {
    const std::string detail = hello.server_name_kind == ServerName::absent ? "" : printable(hello.server_name);
    const std::string_view name = hello.server_name_kind == ServerName::absent    ? "no_server_name"
                                  : hello.server_name_kind == ServerName::address ? "server_name_is_address"
                                                                                  : "server_name_is_invalid";
    refused = note(policy.no_server_name, name, detail, file);
    // Which name a server takes it for, nobody knows: it must not get past those who decide by names.
    if (hello.server_name_kind == ServerName::invalid && decides_by_hellos()) refused = true;
  }
  if (hello.has_ech) refused = note(policy.encrypted_hello, "encrypted_client_hello", hello.server_name, file) || refused;
  if (!refused) return nullptr;
  tally_.tls_answer(TlsAction::block);
  return std::make_unique<Alerting>(Alert::unrecognized_name, CloseReason::tls_blocked);
}

const TlsRuleSettings* Route::rule_at(TlsMoment moment, FlowFile& file) const {
  const TlsFile& tls = *file.tls;
  const TlsCase about{file.hello->hello(),        file.facts.client.ip, file.facts.destination.ip, tls.ja3, tls.ja4,
                      moment == TlsMoment::client_hello ? nullptr : &tls.upstream,
                      moment == TlsMoment::handshake ? &tls.client : nullptr};
  const TlsRuleSettings* rule = tls_policy_.rule(moment, about);
  if (rule != nullptr) file.tls->rule = rule->name;
  return rule;
}

std::unique_ptr<Stage> Route::by_hello(FlowFile& file) const {
  const TlsRuleSettings* rule = rule_at(TlsMoment::client_hello, file);
  return act_on(rule, rule != nullptr ? rule->action : settings_.tls.action, file);
}

std::unique_ptr<Stage> Route::act_on(const TlsRuleSettings* rule, TlsAction action, FlowFile& file) const {
  switch (action) {
    case TlsAction::pass: return pass_tls(file);
    case TlsAction::intercept:
      file.tls->upstream_plan.log_keys = file.tls->client_plan.log_keys = rule != nullptr && rule->key_log;
      return intercept(file);
    case TlsAction::block: return block_tls(rule != nullptr ? rule->block_with : BlockAnswer::alert, blocked_by(rule), file);
    case TlsAction::redirect: break;
  }
  tally_.tls_answer(TlsAction::redirect);
  file.subject.redirect_to(*rule->to, rule->name);
  return tunnel(Uninspected::tls, file);
}

std::unique_ptr<Stage> Route::pass_tls(FlowFile& file) const {
  if (file.tls && file.tls->upstream_spoken && file.within_connect) {
    (void)note(FindingAction::count, "cannot_pass", "the connection within a CONNECT cannot be made afresh", file);
    return block_tls(BlockAnswer::alert, blocked_by(nullptr), file);
  }
  tally_.tls_answer(TlsAction::pass);
  return tunnel(Uninspected::tls, file);
}

std::unique_ptr<Stage> Route::secure(Side side) const {
  return std::make_unique<Securing>(side, settings_.timeouts.tls_handshake, clock_);
}

// Loud, whether there is room for them or not.
void Route::log_keys(FlowFile& file) const {
  TlsFile& tls = *file.tls;
  const bool full = tls_.key_log_full();
  tls.upstream_plan.log_keys = tls.client_plan.log_keys = !full;
  ++(full ? tally_.tls_keys_not_logged : tally_.tls_keys_logged);
  (void)note(FindingAction::log, full ? "key_log_full" : "keys_logged", tls.rule, file);
}

std::unique_ptr<Stage> Route::intercept(FlowFile& file) const {
  const ClientHello& hello = file.hello->hello();
  if (!tls_.has_leaves()) {
    (void)note(FindingAction::log, "no_ca", "it cannot be looked into without a CA", file);
    return pass_tls(file);
  }
  const std::string name = name_for_refusals(file);
  if (settings_.tls.learn.enabled && !name.empty() && refusals_.passes(name, clock_.wall_time())) {
    (void)note(FindingAction::count, "learned", "clients refused our certificate for this name", file);
    return pass_tls(file);
  }
  if (offers_only_http2(hello)) {
    ++tally_.tls_only_http2;
    if (settings_.tls.client.only_http2 == Treatment::pass) return pass_tls(file);
    tally_.tls_answer(TlsAction::block);
    return std::make_unique<Alerting>(Alert::no_application_protocol, CloseReason::tls_blocked);
  }
  tally_.tls_answer(TlsAction::intercept);
  if (file.tls->upstream_plan.log_keys) log_keys(file);
  file.tls->upstream_plan.address = file.subject.upstream();
  file.tls->upstream_plan.within_connect = file.within_connect;
  return secure(Side::upstream);
}

// ---- what came of a handshake ----

std::unique_ptr<Stage> Route::after(const Secured& secured, FlowFile& file) const {
  const bool upstream = secured.side == Side::upstream;
  if (upstream) file.tls->upstream_spoken = true;
  const TlsFacts& facts = upstream ? file.tls->upstream : file.tls->client;
  tally_.shaken(upstream, facts);
  show_tls(secured.side, facts, upstream && chain_.wants(Hook::upstream_tls), file.subject);
  const auto side = static_cast<hyalite_side>(index_of(secured.side));
  if (upstream && facts.done) return judged(chain_.upstream_tls(file.subject), secured, file);
  const Answer answer = chain_.tls_done(file.subject, side);
  // Of what failed nothing can be decided, and nobody is waited for.
  return facts.done ? judged(answer, secured, file) : go_on(secured, file);
}

std::unique_ptr<Stage> Route::go_on(const Secured& secured, FlowFile& file) const {
  return secured.side == Side::upstream ? by_upstream(file) : by_client(file);
}

std::unique_ptr<Stage> Route::by_upstream(FlowFile& file) const {
  TlsFile& tls = *file.tls;
  TlsFacts& upstream = tls.upstream;
  if (!upstream.done && !upstream.asked_for_certificate) return failed_upstream(file);
  const TlsRuleSettings* rule = rule_at(TlsMoment::certificate, file);
  if (rule != nullptr && rule->action != TlsAction::intercept) return act_on(rule, rule->action, file);
  if (upstream.asked_for_certificate) {
    const CertificateRequest answer = settings_.tls.upstream.certificate_request;
    if (answer == CertificateRequest::pass) return pass_tls(file);
    if (answer == CertificateRequest::block || !upstream.done) return failed_upstream(file);
  }
  if (upstream.defects.empty() || (rule != nullptr && rule->action == TlsAction::intercept)) return accept_upstream(file);
  if (settings_.tls.upstream.defects == DefectAnswer::block) {
    (void)note(FindingAction::count, "upstream_certificate", upstream.defect_text, file);
    return show_page({502, "The server cannot be trusted: " + upstream.defect_text, names_of(upstream.defects),
                      CloseReason::tls_untrusted},
                     file);
  }
  (void)note(FindingAction::count, "upstream_certificate", upstream.defect_text, file);
  tls.client_plan.trusted = false;
  return accept_upstream(file);
}

std::unique_ptr<Stage> Route::accept_upstream(FlowFile& file) const {
  TlsFile& tls = *file.tls;
  TlsFacts& upstream = tls.upstream;
  tls.accepted = upstream.certificate_digest;
  tls.client_plan.upstream = upstream.certificate;
  if (file.hello->hello().server_name_kind != ServerName::host) tls.names = upstream.certificate.names();
  tls.client_plan.alpn = upstream.alpn;
  upstream.certificate = {};
  return secure(Side::client);
}

// No TLS with this upstream: the client is told what a browser of its own would have told.
std::unique_ptr<Stage> Route::failed_upstream(FlowFile& file) const {
  const TlsFacts& upstream = file.tls->upstream;
  const std::string why = upstream.asked_for_certificate ? "it asks for a certificate of the client" : upstream.error;
  (void)note(FindingAction::count, "upstream_handshake_failed", why, file);
  return show_page({502, "No secure connection to the server could be made: " + why, std::string(name_of(upstream.failure)),
                    CloseReason::tls_upstream_failed},
                   file);
}

// Whether the client took our certificate; one of an issuer that nobody trusts it was to refuse.
void Route::note_answer(FlowFile& file) const {
  const TlsFacts& client = file.tls->client;
  if (!file.tls->client_plan.trusted) return;
  const WallTime now = clock_.wall_time();
  if (client.done) return refusals_.note_accepted(file.facts.client.ip, now);
  const bool left = client.failure == HandshakeFailure::peer_left;
  if (!left && client.failure != HandshakeFailure::alert) return;
  const LearnSettings& learn = settings_.tls.learn;
  const Learning learning{learn.enabled ? learn.clients : 0, std::chrono::duration_cast<Seconds>(learn.within),
                          std::chrono::duration_cast<Seconds>(learn.pass_for)};
  const std::string name = name_for_refusals(file);
  if (name.empty()) return;
  const RefusalSign sign = left ? RefusalSign::closed : refusal_sign(client.alert);
  if (!refusals_.note(name, file.facts.client.ip, sign, now, learning)) return;
  log_.warning("tls.learned", {{"name", name}, {"hours", std::to_string(learning.pass_for.count() / 3'600)}});
}

// There is no certificate for this client: its handshake has not begun, so it can still pass, or be told.
std::unique_ptr<Stage> Route::without_leaf(FlowFile& file) const {
  const TlsFile& tls = *file.tls;
  if (tls.client.failure != HandshakeFailure::forbidden) {
    return std::make_unique<Alerting>(Alert::internal_error, CloseReason::tls_client_failed);
  }
  ++tally_.tls_forbidden_names;
  // Whoever was to read a page is blocked, page or not.
  if (settings_.tls.ca.forbidden_names == Treatment::pass && !tls.page) return pass_tls(file);
  tally_.tls_answer(TlsAction::block);
  return std::make_unique<Alerting>(Alert::access_denied, tls.page ? tls.page->reason : CloseReason::tls_blocked);
}

std::unique_ptr<Stage> Route::by_client(FlowFile& file) const {
  TlsFile& tls = *file.tls;
  note_answer(file);
  if (!tls.client.done) {
    (void)note(FindingAction::count, "client_handshake_failed", tls.client.error, file);
    const HandshakeFailure why = tls.client.failure;
    if (why == HandshakeFailure::no_leaf || why == HandshakeFailure::forbidden) return without_leaf(file);
    return std::make_unique<EndingFlow>(Close{CloseReason::tls_client_failed, Ending::in_order, Ending::reset});
  }
  if (tls.page) return std::make_unique<Paging>(*tls.page, settings_.timeouts.head, clock_);
  const TlsRuleSettings* rule = rule_at(TlsMoment::handshake, file);
  if (rule == nullptr) {
    tls.intercepted = true;
    file.subject.set_secure();
    return sniff(file);
  }
  tally_.tls_answer(TlsAction::block);
  if (rule->block_with == BlockAnswer::page) return std::make_unique<Paging>(blocked_by(rule), settings_.timeouts.head, clock_);
  return std::make_unique<EndingFlow>(Close{CloseReason::tls_blocked, Ending::reset, Ending::reset});
}

// ---- what plugins decided ----

std::unique_ptr<Stage> Route::pass_by_plugin(FlowFile& file) const {
  if (file.tls && file.tls->upstream_spoken && !file.tls->client.done) return pass_tls(file);
  return tunnel(Uninspected::plugin, file);
}

std::unique_ptr<Stage> Route::block_by_plugin(const Block& block, FlowFile& file) const {
  const PagePlan page{403, "This network does not allow connections to this server", file.subject.decision().decided_by,
                      CloseReason::blocked};
  if (!file.tls->client.done) return block_tls(static_cast<BlockAnswer>(block.with), page, file);
  tally_.tls_answer(TlsAction::block);
  if (block.with == HYALITE_BLOCK_PAGE) return std::make_unique<Paging>(page, settings_.timeouts.head, clock_);
  return std::make_unique<EndingFlow>(Close{page.reason, Ending::reset, Ending::reset});
}

// ---- blocked ----

std::unique_ptr<Stage> Route::block_tls(BlockAnswer with, PagePlan page, FlowFile& file) const {
  tally_.tls_answer(TlsAction::block);
  switch (with) {
    case BlockAnswer::page: return show_page(std::move(page), file);
    case BlockAnswer::alert: return std::make_unique<Alerting>(Alert::access_denied, page.reason);
    case BlockAnswer::reset: break;
  }
  return std::make_unique<EndingFlow>(Close{page.reason, Ending::reset, Ending::reset});
}

// Over a certificate of ours for the name that the client asked for. A client that could not read the page gets an alert.
std::unique_ptr<Stage> Route::show_page(PagePlan page, FlowFile& file) const {
  const ClientHello& hello = file.hello->hello();
  if (!tls_.has_leaves() || offers_only_http2(hello)) {
    return std::make_unique<Alerting>(page.reason == CloseReason::tls_blocked ? Alert::access_denied : Alert::handshake_failure,
                                      page.reason);
  }
  TlsFile& tls = *file.tls;
  tls.client_plan.upstream = {};
  tls.client_plan.trusted = true;
  tls.client_plan.alpn = offers(hello, kHttp1) ? kHttp1 : "";
  tls.page = std::move(page);
  return secure(Side::client);
}

}  // namespace hyalite
