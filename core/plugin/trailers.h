// The trailer section of a message, as plugins see and edit it.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "base/arena.h"
#include "base/bytes.h"
#include "http/message.h"

namespace hyalite {

// Indexed over bytes that its maker keeps alive and in place; edits are copied into the arena.
class Trailers {
 public:
  // `lines`: field lines as http's BodyReader gave them (checked already), without the empty line; may be empty.
  explicit Trailers(Bytes lines = {});

  // What is to be sent: for last_chunk() of http/writer.h. Unedited fields have their line as it came.
  const std::vector<Field>& fields() const { return fields_; }
  bool edited() const { return generation_ > 0; }
  std::uint32_t generation() const { return generation_; }

  // As Head's. Framing, routing and the like may not stand in trailers (RFC 9110, section 6.5.1): framing_field.
  Edited set(Bytes name, Bytes value, Arena& arena);
  Edited append(Bytes name, Bytes value, Arena& arena);
  Edited set_if_absent(Bytes name, Bytes value, Arena& arena);
  Edited set_at(std::size_t index, Bytes value, Arena& arena);
  Edited remove(Bytes name);
  const Field* find(Bytes name) const;

 private:
  std::vector<Field> fields_;
  std::uint32_t generation_ = 0;
};

}  // namespace hyalite
