// One response of a service.
// SPDX-License-Identifier: MIT
#include "services/answer_reader.h"

#include "http/connection.h"

namespace hyalite {

FetchResult failed(hyalite_status status, std::string why) {
  FetchResult result;
  result.status = status;
  result.why = std::move(why);
  return result;
}

std::optional<FetchResult> AnswerReader::take(Bytes bytes) {
  began_ = true;
  input_.append(bytes);
  return read();
}

std::optional<FetchResult> AnswerReader::finish() {
  if (!body_) return failed(HYALITE_E_FAILED, "the service closed the connection without an answer");
  if (body_->finish(input_.bytes())) return failed(HYALITE_E_FAILED, "the service closed the connection inside its answer");
  return std::move(result_);
}

FetchResult AnswerReader::refuse(Refusal refusal) const {
  return failed(HYALITE_E_FAILED, "the service's answer is malformed: " + std::string(describe(refusal).id));
}

std::optional<FetchResult> AnswerReader::read_head() {
  ResponseHead head;
  const HeadProgress progress = reader_.read(input_.bytes(), asked_, head);
  if (progress.step == HeadProgress::Step::refused) return refuse(progress.refusal);
  if (progress.step == HeadProgress::Step::need_more) {
    input_.consume(progress.consumed);
    return std::nullopt;
  }
  if (head.is_interim() && ++interim_ > kMostInterim) return refuse(Refusal::too_many_interim_responses);
  if (!head.is_interim()) {
    result_.http_status = static_cast<unsigned>(head.status());
    for (const Field& field : head.fields()) result_.headers.emplace_back(field.name, field.value);
    reusable_ = keeps_alive(head, progress.framing);
    body_.emplace(progress.framing.has_body() ? BodyReader(progress.framing, BodyLimits{}) : BodyReader());
  }
  input_.consume(progress.consumed);
  return body_ || !input_.empty() ? read() : std::nullopt;
}

std::optional<FetchResult> AnswerReader::read() {
  if (!body_) return read_head();
  while (true) {
    const Piece piece = body_->next(input_.bytes());
    switch (piece.kind) {
      case Piece::Kind::need_more: return std::nullopt;
      case Piece::Kind::refused: return refuse(piece.refusal);
      case Piece::Kind::content:
        if (piece.raw.size() > most_ - result_.body.size()) {
          return failed(HYALITE_E_LIMIT, "the service's answer is larger than " + std::to_string(most_) + " bytes");
        }
        result_.body += piece.raw;
        break;
      case Piece::Kind::framing:
      case Piece::Kind::trailers: break;
      case Piece::Kind::end:
        input_.consume(piece.raw.size());
        return std::move(result_);
    }
    input_.consume(piece.raw.size());
  }
}

}  // namespace hyalite
