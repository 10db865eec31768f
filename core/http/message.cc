// Heads of requests and responses, and trailers: views into the bytes that came, plus what was edited.
// SPDX-License-Identifier: MIT
#include "http/message.h"

#include <algorithm>
#include <string>

#include "http/characters.h"
#include "http/connection.h"
#include "http/strict.h"
#include "http/target.h"

namespace hyalite {

namespace {

bool has_no_body(int status) { return status < 200 || status == 204 || status == 205 || status == 304; }

// What all Connection fields say together.
struct OptionsSaid {
  bool close = false, keep_alive = false;
  std::string others;  // a list
};

OptionsSaid options_said(const std::vector<Field>& fields) {
  OptionsSaid said;
  for (const Field& field : fields) {
    if (field.id != Name::connection) continue;
    for (Bytes list = field.value; !list.empty();) {
      const Bytes option = take_element(list);
      if (equals_ignoring_case(option, "close")) {
        said.close = true;
      } else if (equals_ignoring_case(option, "keep-alive")) {
        said.keep_alive = true;
      } else if (!option.empty()) {
        said.others.append(said.others.empty() ? "" : ", ").append(option);
      }
    }
  }
  return said;
}

}  // namespace

void Head::moved_to(const char* begin) {
  const Moved moved{raw_, begin};
  shift(moved);
  moved(start_line_);
  for (Bytes& piece : start_pieces_) moved(piece);
  moved(raw_);
}

void Head::forget() {
  Fields::forget();
  raw_ = start_line_ = {};
  start_pieces_ = {};
  minor_version_ = 1;
}

void Head::frame_chunked(Arena& arena) {
  replace_framing(Name::transfer_encoding, "chunked", arena);
}

void Head::frame_length(std::uint64_t length, Arena& arena) {
  replace_framing(Name::content_length, std::to_string(length), arena);
}

void Head::frame_until_close(Arena& arena) {
  drop(Name::content_length);
  drop(Name::transfer_encoding);
  say_close(arena);
}

void Head::replace_framing(Name name, Bytes value, Arena& arena) {
  const auto frames = [](const Field& field) {
    return field.id == Name::content_length || field.id == Name::transfer_encoding;
  };
  const auto first = std::find_if(fields_.begin(), fields_.end(), frames);
  const auto index = first - fields_.begin();
  fields_.erase(std::remove_if(first, fields_.end(), frames), fields_.end());
  fields_.emplace(fields_.begin() + index);
  put(static_cast<std::size_t>(index), WantedName(text_of(name)), value, arena);
  edit();
}

void Head::say_close(Arena& arena) {
  const OptionsSaid said = options_said(fields_);
  if (said.close && !said.keep_alive) return;
  put_connection(said.others.empty() ? "close" : said.others + ", close", arena);
}

void Head::unsay_close(Arena& arena) {
  const OptionsSaid said = options_said(fields_);
  if (!said.close) return;
  const std::string alive = said.keep_alive ? "keep-alive" : "";
  const std::string both = said.others.empty() || alive.empty() ? said.others + alive : said.others + ", " + alive;
  if (both.empty()) return drop(Name::connection);
  put_connection(both, arena);
}

// One field for all there were.
void Head::put_connection(const std::string& options, Arena& arena) {
  const Field* connection = find(Name::connection);
  const std::size_t index = connection == nullptr
                                ? fields_.size()
                                : static_cast<std::size_t>(connection - fields_.data());
  const WantedName name(text_of(Name::connection));
  put(index, name, options, arena);
  erase_all(name, index + 1);
  edit();
}

void Head::drop(Name name) {
  if (find(name) == nullptr) return;
  erase_all(WantedName(text_of(name)), 0);
  edit();
}

Edited RequestHead::set_method(Bytes method, Arena& arena) {
  if (!is_token(method)) return EditRefusal::bad_method;
  const auto frames = [](Bytes m) {
    return equals_ignoring_case(m, "HEAD") || equals_ignoring_case(m, "CONNECT");
  };
  if (frames(method) || frames(this->method())) return EditRefusal::changes_framing;
  if (check_target(method, target())) return EditRefusal::bad_target;
  start_pieces_[0] = arena.copy(method);
  start_line_ = {};
  edit();
  return std::nullopt;
}

Edited RequestHead::set_target(Bytes target, Arena& arena) {
  if (check_target(method(), target)) return EditRefusal::bad_target;
  start_pieces_[1] = arena.copy(target);
  start_line_ = {};
  edit();
  return std::nullopt;
}

Edited ResponseHead::set_status(int status, Bytes reason, Arena& arena) {
  if (status < 200 || status > 599) return EditRefusal::bad_status;
  if (!is_all(kValueCharacter, reason)) return EditRefusal::bad_reason;
  if (has_no_body(status) || has_no_body(status_)) return EditRefusal::changes_framing;
  status_ = status;
  start_pieces_[0] = arena.copy(reason);
  start_line_ = {};
  edit();
  return std::nullopt;
}

}  // namespace hyalite
