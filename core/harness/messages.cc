// What came through, read as HTTP: heads, contents without their framing, trailers.
// SPDX-License-Identifier: MIT
#include "harness/messages.h"

#include "base/text.h"
#include "http/body.h"
#include "http/connection.h"
#include "http/names.h"
#include "http/reader.h"

namespace hyalite {

namespace {

// What the engine let through was held to its limits there.
constexpr HeadLimits kHeads{std::size_t{1} << 24, 100'000};
constexpr BodyLimits kBodies{std::size_t{1} << 20, std::size_t{1} << 24, 100'000};

std::vector<std::pair<std::string, std::string>> copied(const Fields& fields) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const Field& field : fields.fields()) all.emplace_back(field.name, field.value);
  return all;
}

// Takes the body off the front of `stream`. False: its end did not come, or it is none.
bool take_body(std::string_view& stream, const Framing& framing, bool ended, HeardMessage& message) {
  BodyReader reader(framing, kBodies);
  for (;;) {
    const Piece piece = reader.next(stream);
    if (piece.kind == Piece::Kind::refused) return false;
    if (piece.kind == Piece::Kind::need_more) {
      const bool whole = ended && !reader.finish(stream);
      if (whole) stream = {};
      return whole;
    }
    if (piece.kind == Piece::Kind::content) message.content += piece.raw;
    if (piece.kind == Piece::Kind::trailers) {
      Trailers trailers;
      index_trailers(piece.raw, kBodies.trailer_fields, trailers);
      message.trailers = copied(trailers);
    }
    stream.remove_prefix(piece.raw.size());
    if (piece.kind == Piece::Kind::end) return true;
  }
}

// The requests that a stream of responses answers, one by one.
class Questions {
 public:
  explicit Questions(std::string_view stream) : stream_(stream) {}

  // What the next response answers; whatever cannot be read was asked by GET.
  Asked next() {
    const HeadProgress progress = reader_.read(stream_, head_);
    stream_.remove_prefix(progress.consumed);
    if (progress.step != HeadProgress::Step::complete) return Asked{};
    Asked asked = asked_by(head_);
    asked.complete = true;
    HeardMessage message;
    (void)take_body(stream_, progress.framing, false, message);
    return asked;
  }

 private:
  std::string_view stream_;
  RequestReader reader_{kHeads};
  RequestHead head_;
};

// Of a Connection header: the options that say more than whether it goes on.
std::optional<std::string> other_options(std::string_view value) {
  std::optional<std::string> others;
  for (const std::string_view listed : split(value, ',')) {
    const std::string_view option = trim(listed);
    if (option.empty() || equals_ignoring_case(option, "close") || equals_ignoring_case(option, "keep-alive")) continue;
    others = others ? *others + ", " + std::string(option) : std::string(option);
  }
  return others;
}

}  // namespace

std::optional<std::string> beside_framing(std::string_view name, std::string_view value, std::size_t content) {
  std::optional<std::string> as_it_is{std::string(value)};
  switch (name_of(name)) {
    case Name::content_length: return parse_decimal(value) == content ? std::nullopt : as_it_is;
    case Name::transfer_encoding: return equals_ignoring_case(value, "chunked") ? std::nullopt : as_it_is;
    case Name::trailer: return std::nullopt;
    case Name::connection: return other_options(value);
    default: return as_it_is;
  }
}

HeardMessages read_requests(std::string_view stream) {
  HeardMessages heard;
  RequestReader reader(kHeads);
  RequestHead head;
  while (!stream.empty()) {
    const HeadProgress progress = reader.read(stream, head);
    if (progress.step == HeadProgress::Step::refused) return heard.behind = stream, heard;
    if (progress.step == HeadProgress::Step::need_more) return heard.begun = true, heard;
    HeardMessage message;
    message.method = head.method();
    message.target = head.target();
    message.headers = copied(head);
    stream.remove_prefix(progress.consumed);
    if (!take_body(stream, progress.framing, false, message)) return heard.begun = true, heard;
    heard.whole.push_back(std::move(message));
    const bool leaves_http = head.is_connect();
    if (leaves_http) return heard.behind = stream, heard;
  }
  return heard;
}

HeardMessages read_responses(std::string_view stream, std::string_view asked, bool ended) {
  HeardMessages heard;
  Questions questions(asked);
  ResponseReader reader(kHeads);
  ResponseHead head;
  Asked question = questions.next();
  while (!stream.empty()) {
    const HeadProgress progress = reader.read(stream, question, head);
    if (progress.step == HeadProgress::Step::refused) return heard.behind = stream, heard;
    if (progress.step == HeadProgress::Step::need_more) return heard.begun = true, heard;
    HeardMessage message;
    message.status = static_cast<unsigned>(head.status());
    message.headers = copied(head);
    const bool interim = head.is_interim();
    stream.remove_prefix(progress.consumed);
    if (progress.framing.kind == Framing::Kind::tunnel) {
      heard.whole.push_back(std::move(message));
      return heard.behind = stream, heard;
    }
    if (!take_body(stream, progress.framing, ended, message)) return heard.begun = true, heard;
    heard.whole.push_back(std::move(message));
    if (!interim) question = questions.next();
  }
  return heard;
}

}  // namespace hyalite
