// A plugin's settings, open while it is created.
// SPDX-License-Identifier: MIT
#include "plugin/host_settings.h"

#include "base/text.h"
#include "plugin/abi.h"
#include "plugin/host.h"
#include "settings/plugin_settings.h"

namespace hyalite {

namespace {

constexpr std::size_t kMostMistakes = 1'000;  // that one plugin may tell

using Type = JsonView::Type;

SettingsSession* session_of(const hyalite_host* host) { return InstanceHost::of(host).session(); }

// One step of a JSON Pointer (RFC 6901, section 3).
std::string below(const std::string& pointer, std::string_view key) {
  std::string out = pointer + "/";
  for (const char c : key) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

const hyalite_value* root(const hyalite_host* host) {
  SettingsSession* session = session_of(host);
  return session == nullptr ? nullptr : session->root();
}

const hyalite_value* find(const hyalite_host* host, const hyalite_value* from, hyalite_bytes path) {
  SettingsSession* session = session_of(host);
  if (session == nullptr || from == nullptr) return nullptr;
  JsonView at = from->view;
  std::string pointer = from->pointer;
  for (const std::string_view key : split(view(path), '/')) {
    at = at.member(key);
    pointer = below(pointer, key);
  }
  return session->keep(at, std::move(pointer));
}

const hyalite_value* item(const hyalite_host* host, const hyalite_value* of, std::size_t index,
                          hyalite_bytes* key) {
  SettingsSession* session = session_of(host);
  if (session == nullptr || of == nullptr || index >= of->view.size()) return nullptr;
  const bool is_map = of->view.is(Type::object);
  const std::string_view name = is_map ? of->view.key(index) : std::string_view();
  if (key != nullptr) *key = abi(name);
  return session->keep(of->view.element(index),
                       below(of->pointer, is_map ? std::string(name) : std::to_string(index)));
}

std::size_t count(const hyalite_host*, const hyalite_value* of) {
  return of == nullptr ? 0 : of->view.size();
}

std::uint32_t kind(const hyalite_host*, const hyalite_value* value) {
  switch (value == nullptr ? Type::absent : value->view.type()) {
    case Type::boolean:
      return HYALITE_VALUE_BOOLEAN;
    case Type::integer:
      return HYALITE_VALUE_INTEGER;
    case Type::number:
      return HYALITE_VALUE_NUMBER;
    case Type::string:
      return HYALITE_VALUE_TEXT;
    case Type::array:
      return HYALITE_VALUE_LIST;
    case Type::object:
      return HYALITE_VALUE_MAP;
    case Type::absent:
    case Type::null:
      return HYALITE_VALUE_NULL;
  }
  return HYALITE_VALUE_NULL;
}

template <class From, class To>
hyalite_status give(const std::optional<From>& found, To* out) {
  if (!found) return HYALITE_E_TYPE;
  *out = static_cast<To>(*found);
  return HYALITE_OK;
}

hyalite_status text(const hyalite_host*, const hyalite_value* value, hyalite_bytes* out) {
  const auto found = value == nullptr ? std::nullopt : value->view.string();
  if (!found) return HYALITE_E_TYPE;
  *out = abi(*found);
  return HYALITE_OK;
}

hyalite_status integer(const hyalite_host*, const hyalite_value* value, std::int64_t* out) {
  return value == nullptr ? HYALITE_E_TYPE : give(value->view.integer(), out);
}

hyalite_status number(const hyalite_host*, const hyalite_value* value, double* out) {
  return value == nullptr ? HYALITE_E_TYPE : give(value->view.number(), out);
}

hyalite_status boolean(const hyalite_host*, const hyalite_value* value, std::uint32_t* out) {
  return value == nullptr ? HYALITE_E_TYPE : give(value->view.boolean(), out);
}

void mistake(const hyalite_host* host, const hyalite_value* at, hyalite_bytes text) {
  if (SettingsSession* session = session_of(host)) session->mistake(at, view(text));
}

}  // namespace

SettingsSession::SettingsSession(JsonDocument document, const PluginSettings& settings,
                                 std::size_t chain_index, std::string_view file, Mistakes& mistakes)
    : document_(std::move(document)),
      settings_(settings),
      chain_index_(chain_index),
      file_(file),
      mistakes_(mistakes) {}

const hyalite_value* SettingsSession::keep(JsonView view, std::string pointer) {
  if (view.is(Type::absent)) return nullptr;
  return &values_.emplace_back(hyalite_value{view, std::move(pointer)});
}

void SettingsSession::mistake(const hyalite_value* at, std::string_view text) {
  if (mistakes_.size() >= kMostMistakes) return;
  mistakes_.push_back(
      plugin_mistake(settings_, chain_index_, at == nullptr ? "" : at->pointer, text, file_));
}

const hyalite_host_settings* settings_table() {
  static constexpr hyalite_host_settings kTable{sizeof(hyalite_host_settings),
                                                0,
                                                &root,
                                                &find,
                                                &item,
                                                &count,
                                                &kind,
                                                &text,
                                                &integer,
                                                &number,
                                                &boolean,
                                                &mistake};
  return &kTable;
}

}  // namespace hyalite
