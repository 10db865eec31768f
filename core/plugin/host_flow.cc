// What a plugin may ask and decide about a flow.
// SPDX-License-Identifier: MIT
#include "plugin/host_objects.h"

namespace hyalite {

namespace {

const hyalite_flow_info* info(hyalite_flow* flow) { return &subject(flow).info(); }

const hyalite_client_hello* client_hello(hyalite_flow* flow) {
  return subject(flow).client_hello_view();
}

hyalite_status reset(hyalite_flow* object, hyalite_bytes reason) {
  FlowSubject& flow = subject(object);
  if (!is_in(flow, {Hook::flow_open, Hook::protocol, Hook::client_hello, Hook::upstream_tls, Hook::tls_done, Hook::upstream_connect,
                    Hook::data, Hook::ws_message}))
    return HYALITE_E_LATE;
  return propose(flow, Reset{}, reason);
}

hyalite_status pass_through(hyalite_flow* object, hyalite_bytes reason) {
  FlowSubject& flow = subject(object);
  if (!is_in(flow, {Hook::flow_open, Hook::protocol, Hook::client_hello, Hook::upstream_tls, Hook::data, Hook::ws_message}))
    return HYALITE_E_LATE;
  if (!flow.running.instance->grants().pass_through) {
    flow.running.instance->host().complain("plugin.not_granted", name(flow.running.hook),
                                           "pass_through");
    return HYALITE_E_FORBIDDEN;
  }
  return propose(flow, PassThrough{}, reason);
}

hyalite_status redirect_upstream(hyalite_flow* object, const hyalite_address* to, hyalite_bytes) {
  FlowSubject& flow = subject(object);
  const bool in_time =
      is_in(flow, {Hook::flow_open, Hook::protocol, Hook::client_hello, Hook::upstream_connect});
  if (!in_time || flow.connected()) return HYALITE_E_LATE;
  hyalite_status status = HYALITE_OK;
  const auto address = checked_redirect(flow, to, status);
  if (!address) return status;
  flow.redirect_to(*address, flow.running.instance->name());
  flow.running.instance->host().count(InstanceCount::decisions);
  return HYALITE_OK;
}

hyalite_status stream_interest(hyalite_flow* object, hyalite_direction direction,
                               const hyalite_body_options* options) {
  FlowSubject& flow = subject(object);
  if (!is_in(flow,
             {Hook::flow_open, Hook::protocol, Hook::client_hello, Hook::tunnel_open, Hook::data}))
    return HYALITE_E_LATE;
  if (direction > HYALITE_RESPONSE) return HYALITE_E_INVALID;
  if (!flow.running.instance->hooks().has(Hook::data)) return HYALITE_E_INVALID;
  BodyOptions wanted;
  const auto status =
      read_interest(options, HYALITE_BODY_STREAM, flow.running.instance->services().limits, wanted);
  if (status != HYALITE_OK) return status;
  if (flow.stream_interests(Direction::request).empty())
    flow.make_stream_interests(flow.running.instance->services().instances);
  BodyOptions& current =
      flow.stream_interests(static_cast<Direction>(direction))[flow.running.index];
  if (flow.running.hook == Hook::data && wanted.mode > current.mode) return HYALITE_E_LATE;
  current = wanted;
  return HYALITE_OK;
}

hyalite_status finding(hyalite_flow* flow, std::size_t index, hyalite_finding* out) {
  return give_finding(subject(flow).findings, index, out);
}

hyalite_status add_flow_finding(hyalite_flow* object, hyalite_bytes name, hyalite_bytes detail) {
  FlowSubject& flow = subject(object);
  return add_finding(flow, flow.findings, name, detail);
}

}  // namespace

hyalite_status read_interest(const hyalite_body_options* options, std::uint32_t most,
                             const ChainLimits& limits, BodyOptions& out) {
  hyalite_body_options asked{};
  if (const auto status = read_struct(options, asked); status != HYALITE_OK) return status;
  constexpr std::uint32_t kKnownFlags = HYALITE_BODY_MAY_RESIZE | HYALITE_BODY_WANT_TRAILERS | HYALITE_BODY_DECODED;
  if (asked.mode > HYALITE_BODY_PEEK || (asked.flags & ~kKnownFlags) != 0 || asked.overflow > HYALITE_OVERFLOW_REJECT) return HYALITE_E_UNSUPPORTED;
  if (asked.mode > most) return HYALITE_E_INVALID;
  if (asked.cap > limits.held_body_bytes || asked.keep_max > limits.held_body_bytes)
    return HYALITE_E_LIMIT;
  out = {asked.mode, asked.flags, asked.overflow,
         asked.cap == 0 ? limits.held_body_bytes : asked.cap, asked.keep_max};
  return HYALITE_OK;
}

const hyalite_host_flow* flow_table() {
  static constexpr hyalite_host_flow kTable{sizeof(hyalite_host_flow),
                                            0,
                                            &info,
                                            &client_hello,
                                            &reset,
                                            &pass_through,
                                            &redirect_upstream,
                                            &stream_interest,
                                            &finding,
                                            &add_flow_finding};
  return &kTable;
}

}  // namespace hyalite
