// What the admin process knows of the CA, and of who refuses its certificates.
// SPDX-License-Identifier: MIT
#include "process/ca_watch.h"

#include <utility>

#include "base/text.h"
#include "tls/authority.h"
#include "tls/certificate_text.h"

namespace hyalite {

CaWatch CaWatch::open(const CaSettings& settings, WallTime now) {
  CaWatch watch;
  watch.warn_before_ = settings.warn_before;
  if (settings.certificate.empty()) return watch;
  auto view = load_authority_view(settings.certificate, now);
  CaFacts& facts = watch.facts_.emplace();
  if (!view) {
    facts.fault = view.error().text;
    return watch;
  }
  facts.subject = subject_text(view->certificate());
  facts.sha256 = hex_text(sha256_of(view->certificate()));
  facts.not_after = view->validity.not_after;
  // Clients trust the root, or what comes closest to it.
  X509* trusted = view->chain.back().get();
  watch.files_ = CaFiles{
      subject_text(trusted),    colon_text(sha256_of(trusted)), date_text(view->validity.not_after),
      certificate_pem(trusted), certificate_der(trusted),       mobileconfig(trusted)};
  return watch;
}

std::optional<CaFacts> CaWatch::facts(WallTime now) const {
  auto facts = facts_;
  if (facts && facts->fault.empty()) facts->ends_soon = facts->not_after - now < warn_before_;
  return facts;
}

std::optional<WallTime> CaWatch::not_after() const {
  if (!facts_ || !facts_->fault.empty()) return std::nullopt;
  return facts_->not_after;
}

void CaWatch::warn(WallTime now, Log& log) const {
  const auto facts = this->facts(now);
  if (!facts) return;
  if (!facts->fault.empty()) return log.error("ca.unreadable", {{"why", facts->fault}});
  if (!facts->ends_soon) return;
  log.warning("ca.expires", {{"ca", facts->subject}, {"on", date_text(facts->not_after)}});
}

std::vector<RefusedName> refused_names(const Refusals& refusals, WallTime now, std::size_t most) {
  std::vector<RefusedName> names;
  for (const Refusals::Name& one : refusals.list(most)) {
    RefusedName shown;
    shown.name = printable(one.name);
    shown.count = one.count();
    shown.last = one.last;
    if (one.passes_until > now) shown.passes_until = one.passes_until;
    shown.cause = likely_cause(one);
    for (const Refusals::Client& client : one.clients)
      shown.clients.push_back({client.ip.text(), client.count, name(client.last_sign)});
    names.push_back(std::move(shown));
  }
  return names;
}

}  // namespace hyalite
