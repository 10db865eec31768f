// What a plugin may note about a flow or an exchange, and read of others.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "plugin/host_objects.h"

namespace hyalite {

std::uint32_t NoteKeys::intern(std::string_view name) {
  const auto fine = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_'; };
  if (name.empty() || name.size() > kMostNameBytes || !std::all_of(name.begin(), name.end(), fine)) return 0;
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found != names_.end()) return static_cast<std::uint32_t>(found - names_.begin()) + 1;
  if (names_.size() == kMost) return 0;
  names_.emplace_back(name);
  return static_cast<std::uint32_t>(names_.size());
}

std::string_view NoteKeys::name(std::uint32_t key) const {
  return key == 0 || key > names_.size() ? std::string_view() : names_[key - 1];
}

namespace {

constexpr std::size_t kMostValueBytes = 4096;

std::uint32_t key(const hyalite_host* host, hyalite_bytes name) {
  InstanceHost& instance = InstanceHost::of(host);
  return instance.session() == nullptr ? 0 : instance.services().note_keys.intern(view(name));
}

// "PLUGIN.WORD", of this plugin?
bool is_own(const Instance& instance, std::string_view name) {
  const std::string_view id = instance.descriptor().id;
  return name.size() > id.size() + 1 && name.substr(0, id.size()) == id && name[id.size()] == '.';
}

hyalite_status set_note(const FlowSubject& flow, Noted& noted, Arena& arena, std::uint32_t which, hyalite_bytes value) {
  const Instance* instance = flow.running.instance;
  if (instance == nullptr) return HYALITE_E_LATE;
  const HostServices& services = instance->services();
  const std::string_view name = services.note_keys.name(which);
  if (name.empty()) return HYALITE_E_INVALID;
  if (!is_own(*instance, name)) return HYALITE_E_FORBIDDEN;
  const auto found = std::find_if(noted.begin(), noted.end(), [&](const Note& note) { return note.key == which; });
  const bool too_many = found == noted.end() && noted.size() >= services.limits.notes;
  if (too_many || value.size > kMostValueBytes || arena.held() > services.limits.plugin_bytes_per_flow) return HYALITE_E_LIMIT;
  const std::string_view kept = arena.copy(view(value));
  if (found != noted.end())
    found->value = kept;
  else
    noted.push_back({which, kept});
  return HYALITE_OK;
}

hyalite_status get_note(const FlowSubject& flow, const Noted& noted, std::uint32_t which, hyalite_bytes* out) {
  if (out == nullptr) return HYALITE_E_INVALID;
  if (flow.running.instance == nullptr) return HYALITE_E_LATE;
  for (const Note& note : noted) {
    if (note.key != which) continue;
    *out = abi(note.value);
    return HYALITE_OK;
  }
  return HYALITE_E_MISSING;
}

hyalite_status note_at(const FlowSubject& flow, const Noted& noted, std::size_t index, hyalite_field* out) {
  if (out == nullptr) return HYALITE_E_INVALID;
  if (flow.running.instance == nullptr) return HYALITE_E_LATE;
  if (index >= noted.size()) return HYALITE_E_MISSING;
  *out = {abi(flow.running.instance->services().note_keys.name(noted[index].key)), abi(noted[index].value)};
  return HYALITE_OK;
}

hyalite_status set(hyalite_exchange* object, std::uint32_t which, hyalite_bytes value) {
  ExchangeSubject& exchange = subject(object);
  return set_note(exchange.flow(), exchange.noted, exchange.arena(), which, value);
}
hyalite_status set_flow(hyalite_flow* object, std::uint32_t which, hyalite_bytes value) {
  FlowSubject& flow = subject(object);
  return set_note(flow, flow.noted, flow.arena(), which, value);
}
hyalite_status get(hyalite_exchange* object, std::uint32_t which, hyalite_bytes* out) {
  const ExchangeSubject& exchange = subject(object);
  return get_note(exchange.flow(), exchange.noted, which, out);
}
hyalite_status get_flow(hyalite_flow* object, std::uint32_t which, hyalite_bytes* out) {
  const FlowSubject& flow = subject(object);
  return get_note(flow, flow.noted, which, out);
}
hyalite_status at(hyalite_exchange* object, std::size_t index, hyalite_field* out) {
  const ExchangeSubject& exchange = subject(object);
  return note_at(exchange.flow(), exchange.noted, index, out);
}
hyalite_status at_flow(hyalite_flow* object, std::size_t index, hyalite_field* out) {
  const FlowSubject& flow = subject(object);
  return note_at(flow, flow.noted, index, out);
}

}  // namespace

const hyalite_host_notes* notes_table() {
  static constexpr hyalite_host_notes kTable{sizeof(hyalite_host_notes), 0, &key, &set, &set_flow, &get, &get_flow, &at, &at_flow};
  return &kTable;
}

}  // namespace hyalite
