// One request and its response, and the order of the hooks between them.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/arena.h"
#include "base/clock.h"
#include "flow/http_rules.h"
#include "flow/reason.h"
#include "flow/relay.h"
#include "flow/stage.h"
#include "http/message.h"
#include "http/reader.h"
#include "plugin/chain.h"
#include "plugin/subject.h"
#include "plugin/summary.h"

namespace hyalite {

// What an exchange is made in. Its memory is kept when the exchange is over, for the next one (exchange_pool.h).
struct ExchangeRoom {
  Arena arena;
  RequestHead request;
  ResponseHead response;
  Relay request_body, response_body;

  // As new. What one exchange made unusually large is not kept.
  void clear();
};

// Owned by the stage that inspects. Knows what passed and when; the stage knows what comes next.
class Exchange {
 public:
  // `number` from 1 within the flow. All that is lent outlives the exchange. Its first byte came now.
  Exchange(Chain& chain, FlowSubject& flow, std::uint64_t number, const HttpRules& rules, const Clock& clock, ExchangeRoom& room);
  // Tells the plugins the end, if nobody did.
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // ---- the request
  RequestHead& request;
  // The head is whole: it is kept, and plugins may look at it, also when it is refused now.
  void request_came();
  // Behind that: the plugins are asked. `decided`: see decision(). `paused`: one waits; when ready(Lane::request), go on with
  // resume_request().
  Answer judge_request(const Framing& framing);
  Answer resume_request() { return judged_request(chain_.resume(subject, Lane::request)); }
  bool request_has_body() const { return request_framing_.has_body(); }
  // What is to be sent; asked once, when the relay lets the head go. A refusal: a plugin's edits made it ambiguous.
  std::optional<Refusal> send_request_head(Effects& effects);
  // Before that: what the client says about its own connection is not said of upstream's, which is to be kept.
  void withhold_close();
  // Upstream has the whole request. When it was sent once more, plugins have heard of it.
  void request_sent();
  Relay& request_body;
  Asked asked() const;
  // The server agreed on an extension that it was not offered.
  bool agrees_unasked() const { return offers_dropped_ && response.find(Name::sec_websocket_extensions) != nullptr; }
  bool request_keeps_alive() const { return request_keeps_alive_; }
  // The client lets its body wait for a 100 (Continue), and has not begun it.
  bool awaits_continue() const { return awaits_continue_; }
  void awaits_continue_no_more() { awaits_continue_ = false; }

  // ---- the response
  ResponseHead& response;
  // An interim one. `decided`, or what is sent is in `effects`.
  Answer pass_interim(Effects& effects, std::optional<Refusal>& refusal);
  bool continue_sent() const { return continue_sent_; }
  Answer judge_response(const Framing& framing);
  Answer resume_response() { return judged_response(chain_.resume(subject, Lane::response)); }
  std::optional<Refusal> send_response_head(bool close_after, Effects& effects);
  bool close_withheld() const { return close_withheld_; }
  void response_sent();
  Relay& response_body;
  bool response_keeps_alive() const { return response_keeps_alive_; }
  Answer open_tunnel(TunnelKind kind) { return chain_.tunnel_open(subject, kind); }

  // What waited in that direction may go on: a head by resume_...(), a body by its relay's resume().
  bool ready(Lane lane) const { return subject.pause(lane).ready(); }
  const Decision& decision() const { return subject.decision(); }
  // The client got (or will get) this status from us instead of upstream's response.
  void answered_by_us(unsigned status, std::uint64_t bytes);
  Monotonic began() const { return began_; }
  // It never was: nobody was told of it, and nobody will be.
  void forget() { ended_ = true; }
  // Nothing of them goes on any more.
  void drop_bodies() {
    request_body.drop();
    response_body.drop();
  }
  // It is over. Once; later calls change nothing.
  void end(End how, std::string_view reason);
  ExchangeRoom& room() const { return room_; }

  // ---- what the stage notes of it
  RequestReader request_reader;
  ResponseReader response_reader;
  std::size_t interims = 0;         // responses that came
  std::size_t target_size = 0;      // of the request, as it came
  bool promised_continue = false;   // we said 100 ourselves; upstream's own is not passed on

 private:
  class TrailersOf final : public TrailersHook {
   public:
    TrailersOf(Exchange& exchange, Direction direction) : exchange_(exchange), direction_(direction) {}
    Said on_trailers(std::string& lines) override;
    Said on_resumed(std::string& lines) override;

   private:
    Trailers& trailers() const;
    Said said(Answer answer, std::string& lines) const;
    Exchange& exchange_;
    Direction direction_;
  };

  Nanoseconds elapsed() const;
  Answer judged_request(Answer answer);
  Answer judged_response(Answer answer);
  void open();
  void relay(Direction direction, const Framing& framing, Wire resized, Relay& body);
  void frame(Head& head, const Relay& relay, Framing& meant);

  ExchangeRoom& room_;
  Chain& chain_;
  const HttpRules& rules_;
  const Clock& clock_;
  Arena& arena_;
  Monotonic began_;

 public:
  ExchangeSubject subject;
  ExchangeSummary summary;

 private:
  TrailersOf request_trailers_, response_trailers_;
  Trailers trailers_of_request_, trailers_of_response_;
  Framing request_framing_, response_framing_;
  bool opened_ = false;  // the plugins know of it
  bool ended_ = false;
  bool request_keeps_alive_ = false;
  bool response_keeps_alive_ = false;
  bool awaits_continue_ = false;
  bool continue_sent_ = false;
  bool offers_dropped_ = false;  // of WebSocket extensions
  bool close_withheld_ = false;  // so upstream will not say it either
};

// Ends it, and gives its memory back.
struct EndExchange {
  void operator()(Exchange* exchange) const;
};
using ExchangePtr = std::unique_ptr<Exchange, EndExchange>;

}  // namespace hyalite
