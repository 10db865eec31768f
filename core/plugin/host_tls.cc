// What a plugin may ask and decide about a flow's TLS.
// SPDX-License-Identifier: MIT
#include "plugin/host_objects.h"

namespace hyalite {

namespace {

const hyalite_tls_info* info(hyalite_flow* flow, hyalite_side side) { return subject(flow).tls(side); }
hyalite_bytes ja3(hyalite_flow* flow) { return abi(subject(flow).ja3()); }
hyalite_bytes ja4(hyalite_flow* flow) { return abi(subject(flow).ja4()); }

bool granted(FlowSubject& flow, bool grant, std::string_view what) {
  if (!grant) flow.running.instance->host().complain("plugin.not_granted", name(flow.running.hook), what);
  return grant;
}

hyalite_status intercept(hyalite_flow* object, hyalite_bytes reason) {
  FlowSubject& flow = subject(object);
  if (!is_in(flow, {Hook::client_hello})) return HYALITE_E_LATE;
  if (!granted(flow, flow.running.instance->grants().intercept, "intercept")) return HYALITE_E_FORBIDDEN;
  return propose(flow, Intercept{}, reason);
}

hyalite_status block(hyalite_flow* object, std::uint32_t with, hyalite_bytes reason) {
  FlowSubject& flow = subject(object);
  if (!is_in(flow, {Hook::client_hello, Hook::upstream_tls, Hook::tls_done})) return HYALITE_E_LATE;
  const bool alert_too_late = flow.running.hook == Hook::tls_done && with == HYALITE_BLOCK_ALERT;
  if (with > HYALITE_BLOCK_PAGE) return HYALITE_E_UNSUPPORTED;
  if (alert_too_late) return HYALITE_E_INVALID;
  return propose(flow, Block{with}, reason);
}

hyalite_status accept_certificate(hyalite_flow* object, hyalite_bytes reason) {
  FlowSubject& flow = subject(object);
  if (!is_in(flow, {Hook::upstream_tls})) return HYALITE_E_LATE;
  if (!granted(flow, flow.running.instance->grants().accept_certificates, "accept_certificates")) {
    return HYALITE_E_FORBIDDEN;
  }
  return propose(flow, AcceptCertificate{}, reason);
}

}  // namespace

const hyalite_host_tls* tls_table() {
  static constexpr hyalite_host_tls kTable{
      sizeof(hyalite_host_tls), 0, &info, &ja3, &ja4, &intercept, &block, &accept_certificate};
  return &kTable;
}

}  // namespace hyalite
