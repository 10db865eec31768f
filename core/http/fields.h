// The fields of a head or of a trailer section: indexed in order and case as they came, and edited.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/text.h"
#include "http/names.h"

namespace hyalite {

struct Field {
  Bytes name;   // as it came, or as the edit gave it
  Bytes value;  // without white space around
  Bytes line;   // the whole line as it came, CRLF and all; empty when the field was edited or added
  std::uint32_t hash = 0;  // hash_of_name(name)
  Name id = Name::other;

  // What it takes on the wire, as writer.h has it.
  std::size_t size_written() const { return line.empty() ? name.size() + value.size() + 4 : line.size(); }
};

// A name to look for, looked at once.
struct WantedName {
  explicit WantedName(Bytes text) : name(text), hash(hash_of_name(text)), id(name_of(text, hash)) {}
  explicit WantedName(const Field& field) : name(field.name), hash(field.hash), id(field.id) {}
  // Case is ignored.
  bool is_of(const Field& field) const {
    return field.hash == hash && field.id == id && (id != Name::other || equals_ignoring_case(field.name, name));
  }

  Bytes name;
  std::uint32_t hash;
  Name id;
};

// Why an edit asked for by a plugin is not made. Everything is then as it was.
enum class EditRefusal : std::uint8_t {
  framing_field,    // the name belongs to the host (is_framing_field)
  not_in_trailers,  // a trailer section may not carry it (may_be_trailer)
  bad_name,         // not a token, or a name that some readers take for a framing field
  bad_value,        // CR, LF, NUL or another control character, or white space at an end
  bad_method,       // not a token
  bad_target,       // not a target that the method can have
  bad_status,       // not within 200..599
  bad_reason,       // CR, LF, NUL or another control character
  changes_framing,  // with it the body would end elsewhere: HEAD, CONNECT, 1xx, 204, 205, 304
  no_such_field,    // the index is beyond the last field
  too_many_fields,  // there are as many as the limit and the room for plugins allow
};
// A sentence for the log, without a trailing dot.
std::string_view describe(EditRefusal refusal);
// nullopt = done.
using Edited = std::optional<EditRefusal>;

// What a plugin may put into a head: nothing that frames, nothing that could end a line.
Edited check_field(const WantedName& name, Bytes value);
inline Edited check_field(Bytes name, Bytes value) { return check_field(WantedName(name), value); }

// A list of fields. Reused from message to message: then indexing allocates nothing.
class Fields {
 public:
  // Plugins may add so many to as many as may arrive: else whoever sends as many as may arrive makes their edits fail.
  static constexpr std::size_t kRoomForPlugins = 64;

  // In the order in which they came; edits change it in place. References die at the next edit.
  const std::vector<Field>& fields() const { return fields_; }
  // The first field of that name, or null. `other` has none.
  const Field* find(Name name) const;
  const Field* find(Bytes name) const;
  // The value of the first field of that name; empty when there is none.
  Bytes value(Name name) const;
  std::size_t count(Name name) const;
  bool edited() const { return generation_ > 0; }
  // Does anything frame, or say how the connection is used (is_framing_field)?
  bool frames() const;
  // Do the very lines that do so stand here that came? (What else was edited does not matter.)
  bool frames_as_it_came() const;
  // Counts the edits: a view taken at another generation is stale.
  std::uint32_t generation() const { return generation_; }

  // Edits on behalf of plugins. Texts are copied into the arena, which outlives the use of the fields.

  // Gives the first field of that name the value and drops the others; appends it if there is none.
  Edited set(Bytes name, Bytes value, Arena& arena);
  Edited append(Bytes name, Bytes value, Arena& arena);
  Edited set_if_absent(Bytes name, Bytes value, Arena& arena);
  // All of that name; no field of that name is nothing to do, and no edit.
  Edited remove(Bytes name);
  Edited set_at(std::size_t index, Bytes value, Arena& arena);
  Edited rename_at(std::size_t index, Bytes name, Arena& arena);
  Edited remove_at(std::size_t index);


 protected:
  friend class Indexer;  // strict.cc: fills it while checking
  Fields() = default;
  enum class Place : std::uint8_t { head, trailers };
  void clear(Place place, std::size_t most_fields);
  // As new, but for its memory when that is no more than usual.
  void forget();
  // While indexing.
  void add(const Field& field);
  // While editing; the caller has checked, and calls edit() when done. `name` lives as long as the
  // fields are used.
  void put(std::size_t index, const WantedName& name, Bytes value, Arena& arena);
  void erase_all(const WantedName& name, std::size_t from);
  void edit();
  // Leads a view after the bytes that it may look into, which were copied elsewhere; a view of other bytes stays.
  struct Moved {
    Bytes from;
    const char* to;
    void operator()(Bytes& view) const;
  };
  void shift(const Moved& moved);

  std::vector<Field> fields_;
  std::uint32_t generation_ = 0;

 private:
  Edited check(const WantedName& name, Bytes value) const;
  std::size_t index_of(const WantedName& name) const;  // fields_.size() when there is none
  Edited append_checked(WantedName name, Bytes value, Arena& arena);

  // Index of the first field of each name, -1 when there is none.
  std::array<std::int32_t, kNames> first_{};
  std::size_t most_fields_ = 0;
  std::size_t framing_that_came_ = 0;  // fields
  Place place_ = Place::head;
};

}  // namespace hyalite
