// What a plugin may ask and decide about an exchange.
// SPDX-License-Identifier: MIT
#include "plugin/host_answer.h"
#include "plugin/host_objects.h"

namespace hyalite {

namespace {

HostServices& services(const ExchangeSubject& exchange) {
  return exchange.flow().running.instance->services();
}

bool is_running(const ExchangeSubject& exchange) {
  return exchange.flow().running.instance != nullptr;
}

// ---- names

std::uint16_t intern(const hyalite_host* host, hyalite_bytes name) {
  InstanceHost& instance = InstanceHost::of(host);
  return instance.session() == nullptr ? std::uint16_t{0}
                                       : instance.services().names.intern(view(name));
}

hyalite_status check_name(const hyalite_host*, hyalite_bytes name) {
  return status_of(check_field(view(name), "x"));
}

hyalite_status check_value(const hyalite_host*, hyalite_bytes value) {
  return status_of(check_field("X-Value", view(value)));
}

// ---- reading

hyalite_flow* flow_of(hyalite_exchange* exchange) { return &subject(exchange).flow(); }

void* flow_state(hyalite_exchange* object) {
  const FlowSubject& flow = subject(object).flow();
  const Running& running = flow.running;
  if (running.instance == nullptr || running.instance->hooks().state.flow_size == 0) return nullptr;
  if ((flow.notes.states_made >> running.index & 1) == 0) return nullptr;
  return flow.notes.states + running.instance->flow_state_at;
}

std::uint64_t number(hyalite_exchange* exchange) { return subject(exchange).number(); }

const hyalite_request_line* request_line(hyalite_exchange* object) {
  const ExchangeSubject& exchange = subject(object);
  if (!is_running(exchange) || exchange.request == nullptr) return nullptr;
  return services(exchange).views.request_line(*exchange.request, exchange.flow().secure());
}

const hyalite_response_line* response_line(hyalite_exchange* object) {
  const ExchangeSubject& exchange = subject(object);
  if (!is_running(exchange)) return nullptr;
  const ResponseHead* head =
      exchange.flow().running.hook == Hook::response_info ? exchange.info : exchange.response;
  return head == nullptr ? nullptr : services(exchange).views.response_line(*head);
}

Fields* fields_of(const ExchangeSubject& exchange, hyalite_part part) {
  switch (part) {
    case HYALITE_PART_REQUEST:
      return exchange.request;
    case HYALITE_PART_RESPONSE:
      return exchange.response;
    case HYALITE_PART_REQUEST_TRAILERS:
      return exchange.request_trailers;
    case HYALITE_PART_RESPONSE_TRAILERS:
      return exchange.response_trailers;
    case HYALITE_PART_INFO:
      return exchange.info;
    default:
      return nullptr;
  }
}

const hyalite_headers* headers(hyalite_exchange* object, hyalite_part part) {
  const ExchangeSubject& exchange = subject(object);
  const Fields* fields = fields_of(exchange, part);
  if (!is_running(exchange) || fields == nullptr) return nullptr;
  return services(exchange).views.of(*fields, services(exchange).names);
}

// ---- editing

bool is_editable(const ExchangeSubject& exchange, hyalite_part part) {
  const FlowSubject& flow = exchange.flow();
  switch (part) {
    case HYALITE_PART_REQUEST:
      return is_in(flow, {Hook::request_head}) ||
             (is_in(flow, {Hook::request_body}) && exchange.head_is_held);
    case HYALITE_PART_RESPONSE:
      return is_in(flow, {Hook::response_head}) ||
             (is_in(flow, {Hook::response_body}) && exchange.head_is_held);
    case HYALITE_PART_REQUEST_TRAILERS:
      return is_in(flow, {Hook::request_trailers});
    case HYALITE_PART_RESPONSE_TRAILERS:
      return is_in(flow, {Hook::response_trailers});
    case HYALITE_PART_INFO:
      return is_in(flow, {Hook::response_info});
    default:
      return false;
  }
}

// The fields to be edited; or why not, in `status`. Counts the edit.
Fields* begin_edit(ExchangeSubject& exchange, hyalite_part part, hyalite_status& status) {
  Fields* fields = fields_of(exchange, part);
  if (part > HYALITE_PART_INFO)
    status = HYALITE_E_UNSUPPORTED;
  else if (fields == nullptr || !is_editable(exchange, part))
    status = HYALITE_E_LATE;
  else if (exchange.edits >= ExchangeSubject::kMostEdits ||
           exchange.arena().held() > services(exchange).limits.plugin_bytes_per_flow)
    status = HYALITE_E_LIMIT;
  else
    status = HYALITE_OK;
  if (status != HYALITE_OK) return nullptr;
  ++exchange.edits;
  return fields;
}

// Remembers whose edit it was, should what comes of the head be nothing that can be sent.
hyalite_status end_edit(ExchangeSubject& exchange, hyalite_part part, hyalite_status status) {
  if (status == HYALITE_OK && part == HYALITE_PART_REQUEST)
    exchange.request_editors |= InstanceSet{1} << exchange.flow().running.index;
  return status;
}

// The name that an id and a text mean together; empty when they contradict each other, or nobody
// has the id.
std::string_view meant_name(const HeaderNames& names, std::uint16_t id, hyalite_bytes text) {
  if (id == 0) return view(text);
  if (text.size == 0) return names.text(id);
  return names.id_of(view(text)) == id ? view(text) : std::string_view();
}

hyalite_status header_set(hyalite_exchange* object, hyalite_part part, std::uint16_t id,
                          hyalite_bytes name, hyalite_bytes value, std::uint32_t how) {
  ExchangeSubject& exchange = subject(object);
  hyalite_status status = HYALITE_OK;
  Fields* fields = begin_edit(exchange, part, status);
  if (fields == nullptr) return status;
  const std::string_view meant = meant_name(services(exchange).names, id, name);
  switch (how) {
    case HYALITE_SET_REPLACE:
      return end_edit(exchange, part, status_of(fields->set(meant, view(value), exchange.arena())));
    case HYALITE_SET_APPEND:
      return end_edit(exchange, part, status_of(fields->append(meant, view(value), exchange.arena())));
    case HYALITE_SET_IF_ABSENT: {
      const std::uint32_t before = fields->generation();
      status = status_of(fields->set_if_absent(meant, view(value), exchange.arena()));
      return fields->generation() == before ? status : end_edit(exchange, part, status);
    }
    default:
      return HYALITE_E_UNSUPPORTED;
  }
}

hyalite_status header_set_at(hyalite_exchange* object, hyalite_part part, std::uint32_t index,
                             std::uint32_t generation, hyalite_bytes value) {
  ExchangeSubject& exchange = subject(object);
  hyalite_status status = HYALITE_OK;
  Fields* fields = begin_edit(exchange, part, status);
  if (fields == nullptr) return status;
  if (generation != fields->generation()) return HYALITE_E_LATE;
  return end_edit(exchange, part, status_of(fields->set_at(index, view(value), exchange.arena())));
}

hyalite_status header_remove(hyalite_exchange* object, hyalite_part part, std::uint16_t id,
                             hyalite_bytes name) {
  ExchangeSubject& exchange = subject(object);
  hyalite_status status = HYALITE_OK;
  Fields* fields = begin_edit(exchange, part, status);
  if (fields == nullptr) return status;
  const std::string_view meant = meant_name(services(exchange).names, id, name);
  if (meant.empty()) return HYALITE_E_INVALID;
  const std::size_t before = fields->fields().size();
  const auto refused = fields->remove(meant);
  if (!refused && fields->fields().size() == before) return HYALITE_E_MISSING;
  return end_edit(exchange, part, status_of(refused));
}

hyalite_status set_method(hyalite_exchange* object, hyalite_bytes method) {
  ExchangeSubject& exchange = subject(object);
  hyalite_status status = HYALITE_OK;
  if (begin_edit(exchange, HYALITE_PART_REQUEST, status) == nullptr) return status;
  return end_edit(exchange, HYALITE_PART_REQUEST, status_of(exchange.request->set_method(view(method), exchange.arena())));
}

hyalite_status set_target(hyalite_exchange* object, hyalite_bytes target) {
  ExchangeSubject& exchange = subject(object);
  hyalite_status status = HYALITE_OK;
  if (begin_edit(exchange, HYALITE_PART_REQUEST, status) == nullptr) return status;
  return end_edit(exchange, HYALITE_PART_REQUEST, status_of(exchange.request->set_target(view(target), exchange.arena())));
}

hyalite_status set_status(hyalite_exchange* object, std::uint32_t code, hyalite_bytes reason) {
  ExchangeSubject& exchange = subject(object);
  hyalite_status status = HYALITE_OK;
  if (begin_edit(exchange, HYALITE_PART_RESPONSE, status) == nullptr) return status;
  if (code > 599) return HYALITE_E_INVALID;
  return status_of(
      exchange.response->set_status(static_cast<int>(code), view(reason), exchange.arena()));
}

// ---- bodies

// When may an interest be declared for the first time, or strengthened?
bool may_declare(const FlowSubject& flow, hyalite_direction direction) {
  return is_in(flow, {Hook::request_head}) ||
         (direction == HYALITE_RESPONSE && is_in(flow, {Hook::response_head}));
}

bool may_lower(const FlowSubject& flow, hyalite_direction direction) {
  return is_in(flow, {direction == HYALITE_REQUEST ? Hook::request_body : Hook::response_body});
}

// A body whose length was announced cannot change it any more.
bool is_stronger(const BodyOptions& wanted, const BodyOptions& current) {
  const bool resizes = wanted.mode == HYALITE_BODY_STREAM && (wanted.flags & HYALITE_BODY_MAY_RESIZE) != 0;
  const bool may_resize = current.mode == HYALITE_BODY_FULL || (current.flags & HYALITE_BODY_MAY_RESIZE) != 0;
  return wanted.mode > current.mode || (resizes && !may_resize);
}

hyalite_status body_interest(hyalite_exchange* object, hyalite_direction direction,
                             const hyalite_body_options* options) {
  ExchangeSubject& exchange = subject(object);
  const FlowSubject& flow = exchange.flow();
  if (direction > HYALITE_RESPONSE) return HYALITE_E_INVALID;
  const bool declares = may_declare(flow, direction);
  if (!declares && !may_lower(flow, direction)) return HYALITE_E_LATE;
  BodyOptions wanted;
  const auto status = read_interest(options, HYALITE_BODY_PEEK, services(exchange).limits, wanted);
  if (status != HYALITE_OK) return status;
  const Hook hook = direction == HYALITE_REQUEST ? Hook::request_body : Hook::response_body;
  if (wanted.mode != HYALITE_BODY_NONE && !flow.running.instance->hooks().has(hook))
    return HYALITE_E_INVALID;
  if (exchange.interests(Direction::request).empty())
    exchange.make_interests(services(exchange).instances);
  BodyOptions& current = exchange.interests(static_cast<Direction>(direction))[flow.running.index];
  // Whoever has peeked may ask for less than all of it; else an interest is only lowered, and the coding stays as it is.
  const bool peeks = exchange.head_is_held && exchange.peeking;
  if (!declares && !peeks && is_stronger(wanted, current)) return HYALITE_E_LATE;
  if (peeks && wanted.mode > HYALITE_BODY_STREAM) return HYALITE_E_INVALID;
  if (!declares) wanted.flags = (wanted.flags & ~std::uint32_t{HYALITE_BODY_DECODED}) | (current.flags & HYALITE_BODY_DECODED);
  current = wanted;
  return HYALITE_OK;
}

// ---- decisions

hyalite_status reset(hyalite_exchange* object, hyalite_bytes reason) {
  FlowSubject& flow = subject(object).flow();
  if (!is_in(flow, {Hook::request_head, Hook::request_body, Hook::request_trailers,
                    Hook::response_info, Hook::response_head, Hook::response_body,
                    Hook::response_trailers, Hook::tunnel_open})) {
    return HYALITE_E_LATE;
  }
  return propose(flow, Reset{}, reason);
}

hyalite_status redirect_upstream(hyalite_exchange* object, const hyalite_address* to,
                                 hyalite_bytes) {
  ExchangeSubject& exchange = subject(object);
  FlowSubject& flow = exchange.flow();
  if (!is_in(flow, {Hook::request_head, Hook::request_body}) || exchange.request_sent)
    return HYALITE_E_LATE;
  hyalite_status status = HYALITE_OK;
  const auto address = checked_redirect(flow, to, status);
  if (!address) return status;
  exchange.redirect_to(*address, flow.running.instance->name());
  flow.running.instance->host().count(InstanceCount::decisions);
  return HYALITE_OK;
}

hyalite_status drop_info(hyalite_exchange* object) {
  ExchangeSubject& exchange = subject(object);
  if (!is_in(exchange.flow(), {Hook::response_info})) return HYALITE_E_LATE;
  exchange.drop_info(true);
  return HYALITE_OK;
}

hyalite_status finding(hyalite_exchange* exchange, std::size_t index, hyalite_finding* out) {
  return give_finding(subject(exchange).findings, index, out);
}

hyalite_status add_exchange_finding(hyalite_exchange* object, hyalite_bytes name,
                                    hyalite_bytes detail) {
  ExchangeSubject& exchange = subject(object);
  return add_finding(exchange.flow(), exchange.findings, name, detail);
}

}  // namespace

const hyalite_host_http* http_table() {
  static constexpr hyalite_host_http kTable{sizeof(hyalite_host_http),
                                            0,
                                            &intern,
                                            &check_name,
                                            &check_value,
                                            &flow_of,
                                            &flow_state,
                                            &number,
                                            &request_line,
                                            &response_line,
                                            &headers,
                                            &header_set,
                                            &header_set_at,
                                            &header_remove,
                                            &set_method,
                                            &set_target,
                                            &set_status,
                                            &body_interest,
                                            &respond,
                                            &reset,
                                            &redirect_upstream,
                                            &drop_info,
                                            &finding,
                                            &add_exchange_finding};
  return &kTable;
}

}  // namespace hyalite
