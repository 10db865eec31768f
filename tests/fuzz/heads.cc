// Fuzz target: heads of requests and responses, whole and in two pieces, against the referee.
// SPDX-License-Identifier: MIT
//
// The first byte says what is read (1: a response; 2, 4, 8: it answers HEAD, CONNECT, HTTP/1.0; 16: an upgrade was offered), the next
// two where the bytes are cut.
#include "http/parser.h"
#include "http/recheck.h"
#include "tests/fuzz/fuzzing.h"
#include "tests/support/oracle.h"

namespace hyalite {
namespace {

const HeadLimits kLimits{4'096, 64};

Asked asked_of(unsigned choice) {
  Asked asked;
  asked.by_head = (choice & 2) != 0;
  asked.by_connect = !asked.by_head && (choice & 4) != 0;
  asked.minor_version = (choice & 8) != 0 ? 0 : 1;
  if ((choice & 16) != 0 && asked.minor_version == 1 && !asked.by_connect) asked.upgrade = "websocket, x/1";
  return asked;
}

oracle::Question question_for(const Asked& asked) {
  return {asked.by_head ? "HEAD" : asked.by_connect ? "CONNECT" : "GET", asked.minor_version == 0, !asked.upgrade.empty()};
}

// Reads in two pieces, as a stage would.
template <class Read>
HeadProgress read_in_two(std::string_view bytes, std::size_t cut, Read read) {
  HeadProgress first = read(bytes.substr(0, cut));
  if (first.step != HeadProgress::Step::need_more) return first;
  HeadProgress second = read(bytes.substr(first.consumed));
  second.consumed += first.consumed;
  return second;
}

void require_same(const HeadProgress& a, const HeadProgress& b, std::string_view bytes) {
  require(a.step == b.step, "it matters how the bytes are cut", bytes);
  if (a.step == HeadProgress::Step::refused) require(a.refusal == b.refusal, "it matters for the refusal how the bytes are cut", bytes);
  if (a.step == HeadProgress::Step::complete) {
    require(a.consumed == b.consumed && a.framing == b.framing, "it matters for the end how the bytes are cut", bytes);
  }
}

void require_framing(const Framing& ours, const oracle::Message& theirs, std::string_view bytes) {
  using Kind = Framing::Kind;
  require((ours.kind == Kind::chunked) == theirs.chunked, "the referee sees other chunks", bytes);
  const bool length = theirs.length.value_or(0) > 0;
  require((ours.kind == Kind::length) == length && ours.length == theirs.length.value_or(0), "the referee sees another length", bytes);
}

Bytes lines_of(const Head& head) { return head.raw().substr(head.start_line().size()); }

void try_request(std::string_view bytes, std::size_t cut) {
  RequestReader whole(kLimits), pieces(kLimits);
  RequestHead head, again;
  const HeadProgress progress = whole.read(bytes, head);
  require_same(progress, read_in_two(bytes, cut, [&](Bytes piece) { return pieces.read(piece, again); }), bytes);
  if (progress.step != HeadProgress::Step::complete) return;
  const oracle::Reading reading = oracle::read_requests(head.raw());
  require(reading.state != oracle::State::malformed, "the referee refuses it, " + reading.why, bytes);
  require(reading.begun.has_value() == progress.framing.has_body(), "the referee sees another end", bytes);
  require_framing(progress.framing, reading.begun ? *reading.begun : reading.messages.at(0), bytes);
  require(!recheck_request(head.raw(), head, progress.framing, kLimits), "it does not stand up to a second look", bytes);
  require(!ask_llhttp(head, lines_of(head), Shown::everything), "llhttp minds a line that does not frame", bytes);
}

void try_response(std::string_view bytes, std::size_t cut, const Asked& asked) {
  ResponseReader whole(kLimits), pieces(kLimits);
  ResponseHead head, again;
  const HeadProgress progress = whole.read(bytes, asked, head);
  require_same(progress, read_in_two(bytes, cut, [&](Bytes piece) { return pieces.read(piece, asked, again); }), bytes);
  if (progress.step != HeadProgress::Step::complete) return;
  const oracle::Reading reading = oracle::read_responses(head.raw(), {question_for(asked)}, false);
  require(reading.state != oracle::State::malformed, "the referee refuses it, " + reading.why, bytes);
  require((progress.framing.kind == Framing::Kind::tunnel) == (reading.state == oracle::State::tunnel), "only one sees a tunnel", bytes);
  require(reading.begun.has_value() == progress.framing.has_body(), "the referee sees another end", bytes);
  if (reading.begun) require_framing(progress.framing, *reading.begun, bytes);
  require(!ask_llhttp(head, lines_of(head), Shown::everything), "llhttp minds a line that does not frame", bytes);
}

}  // namespace
}  // namespace hyalite

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hyalite;
  std::string_view input = as_text(data, size);
  const unsigned choice = take_byte(input);
  const std::size_t cut = (take_byte(input) << 8 | take_byte(input)) % (input.size() + 1);
  if ((choice & 1) != 0) {
    try_response(input, cut, asked_of(choice));
  } else {
    try_request(input, cut);
  }
  return 0;
}
