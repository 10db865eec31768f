// Fuzz target: what plugins make of heads and trailers. Every edit that is made must still be read as it was meant.
// SPDX-License-Identifier: MIT
//
// The input is cut at each byte 0xfe: the head first (a response when it begins with "HTTP/"), then the edits: a byte that
// says which, and text, name and value parted by a byte 0xfd.
#include <algorithm>

#include "flow/pages.h"
#include "http/recheck.h"
#include "http/writer.h"
#include "tests/fuzz/fuzzing.h"
#include "tests/support/oracle.h"

namespace hyalite {
namespace {

const HeadLimits kLimits{8'192, 64};

std::string_view take_until(std::string_view& input, char separator) {
  const std::size_t end = std::min(input.find(separator), input.size());
  const std::string_view text = input.substr(0, end);
  input.remove_prefix(std::min(end + 1, input.size()));
  return text;
}

struct Edit {
  unsigned kind;
  std::string_view name, value;
};

Edit take_edit(std::string_view& input) {
  std::string_view text = take_until(input, '\xfe');
  Edit edit{take_byte(text), {}, {}};
  edit.name = take_until(text, '\xfd');
  edit.value = text;
  return edit;
}

Edited apply(Fields& fields, const Edit& edit, Arena& arena) {
  const std::size_t index = edit.kind / 16;
  switch (edit.kind % 8) {
    case 0: return fields.set(edit.name, edit.value, arena);
    case 1: return fields.append(edit.name, edit.value, arena);
    case 2: return fields.set_if_absent(edit.name, edit.value, arena);
    case 3: return fields.remove(edit.name);
    case 4: return fields.set_at(index, edit.value, arena);
    case 5: return fields.rename_at(index, edit.name, arena);
    case 6: return fields.remove_at(index);
    default: return std::nullopt;
  }
}

template <class AnyHead>
std::string written(const AnyHead& head) {
  Buffer out;
  write(head, out);
  return std::string(out.bytes());
}

void require_read(const std::optional<oracle::Message>& begun, const oracle::Reading& reading, const Framing& meant, const std::string& bytes) {
  require(reading.state != oracle::State::malformed, "an edited head is malformed, " + reading.why, bytes);
  require(begun.has_value() == meant.has_body(), "an edited head ends elsewhere", bytes);
  if (begun) require(begun->chunked == (meant.kind == Framing::Kind::chunked), "an edited head is framed otherwise", bytes);
}

void try_request(std::string_view head_bytes, std::string_view edits) {
  RequestHead head;
  const HeadProgress progress = RequestReader(kLimits).read(head_bytes, head);
  if (progress.step != HeadProgress::Step::complete) return;
  Arena arena;
  while (!edits.empty()) {
    const Edit edit = take_edit(edits);
    if (edit.kind % 8 != 7) {
      static_cast<void>(apply(head, edit, arena));
    } else {
      static_cast<void>((edit.kind & 8) != 0 ? head.set_method(edit.name, arena) : head.set_target(edit.name, arena));
    }
  }
  const std::string bytes = written(head);
  if (!head.edited()) require(bytes == head.raw(), "an unedited head changed", bytes);
  if (recheck_request(bytes, head, progress.framing, kLimits)) return;
  const oracle::Reading reading = oracle::read_requests(bytes);
  require_read(reading.begun, reading, progress.framing, bytes);
}

void try_response(std::string_view head_bytes, std::string_view edits) {
  ResponseHead head;
  const HeadProgress progress = ResponseReader(kLimits).read(head_bytes, Asked{}, head);
  if (progress.step != HeadProgress::Step::complete) return;
  Arena arena;
  while (!edits.empty()) {
    const Edit edit = take_edit(edits);
    if (edit.kind % 8 != 7) {
      static_cast<void>(apply(head, edit, arena));
    } else {
      static_cast<void>(head.set_status(static_cast<int>(edit.kind / 8) * 20 + 100, edit.name, arena));
    }
  }
  const std::string bytes = written(head);
  if (recheck_response(bytes, head, Asked{}, progress.framing, kLimits)) return;
  const oracle::Reading reading = oracle::read_responses(bytes, {oracle::Question{}}, false);
  require_read(reading.begun, reading, progress.framing, bytes);
}

// A response in upstream's place: fields, status and body are a plugin's.
void try_page(std::string_view body, std::string_view edits) {
  Respond respond;
  while (!edits.empty()) {
    const Edit edit = take_edit(edits);
    respond.status = 200 + edit.kind % 400;
    if (!check_field(edit.name, edit.value)) respond.headers.emplace_back(edit.name, edit.value);
  }
  if (respond.status == 0) respond.status = 403;
  respond.body = body;
  for (const bool to_head : {false, true}) {
    const std::string bytes = plugin_page(respond, to_head, true);
    const oracle::Reading reading = oracle::read_responses(bytes, {{to_head ? "HEAD" : "GET", false, false}}, false);
    require(reading.is_exactly(1), "a plugin's page is not one response, " + reading.why, bytes);
    const bool none = to_head || respond.status == 204 || respond.status == 205 || respond.status == 304;
    require(reading.messages[0].content == (none ? "" : respond.body), "a plugin's page has another body", bytes);
  }
}

}  // namespace
}  // namespace hyalite

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hyalite;
  std::string_view input = as_text(data, size);
  const std::string_view head = take_until(input, '\xfe');
  if (head.substr(0, 5) == "HTTP/") {
    try_response(head, input);
  } else {
    try_request(head, input);
  }
  try_page(head, input);
  return 0;
}
