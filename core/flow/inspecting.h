// Stage: HTTP/1, exchange after exchange.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "flow/bypass.h"
#include "flow/exchange_pool.h"
#include "flow/flow_file.h"
#include "flow/http_rules.h"
#include "flow/keeping.h"
#include "flow/pace.h"
#include "flow/stage.h"
#include "flow/streamed_answer.h"
#include "flow/tally.h"

namespace hyalite {

// What all flows of a listener have in common here. It outlives them, and so does what it lends.
struct InspectingNeeds {
  Chain& chain;
  const HttpRules rules;
  const Bypass& bypass;
  const Clock& clock;
  Tally& tally;
  Log& log;
  ExchangePool& pool;
  bool reuses_upstreams = false;  // connections may serve other flows of the client, before and after; not within TLS or a tunnel
};

// Many flows wait for their next request: what only an exchange needs lies in the exchange.
// One exchange at a time: what a client pipelines waits until the response before it is complete. The two halves of an
// exchange run on their own, since a response may begin, or even end, before its request does (RFC 9112, section 9.3).
class Inspecting final : public Stage {
 public:
  // Both outlive the stage.
  Inspecting(const InspectingNeeds& needs, FlowFile& file);
  ~Inspecting() override;

  Outcome on_start(bool upstream_connected, Effects& effects) override;
  Taken on_bytes(Side from, Bytes bytes, Effects& effects) override;
  Outcome on_end(Side from, Bytes left, Effects& effects) override;
  Outcome on_connected(Effects& effects) override;
  Outcome on_kept_connection(Effects& effects) override;
  Outcome on_connect_failed(ConnectFailure failure, Effects& effects) override;
  Outcome on_deadline(Effects& effects) override;
  Outcome on_broken(Side side, Effects& effects) override;
  Outcome on_drain(Effects& effects) override;
  void on_closing(CloseReason reason) override;
  bool wants(Side side) const override;
  bool awaits_rest(Side side) const override;
  std::size_t reads_at_once(Side from) const override;
  std::uint64_t passes_unseen(Side from) const override;
  Outcome on_passed(Side from, std::uint64_t bytes, Effects& effects) override;
  void on_sent(Side) override { streaming_ ? streaming_->some_went() : pace_.byte_went(); }
  Outcome on_resumed(Effects& effects) override;
  bool has_more(Side to) const override;
  std::size_t held() const override;
  Outcome on_room(Side to, Effects& effects) override;
  std::optional<Monotonic> deadline() const override;
  std::string_view name() const override { return "inspecting"; }

 private:
  // The request on its way.
  enum class Ask : std::uint8_t {
    head,        // awaited
    judging,     // a plugin waits before it judges the head
    held,        // plugins want the whole body first
    connecting,  // upstream is being connected
    body,        // passing
    done,
  };
  // The response on its way.
  enum class Reply : std::uint8_t { none /* nothing was asked */, head, judging, held, body, done };

  Taken take_request(Bytes bytes, Effects& effects);
  Taken take_request_head(Bytes bytes, Effects& effects);
  void take_exchange_back();
  Outcome asked(const HeadProgress& head, Effects& effects);
  Outcome judged_request(Answer said, Effects& effects);
  Taken take_request_body(Bytes bytes, Effects& effects);
  Outcome moved_request(const Relay::Step& step, Effects& effects);
  Outcome resume_request(Effects& effects);
  Outcome forward_request(Effects& effects);
  Outcome upstream_is_there(Nanoseconds connected_after, Effects& effects);
  Outcome send_request(Effects& effects);
  void send_request_body(Effects& effects);

  Taken take_response(Bytes bytes, Effects& effects);
  Taken take_response_head(Bytes bytes, Effects& effects);
  Outcome interim(Effects& effects);
  Outcome answered(const HeadProgress& head, Effects& effects);
  Outcome judged_response(Answer said, Effects& effects);
  Taken take_response_body(Bytes bytes, Effects& effects);
  Outcome moved_response(const Relay::Step& step, Effects& effects);
  Outcome ended_response(const Relay::Step& step, Effects& effects);
  Outcome resume_response(Effects& effects);
  Outcome send_response(Effects& effects);
  void send_response_body(Effects& effects);
  Outcome switch_protocol(Effects& effects);

  Outcome client_ended(Bytes left);
  // It was asked nothing yet, and the request that waits will do with another connection.
  bool may_ask_another() const;
  Outcome let_upstream_go(Effects& effects);
  // A request that found a kept connection closed.
  bool may_ask_again() const;
  Outcome ask_again(Effects& effects);

  Outcome settle(Effects& effects);
  Outcome next_exchange(Effects& effects);
  Outcome decided(Effects& effects);
  Outcome begin_stream(const RespondStream& answer, Effects& effects);
  Outcome refuse_request(Refusal refusal, Effects& effects);
  Outcome refuse_edited(Refusal refusal, Effects& effects);
  Outcome refuse_response(Refusal refusal, Effects& effects);
  Outcome answer(int status, std::string_view sentence, std::string_view reference, End how, Close close, Effects& effects);
  bool note_findings();
  void note_unasked();
  bool awaits_word() const;
  void word_came();
  bool awaits_response() const { return reply_ != Reply::none && reply_ != Reply::done; }
  bool request_under_way() const { return exchange_ && exchange_->subject.request_sent && ask_ != Ask::done; }
  bool will_close() const;
  // How upstream's connection ends with a flow that ends in order.
  Ending upstream_ending() const { return connected_to_ && keeping_.may_be_kept() ? Ending::kept : Ending::in_order; }
  void leave_upstream();
  bool refuses_tunnel() const;
  bool request_waits() const { return ask_ == Ask::judging || (exchange_ && exchange_->request_body.paused()); }
  bool response_waits() const { return reply_ == Reply::judging || (exchange_ && exchange_->response_body.paused()); }

  const InspectingNeeds& needs_;
  FlowFile& file_;
  ExchangePtr exchange_;     // from its first byte until both halves are done
  std::unique_ptr<StreamedAnswer> streaming_;  // the exchange's last word
  Ask ask_ = Ask::head;
  Reply reply_ = Reply::none;
  std::optional<Address> connected_to_;
  Keeping keeping_;            // of that connection
  bool only_connect_ = false;  // the last answer asked for another CONNECT
  bool draining_ = false;
  bool empty_line_read_ = false;  // before the next request: it may not have another one
  bool more_behind_ = false;      // a response of which some is still to leave; what it is, is seen then
  Pace pace_;
};

}  // namespace hyalite
