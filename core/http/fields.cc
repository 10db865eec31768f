// The fields of a head or of a trailer section: indexed in order and case as they came, and edited.
// SPDX-License-Identifier: MIT
#include "http/fields.h"

#include <algorithm>
#include <iterator>

namespace hyalite {

namespace {

// In the order of EditRefusal.
constexpr std::string_view kTexts[] = {
    "the field belongs to the host, which frames messages",
    "a trailer section may not carry this field",
    "the name is not a token, or looks like that of a framing field",
    "the value has a control character, or white space at an end",
    "the method is not a token, or HEAD or CONNECT in another case",
    "the target has no form that this method can have",
    "the status is not within 200 and 599",
    "the reason has a control character",
    "with it the body would end elsewhere",
    "there is no field at this index",
    "there are as many fields as the limit and the room for plugins allow",
};
static_assert(std::size(kTexts) == static_cast<std::size_t>(EditRefusal::too_many_fields) + 1);

}  // namespace

std::string_view describe(EditRefusal refusal) { return kTexts[static_cast<std::size_t>(refusal)]; }

Edited check_field(const WantedName& name, Bytes value) {
  if (!is_token(name.name)) return EditRefusal::bad_name;
  if (is_framing_field(name.id)) return EditRefusal::framing_field;
  if (name.id == Name::other && is_lookalike(name.name)) return EditRefusal::bad_name;
  if (!is_field_value(value)) return EditRefusal::bad_value;
  return std::nullopt;
}

const Field* Fields::find(Name name) const {
  if (name == Name::other) return nullptr;
  const std::int32_t index = first_[static_cast<std::size_t>(name)];
  return index < 0 ? nullptr : &fields_[static_cast<std::size_t>(index)];
}

const Field* Fields::find(Bytes name) const {
  const std::size_t index = index_of(WantedName(name));
  return index == fields_.size() ? nullptr : &fields_[index];
}

Bytes Fields::value(Name name) const {
  const Field* field = find(name);
  return field == nullptr ? Bytes{} : field->value;
}

std::size_t Fields::count(Name name) const {
  if (find(name) == nullptr) return 0;
  return static_cast<std::size_t>(std::count_if(
      fields_.begin(), fields_.end(), [&](const Field& field) { return field.id == name; }));
}

bool Fields::frames() const {
  return std::any_of(fields_.begin(), fields_.end(), [](const Field& field) { return is_framing_field(field.id); });
}

bool Fields::frames_as_it_came() const {
  std::size_t as_it_came = 0;
  for (const Field& field : fields_) {
    if (!is_framing_field(field.id)) continue;
    if (field.line.empty()) return false;
    ++as_it_came;
  }
  return as_it_came == framing_that_came_;
}

Edited Fields::set(Bytes text, Bytes value, Arena& arena) {
  const WantedName name(text);
  if (const auto refusal = check(name, value)) return refusal;
  const std::size_t index = index_of(name);
  if (index == fields_.size()) return append_checked(name, value, arena);
  put(index, WantedName(fields_[index]), value, arena);
  erase_all(name, index + 1);
  edit();
  return std::nullopt;
}

Edited Fields::append(Bytes text, Bytes value, Arena& arena) {
  const WantedName name(text);
  if (const auto refusal = check(name, value)) return refusal;
  return append_checked(name, value, arena);
}

Edited Fields::append_checked(WantedName name, Bytes value, Arena& arena) {
  if (fields_.size() >= most_fields_ + kRoomForPlugins) return EditRefusal::too_many_fields;
  name.name = arena.copy(name.name);
  put(fields_.size(), name, value, arena);
  edit();
  return std::nullopt;
}

Edited Fields::set_if_absent(Bytes text, Bytes value, Arena& arena) {
  const WantedName name(text);
  if (const auto refusal = check(name, value)) return refusal;
  return index_of(name) == fields_.size() ? append_checked(name, value, arena) : std::nullopt;
}

Edited Fields::remove(Bytes text) {
  const WantedName name(text);
  if (const auto refusal = check(name, {})) return refusal;
  const std::size_t before = fields_.size();
  erase_all(name, 0);
  if (fields_.size() != before) edit();
  return std::nullopt;
}

Edited Fields::set_at(std::size_t index, Bytes value, Arena& arena) {
  if (index >= fields_.size()) return EditRefusal::no_such_field;
  const WantedName name(fields_[index]);
  if (const auto refusal = check(name, value)) return refusal;
  put(index, name, value, arena);
  edit();
  return std::nullopt;
}

Edited Fields::rename_at(std::size_t index, Bytes text, Arena& arena) {
  if (index >= fields_.size()) return EditRefusal::no_such_field;
  const Field& field = fields_[index];
  if (is_framing_field(field.id)) return EditRefusal::framing_field;
  WantedName name(text);
  if (const auto refusal = check(name, field.value)) return refusal;
  name.name = arena.copy(text);
  put(index, name, field.value, arena);
  edit();
  return std::nullopt;
}

Edited Fields::remove_at(std::size_t index) {
  if (index >= fields_.size()) return EditRefusal::no_such_field;
  if (is_framing_field(fields_[index].id)) return EditRefusal::framing_field;
  fields_.erase(fields_.begin() + static_cast<std::ptrdiff_t>(index));
  edit();
  return std::nullopt;
}

void Fields::clear(Place place, std::size_t most_fields) {
  fields_.clear();
  first_.fill(-1);
  generation_ = 0;
  most_fields_ = most_fields;
  framing_that_came_ = 0;
  place_ = place;
}

void Fields::forget() {
  constexpr std::size_t kMostKept = 64;
  if (fields_.capacity() > kMostKept) fields_ = {};
  clear(Place::head, 0);
}

void Fields::add(const Field& field) {
  std::int32_t& first = first_[static_cast<std::size_t>(field.id)];
  if (first < 0) first = static_cast<std::int32_t>(fields_.size());
  if (is_framing_field(field.id)) ++framing_that_came_;
  fields_.push_back(field);
}

void Fields::put(std::size_t index, const WantedName& name, Bytes value, Arena& arena) {
  if (index == fields_.size()) fields_.emplace_back();
  fields_[index] = Field{name.name, arena.copy(value), {}, name.hash, name.id};
}

void Fields::erase_all(const WantedName& name, std::size_t from) {
  const auto begin = fields_.begin() + static_cast<std::ptrdiff_t>(from);
  fields_.erase(std::remove_if(begin, fields_.end(), [&](const Field& field) { return name.is_of(field); }), fields_.end());
}

void Fields::edit() {
  ++generation_;
  first_.fill(-1);
  for (std::size_t i = fields_.size(); i-- > 0;) {
    first_[static_cast<std::size_t>(fields_[i].id)] = static_cast<std::int32_t>(i);
  }
}

void Fields::shift(const Moved& moved) {
  for (Field& field : fields_) {
    moved(field.name);
    moved(field.value);
    moved(field.line);
  }
}

void Fields::Moved::operator()(Bytes& view) const {
  // Addresses, since pointers into different memory have no order. What does not begin in `from` is far above.
  const auto at = reinterpret_cast<std::uintptr_t>(view.data()) - reinterpret_cast<std::uintptr_t>(from.data());
  if (at < from.size()) view = {to + at, view.size()};
}

Edited Fields::check(const WantedName& name, Bytes value) const {
  if (const auto refusal = check_field(name, value)) return refusal;
  if (place_ == Place::trailers && !may_be_trailer(name.id)) return EditRefusal::not_in_trailers;
  return std::nullopt;
}

std::size_t Fields::index_of(const WantedName& name) const {
  const auto found = std::find_if(fields_.begin(), fields_.end(), [&](const Field& field) { return name.is_of(field); });
  return static_cast<std::size_t>(found - fields_.begin());
}

}  // namespace hyalite
