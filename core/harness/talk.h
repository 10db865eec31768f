// One client connection through a bench: what each side says, what each side gets.
// SPDX-License-Identifier: MIT
//
// Plays the part of the flow (flow/flow.h) without its sockets: keeps what a stage did not take and offers it again, connects
// and secures when asked. Stages and route are the real ones.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "flow/flow_file.h"
#include "flow/stage.h"
#include "harness/held_tls.h"
#include "harness/messages.h"

namespace hyalite {

class Bench;
struct Target;

struct TalkOptions {
  Address client{}, destination{};  // none: 192.0.2.1:40000 and 198.51.100.1:80
  std::size_t listener = 0;
  std::optional<ConnectFailure> upstream_fails;  // every connection to it
  bool upstream_waits = false;                   // until let_connect()
  HandshakeEnds handshakes;
};

class Talk final : private Waker {
 public:
  // The bench outlives it.
  Talk(Bench& bench, const TalkOptions& options);
  ~Talk();
  Talk(const Talk&) = delete;
  Talk& operator=(const Talk&) = delete;

  // That side says something. False: nobody is there to be heard, or all is over.
  bool say(Side from, Bytes bytes);
  // That side sends no more.
  bool end(Side from);
  // That side's connection breaks.
  bool break_off(Side from);
  void let_connect();
  // As when the worker ends.
  void cut_off();

  // All that was sent to that side, whichever connection.
  std::string sent(Side to) const;
  HeardMessages messages(Side to) const;
  // Said, and not taken yet.
  const std::string& unread(Side from) const { return leg(from).unread; }
  bool connected() const { return leg(Side::upstream).attached; }
  // How often it was connected, and where to at last.
  std::size_t connections() const { return leg(Side::upstream).sent.size(); }
  const std::optional<Address>& connected_to() const { return connected_to_; }
  // Nothing: it goes on.
  const std::optional<Close>& closed() const { return closed_; }
  std::string_view stage() const { return closed_ ? "closed" : stage_->name(); }
  // Was told that no more comes.
  bool was_ended(Side to) const { return leg(to).fin; }
  std::uint64_t flow() const { return file_->facts.id; }
  const FlowFile& file() const { return *file_; }

  // ---- for the bench
  std::optional<Monotonic> deadline() const { return closed_ ? std::nullopt : stage_->deadline(); }
  void on_time();
  void drain();

 private:
  struct Leg {
    bool attached = false;
    std::string unread;
    unsigned offered = 0;  // in which epoch
    bool ends = false, breaks = false, heard_end = false;
    bool fin = false;
    std::vector<std::string> sent;  // by connection
    std::uint64_t taken = 0, read = 0;
  };

  Leg& leg(Side side) { return legs_[index_of(side)]; }
  const Leg& leg(Side side) const { return legs_[index_of(side)]; }

  void on_wake() override;
  void run();
  bool go_on();
  bool take_from(Side side);
  bool offer(Side side);
  void send_out();
  void rewire();
  void act(Outcome outcome);
  void enter(std::unique_ptr<Stage> next);
  void connect_to(const Target& target, const Effects::Connect& wanted);
  void on_connected();
  void secure(Side side);
  void close(const Close& how);

  Bench& bench_;
  const TalkOptions options_;
  std::unique_ptr<FlowFile> file_;
  std::string listener_name_;
  Leg legs_[2];
  std::string said_;  // by the client: what its responses answer
  std::unique_ptr<Stage> stage_;
  Effects effects_;
  std::optional<Effects::Connect> connect_waits_;
  std::optional<Address> connecting_, connected_to_;
  std::optional<Side> securing_;
  bool may_connect_;
  unsigned epoch_ = 1;
  std::optional<Close> closed_;
};

}  // namespace hyalite
