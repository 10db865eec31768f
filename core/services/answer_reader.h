// One response of a service, read as strictly as those that pass through: bytes in, a result out.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "base/buffer.h"
#include "http/body.h"
#include "http/reader.h"
#include "plugin/fetches.h"

namespace hyalite {

class AnswerReader {
 public:
  // `to_head`: the request was a HEAD. `most`: bytes of content.
  AnswerReader(bool to_head, std::size_t most) : reader_(HeadLimits{}), most_(most) { asked_.by_head = to_head; }

  // When something is told, the answer is whole, or never will be.
  std::optional<FetchResult> take(Bytes bytes);
  // The service ended the connection.
  std::optional<FetchResult> finish();
  // After a whole answer: may the connection be used again?
  bool reusable() const { return reusable_ && input_.empty(); }
  bool began() const { return began_; }

 private:
  std::optional<FetchResult> read();
  std::optional<FetchResult> read_head();
  FetchResult refuse(Refusal refusal) const;

  static constexpr int kMostInterim = 16;
  ResponseReader reader_;
  Asked asked_;
  const std::size_t most_;
  Buffer input_;
  std::optional<BodyReader> body_;  // once the head is whole
  FetchResult result_;
  int interim_ = 0;
  bool began_ = false;
  bool reusable_ = false;
};

// A result without a response.
FetchResult failed(hyalite_status status, std::string why);

}  // namespace hyalite
